// SPDX-License-Identifier: GPL-2.0
/*
 * Every ioctl of the vhost personality: /dev/vhost-net as the reference,
 * /dev/vhx-net and /dev/vhx-blk against it. The rows were learnt from the
 * reference by running it, not from its documentation.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "attr.h"
#include "cases.h"
#include "disk.h"
#include "harness.h"
#include "tap.h"
#include "vhost_rows.h"
#include "rows_run.h"

static int bring_vhost(struct target *t, struct vdev *d, enum stage stage)
{
	int err = 0;

	if (stage == OWNED)
		err = vhost_set_owner(d);
	else if (stage >= READY)
		err = vhost_setup(d);
	if (err || stage < RUNNING)
		return err;
	return t->flags & ON_BLK ? vhost_blk_attach(d, t->fd[FD_DISK]) :
				   vhost_net_attach_all(d, t->fd[FD_TAP]);
}

/* One tap and one disk for the whole program. */
static struct tap tap;
static struct disk disk;
static int disk_fd = -1;

FIXTURE(vhost_api)
{
	struct target t;
};

FIXTURE_VARIANT(vhost_api)
{
	const char *path;
	const char *module;
	unsigned int flags;
	unsigned int nvqs;
};

FIXTURE_VARIANT_ADD(vhost_api, in_tree_net)
{
	.path = "/dev/vhost-net",
	.module = "vhost_net",
	.flags = ON_NET | ON_REF,
	.nvqs = 2,
};

FIXTURE_VARIANT_ADD(vhost_api, vhx_net)
{
	.path = "/dev/vhx-net",
	.flags = ON_NET | ON_VHX,
	.nvqs = 2,
};

FIXTURE_VARIANT_ADD(vhost_api, vhx_blk)
{
	.path = "/dev/vhx-blk",
	.flags = ON_BLK | ON_VHX,
	.nvqs = 1,
};

FIXTURE_SETUP(vhost_api)
{
	struct target *t = &self->t;

	if (!node_present(variant->path, variant->module)) {
		if (variant->flags & ON_REF)
			SKIP(return, "no %s here", variant->path);
		TH_LOG("no %s", variant->path);
	}
	ASSERT_EQ(0, access(variant->path, F_OK));

	t->path = variant->path;
	t->flags = variant->flags;
	t->nvqs = variant->nvqs;
	t->features = NET_FEATURES;
	t->bring = bring_vhost;
	t->fd[FD_TAP] = tap.fd;
	t->fd[FD_DISK] = disk_fd;
	ASSERT_LE(0, tap.fd);
	ASSERT_LE(0, disk_fd);
	ASSERT_EQ(0, target_init(t));
}

FIXTURE_TEARDOWN(vhost_api)
{
	target_exit(&self->t);
}

TEST_F(vhost_api, features)
{
	run(_metadata, &self->t, 0x00, 0x00);
}

TEST_F(vhost_api, owner)
{
	run(_metadata, &self->t, 0x01, 0x02);
}

TEST_F(vhost_api, mem_table)
{
	run(_metadata, &self->t, 0x03, 0x03);
}

TEST_F(vhost_api, log)
{
	run(_metadata, &self->t, 0x04, 0x07);
}

TEST_F(vhost_api, worker)
{
	run(_metadata, &self->t, 0x08, 0x09);
}

TEST_F(vhost_api, vring_num)
{
	run(_metadata, &self->t, 0x10, 0x10);
}

TEST_F(vhost_api, vring_addr)
{
	run(_metadata, &self->t, 0x11, 0x11);
}

TEST_F(vhost_api, vring_base)
{
	run(_metadata, &self->t, 0x12, 0x12);
}

TEST_F(vhost_api, vring_endian)
{
	run(_metadata, &self->t, 0x13, 0x14);
}

TEST_F(vhost_api, vring_worker)
{
	run(_metadata, &self->t, 0x15, 0x16);
}

TEST_F(vhost_api, vring_kick)
{
	run(_metadata, &self->t, 0x20, 0x20);
}

TEST_F(vhost_api, vring_call)
{
	run(_metadata, &self->t, 0x21, 0x21);
}

TEST_F(vhost_api, vring_err)
{
	run(_metadata, &self->t, 0x22, 0x22);
}

