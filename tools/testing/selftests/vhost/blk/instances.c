// SPDX-License-Identifier: GPL-2.0
/*
 * Instances as an administrator has them: made, filled in, enabled, disabled
 * and removed through configfs; and what is refused, above all while a monitor
 * has the device open.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "attr.h"
#include "disk.h"
#include "instance.h"
#include "harness.h"
#include "vdev.h"

#define NAME	"vhxt_admin"

FIXTURE(instances)
{
	struct disk disk;
	struct instance in;
};

FIXTURE_SETUP(instances)
{
	static const struct disk_opts opts = { .mib = 16 };

	ASSERT_EQ(0, disk_create(&self->disk, "vhxt_disk", &opts));
	ASSERT_EQ(0, instance_create(&self->in, "blk", NAME));
}

FIXTURE_TEARDOWN(instances)
{
	instance_destroy(&self->in);
	disk_destroy(&self->disk);
}

/* The node comes and goes with enable. */
TEST_F(instances, enable)
{
	int i;

	EXPECT_NE(0, access(self->in.node, F_OK));
	ASSERT_EQ(0, instance_set(&self->in, "backend", self->disk.path));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, instance_enable(&self->in));
		EXPECT_EQ(0, access(self->in.node, R_OK | W_OK));
		ASSERT_EQ(0, instance_disable(&self->in));
		EXPECT_NE(0, access(self->in.node, F_OK));
	}
}

/* Without a disk, or with something else for one, there is no instance. */
TEST_F(instances, no_backend)
{
	EXPECT_EQ(-EINVAL, instance_set(&self->in, "enable", "1"));
	ASSERT_EQ(0, instance_set(&self->in, "backend", "/dev/null"));
	EXPECT_EQ(-ENOTBLK, instance_set(&self->in, "enable", "1"));
	ASSERT_EQ(0, instance_set(&self->in, "backend", "/nowhere"));
	EXPECT_EQ(-ENOENT, instance_set(&self->in, "enable", "1"));
	EXPECT_NE(0, access(self->in.node, F_OK));

	/* A failed attempt leaves nothing behind. */
	ASSERT_EQ(0, instance_set(&self->in, "backend", self->disk.path));
	EXPECT_EQ(0, instance_enable(&self->in));
}

/* A zoned disk is refused: a driver that knows no zones can't write to it. */
TEST_F(instances, zoned)
{
	const struct disk_opts opts = { .mib = 16, .zoned = true };
	struct disk zoned;
	struct vdev d;
	int fd;

	if (disk_create(&zoned, "vhxt_zoned", &opts))
		SKIP(return, "this kernel has no zoned null_blk");
	ASSERT_EQ(0, instance_set(&self->in, "backend", zoned.path));
	EXPECT_EQ(-EOPNOTSUPP, instance_set(&self->in, "enable", "1"));
	EXPECT_NE(0, access(self->in.node, F_OK));

	fd = open(zoned.path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, vdev_open(&d, "/dev/vhx-blk"));
	ASSERT_EQ(0, vdev_ioctl(&d, "", VHOST_SET_OWNER, NULL));
	EXPECT_EQ(-EOPNOTSUPP, vhost_blk_attach(&d, fd));
	vdev_close(&d);
	close(fd);
	disk_destroy(&zoned);
}

/* In use it stays, and has one user. */
TEST_F(instances, busy)
{
	int fd;

	ASSERT_EQ(0, instance_set(&self->in, "backend", self->disk.path));
	ASSERT_EQ(0, instance_enable(&self->in));
	fd = open(self->in.node, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, open(self->in.node, O_RDWR | O_CLOEXEC));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(-EBUSY, instance_disable(&self->in));
	EXPECT_EQ(0, access(self->in.node, F_OK));
	close(fd);
	EXPECT_EQ(0, instance_disable(&self->in));
}

