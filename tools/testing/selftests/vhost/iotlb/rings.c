// SPDX-License-Identifier: GPL-2.0
/*
 * Rings behind the IOTLB: a queue starts once its ring is there, stops when it
 * is not any longer, and goes on where it was.
 */
#include <pthread.h>

#include "harness.h"
#include "pins.h"
#include "rig_fixture.h"

RIG_FIXTURE(rings);

static __u32 base_of(struct __test_metadata *_metadata, struct rig *r)
{
	__u32 base = 0;

	EXPECT_EQ(0, vring_get_base(r->d, r->q, &base));
	return base;
}

/* To the monitor a queue that waits for its ring is one that was started. */
TEST_F(rings, waits)
{
	struct rig *r = &self->r;

	if (variant->o.module)
		SKIP(return, "in-tree has the used rings");
	EXPECT_EQ(r->vq->base, base_of(_metadata, r));
	EXPECT_EQ(-EBUSY, vring_set_num(r->d, r->q));
	EXPECT_EQ(-EBUSY, vring_set_base(r->d, r->q, 0));
	ASSERT_EQ(0, rig_attach(r, false));
	EXPECT_EQ(0, vring_set_num(r->d, r->q));
	EXPECT_EQ(r->vq->base, base_of(_metadata, r));
	ASSERT_EQ(0, rig_attach(r, true));
	EXPECT_FALSE(event_take(r->vq->err));
	ASSERT_EQ(0, rig_do(r, 0, 1, NULL));
}

/* Nothing of the ring is missing but one page at a time. */
TEST_F(rings, missing_area)
{
	struct rig *r = &self->r;
	const void *area[3] = { r->vq->desc, r->vq->avail, r->vq->used };
	unsigned int i, misses;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, rig_map_rings(r));
		ASSERT_EQ(0, iotlb_unmap(r->d, area[i], 1));
		misses = 0;
		ASSERT_EQ(0, rig_do(r, 0, i, &misses));
		EXPECT_LT(0, misses);
	}
}

/* A kick asks once more for the ring. */
TEST_F(rings, again_on_kick)
{
	struct vhost_iotlb_msg m, first;
	struct rig *r = &self->r;

	ASSERT_EQ(0, rig_map_rings(r));
	ASSERT_EQ(0, rig_map(r, 0));
	ASSERT_EQ(0, rig_do(r, 0, 1, NULL));
	ASSERT_EQ(0, iotlb_unmap(r->d, r->vq->desc, 1));
	ASSERT_EQ(0, rig_add(r, 0, 2));
	vq_publish(r->vq);
	vq_kick_always(r->vq);
	ASSERT_EQ(0, iotlb_miss(r->d, &first, WAIT_MS));
	while (!iotlb_miss(r->d, &m, QUIET_MS))
		;
	vq_kick_always(r->vq);
	ASSERT_EQ(0, iotlb_miss(r->d, &m, WAIT_MS));
	ASSERT_EQ(0, iotlb_answer(r->d, &first));
	ASSERT_EQ(0, iotlb_answer(r->d, &m));
	ASSERT_EQ(0, iotlb_serve(r->d, r->vq, 1, NULL));
	ASSERT_EQ(0, rig_take(r, 1));
	ASSERT_EQ(0, rig_check(r, 0, 2));
}

/*
 * On return of the invalidation the ring is not used any more: nothing is in
 * flight, the base is exact, and no page of it is pinned.
 */
TEST_F(rings, invalidated)
{
	struct rig *r = &self->r;
	long none = 0, some;
	unsigned int round, i;

	if (!variant->o.module)
		none = pins_now();
	for (round = 0; round < 4; round++) {
		ASSERT_EQ(0, rig_do(r, 0, round, NULL));
		for (i = 0; i < 8; i++) {
			ASSERT_EQ(0, rig_map(r, i));
			ASSERT_EQ(0, rig_add(r, i, 8 * round + i));
		}
		some = pins_now();
		vq_kick(r->vq);
		for (i = 0; i < r->d->nvqs; i++)
			ASSERT_EQ(0, iotlb_unmap_ring(r->d, i));
		if (!variant->o.module) {
			const unsigned int done = vq_ready(r->vq);

			EXPECT_EQ(vq_ready_base(r->vq), base_of(_metadata, r));
			EXPECT_LT(none, some);
			EXPECT_EQ(0, pins_wait(none));
			vq_kick_always(r->vq);
			EXPECT_EQ(done, vq_ready(r->vq));
		}
		ASSERT_EQ(0, rig_map_rings(r));
		vq_kick_always(r->vq);
		ASSERT_EQ(0, iotlb_serve(r->d, r->vq, 8, NULL));
		ASSERT_EQ(0, rig_take(r, 8));
		for (i = 0; i < 8; i++)
			ASSERT_EQ(0, rig_check(r, i, 8 * round + i));
		EXPECT_FALSE(vq_more_used(r->vq));
	}
	EXPECT_FALSE(event_take(r->vq->err));
}

static void *shifted(void *p, size_t by)
{
	return (char *)p + by;
}

