// SPDX-License-Identifier: GPL-2.0
/*
 * Every ioctl and IOTLB message of the vdpa personality: in-tree vhost-vdpa
 * over a vduse-blk export as the reference, /dev/vhx/NAME against it.
 */
#include <errno.h>
#include <linux/virtio_ids.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "attr.h"
#include "disk.h"
#include "instance.h"
#include "harness.h"
#include "vduse.h"
#include "vdpa_rows.h"
#include "rows_run.h"

#define QUEUES	2

/* One disk, one reference and one instance for the whole program. */
static struct disk disk;
static struct vduse ref;
static const char *ref_missing;
static struct instance in;
static int in_err;

static int bring_vdpa(struct target *t, struct vdev *d, enum stage stage)
{
	unsigned int i;
	int err;

	if (stage == NEW)
		return 0;
	if (stage == RUNNING)
		return vdpa_setup(d);

	err = vdpa_realize(d);
	if (err || stage == OWNED)
		return err;

	err = vdev_ioctl(d, "SET_FEATURES", VHOST_SET_FEATURES, &t->features);
	if (!err)
		err = vdpa_set_status(d, VDEV_S_FEATURES);
	if (err || stage == NEGOTIATED)
		return err;

	for (i = 0; !err && i < d->nvqs; i++)
		err = vdpa_set_vring(d, i);
	return err ? err : vdpa_map_all(d);
}

FIXTURE(vdpa_api)
{
	struct target t;
};

FIXTURE_VARIANT(vdpa_api)
{
	unsigned int flags;
};

FIXTURE_VARIANT_ADD(vdpa_api, in_tree) { .flags = ON_REF };
FIXTURE_VARIANT_ADD(vdpa_api, vhx) { .flags = ON_VHX };

FIXTURE_SETUP(vdpa_api)
{
	struct target *t = &self->t;

	if (variant->flags & ON_REF) {
		if (ref_missing)
			SKIP(return, "no reference: %s", ref_missing);
		t->path = ref.node;
	} else {
		ASSERT_EQ(0, in_err)
			TH_LOG("no instance: %s", strerror(-in_err));
		t->path = in.node;
	}
	t->flags = variant->flags;
	t->nvqs = QUEUES;
	t->features = VDPA_FEATURES;
	t->bring = bring_vdpa;
	ASSERT_EQ(0, target_init(t));
}

FIXTURE_TEARDOWN(vdpa_api)
{
	target_exit(&self->t);
}

TEST_F(vdpa_api, features)
{
	run(_metadata, &self->t, 0x00, 0x00);
}

TEST_F(vdpa_api, owner)
{
	run(_metadata, &self->t, 0x01, 0x02);
}

TEST_F(vdpa_api, memory_and_log)
{
	run(_metadata, &self->t, 0x03, 0x07);
}

TEST_F(vdpa_api, vring)
{
	run(_metadata, &self->t, 0x10, 0x14);
}

TEST_F(vdpa_api, vring_fds)
{
	run(_metadata, &self->t, 0x20, 0x22);
}

TEST_F(vdpa_api, busyloop)
{
	run(_metadata, &self->t, 0x23, 0x24);
}

TEST_F(vdpa_api, backend_features)
{
	run(_metadata, &self->t, 0x25, 0x26);
}

TEST_F(vdpa_api, others)
{
	run(_metadata, &self->t, 0x08, 0x09);
	run(_metadata, &self->t, 0x15, 0x16);
	run(_metadata, &self->t, 0x30, 0x6f);
	if (self->t.flags & ON_VHX)
		run(_metadata, &self->t, 0x83, 0x85);
	run(_metadata, &self->t, 0xf0, 0xff);
}

TEST_F(vdpa_api, device_id)
{
	run(_metadata, &self->t, 0x70, 0x70);
}

TEST_F(vdpa_api, status)
{
	run(_metadata, &self->t, 0x71, 0x72);
}

TEST_F(vdpa_api, config)
{
	run(_metadata, &self->t, 0x73, 0x74);
}

TEST_F(vdpa_api, vring_enable)
{
	run(_metadata, &self->t, 0x75, 0x75);
}