/* What an enabled instance is made of can't be changed. */
TEST_F(instances, set_while_enabled)
{
	ASSERT_EQ(0, instance_set(&self->in, "backend", self->disk.path));
	ASSERT_EQ(0, instance_enable(&self->in));
	EXPECT_EQ(-EBUSY, instance_set(&self->in, "backend", "/dev/null"));
	EXPECT_EQ(-EBUSY, instance_set(&self->in, "queues", "2"));
	EXPECT_EQ(-EBUSY, instance_set(&self->in, "workers", "1"));
	EXPECT_EQ(-EBUSY, instance_set(&self->in, "poll_us", "0"));
	EXPECT_EQ(-EBUSY, instance_set(&self->in, "read_only", "1"));
	EXPECT_EQ(-EBUSY, instance_set(&self->in, "packed", "0"));
	EXPECT_EQ(-EBUSY, instance_set(&self->in, "in_order", "0"));
	ASSERT_EQ(0, instance_disable(&self->in));
	EXPECT_EQ(0, instance_set(&self->in, "queues", "2"));
}

TEST_F(instances, bad_values)
{
	EXPECT_GT(0, instance_set(&self->in, "queues", "0"));
	EXPECT_GT(0, instance_set(&self->in, "queues", "100000"));
	EXPECT_GT(0, instance_set(&self->in, "queues", "many"));
	EXPECT_GT(0, instance_set(&self->in, "workers", "0"));
	EXPECT_GT(0, instance_set(&self->in, "workers", "17"));
	EXPECT_GT(0, instance_set(&self->in, "poll_us", "-2"));
	EXPECT_GT(0, instance_set(&self->in, "poll_us", "1000001"));
	EXPECT_GT(0, instance_set(&self->in, "queue_size", "100"));
	EXPECT_GT(0, instance_set(&self->in, "queue_size", "0"));
	EXPECT_GT(0, instance_set(&self->in, "queue_size", "65536"));
	EXPECT_GT(0, instance_set(&self->in, "read_only", "maybe"));
	EXPECT_GT(0, instance_set(&self->in, "packed", "maybe"));
	EXPECT_GT(0, instance_set(&self->in, "in_order", "2x"));
	EXPECT_GT(0, instance_set(&self->in, "serial",
				  "longer than twenty bytes"));
	EXPECT_GT(0, instance_set(&self->in, "enable", "2x"));
}

/* The formats that a device offers are those that it was told to. */
TEST_F(instances, formats)
{
	static const __u64 bits = BIT_ULL(VIRTIO_F_RING_PACKED) |
				  BIT_ULL(VIRTIO_F_IN_ORDER);
	static const char *const text[] = { "0", "1" };
	int i, fd;

	ASSERT_EQ(0, instance_set(&self->in, "backend", self->disk.path));
	for (i = 0; i < 4; i++) {
		__u64 want = 0, got;

		want |= i & 1 ? BIT_ULL(VIRTIO_F_RING_PACKED) : 0;
		want |= i & 2 ? BIT_ULL(VIRTIO_F_IN_ORDER) : 0;
		ASSERT_EQ(0, instance_set(&self->in, "packed", text[i & 1]));
		ASSERT_EQ(0, instance_set(&self->in, "in_order", text[i >> 1]));
		ASSERT_EQ(0, instance_enable(&self->in));
		fd = open(self->in.node, O_RDWR | O_CLOEXEC);
		ASSERT_LE(0, fd);
		EXPECT_EQ(0, ioctl(fd, VHOST_GET_FEATURES, &got));
		EXPECT_EQ(want, got & bits);
		EXPECT_EQ(i == 3 ? 0 : -1,
			  ioctl(fd, VHOST_SET_FEATURES, &bits));
		close(fd);
		ASSERT_EQ(0, instance_disable(&self->in));
	}
}

