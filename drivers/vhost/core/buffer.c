// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers: the segments of a chain become two iov_iters, of user memory or of
 * pinned pages, and the memory that a ring refers to is read.
 *
 * A buffer in pinned memory that is scattered over more pages than there is
 * room for is given to the back end as user memory all the same.
 */
#include <linux/bvec.h>
#include <linux/uaccess.h>
#include <linux/vhost_types.h>

#include "core.h"
#include "pinned.h"

/**
 * struct pieces - where the pieces of translated memory go
 * @iov: user memory
 * @vec: pinned pages
 * @room: how many
 */
struct pieces {
	union {
		struct iovec *iov;
		struct bio_vec *vec;
	};
	unsigned int room;
};

/*
 * Translates a guest range. Returns the number of pieces, what
 * vhx_iommu_fault() says, or -E2BIG if there is no room.
 */
static __always_inline int translate(struct vhx_vq *vq,
				     const struct vhx_mem *mem, u64 addr,
				     u32 len, u32 perm, bool pinned,
				     const struct pieces *to)
{
	unsigned int n = 0;

	while (len) {
		const struct vhx_region *r = vhx_mem_find(mem, addr, &vq->hint);
		u64 uaddr;
		u32 piece;

		if (unlikely(!r || (r->perm & perm) != perm))
			return vhx_iommu_fault(vq, r, addr, perm);
		if (unlikely(n >= to->room))
			return -E2BIG;
		uaddr = r->uaddr + (addr - r->start);
		piece = min_t(u64, len, r->last - addr + 1);
		if (pinned)
			piece = vhx_pinned_vec(r->pinned, uaddr, piece,
					       &to->vec[n]);
		else
			to->iov[n] = (struct iovec){
				.iov_base = (void __user *)(unsigned long)uaddr,
				.iov_len = piece,
			};
		n++;
		addr += piece;
		len -= piece;
	}
	return n;
}

/* Translates segments. Returns the number of pieces or an errno. */
static __always_inline int fill(struct vhx_vq *vq, const struct vhx_mem *mem,
				const struct vhx_seg *segs, unsigned int n,
				u32 perm, bool pinned, struct pieces *to)
{
	unsigned int i, used = 0;

	for (i = 0; i < n; i++) {
		int got = translate(vq, mem, segs[i].addr, segs[i].len, perm,
				    pinned, to);

		if (unlikely(got < 0))
			return got;
		if (pinned)
			to->vec += got;
		else
			to->iov += got;
		to->room -= got;
		used += got;
	}
	return used;
}

static __always_inline int buf_fill(struct vhx_vq *vq,
				    const struct vhx_mem *mem,
				    const struct vhx_chain *c,
				    const struct vhx_seg *segs, bool pinned,
				    struct vhx_buf *buf)
{
	struct pieces to = { .room = VHX_MAX_SEGS - vq->vecs_used };
	int nout, nin;

	/* Set at first for a buffer without bytes of that kind. */
	buf->out.count = 0;
	buf->in.count = 0;
	if (pinned)
		to.vec = vq->vec + vq->vecs_used;
	else
		to.iov = vq->iov + vq->vecs_used;

	nout = fill(vq, mem, segs, c->nout, VHOST_ACCESS_RO, pinned, &to);
	if (unlikely(nout < 0))
		return nout;
	nin = fill(vq, mem, segs + c->nout, c->nin, VHOST_ACCESS_WO, pinned,
		   &to);
	if (unlikely(nin < 0))
		return nin;
	if (pinned) {
		if (nout)
			iov_iter_bvec(&buf->out, ITER_SOURCE,
				      vq->vec + vq->vecs_used, nout,
				      c->out_len);
		if (nin)
			iov_iter_bvec(&buf->in, ITER_DEST,
				      vq->vec + vq->vecs_used + nout, nin,
				      c->in_len);
	} else {
		if (nout)
			iov_iter_init(&buf->out, ITER_SOURCE,
				      vq->iov + vq->vecs_used, nout,
				      c->out_len);
		if (nin)
			iov_iter_init(&buf->in, ITER_DEST,
				      vq->iov + vq->vecs_used + nout, nin,
				      c->in_len);
	}
	vq->vecs_used += nout + nin;
	return 0;
}