TEST_F(vdpa_api, config_call)
{
	run(_metadata, &self->t, 0x77, 0x77);
}

TEST_F(vdpa_api, numbers)
{
	run(_metadata, &self->t, 0x76, 0x76);
	run(_metadata, &self->t, 0x78, 0x7a);
	run(_metadata, &self->t, 0x80, 0x82);
}

TEST_F(vdpa_api, groups)
{
	run(_metadata, &self->t, 0x7b, 0x7c);
	run(_metadata, &self->t, 0x7f, 0x7f);
}

TEST_F(vdpa_api, suspend)
{
	run(_metadata, &self->t, 0x7d, 0x7e);
}

TEST_F(vdpa_api, messages)
{
	run_writes(_metadata, &self->t);
}

/* What was set is read back. */
TEST_F(vdpa_api, values)
{
	struct vhost_vring_state s = { .index = 1 };
	struct vhost_vdpa_iova_range range = { 0 };
	struct target *t = &self->t;
	__u32 count = 0, as = 0;
	__u8 status = 0xff;
	__u64 f = 0;
	struct vdev d;
	__u16 num = 0;

	ASSERT_EQ(0, vdev_open(&d, t->path));
	ASSERT_EQ(0, vdpa_get_status(&d, &status));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, vdev_ioctl(&d, "", VHOST_VDPA_GET_VQS_COUNT, &count));
	EXPECT_EQ(QUEUES, count);
	ASSERT_EQ(0, vdev_ioctl(&d, "", VHOST_VDPA_GET_AS_NUM, &as));
	EXPECT_LE(1, as);
	ASSERT_EQ(0, vdev_ioctl(&d, "", VHOST_VDPA_GET_IOVA_RANGE, &range));
	EXPECT_GE(GMEM_GPA, range.first);
	EXPECT_LE(1ULL << 39, range.last);
	ASSERT_EQ(0, vdev_ioctl(&d, "", VHOST_GET_BACKEND_FEATURES, &f));
	EXPECT_NE(0, f & BIT_ULL(VHOST_BACKEND_F_IOTLB_MSG_V2));
	EXPECT_NE(0, f & BIT_ULL(VHOST_BACKEND_F_IOTLB_BATCH));
	if (t->flags & ON_VHX)
		EXPECT_NE(0, f & BIT_ULL(VHOST_BACKEND_F_SUSPEND));

	ASSERT_EQ(0, vdpa_set_status(&d, 1));
	ASSERT_EQ(0, vdpa_get_status(&d, &status));
	EXPECT_EQ(1, status);
	ASSERT_EQ(0, vdpa_set_status(&d, 3));
	ASSERT_EQ(0, vdpa_get_status(&d, &status));
	EXPECT_EQ(3, status);

	ASSERT_EQ(0, vdev_ioctl(&d, "", VHOST_SET_OWNER, NULL));
	ASSERT_EQ(0, vdev_ioctl(&d, "", VHOST_VDPA_GET_VRING_NUM, &num));
	ASSERT_EQ(0, vdev_ioctl(&d, "", VHOST_VDPA_GET_VRING_SIZE, &s));
	EXPECT_LE(s.num, num);
	EXPECT_EQ(1, s.index);
	vdev_close(&d);
}

/* With IOTLB_ASID, a message to an address space that is not there fails. */
TEST_F(vdpa_api, address_spaces)
{
	const __u64 asid = BIT_ULL(VHOST_BACKEND_F_IOTLB_MSG_V2) |
			   BIT_ULL(VHOST_BACKEND_F_IOTLB_ASID);
	struct vhost_msg_v2 m = {
		.type = VHOST_IOTLB_MSG_V2,
		.asid = 4711,
		.iotlb = {
			.iova = GMEM_GPA,
			.size = 65536,
			.uaddr = (uintptr_t)self->t.mem.base,
			.perm = VHOST_ACCESS_RW,
			.type = VHOST_IOTLB_UPDATE,
		},
	};
	__u64 f = 0, set = asid;
	struct vdev d;

	ASSERT_EQ(0, vdev_open(&d, self->t.path));
	ASSERT_EQ(0, vdpa_realize(&d));
	ASSERT_EQ(0, vdev_ioctl(&d, "", VHOST_GET_BACKEND_FEATURES, &f));
	if ((f & asid) == asid) {
		ASSERT_EQ(0, vdev_ioctl(&d, "", VHOST_SET_BACKEND_FEATURES,
					&set));
		EXPECT_EQ(-1, write(d.fd, &m, sizeof(m)));
		m.asid = 0;
		EXPECT_EQ(sizeof(m), write(d.fd, &m, sizeof(m)));
	} else {
		EXPECT_EQ(-EOPNOTSUPP, vdev_ioctl(&d, "",
						  VHOST_SET_BACKEND_FEATURES,
						  &set));
	}
	vdev_close(&d);
}