/* The ring is moved to other memory by one update, while it runs. */
TEST_F(rings, moved)
{
	struct rig *r = &self->r;
	struct vq *vq = r->vq;
	struct gmem *mem = r->d->mem;
	char *from, *end, *to;
	size_t len, by;

	if (variant->o.module)
		SKIP(return, "in-tree keeps the older entry, too");
	/* All rings lie at the start of memory, before anything else. */
	from = mem->base;
	end = (char *)r->d->vq[r->d->nvqs - 1].used;
	len = ((size_t)(end - from) + 2 * IOTLB_PAGE) & ~(IOTLB_PAGE - 1);
	to = gmem_alloc(mem, len, IOTLB_PAGE);
	by = (size_t)(to - from);

	ASSERT_EQ(0, rig_map_rings(r));
	ASSERT_EQ(0, rig_map(r, 0));
	ASSERT_EQ(0, rig_do(r, 0, 1, NULL));
	memcpy(to, from, len);
	ASSERT_EQ(0, iotlb_send(r->d, VHOST_IOTLB_UPDATE,
				gmem_gpa(mem, from), len, to,
				VHOST_ACCESS_RW));
	vq->desc = shifted(vq->desc, by);
	vq->avail = shifted(vq->avail, by);
	vq->used = shifted(vq->used, by);
	ASSERT_EQ(0, rig_do(r, 0, 2, NULL));
	ASSERT_EQ(0, rig_do(r, 0, 3, NULL));
	EXPECT_FALSE(event_take(vq->err));
}

/* A ring that can't be written to is an error, and is used once it can. */
TEST_F(rings, read_only)
{
	struct rig *r = &self->r;

	if (variant->o.module)
		SKIP(return, "in-tree says nothing");
	ASSERT_EQ(0, rig_do(r, 0, 1, NULL));
	ASSERT_EQ(0, iotlb_map(r->d, r->vq->used, 1, VHOST_ACCESS_RO));
	ASSERT_EQ(0, event_wait(r->vq->err, WAIT_MS));
	ASSERT_EQ(0, rig_add(r, 0, 2));
	vq_publish(r->vq);
	vq_kick_always(r->vq);
	EXPECT_EQ(-ETIMEDOUT, vq_wait_ready(r->vq, 1, QUIET_MS));
	ASSERT_EQ(0, iotlb_map(r->d, r->vq->used, 1, VHOST_ACCESS_RW));
	event_take(r->vq->err);
	ASSERT_EQ(0, iotlb_serve(r->d, r->vq, 1, NULL));
	ASSERT_EQ(0, rig_take(r, 1));
	ASSERT_EQ(0, rig_check(r, 0, 2));
}

/*
 * A monitor that answers misses and invalidates rings and data all the time.
 * Its errors are in @err.
 */
struct storm {
	struct rig *r;
	unsigned int n;
	bool over;
	int err;
};

static void *storm_run(void *arg)
{
	struct storm *s = arg;
	struct rig *r = s->r;
	struct vhost_iotlb_msg m;
	unsigned int answered = 0;

	while (!s->err && !__atomic_load_n(&s->over, __ATOMIC_RELAXED)) {
		int err = iotlb_miss(r->d, &m, 1);

		if (!err)
			s->err = iotlb_answer(r->d, &m);
		else if (err != -ETIMEDOUT)
			s->err = err;
		/* Enough answers in between for the device to move on. */
		if (s->err || (!err && ++answered % 16))
			continue;
		__atomic_fetch_add(&s->n, 1, __ATOMIC_RELAXED);
		if (s->n % 4)
			s->err = iotlb_unmap(r->d, rig_page(r, s->n % RIG_SLOTS,
							    0),
					     (s->n % 7 + 1) * IOTLB_PAGE);
		else
			s->err = iotlb_unmap(r->d, s->n % 8 ? r->vq->desc :
					     (void *)r->vq->used, 1);
	}
	return NULL;
}

TEST_F_TIMEOUT(rings, storm, 240)
{
	const unsigned int n = kernel_is_slow() ? 40 : 100;
	struct storm s = { .r = &self->r };
	struct rig *r = &self->r;
	unsigned int round, i;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, storm_run, &s));
	for (round = 0; __atomic_load_n(&s.n, __ATOMIC_RELAXED) < n; round++) {
		for (i = 0; i < 16; i++)
			ASSERT_EQ(0, rig_add(r, i, 16 * round + i));
		vq_kick(r->vq);
		ASSERT_EQ(0, vq_wait_ready(r->vq, 16, WAIT_MS))
			TH_LOG("round %u: %u done, monitor: %s", round,
			       vq_ready(r->vq), strerror(-s.err));
		ASSERT_EQ(0, rig_take(r, 16));
		for (i = 0; i < 16; i++)
			ASSERT_EQ(0, rig_check(r, i, 16 * round + i))
				TH_LOG("round %u, %u", round, i);
		ASSERT_FALSE(vq_more_used(r->vq));
	}
	__atomic_store_n(&s.over, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, s.err);
	EXPECT_FALSE(event_take(r->vq->err));
}

int main(int argc, char **argv)
{
	netdev_share_tap();
	return test_harness_run(argc, argv);
}
