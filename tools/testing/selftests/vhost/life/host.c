// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to the host under load: CPUs come and go, it is suspended, and
 * somebody tries to unload the modules. Nothing is lost, and the load goes on.
 */
#include <unistd.h>

#include "attr.h"
#include "harness.h"
#include "life.h"

FIXTURE(host)
{
	struct load net;
	struct load blk;
	struct held before;
};

FIXTURE_SETUP(host)
{
	const struct load_opts net = { .kind = LOAD_NET, .ring = RING_ALL };
	const struct load_opts blk = {
		.kind = LOAD_VDPA, .ring = RING_ALL | RING_PACKED,
	};

	held_take(&self->before);
	life_start(_metadata, &self->net, &net);
	life_start(_metadata, &self->blk, &blk);
}

FIXTURE_TEARDOWN(host)
{
	load_close(&self->net);
	load_close(&self->blk);
}

/* Both go on, and nothing has failed. */
static void both_go_on(struct __test_metadata *_metadata,
		       FIXTURE_DATA(host) * self)
{
	ASSERT_EQ(0, load_more(&self->net, 100))
		TH_LOG("%s", self->net.what);
	ASSERT_EQ(0, load_more(&self->blk, LOAD_DEPTH))
		TH_LOG("%s", self->blk.what);
}

static void end(struct __test_metadata *_metadata, FIXTURE_DATA(host) * self)
{
	both_go_on(_metadata, self);
	ASSERT_EQ(0, load_stop(&self->net, false))
		TH_LOG("%s", self->net.what);
	ASSERT_EQ(0, load_stop(&self->blk, false))
		TH_LOG("%s", self->blk.what);
	EXPECT_FALSE(self->net.broken);
	EXPECT_FALSE(self->blk.broken);
	EXPECT_EQ(0, self->blk.failed);
	load_close(&self->net);
	load_close(&self->blk);
	life_end(_metadata, &self->before, LOAD_NET);
}

TEST_F(host, cpus_go_and_come)
{
	const char *online = "/sys/devices/system/cpu/cpu1/online";
	unsigned int i;

	if (access(online, W_OK))
		SKIP(return, "one CPU that stays");
	for (i = 0; i < 2 * rounds(4); i++) {
		ASSERT_EQ(0, attr_write(i & 1 ? "1" : "0", "%s", online));
		both_go_on(_metadata, self);
	}
	end(_metadata, self);
}

/*
 * The kernel's own test of suspending, up to where all processes are frozen:
 * what comes after would take the test host's file system away.
 */
TEST_F(host, suspended)
{
	unsigned int i;

	if (attr_write("freezer", "/sys/power/pm_test"))
		SKIP(return, "no pm_test");
	attr_write("1", "/sys/module/suspend/parameters/pm_test_delay");
	for (i = 0; i < rounds(2); i++) {
		ASSERT_EQ(0, attr_write("freeze", "/sys/power/state"));
		both_go_on(_metadata, self);
	}
	attr_write("none", "/sys/power/pm_test");
	end(_metadata, self);
}

TEST_F(host, modules_stay)
{
	const char * const names[] = { "vhx_blk", "vhx_net", "vhx" };
	unsigned int i;

	for (i = 0; i < 3 * 20; i++)
		ASSERT_EQ(-EAGAIN, module_unload(names[i % 3]))
			TH_LOG("%s", names[i % 3]);
	end(_metadata, self);
}

int main(int argc, char **argv)
{
	return life_main(argc, argv);
}