/*
 * Status bits in a wrong order are refused or harmless: the device can be
 * reset, and then works.
 */
TEST_F(vdpa_api, status_out_of_order)
{
	static const __u8 wrong[] = {
		VIRTIO_CONFIG_S_DRIVER_OK,
		VIRTIO_CONFIG_S_FEATURES_OK,
		VDEV_S_DRIVER | VIRTIO_CONFIG_S_DRIVER_OK,
		VDEV_S_RUNNING,
		0xff,
	};
	static const enum stage stages[] = { NEW, OWNED, NEGOTIATED };
	struct target *t = &self->t;
	__u8 status;
	struct vdev d;
	size_t i, k;

	if (t->flags & ON_REF)
		SKIP(return, "vduse leaves it to its daemon");

	for (i = 0; i < ARRAY_SIZE(wrong) * ARRAY_SIZE(stages); i++) {
		enum stage stage = stages[i % ARRAY_SIZE(stages)];

		ASSERT_EQ(0, vdev_open(&d, t->path));
		t->mem.brk = 0;
		ASSERT_EQ(0, vdev_make_vqs(&d, &t->mem, t->features, t->nvqs,
					   64));
		ASSERT_EQ(0, t->bring(t, &d, stage));
		vdpa_set_status(&d, wrong[i / ARRAY_SIZE(stages)]);
		for (k = 0; k < t->nvqs; k++)
			vq_kick_always(&d.vq[k]);

		ASSERT_EQ(0, vdpa_set_status(&d, 0));
		vdpa_unmap_all(&d);
		if (stage == NEW) {
			ASSERT_EQ(0, t->bring(t, &d, RUNNING))
				TH_LOG("%s", d.what);
		} else {
			ASSERT_EQ(0, vdpa_set_status(&d, VDEV_S_DRIVER));
			ASSERT_EQ(0, vdpa_start(&d))
				TH_LOG("%s", d.what);
		}
		ASSERT_EQ(0, vdpa_get_status(&d, &status));
		EXPECT_EQ(VDEV_S_RUNNING, status);
		vdev_close(&d);
	}
}

/* Queues that were started without FEATURES_OK fix the features as well. */
TEST_F(vdpa_api, features_while_running)
{
	struct target *t = &self->t;
	__u64 other = BIT_ULL(VIRTIO_F_VERSION_1);
	struct vdev d;
	unsigned int i;

	if (t->flags & ON_REF)
		SKIP(return, "vduse leaves it to its daemon");

	ASSERT_EQ(0, vdev_open(&d, t->path));
	t->mem.brk = 0;
	ASSERT_EQ(0, vdev_make_vqs(&d, &t->mem, t->features, t->nvqs, 64));
	ASSERT_EQ(0, bring_vdpa(t, &d, OWNED));
	ASSERT_EQ(0, vdev_ioctl(&d, "", VHOST_SET_FEATURES, &t->features));
	for (i = 0; i < t->nvqs; i++)
		ASSERT_EQ(0, vdpa_set_vring(&d, i));
	ASSERT_EQ(0, vdpa_map_all(&d));
	ASSERT_EQ(0, vdpa_set_status(&d, VDEV_S_DRIVER |
					 VIRTIO_CONFIG_S_DRIVER_OK));
	EXPECT_EQ(-EBUSY, vdev_ioctl(&d, "", VHOST_SET_FEATURES, &other));
	ASSERT_EQ(0, vdpa_set_status(&d, 0));
	EXPECT_EQ(0, vdev_ioctl(&d, "", VHOST_SET_FEATURES, &other));
	vdev_close(&d);
}