/* What is written is read back. */
TEST_F(instances, values)
{
	static const char *const v[][2] = {
		{ "queues", "3" }, { "queue_size", "512" },
		{ "workers", "2" }, { "workers", "3" },
		{ "poll_us", "0" }, { "poll_us", "1000000" },
		{ "poll_us", "-1" },
		{ "serial", "abc" }, { "read_only", "1" },
		{ "packed", "0" }, { "in_order", "0" },
	};
	char got[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(v); i++) {
		ASSERT_EQ(0, instance_set(&self->in, v[i][0], v[i][1]));
		ASSERT_EQ(0, attr_read(got, sizeof(got),
				       "/sys/kernel/config/vhx/blk/%s/%s",
				       self->in.name, v[i][0]));
		EXPECT_STREQ(v[i][1], got);
	}
	ASSERT_EQ(0, instance_set(&self->in, "backend", self->disk.path));
	ASSERT_EQ(0, attr_read(got, sizeof(got),
			       "/sys/kernel/config/vhx/blk/%s/backend",
			       self->in.name));
	EXPECT_STREQ(self->disk.path, got);
}

/*
 * Removed while a monitor has it: that is refused, or the monitor keeps what
 * it has until it closes it. It never finds nothing under its feet.
 */
TEST_F(instances, remove_in_use)
{
	struct vdev d;
	__u32 id = 0;

	ASSERT_EQ(0, instance_set(&self->in, "backend", self->disk.path));
	ASSERT_EQ(0, instance_enable(&self->in));
	ASSERT_EQ(0, vdev_open(&d, self->in.node));
	EXPECT_EQ(-EBUSY, instance_set(&self->in, "enable", "0"));
	EXPECT_EQ(0, instance_destroy(&self->in));
	EXPECT_EQ(-1, access(self->in.node, F_OK));
	ASSERT_EQ(0, vdev_ioctl(&d, "", VHOST_VDPA_GET_DEVICE_ID, &id));
	EXPECT_EQ(2, id);
	ASSERT_EQ(0, vdpa_realize(&d))
		TH_LOG("%s", d.what);

	/* The name is free, but the disk is not until the file is closed. */
	ASSERT_EQ(0, instance_create(&self->in, "blk", NAME));
	ASSERT_EQ(0, instance_set(&self->in, "backend", self->disk.path));
	EXPECT_EQ(-EBUSY, instance_set(&self->in, "enable", "1"));
	vdev_close(&d);
	ASSERT_EQ(0, instance_enable(&self->in));
	ASSERT_EQ(0, vdev_open(&d, self->in.node));
	vdev_close(&d);
}

/* Two types may have an instance of a name, but not both the node. */
TEST_F(instances, same_name)
{
	struct instance rng;
	struct vdev d;
	__u32 id = 0;

	ASSERT_EQ(0, instance_set(&self->in, "backend", self->disk.path));
	ASSERT_EQ(0, instance_enable(&self->in));
	ASSERT_EQ(0, instance_create(&rng, "rng", NAME));
	EXPECT_EQ(-EEXIST, instance_set(&rng, "enable", "1"));
	ASSERT_EQ(0, instance_disable(&self->in));
	EXPECT_EQ(0, instance_enable(&rng));
	EXPECT_EQ(-EEXIST, instance_set(&self->in, "enable", "1"));
	ASSERT_EQ(0, vdev_open(&d, rng.node));
	EXPECT_EQ(0, vdev_ioctl(&d, "", VHOST_VDPA_GET_DEVICE_ID, &id));
	EXPECT_EQ(4, id);
	vdev_close(&d);
	EXPECT_EQ(0, instance_destroy(&rng));
	EXPECT_EQ(0, instance_enable(&self->in));
}

/* Someone else has the disk: as for any claim on a block device. */
TEST_F(instances, disk_in_use)
{
	struct instance other;

	ASSERT_EQ(0, instance_set(&self->in, "backend", self->disk.path));
	ASSERT_EQ(0, instance_enable(&self->in));
	ASSERT_EQ(0, instance_create(&other, "blk", "vhxt_other"));
	ASSERT_EQ(0, instance_set(&other, "backend", self->disk.path));
	EXPECT_EQ(-EBUSY, instance_set(&other, "enable", "1"));
	ASSERT_EQ(0, instance_disable(&self->in));
	EXPECT_EQ(0, instance_enable(&other));
	EXPECT_EQ(0, instance_destroy(&other));
}

TEST_HARNESS_MAIN
