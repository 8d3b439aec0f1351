// SPDX-License-Identifier: GPL-2.0
/*
 * The tap under load: its interface is removed, and its file closed by the
 * owner.
 */
#include <linux/if_tun.h>
#include <net/if.h>
#include <unistd.h>

#include "attr.h"
#include "harness.h"
#include "life.h"

FIXTURE(taps)
{
	struct load l;
	struct held before;
};

FIXTURE_VARIANT(taps)
{
	struct load_opts o;
};

FIXTURE_VARIANT_ADD(taps, split)
{
	.o = { .kind = LOAD_NET, .ring = RING_ALL },
};

FIXTURE_VARIANT_ADD(taps, packed)
{
	.o = { .kind = LOAD_NET, .ring = RING_ALL | RING_PACKED },
};

FIXTURE_SETUP(taps)
{
	held_take(&self->before);
	life_start(_metadata, &self->l, &variant->o);
}

FIXTURE_TEARDOWN(taps)
{
	load_close(&self->l);
}

/* Frames are dropped, and counted, until there is an interface again. */
TEST_F(taps, removed)
{
	struct load *l = &self->l;
	struct tap *t = &l->n.tap;
	unsigned int i;

	for (i = 0; i < rounds(4); i++) {
		const long dropped = netdev_dropped("tx_no_tap");

		ASSERT_EQ(0, run_quiet("ip", "link", "delete", t->name, NULL));
		ASSERT_EQ(0, netdev_wait_dropped("tx_no_tap", dropped + 100));
		ASSERT_EQ(0, load_stop(l, false))
			TH_LOG("%s", l->what);
		EXPECT_FALSE(l->broken);

		close(t->sock);
		ASSERT_EQ(0, tap_recreate(t, IFF_NO_PI | IFF_VNET_HDR, 12));
		ASSERT_EQ(0, tap_peer(t));
		ASSERT_EQ(0, load_restart(l))
			TH_LOG("%s", l->what);
		ASSERT_EQ(0, load_start(l));
		ASSERT_EQ(0, load_more(l, 500))
			TH_LOG("%s", l->what);
	}
	load_close(l);
	life_end(_metadata, &self->before, LOAD_NET);
}

/* It is removed, and the device is closed or detached as it is. */
TEST_F(taps, removed_and_closed)
{
	struct load *l = &self->l;

	ASSERT_EQ(0, run_quiet("ip", "link", "delete", l->n.tap.name, NULL));
	ASSERT_EQ(0, load_detach(l));
	ASSERT_EQ(0, load_attach(l));
	load_close(l);
	life_end(_metadata, &self->before, LOAD_NET);
}

static bool is_gone(void *arg)
{
	return !if_nametoindex(arg);
}

/* The device has a reference: the interface goes when it is detached. */
TEST_F(taps, closed)
{
	struct load *l = &self->l;

	close(l->n.tap.fd);
	ASSERT_EQ(0, load_more(l, 1000))
		TH_LOG("%s", l->what);
	EXPECT_NE(0, if_nametoindex(l->n.tap.name));
	ASSERT_EQ(0, load_detach(l));
	EXPECT_EQ(0, cond_wait(is_gone, l->n.tap.name, WAIT_MS));
	load_stop(l, true);
	l->n.tap.fd = -1;
	load_close(l);
	life_end(_metadata, &self->before, LOAD_NET);
}

int main(int argc, char **argv)
{
	return life_main(argc, argv);
}
