// SPDX-License-Identifier: GPL-2.0
/*
 * After all that the other tests did the modules are unloaded and loaded
 * again, and devices of each kind work. It is the last test of the suite.
 */
#include "harness.h"
#include "life.h"

TEST(modules_go_and_come)
{
	const char *what;
	int kind, err;

	err = modules_cycle();
	ASSERT_EQ(0, err)
		TH_LOG("%s", strerror(-err));
	for (kind = LOAD_NET; kind <= LOAD_VHOST; kind++) {
		err = new_device(kind, &what);
		EXPECT_EQ(0, err)
			TH_LOG("%s: %s", what, strerror(-err));
	}
}

int main(int argc, char **argv)
{
	return life_main(argc, argv);
}
