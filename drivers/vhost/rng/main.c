// SPDX-License-Identifier: GPL-2.0
/*
 * vhx_rng.ko: virtio-rng (virtio 1.3, section 5.4), served from the kernel's
 * random number generator. The smallest back end there is.
 */
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/virtio_ids.h>
#include <vhx/instance.h>
#include <vhx/queue.h>

/* A driver that asks for more gets this much, as the device may do. */
#define RNG_MAX		65536U
#define RNG_CHUNK	256U
/* Buffers served before others have their turn. */
#define RNG_BUDGET	16

/* Bytes written; fewer than there is room for if the guest's memory is gone. */
static u32 rng_fill(struct vhx_buf *buf)
{
	u32 left = min_t(size_t, iov_iter_count(&buf->in), RNG_MAX), done = 0;
	u8 chunk[RNG_CHUNK];

	while (left) {
		u32 want = min(left, RNG_CHUNK), n;

		get_random_bytes(chunk, want);
		n = copy_to_iter(chunk, want, &buf->in);
		done += n;
		if (n < want)
			break;
		left -= n;
		cond_resched();
	}
	memzero_explicit(chunk, sizeof(chunk));
	return done;
}

static enum vhx_verdict rng_vq_run(struct vhx_vq *vq)
{
	struct vhx_buf buf;
	unsigned int i;
	int got;

	for (i = 0; i < RNG_BUDGET; i++) {
		got = vhx_vq_pop(vq, &buf, 1);
		if (got <= 0)
			return VHX_DRAINED;
		/* The driver only offers room (5.4.6.1). */
		if (iov_iter_count(&buf.out)) {
			vhx_vq_unpop(vq, &buf);
			vhx_vq_fail(vq, -EINVAL, "device-readable buffer");
			return VHX_WAIT;
		}
		vhx_vq_push(vq, buf.id, rng_fill(&buf));
	}
	return VHX_AGAIN;
}

static const struct vhx_backend_ops rng_ops = {
	.owner		= THIS_MODULE,
	.name		= "rng",
	.device_id	= VIRTIO_ID_RNG,
	.max_vqs	= 1,
	.vq_run		= rng_vq_run,
};

static struct vhx_instance *rng_alloc(void)
{
	return kzalloc(sizeof(struct vhx_instance), GFP_KERNEL);
}

static void rng_free(struct vhx_instance *inst)
{
	kfree(inst);
}

static int rng_enable(struct vhx_instance *inst)
{
	return wait_for_random_bytes();
}

static void rng_disable(struct vhx_instance *inst)
{
}

static struct vhx_type rng_type = {
	.ops		= &rng_ops,
	.alloc		= rng_alloc,
	.free		= rng_free,
	.enable		= rng_enable,
	.disable	= rng_disable,
};

static int __init rng_init(void)
{
	return vhx_type_register(&rng_type);
}

static void __exit rng_exit(void)
{
	vhx_type_unregister(&rng_type);
}

module_init(rng_init);
module_exit(rng_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("In-kernel virtio back ends: entropy");
