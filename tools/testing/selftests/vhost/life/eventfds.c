// SPDX-License-Identifier: GPL-2.0
/*
 * The owner closes its eventfds while the queues are busy: the device has its
 * own references. It goes on, and takes new ones.
 */
#include <unistd.h>

#include "harness.h"
#include "life.h"

FIXTURE(eventfds)
{
	struct load l;
	struct held before;
};

FIXTURE_VARIANT(eventfds)
{
	struct load_opts o;
};

LIFE_KINDS(eventfds);

FIXTURE_SETUP(eventfds)
{
	held_take(&self->before);
	life_start(_metadata, &self->l, &variant->o);
}

FIXTURE_TEARDOWN(eventfds)
{
	load_close(&self->l);
}

static void more(struct __test_metadata *_metadata, struct load *l,
		 unsigned int n)
{
	int err = load_more(l, n);

	ASSERT_EQ(0, err)
		TH_LOG("%s: %s", l->what, strerror(-err));
}

static void renew(int *fd)
{
	__atomic_store_n(fd, event_new(), __ATOMIC_RELAXED);
}

TEST_F(eventfds, closed)
{
	struct load *l = &self->l;
	unsigned int i, q;

	for (i = 0; i < rounds(10); i++) {
		for (q = 0; q < l->d->nvqs; q++) {
			close(l->d->vq[q].call);
			close(l->d->vq[q].err);
		}
		more(_metadata, l, 50);
		for (q = 0; q < l->d->nvqs; q++)
			close(l->d->vq[q].kick);
		/* It may be served until its ring is empty, and no longer. */
		for (q = 0; q < l->d->nvqs; q++) {
			struct vq *vq = &l->d->vq[q];

			renew(&vq->kick);
			renew(&vq->call);
			renew(&vq->err);
			ASSERT_EQ(0, vring_set_kick(l->d, q, vq->kick));
			ASSERT_EQ(0, vring_set_call(l->d, q, vq->call));
			ASSERT_EQ(0, vring_set_err(l->d, q, vq->err));
			event_signal(vq->kick);
			/* It is signalled when it is set. */
			ASSERT_EQ(0, event_wait(vq->call, WAIT_MS));
		}
		more(_metadata, l, 50);
	}
	ASSERT_EQ(0, load_stop(l, false))
		TH_LOG("%s", l->what);
	EXPECT_FALSE(l->broken);
	load_close(l);
	life_end(_metadata, &self->before, variant->o.kind);
}

int main(int argc, char **argv)
{
	return life_main(argc, argv);
}