/* DRIVER_OK without an owner fails. */
TEST_F(vdpa_api, driver_ok_without_owner)
{
	struct target *t = &self->t;
	__u8 status = 0;
	struct vdev d;

	if (t->flags & ON_REF)
		SKIP(return, "vduse leaves it to its daemon");

	ASSERT_EQ(0, vdev_open(&d, t->path));
	vdpa_set_status(&d, VDEV_S_RUNNING);
	ASSERT_EQ(0, vdpa_get_status(&d, &status));
	EXPECT_EQ(0, status & VIRTIO_CONFIG_S_DRIVER_OK);
	vdev_close(&d);
}

/* A ring that is not mapped can't start. */
TEST_F(vdpa_api, ring_not_mapped)
{
	struct target *t = &self->t;
	__u8 status = 0;
	struct vdev d;
	int err;

	if (t->flags & ON_REF)
		SKIP(return, "vduse leaves it to its daemon");

	ASSERT_EQ(0, vdev_open(&d, t->path));
	t->mem.brk = 0;
	ASSERT_EQ(0, vdev_make_vqs(&d, &t->mem, t->features, t->nvqs, 64));
	ASSERT_EQ(0, bring_vdpa(t, &d, READY));
	ASSERT_EQ(0, vdpa_unmap_all(&d));
	err = vdpa_set_status(&d, VDEV_S_RUNNING);
	ASSERT_EQ(0, vdpa_get_status(&d, &status));
	EXPECT_TRUE(err < 0 || (status & VIRTIO_CONFIG_S_NEEDS_RESET) ||
		    !(status & VIRTIO_CONFIG_S_DRIVER_OK))
		TH_LOG("status %#x", status);
	vdev_close(&d);
}

/* Reset and start, as by firmware and then the kernel, several times. */
TEST_F(vdpa_api, start_again)
{
	struct target *t = &self->t;
	struct vdev d;
	__u8 status;
	int i;

	ASSERT_EQ(0, vdev_open(&d, t->path));
	t->mem.brk = 0;
	ASSERT_EQ(0, vdev_make_vqs(&d, &t->mem, t->features, t->nvqs, 64));
	ASSERT_EQ(0, vdpa_setup(&d))
		TH_LOG("%s", d.what);
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, vdpa_set_status(&d, 0));
		ASSERT_EQ(0, vdpa_set_status(&d, 0));
		ASSERT_EQ(0, vdpa_get_status(&d, &status));
		EXPECT_EQ(0, status);
		ASSERT_EQ(0, vdpa_unmap_all(&d));
		vq_reset(&d.vq[0], vq_base_after(&d.vq[0], 0));
		vq_reset(&d.vq[1], vq_base_after(&d.vq[1], 0));
		ASSERT_EQ(0, vdpa_set_status(&d, VDEV_S_DRIVER));
		ASSERT_EQ(0, vdpa_start(&d))
			TH_LOG("%s", d.what);
		ASSERT_EQ(0, vdpa_get_status(&d, &status));
		EXPECT_EQ(VDEV_S_RUNNING, status);
	}
	vdev_close(&d);
}

static void stop_all(void)
{
	if (!ref_missing)
		vduse_stop(&ref);
	instance_destroy(&in);
	disk_destroy(&disk);
}

int main(int argc, char **argv)
{
	static const struct disk_opts opts = { .mib = 16 };
	int err = disk_create(&disk, "vhxt_vdpa", &opts);

	atexit(stop_all);
	if (err) {
		ref_missing = "no null_blk";
		in_err = err;
	} else {
		if (!vduse_start(&ref, disk.path, QUEUES, &ref_missing))
			ref_missing = NULL;
		in_err = instance_create(&in, "blk", "vhxt_vdpa");
	}
	if (!in_err)
		in_err = instance_set(&in, "backend", disk.path);
	if (!in_err)
		in_err = instance_set(&in, "queues", "2");
	if (!in_err)
		in_err = instance_enable(&in);
	return test_harness_run(argc, argv);
}
