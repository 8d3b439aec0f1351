// SPDX-License-Identifier: GPL-2.0
/*
 * Rings of all sizes, on the simplest device: from one entry to 32,768, and
 * also sizes that are no power of two if the format is packed. Chains wrap
 * around the end of the ring at every descriptor.
 */
#include <stdlib.h>

#include "harness.h"
#include "instance.h"
#include "matrix.h"

#define PIECE	16
#define MOST	40

#define FEATURES	(BIT_ULL(VIRTIO_F_VERSION_1) | \
			 BIT_ULL(VIRTIO_F_ACCESS_PLATFORM))

FIXTURE(sizes)
{
	struct instance in;
	struct gmem mem;
	struct vdev d;
	struct vq *vq;
	char *room;
};

FIXTURE_VARIANT(sizes)
{
	__u64 features;
	__u16 num;
};

#define SIZE(name, n, f)						\
	RING_VARIANT(sizes, name,					\
		.features = FEATURES | (f), .num = (n))

#define SPLIT(n)							\
	SIZE(split_##n, n, RING_EVENT);					\
	SIZE(split_##n##_in_order, n, RING_IN_ORDER)

#define PACKED(n)							\
	SIZE(packed_##n, n, RING_PACKED);				\
	SIZE(packed_##n##_event, n, RING_PACKED | RING_EVENT);		\
	SIZE(packed_##n##_in_order, n, RING_PACKED | RING_IN_ORDER)

SPLIT(1);
SPLIT(2);
SPLIT(32768);
PACKED(1);
PACKED(2);
PACKED(3);
PACKED(100);
PACKED(257);
PACKED(32768);

FIXTURE_SETUP(sizes)
{
	ASSERT_EQ(0, instance_create(&self->in, "rng", "vhxt_rng"));
	ASSERT_EQ(0, instance_set(&self->in, "queue_size", "32768"));
	ASSERT_EQ(0, instance_enable(&self->in));
	ASSERT_EQ(0, gmem_init(&self->mem, 4 << 20, GMEM_GPA, 1));
	ASSERT_EQ(0, vdev_open(&self->d, self->in.node));
	ASSERT_EQ(0, vdev_make_vqs(&self->d, &self->mem, variant->features,
				   1, variant->num));
	self->vq = &self->d.vq[0];
	self->room = gmem_alloc(&self->mem, variant->num * PIECE, PIECE);
	ASSERT_EQ(0, vdpa_setup(&self->d))
		TH_LOG("%s", self->d.what);
}

FIXTURE_TEARDOWN(sizes)
{
	vdev_close(&self->d);
	gmem_exit(&self->mem);
	instance_destroy(&self->in);
}

/* A buffer in flight: the first of its pieces, and their number. */
struct held {
	unsigned int first;
	unsigned int n;
};

/* Add a buffer of @n pieces, the first of them number @first. */
static void add(struct __test_metadata *_metadata, struct vq *vq, char *room,
		struct held *h, __u32 token)
{
	struct vq_seg seg[MOST];
	unsigned int i;

	for (i = 0; i < h->n; i++) {
		char *p = room + (h->first + i) % vq->num * PIECE;

		memset(p, 0, PIECE);
		seg[i] = (struct vq_seg){
			.gpa = gmem_gpa(vq->mem, p), .len = PIECE,
			.write = true,
		};
	}
	ASSERT_EQ(0, vq_add(vq, seg, h->n, token));
}

static void take(struct __test_metadata *_metadata, struct vq *vq, char *room,
		 const struct held *held)
{
	static const char zero[PIECE];
	struct vq_done done;
	unsigned int i;

	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	ASSERT_EQ(1, vq_pop(vq, &done));
	ASSERT_EQ(held[done.token].n * PIECE, done.len);
	for (i = 0; i < held[done.token].n; i++)
		ASSERT_NE(0, memcmp(zero, room + (held[done.token].first + i) %
				    vq->num * PIECE, PIECE))
			TH_LOG("piece %u is not filled", i);
}

/*
 * The ring is filled completely again and again, with buffers of different
 * numbers of pieces: for more than three laps, or of a large ring a lap and a
 * half.
 */
TEST_F(sizes, laps)
{
	struct vq *vq = self->vq;
	const unsigned int most = vq->num < MOST ? vq->num : MOST;
	const unsigned int total = vq->num > 1000 ? vq->num / 2 * 3 :
						    3 * vq->num + 500;
	struct held *held = calloc(vq->num, sizeof(*held));
	unsigned int put = 0, count, want = 0;

	ASSERT_TRUE(!!held);
	while (put < total) {
		for (count = 0;; count++) {
			want = 1 + want * 7 % most;
			/* Use the last descriptor, too. */
			if (want > vq->num_free)
				want = vq->num_free;
			if (!want)
				break;
			held[count] = (struct held){ put, want };
			add(_metadata, vq, self->room, &held[count], count);
			put += want;
		}
		ASSERT_EQ(0, vq->num_free);
		ASSERT_EQ(-ENOSPC, vq_add(vq, &(struct vq_seg){ 0 }, 1, 0));
		vq_kick(vq);
		while (count--)
			take(_metadata, vq, self->room, held);
		EXPECT_FALSE(vq_more_used(vq));
	}
	EXPECT_FALSE(event_take(vq->err));
	free(held);
}

/*
 * One buffer at a time, each after the device went idle: no kick or call is
 * lost.
 */
TEST_F(sizes, one_by_one)
{
	struct vq *vq = self->vq;
	struct held held = { 0, 1 };
	unsigned int i;

	for (i = 0; i < 600; i++) {
		add(_metadata, vq, self->room, &held, 0);
		vq_kick(vq);
		take(_metadata, vq, self->room, &held);
		held.first++;
	}
}

TEST_HARNESS_MAIN
