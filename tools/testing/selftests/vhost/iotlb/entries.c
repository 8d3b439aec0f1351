// SPDX-License-Identifier: GPL-2.0
/*
 * What an entry of the IOTLB allows, and how entries come and go while the
 * device runs.
 */
#include "harness.h"
#include "rig_fixture.h"

RIG_FIXTURE(entries);

/* A frame is only read; the first page of a request gets its status. */
TEST_F(entries, permissions)
{
	const bool net = variant->o.is_net;
	struct vhost_iotlb_msg m;
	struct rig *r = &self->r;

	ASSERT_EQ(0, rig_map_rings(r));
	ASSERT_EQ(0, iotlb_map(r->d, rig_page(r, 0, 0), IOTLB_PAGE,
			       net ? VHOST_ACCESS_RW : VHOST_ACCESS_RO));
	ASSERT_EQ(0, iotlb_map(r->d, rig_page(r, 0, 1), IOTLB_PAGE,
			       net ? VHOST_ACCESS_WO : VHOST_ACCESS_RW));
	ASSERT_EQ(0, rig_add(r, 0, 1));
	vq_kick(r->vq);
	ASSERT_EQ(0, event_wait(r->vq->err, WAIT_MS));
	EXPECT_EQ(0, vq_ready(r->vq));
	EXPECT_EQ(-ETIMEDOUT, iotlb_miss(r->d, &m, QUIET_MS));

	/* Once it is allowed the queue can be started again. */
	ASSERT_EQ(0, rig_attach(r, false));
	ASSERT_EQ(0, iotlb_unmap(r->d, rig_page(r, 0, 0), 2 * IOTLB_PAGE));
	ASSERT_EQ(0, rig_map(r, 0));
	ASSERT_EQ(0, rig_attach(r, true));
	event_take(r->vq->err);
	ASSERT_EQ(0, iotlb_serve(r->d, r->vq, 1, NULL));
	ASSERT_EQ(0, rig_take(r, 1));
	EXPECT_EQ(0, rig_check(r, 0, 1));
}

/* Just what is needed is enough. */
TEST_F(entries, least_permissions)
{
	struct rig *r = &self->r;

	ASSERT_EQ(0, rig_map_rings(r));
	ASSERT_EQ(0, rig_map(r, 0));
	ASSERT_EQ(0, iotlb_map(r->d, rig_page(r, 0, 1), IOTLB_PAGE,
			       VHOST_ACCESS_RO));
	ASSERT_EQ(0, rig_do(r, 0, 1, NULL));
}

/* Memory that is mapped read-only is not written. */
TEST_F(entries, not_written)
{
	struct rig *r = &self->r;
	char *target = rig_page(r, 1, 0);
	char *hdr = rig_page(r, 0, 0);
	unsigned int i;

	if (r->o->is_net) {
		const struct vq_seg seg = {
			gmem_gpa(r->d->mem, target), 2048, true,
		};
		static char frame[300];

		r->vq = &r->d->vq[RX];
		ASSERT_EQ(0, vq_add(r->vq, &seg, 1, 0));
		frame_make(frame, sizeof(frame), 1);
		ASSERT_EQ(0, peer_send(&r->n.tap, NULL, frame, sizeof(frame)));
	} else {
		const struct vq_seg seg[3] = {
			{ gmem_gpa(r->d->mem, hdr), 16, false },
			{ gmem_gpa(r->d->mem, target), 512, true },
			{ gmem_gpa(r->d->mem, hdr + 64), 1, true },
		};

		ASSERT_EQ(0, vq_add(r->vq, seg, 3, 0));
	}
	memset(target, 0x33, IOTLB_PAGE);
	ASSERT_EQ(0, rig_map_rings(r));
	ASSERT_EQ(0, rig_map(r, 0));
	ASSERT_EQ(0, iotlb_map(r->d, target, IOTLB_PAGE, VHOST_ACCESS_RO));
	vq_kick(r->vq);
	ASSERT_EQ(0, event_wait(r->vq->err, WAIT_MS));
	for (i = 0; i < IOTLB_PAGE; i++)
		ASSERT_EQ(0x33, target[i]);
}

/* A new entry takes the place of an older one. */
TEST_F(entries, another_page)
{
	struct rig *r = &self->r;
	char *page = rig_page(r, 0, 1), *other = rig_page(r, 1, 1);
	unsigned int i;

	ASSERT_EQ(0, rig_map_rings(r));
	ASSERT_EQ(0, rig_map(r, 0));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, rig_do(r, 0, i, NULL));
		if (variant->o.module)
			ASSERT_EQ(0, iotlb_unmap(r->d, page, IOTLB_PAGE));
		ASSERT_EQ(0, iotlb_send(r->d, VHOST_IOTLB_UPDATE,
					gmem_gpa(r->d->mem, page), IOTLB_PAGE,
					other, VHOST_ACCESS_RW));
		ASSERT_EQ(0, rig_add(r, 0, 100 + i));
		memcpy(other, page, IOTLB_PAGE);
		memset(page, 0xff, IOTLB_PAGE);
		vq_kick(r->vq);
		ASSERT_EQ(0, iotlb_serve(r->d, r->vq, 1, NULL));
		ASSERT_EQ(0, rig_take(r, 1));
		ASSERT_EQ(0, rig_check(r, 0, 100 + i));
		if (variant->o.module)
			ASSERT_EQ(0, iotlb_unmap(r->d, page, IOTLB_PAGE));
		ASSERT_EQ(0, rig_map(r, 0));
	}
}