/**
 * vhx_buf_fill - make a buffer of a chain
 * @vq: queue; all buffers since the last vhx_vq_pop() are of the same kind
 * @mem: the memory table
 * @c: chain
 * @segs: its segments
 * @buf: filled
 *
 * Context: in vq_run(), in an RCU read section.
 * Return: 0; what vhx_iommu_fault() says if it is not in memory that the device
 * may access so; or -E2BIG if there is no room for all its pieces.
 */
int vhx_buf_fill(struct vhx_vq *vq, const struct vhx_mem *mem,
		 const struct vhx_chain *c, const struct vhx_seg *segs,
		 struct vhx_buf *buf)
{
	int err;

	buf->id = c->id;
	buf->pos = c->pos;
	if (!vq->use_pinned)
		return buf_fill(vq, mem, c, segs, false, buf);
	err = buf_fill(vq, mem, c, segs, true, buf);
	if (likely(err != -E2BIG) || vq->vecs_used)
		return err;
	vq->use_pinned = false;
	return buf_fill(vq, mem, c, segs, false, buf);
}

/*
 * Copies from user memory. What the back end has gathered is pushed before
 * this sleeps in a page fault.
 */
static int copy_user(struct vhx_vq *vq, void *dst, const struct iovec *iov)
{
	const struct vhx_backend_ops *ops = vq->dev->ops;

	if (ops->vq_flush) {
		unsigned long left;

		pagefault_disable();
		left = copy_from_user(dst, iov->iov_base, iov->iov_len);
		pagefault_enable();
		if (likely(!left))
			return 0;
		ops->vq_flush(vq);
	}
	if (copy_from_user(dst, iov->iov_base, iov->iov_len))
		return -EFAULT;
	return 0;
}

static int read_user(struct vhx_vq *vq, void *dst, u64 addr, u32 len)
{
	struct iovec iov[4];
	const struct pieces to = { .iov = iov, .room = ARRAY_SIZE(iov) };
	int i, n;

	rcu_read_lock();
	n = translate(vq, vhx_dev_table(vq->dev), addr, len, VHOST_ACCESS_RO,
		      false, &to);
	rcu_read_unlock();
	if (n < 0)
		return n == -E2BIG ? -EFAULT : n;
	for (i = 0; i < n; i++) {
		if (copy_user(vq, dst, &iov[i]))
			return -EFAULT;
		dst += iov[i].iov_len;
	}
	return 0;
}

static int read_pinned(struct vhx_vq *vq, void *dst, u64 addr, u32 len)
{
	struct bio_vec vec[4];
	const struct pieces to = { .vec = vec, .room = ARRAY_SIZE(vec) };
	int i, n;

	rcu_read_lock();
	n = translate(vq, rcu_dereference(vq->dev->mem), addr, len,
		      VHOST_ACCESS_RO, true, &to);
	for (i = 0; i < n; i++) {
		memcpy(dst, bvec_virt(&vec[i]), vec[i].bv_len);
		dst += vec[i].bv_len;
	}
	rcu_read_unlock();
	return n < 0 ? -EFAULT : 0;
}

/**
 * vhx_buf_read - read guest memory that a ring refers to
 * @rd: &struct vhx_reader.rd
 * @dst: where to
 * @addr: guest address
 * @len: bytes
 *
 * Context: in vq_run().
 * Return: 0; what vhx_iommu_fault() says; or -EFAULT.
 */
int vhx_buf_read(const struct vhx_ring_reader *rd, void *dst, u64 addr, u32 len)
{
	struct vhx_vq *vq = container_of(rd, struct vhx_reader, rd)->vq;

	return vhx_dev_uses_pinned(vq->dev) ? read_pinned(vq, dst, addr, len) :
					      read_user(vq, dst, addr, len);
}
