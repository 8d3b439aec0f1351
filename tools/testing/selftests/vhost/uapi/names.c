// SPDX-License-Identifier: GPL-2.0
/*
 * Names of instances: a node has the name that the administrator gave its
 * instance, or there is no instance.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attr.h"
#include "harness.h"
#include "instance.h"
#include "vdev.h"

/* Two of one length, equal but for their last character. */
static void make_names(char *a, char *b, size_t len)
{
	memset(a, 'n', len);
	a[len] = '\0';
	memcpy(b, a, len + 1);
	b[len - 1] = 'm';
}

static void expect_usable(struct __test_metadata *_metadata,
			  const struct instance *in)
{
	struct vdev d;
	__u32 id = 0;

	ASSERT_EQ(0, vdev_open(&d, in->node))
		TH_LOG("%s", in->node);
	EXPECT_EQ(0, vdev_ioctl(&d, "", VHOST_VDPA_GET_DEVICE_ID, &id));
	EXPECT_EQ(4, id);
	EXPECT_EQ(0, attr_read_long("/sys/class/misc/vhx!%s/broken_queues",
				    in->name));
	vdev_close(&d);
}

/* Each has its node, side by side with one that differs at the end only. */
TEST(of_all_lengths)
{
	static const size_t lens[] = {
		1, 18, 19, 20, 22, 23, 24, 27, 28, 31, 32, 36, 63, 64, 100,
		INSTANCE_NAME_MAX,
	};
	static char name[2][INSTANCE_NAME_MAX + 1];
	struct instance in[2];
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		make_names(name[0], name[1], lens[i]);
		for (k = 0; k < 2; k++) {
			ASSERT_EQ(0, instance_create(&in[k], "rng", name[k]))
				TH_LOG("%zu characters", lens[i]);
			ASSERT_EQ(0, instance_enable(&in[k]))
				TH_LOG("%zu characters", lens[i]);
		}
		for (k = 0; k < 2; k++)
			expect_usable(_metadata, &in[k]);
		for (k = 0; k < 2; k++) {
			EXPECT_EQ(0, instance_destroy(&in[k]));
			EXPECT_NE(0, access(in[k].node, F_OK));
		}
	}
}

TEST(of_a_uuid)
{
	struct instance in;

	ASSERT_EQ(0, instance_create(&in, "rng",
				     "6f1ed002-ab5b-4d8e-9b0a-5d1c3a7e2f10"));
	ASSERT_EQ(0, instance_enable(&in));
	expect_usable(_metadata, &in);
	EXPECT_EQ(0, instance_destroy(&in));
}

TEST(too_long)
{
	char path[512], name[2][257];
	struct instance in;
	size_t len;

	/* Loads the module, and shows that nothing else is in the way. */
	ASSERT_EQ(0, instance_create(&in, "rng", "vhxt_rng"));
	EXPECT_EQ(0, instance_destroy(&in));
	for (len = INSTANCE_NAME_MAX + 1; len <= 256; len++) {
		make_names(name[0], name[1], len);
		snprintf(path, sizeof(path), "/sys/kernel/config/vhx/rng/%s",
			 name[0]);
		EXPECT_NE(0, mkdir(path, 0755))
			TH_LOG("%zu characters", len);
		EXPECT_EQ(ENAMETOOLONG, errno)
			TH_LOG("%zu characters", len);
	}
}

TEST_HARNESS_MAIN