/* What was invalidated is asked for again. */
TEST_F(entries, invalidated)
{
	struct rig *r = &self->r;
	unsigned int i, misses;

	ASSERT_EQ(0, rig_map_rings(r));
	ASSERT_EQ(0, rig_map(r, 0));
	for (i = 0; i < 4; i++) {
		misses = 0;
		ASSERT_EQ(0, rig_do(r, 0, 2 * i, &misses));
		if (!variant->o.module)
			EXPECT_EQ(0, misses);
		ASSERT_EQ(0, iotlb_unmap(r->d, rig_page(r, 0, 0),
					 2 * IOTLB_PAGE));
		ASSERT_EQ(0, rig_do(r, 0, 2 * i + 1, &misses));
		EXPECT_LT(0, misses);
	}
}

/* So is everything, in QEMU's way to say that and in that of others. */
TEST_F(entries, all_invalidated)
{
	static const __u64 sizes[] = { 0, -1ULL };
	struct rig *r = &self->r;
	unsigned int i, misses;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT_EQ(0, rig_do(r, 0, 2 * i, NULL));
		ASSERT_EQ(0, iotlb_send(r->d, VHOST_IOTLB_INVALIDATE, 0,
					sizes[i], NULL, 0));
		misses = 0;
		ASSERT_EQ(0, rig_do(r, 0, 2 * i + 1, &misses));
		EXPECT_LT(0, misses);
	}
}

/* An entry of which a part is invalidated goes, as a large page would. */
TEST_F(entries, partly_invalidated)
{
	struct rig *r = &self->r;
	char *page = rig_page(r, 0, 0);
	unsigned int misses = 0;

	ASSERT_EQ(0, rig_map_rings(r));
	ASSERT_EQ(0, iotlb_send(r->d, VHOST_IOTLB_UPDATE,
				gmem_gpa(r->d->mem, page), 2 * IOTLB_PAGE,
				page, VHOST_ACCESS_RW));
	ASSERT_EQ(0, rig_do(r, 0, 1, NULL));
	ASSERT_EQ(0, iotlb_unmap(r->d, page, 1));
	/* A frame is in the second page only. */
	ASSERT_EQ(0, rig_do(r, 0, 2, &misses));
	EXPECT_LT(0, misses);
}

/* Entries need not be pages. */
TEST_F(entries, of_any_size)
{
	struct rig *r = &self->r;
	char *page = rig_page(r, 0, 0);
	const __u64 step = 100;
	__u64 at;

	ASSERT_EQ(0, rig_map_rings(r));
	for (at = 0; at < 2 * IOTLB_PAGE; at += step)
		ASSERT_EQ(0, iotlb_send(r->d, VHOST_IOTLB_UPDATE,
					gmem_gpa(r->d->mem, page) + at, step,
					page + at, VHOST_ACCESS_RW));
	ASSERT_EQ(0, rig_do(r, 0, 1, NULL));
}

/* What it knows already changes nothing: a queue does not stop for it. */
TEST_F(entries, known)
{
	struct rig *r = &self->r;
	unsigned int i;

	if (variant->o.module)
		SKIP(return, "in-tree does not map rings");
	ASSERT_EQ(0, rig_do(r, 0, 1, NULL));
	vq_call_disable(r->vq);
	event_take(r->vq->call);
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, rig_map_rings(r));
	/* A queue that starts calls. */
	EXPECT_FALSE(event_take(r->vq->call));
	ASSERT_EQ(0, rig_do(r, 0, 2, NULL));
}

/* More than it has room for: what is needed comes back, and rings stay. */
TEST_F(entries, too_many)
{
	struct rig *r = &self->r;
	unsigned int i;

	if (r->o->module || r->vq->packed != r->o->is_net)
		SKIP(return, "twice is enough");
	ASSERT_EQ(0, rig_do(r, 0, 1, NULL));
	vq_call_disable(r->vq);
	event_take(r->vq->call);
	for (i = 0; i < 4096 + 300; i++)
		ASSERT_EQ(0, iotlb_send(r->d, VHOST_IOTLB_UPDATE,
					(1ULL << 44) + i * IOTLB_PAGE,
					IOTLB_PAGE, r->slot, VHOST_ACCESS_RW))
			TH_LOG("entry %u", i);
	EXPECT_FALSE(event_take(r->vq->call));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, rig_do(r, i, i, NULL));
}

/* To negotiate again is to begin with an empty IOTLB. */
TEST_F(entries, features_again)
{
	struct rig *r = &self->r;
	unsigned int misses = 0;

	ASSERT_EQ(0, rig_do(r, 0, 1, NULL));
	ASSERT_EQ(0, vhost_set_features(r->d));
	ASSERT_EQ(0, rig_do(r, 0, 2, &misses));
	EXPECT_LT(0, misses);
}

int main(int argc, char **argv)
{
	netdev_share_tap();
	return test_harness_run(argc, argv);
}