TEST_F(vhost_api, busyloop)
{
	run(_metadata, &self->t, 0x23, 0x24);
}

TEST_F(vhost_api, backend_features)
{
	run(_metadata, &self->t, 0x25, 0x26);
}

TEST_F(vhost_api, net_backend)
{
	run(_metadata, &self->t, 0x30, 0x30);
}

TEST_F(vhost_api, other_devices)
{
	run(_metadata, &self->t, 0x40, 0x82);
}

TEST_F(vhost_api, newer)
{
	if (self->t.flags & ON_REF)
		SKIP(return, "as the kernel's version has it");
	run(_metadata, &self->t, 0x83, 0x85);
}

TEST_F(vhost_api, unknown)
{
	run(_metadata, &self->t, 0xf0, 0xf0);
}

TEST_F(vhost_api, blk_backend)
{
	run(_metadata, &self->t, 0xff, 0xff);
}

TEST_F(vhost_api, write)
{
	run_writes(_metadata, &self->t);
}

/* What was set is what is got. */
TEST_F(vhost_api, values)
{
	struct vhost_vring_state s = { .index = 0, .num = 4242 };
	__u64 features = 0, backend = 0;
	struct vdev d;
	__u32 base;

	ASSERT_EQ(0, vdev_open(&d, variant->path));
	ASSERT_EQ(0, vdev_ioctl(&d, "", VHOST_GET_FEATURES, &features));
	EXPECT_EQ(NET_FEATURES, features & NET_FEATURES);
	if (variant->flags & ON_NET)
		EXPECT_NE(0, features & BIT_ULL(VIRTIO_NET_F_MRG_RXBUF));
	EXPECT_EQ(0, vdev_ioctl(&d, "", VHOST_GET_BACKEND_FEATURES, &backend));
	EXPECT_NE(0, features & BIT_ULL(VIRTIO_F_ACCESS_PLATFORM));
	EXPECT_NE(0, backend & BIT_ULL(VHOST_BACKEND_F_IOTLB_MSG_V2));

	ASSERT_EQ(0, vhost_set_owner(&d));
	ASSERT_EQ(0, vring_set_base(&d, 0, 65535));
	ASSERT_EQ(0, vring_get_base(&d, 0, &base));
	EXPECT_EQ(65535, base);

	ASSERT_EQ(0, vdev_ioctl(&d, "", VHOST_SET_VRING_BUSYLOOP_TIMEOUT, &s));
	s.num = 0;
	ASSERT_EQ(0, vdev_ioctl(&d, "", VHOST_GET_VRING_BUSYLOOP_TIMEOUT, &s));
	EXPECT_EQ(4242, s.num);
	vdev_close(&d);
}

/* After RESET_OWNER the device is as new, for whoever comes next. */
TEST_F(vhost_api, reset_owner)
{
	struct target *t = &self->t;
	struct vdev d;
	__u32 base;
	int i;

	ASSERT_EQ(0, vdev_open(&d, variant->path));
	for (i = 0; i < 3; i++) {
		t->mem.brk = 0;
		ASSERT_EQ(0, vdev_make_vqs(&d, &t->mem, t->features, t->nvqs,
					   64));
		ASSERT_EQ(0, t->bring(t, &d, RUNNING)) TH_LOG("%s", d.what);
		ASSERT_EQ(0, vdev_ioctl(&d, "", VHOST_RESET_OWNER, NULL));
		EXPECT_EQ(-EPERM, vring_get_base(&d, 0, &base));
		EXPECT_EQ(-EPERM, vring_set_num(&d, 0));
	}
	vdev_close(&d);
}

static void remove_disk(void)
{
	close(disk_fd);
	disk_destroy(&disk);
}

int main(int argc, char **argv)
{
	static const struct disk_opts opts = { .mib = 16 };

	tap.fd = -1;
	if (netns_enter() || tap_create(&tap, "tap0", 12, 1))
		perror("tap");
	if (disk_create(&disk, "vhxt_uapi", &opts))
		perror("null_blk");
	disk_fd = open(disk.path, O_RDWR | O_CLOEXEC);
	atexit(remove_disk);
	return test_harness_run(argc, argv);
}
