// SPDX-License-Identifier: GPL-2.0
/*
 * The owner's reads and writes of its disk are in its /proc/PID/io.
 */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "harness.h"
#include "blkdev_fixture.h"

#define LEN	65536

static char data[LEN];

FIXTURE(account)
{
	struct blkdev b;
};

FIXTURE_VARIANT(account)
{
	struct blkdev_opts o;
};

FIXTURE_SETUP(account)
{
	blk_fixture_start(_metadata, &self->b, &variant->o);
}

FIXTURE_TEARDOWN(account)
{
	blkdev_close(&self->b);
}

FIXTURE_VARIANT_ADD(account, vdpa)
{
	.o = { .kind = BLK_VDPA, .features = BLK_INDIRECT },
};

FIXTURE_VARIANT_ADD(account, vhost)
{
	.o = { .kind = BLK_VHOST, .features = BLK_INDIRECT },
};

/* read_bytes and write_bytes of this process; false if it has none. */
static bool io_bytes(unsigned long long *rd, unsigned long long *wr)
{
	FILE *f = fopen("/proc/self/io", "r");
	char line[128];
	int got = 0;

	while (f && fgets(line, sizeof(line), f)) {
		got += sscanf(line, "read_bytes: %llu", rd) == 1;
		got += sscanf(line, "write_bytes: %llu", wr) == 1;
	}
	if (f)
		fclose(f);
	return got == 2;
}

/* Before 6.10 a worker is a kernel thread and not the owner's. */
static bool worker_is_ours(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname u;

	if (uname(&u) || sscanf(u.release, "%u.%u", &major, &minor) != 2)
		return false;
	return major > 6 || (major == 6 && minor >= 10);
}

TEST_F(account, proc_io)
{
	struct blkdev *b = &self->b;
	struct blkreq r = { .type = VIRTIO_BLK_T_IN, .in_len = LEN };
	struct blkreq w = {
		.type = VIRTIO_BLK_T_OUT, .out = data, .out_len = LEN / 2,
	};
	unsigned long long rd0, wr0, rd1, wr1;

	if (!worker_is_ours())
		SKIP(return, "the worker is a kernel thread");
	if (!io_bytes(&rd0, &wr0))
		SKIP(return, "this kernel does not account I/O");
	ASSERT_EQ(VIRTIO_BLK_S_OK, blk_do(b, &r, NULL, NULL));
	ASSERT_EQ(VIRTIO_BLK_S_OK, blk_do(b, &w, NULL, NULL));
	ASSERT_TRUE(io_bytes(&rd1, &wr1));
	EXPECT_EQ(LEN, rd1 - rd0);
	EXPECT_EQ(LEN / 2, wr1 - wr0);
}

TEST_HARNESS_MAIN
