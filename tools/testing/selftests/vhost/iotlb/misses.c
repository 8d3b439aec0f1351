// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses that the IOTLB does not know: the monitor is told, once, and the
 * queue waits until it answers. Nothing else waits.
 */
#include "harness.h"
#include "rig_fixture.h"

RIG_FIXTURE(misses);

static bool in_slot(struct rig *r, unsigned int slot, __u64 iova)
{
	return iova - gmem_gpa(r->d->mem, rig_page(r, slot, 0)) <
	       2 * IOTLB_PAGE;
}

/* The rings are looked up too. What is known is not asked for again. */
TEST_F(misses, ring_and_data)
{
	struct rig *r = &self->r;
	unsigned int misses = 0;

	ASSERT_EQ(0, rig_do(r, 0, 1, &misses));
	/* The in-tree device may have reported those of the ring before. */
	EXPECT_LT(variant->o.module ? 0 : 1, misses);
	if (variant->o.module)
		return;
	misses = 0;
	ASSERT_EQ(0, rig_do(r, 0, 2, &misses));
	EXPECT_EQ(0, misses);
	ASSERT_EQ(0, rig_do(r, 1, 3, &misses));
	EXPECT_EQ(r->o->is_net ? 1 : 2, misses);
}

/* However many buffers there are, and however often the driver kicks. */
TEST_F(misses, one_at_a_time)
{
	struct vhost_iotlb_msg m;
	struct rig *r = &self->r;
	unsigned int i;

	if (variant->o.module)
		SKIP(return, "in-tree has one for each kick");
	ASSERT_EQ(0, rig_map_rings(r));
	for (i = 0; i < RIG_SLOTS; i++) {
		ASSERT_EQ(0, rig_add(r, i, i));
		vq_publish(r->vq);
		vq_kick_always(r->vq);
	}
	ASSERT_EQ(0, iotlb_miss(r->d, &m, WAIT_MS));
	EXPECT_TRUE(in_slot(r, 0, m.iova));
	EXPECT_EQ(VHOST_ACCESS_RO, m.perm);
	while (!iotlb_miss(r->d, &m, QUIET_MS))
		ASSERT_TRUE(in_slot(r, 0, m.iova));
	EXPECT_EQ(0, vq_ready(r->vq));

	ASSERT_EQ(0, iotlb_answer(r->d, &m));
	ASSERT_EQ(0, iotlb_serve(r->d, r->vq, RIG_SLOTS, NULL));
	ASSERT_EQ(0, rig_take(r, RIG_SLOTS));
	for (i = 0; i < RIG_SLOTS; i++)
		ASSERT_EQ(0, rig_check(r, i, i));
	EXPECT_FALSE(vq_more_used(r->vq));
	EXPECT_FALSE(event_take(r->vq->err));
}

/* A monitor that could not answer is asked again when the guest kicks. */
TEST_F(misses, again_on_kick)
{
	struct vhost_iotlb_msg m, first;
	struct rig *r = &self->r;
	unsigned int i;

	ASSERT_EQ(0, rig_map_rings(r));
	ASSERT_EQ(0, rig_add(r, 0, 1));
	vq_publish(r->vq);
	vq_kick_always(r->vq);
	ASSERT_EQ(0, iotlb_miss(r->d, &first, WAIT_MS));
	while (!iotlb_miss(r->d, &m, QUIET_MS))
		ASSERT_EQ(first.iova, m.iova);
	for (i = 0; i < 3; i++) {
		vq_kick_always(r->vq);
		ASSERT_EQ(0, iotlb_miss(r->d, &m, WAIT_MS));
		ASSERT_EQ(first.iova, m.iova);
		ASSERT_EQ(first.perm, m.perm);
	}
	ASSERT_EQ(0, iotlb_answer(r->d, &m));
	ASSERT_EQ(0, iotlb_serve(r->d, r->vq, 1, NULL));
	ASSERT_EQ(0, rig_take(r, 1));
	EXPECT_EQ(0, rig_check(r, 0, 1));
}

/* One queue waits, the others do not. */
TEST_F(misses, other_queues_go_on)
{
	struct rig *r = &self->r;
	struct vq *parked = r->vq;
	struct vhost_iotlb_msg m;
	unsigned int i;

	ASSERT_EQ(0, rig_map_rings(r));
	ASSERT_EQ(0, rig_add(r, 0, 1));
	vq_kick(r->vq);
	ASSERT_EQ(0, iotlb_miss(r->d, &m, WAIT_MS));
	ASSERT_TRUE(in_slot(r, 0, m.iova));

	if (r->o->is_net) {
		const struct arena *a = &r->n.arena;
		const size_t len = 16 * IOTLB_PAGE;

		ASSERT_EQ(0, iotlb_map(r->d, a->base, len, VHOST_ACCESS_RW));
		ASSERT_EQ(0, iotlb_map(r->d, r->d->vq[RX].table, 64,
				       VHOST_ACCESS_RW));
		ASSERT_EQ(0, netdev_ping_rx(&r->n, 7));
	} else {
		r->vq = &r->d->vq[1];
		for (i = 1; i < 4; i++) {
			ASSERT_EQ(0, rig_map(r, i));
			ASSERT_EQ(0, rig_do(r, i, i, NULL));
		}
		r->vq = parked;
	}
	EXPECT_EQ(0, vq_ready(r->vq));
	ASSERT_EQ(0, iotlb_answer(r->d, &m));
	ASSERT_EQ(0, iotlb_serve(r->d, r->vq, 1, NULL));
	ASSERT_EQ(0, rig_take(r, 1));
	EXPECT_EQ(0, rig_check(r, 0, 1));
}

/* A table of descriptors is read through the IOTLB as well. */
TEST_F(misses, indirect_table)
{
	struct vhost_iotlb_msg m;
	struct rig *r = &self->r;
	unsigned int i;
	char *table;

	/* Queues share no page of tables, nor do tables and rings. */
	table = gmem_alloc(r->d->mem, (size_t)r->vq->num * VQ_TABLE_LEN * 16,
			   IOTLB_PAGE);
	r->vq->table = (void *)table;
	r->vq->table_gpa = gmem_gpa(r->d->mem, table);
	r->indirect = true;

	ASSERT_EQ(0, rig_map_rings(r));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, rig_map(r, i));
		ASSERT_EQ(0, rig_add(r, i, i));
	}
	vq_kick(r->vq);
	ASSERT_EQ(0, iotlb_miss(r->d, &m, WAIT_MS));
	EXPECT_GT((size_t)r->vq->num * VQ_TABLE_LEN * 16,
		  m.iova - r->vq->table_gpa);
	EXPECT_EQ(VHOST_ACCESS_RO, m.perm);
	ASSERT_EQ(0, iotlb_answer(r->d, &m));
	ASSERT_EQ(0, iotlb_serve(r->d, r->vq, 4, NULL));
	ASSERT_EQ(0, rig_take(r, 4));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, rig_check(r, i, i));
}

/*
 * A frame that takes several buffers, of which the second and the fourth are
 * not known: it comes whole, and once.
 */
FIXTURE(merged)
{
	struct rig r;
};

FIXTURE_VARIANT(merged)
{
	struct rig_opts o;
};

FIXTURE_SETUP(merged)
{
	rig_fixture_start(_metadata, &self->r, &variant->o);
}

FIXTURE_TEARDOWN(merged)
{
	rig_stop(&self->r);
}

FIXTURE_VARIANT_ADD(merged, in_tree)
{
	.o = {
		.is_net = true, .module = "vhost_net",
		.features = BIT_ULL(VIRTIO_NET_F_MRG_RXBUF),
	},
};

RING_BOTH(merged, net, RIG_NET, BIT_ULL(VIRTIO_NET_F_MRG_RXBUF));

#define PIECE	512
#define FRAME	1500

TEST_F(merged, frame)
{
	static char frame[FRAME], got[8 * PIECE];
	struct rig *r = &self->r;
	struct vq *vq = &r->d->vq[RX];
	struct vq_done done;
	unsigned int i, at = 0, misses = 0;

	ASSERT_EQ(0, rig_map_rings(r));
	for (i = 0; i < 8; i++) {
		const struct vq_seg seg = {
			gmem_gpa(r->d->mem, rig_page(r, i, 0)), PIECE, true,
		};

		if (i % 2 == 0)
			ASSERT_EQ(0, rig_map(r, i));
		ASSERT_EQ(0, vq_add(vq, &seg, 1, i));
	}
	vq_kick(vq);
	frame_make(frame, FRAME, 9);
	ASSERT_EQ(0, peer_send(&r->n.tap, NULL, frame, FRAME));
	ASSERT_EQ(0, iotlb_serve(r->d, vq, 3, &misses));
	EXPECT_LE(1, misses);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(1, vq_pop(vq, &done));
		ASSERT_EQ(i, done.token);
		memcpy(got + at, rig_page(r, i, 0), done.len);
		at += done.len;
	}
	ASSERT_EQ(r->n.hlen + FRAME, at);
	EXPECT_EQ(0, memcmp(got + r->n.hlen, frame, FRAME));
	EXPECT_FALSE(vq_more_used(vq));
}

int main(int argc, char **argv)
{
	netdev_share_tap();
	return test_harness_run(argc, argv);
}
