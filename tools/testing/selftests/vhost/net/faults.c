// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers in memory that is not there: provided late, by userfaultfd, as when a
 * guest is migrated or swapped out, or taken away by the owner.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness.h"
#include "netdev_fixture.h"

#define PAGE	4096
#define LEN	300

static char frame[LEN], page_copy[PAGE];

FIXTURE(faults)
{
	struct netdev n;
	char *page;
	int uffd;
};

FIXTURE_VARIANT(faults)
{
	struct netdev_opts o;
};

FIXTURE_SETUP(faults)
{
	struct uffdio_api api = { .api = UFFD_API };

	self->uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	ASSERT_LE(0, self->uffd);
	ASSERT_EQ(0, ioctl(self->uffd, UFFDIO_API, &api));
	netdev_fixture_start(_metadata, &self->n, &variant->o);
	self->page = gmem_alloc(&self->n.mem, PAGE, PAGE);
}

FIXTURE_TEARDOWN(faults)
{
	close(self->uffd);
	netdev_stop(&self->n);
}

RING_FEW(faults, vhx, NET_ON_DEMAND, NET_PLAIN);

/* Take the page away: who accesses it waits for provide(). */
static void take_away(struct __test_metadata *_metadata, int uffd, char *page)
{
	struct uffdio_register reg = {
		.range = { (__u64)(unsigned long)page, PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	memcpy(page_copy, page, PAGE);
	ASSERT_EQ(0, madvise(page, PAGE, MADV_REMOVE));
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_REGISTER, &reg));
}

/* Wait until the device waits for the page. */
static void wait_for_fault(struct __test_metadata *_metadata, int uffd,
			   char *page)
{
	struct uffd_msg msg;

	ASSERT_EQ(0, fd_wait(uffd, POLLIN, WAIT_MS));
	ASSERT_EQ(sizeof(msg), read(uffd, &msg, sizeof(msg)));
	ASSERT_EQ(UFFD_EVENT_PAGEFAULT, msg.event);
	ASSERT_EQ((unsigned long)page,
		  msg.arg.pagefault.address & ~(PAGE - 1ULL));
}

static void provide(struct __test_metadata *_metadata, int uffd, char *page)
{
	struct uffdio_copy copy = {
		.dst = (__u64)(unsigned long)page,
		.src = (__u64)(unsigned long)page_copy,
		.len = PAGE,
	};

	ASSERT_EQ(0, ioctl(uffd, UFFDIO_COPY, &copy));
}

static struct vq_seg seg_at(struct netdev *n, char *p, size_t len, bool write)
{
	return (struct vq_seg){
		.gpa = gmem_gpa(&n->mem, p), .len = (__u32)len, .write = write,
	};
}

/* The buffers before the one that waits are completed, with a call. */
static void expect_done(struct __test_metadata *_metadata, struct vq *vq,
			unsigned int count)
{
	struct vq_done done;
	unsigned int i;

	EXPECT_EQ(count, vq_ready(vq));
	EXPECT_TRUE(event_take(vq->call));
	for (i = 0; i < count; i++) {
		ASSERT_EQ(1, vq_pop(vq, &done));
		EXPECT_EQ(i, done.token);
	}
	EXPECT_FALSE(vq_more_used(vq));
}

#define BEFORE	5

/* The frame that waits lies half in the page. */
TEST_F(faults, transmit)
{
	struct netdev *n = &self->n;
	struct vq *vq = &n->dev.vq[TX];
	unsigned int i;

	for (i = 0; i <= BEFORE; i++) {
		char *slot = n->slot + i * NETDEV_SLOT;
		struct vq_seg seg[2] = {
			seg_at(n, slot, n->hlen + LEN, false),
		};

		memset(slot, 0, n->hlen);
		frame_make(slot + n->hlen, LEN, i);
		if (i == BEFORE) {
			memcpy(self->page, slot + n->hlen + 100, LEN - 100);
			seg[0].len -= LEN - 100;
			seg[1] = seg_at(n, self->page, LEN - 100, false);
		}
		ASSERT_EQ(0, vq_add(vq, seg, i == BEFORE ? 2 : 1, i));
	}
	take_away(_metadata, self->uffd, self->page);
	vq_call_enable(vq);
	event_take(vq->call);
	vq_kick(vq);
	wait_for_fault(_metadata, self->uffd, self->page);
	expect_done(_metadata, vq, BEFORE);
	provide(_metadata, self->uffd, self->page);
	EXPECT_EQ(0, netdev_reap(vq, 1));
	for (i = 0; i <= BEFORE; i++) {
		frame_make(frame, LEN, i);
		EXPECT_EQ(0, netdev_expect(n, frame, LEN, NULL))
			TH_LOG("frame %u", i);
	}
	EXPECT_EQ(0, netdev_ping(n, 1));
}

/* Frames are in the tap before there are buffers: they come in one batch. */
static void send_frames(struct __test_metadata *_metadata, struct netdev *n)
{
	unsigned int i;

	for (i = 0; i <= BEFORE; i++) {
		frame_make(frame, LEN, i);
		ASSERT_EQ(0, peer_send(&n->tap, NULL, frame, LEN));
	}
}

static void check_frame(struct __test_metadata *_metadata, struct netdev *n,
			const char *at, __u32 seed)
{
	frame_make(frame, LEN, seed);
	EXPECT_EQ(0, memcmp(at + n->hlen, frame, LEN))
		TH_LOG("frame %u", seed);
}

/* The buffer that waits lies half in the page, its end in another. */
TEST_F(faults, receive)
{
	struct netdev *n = &self->n;
	struct vq *vq = &n->dev.vq[RX];
	char *slot = n->slot;
	struct vq_done done;
	unsigned int i;

	send_frames(_metadata, n);
	for (i = 0; i <= BEFORE; i++, slot += NETDEV_SLOT) {
		struct vq_seg seg[3] = { seg_at(n, slot, NETDEV_SLOT, true) };

		if (i == BEFORE) {
			seg[0].len = 100;
			seg[1] = seg_at(n, self->page + PAGE - 50, 50, true);
			seg[2] = seg_at(n, slot + 150, NETDEV_SLOT - 150, true);
		}
		ASSERT_EQ(0, vq_add(vq, seg, i == BEFORE ? 3 : 1, i));
	}
	slot -= NETDEV_SLOT;
	take_away(_metadata, self->uffd, self->page);
	vq_call_enable(vq);
	event_take(vq->call);
	vq_kick(vq);
	wait_for_fault(_metadata, self->uffd, self->page);
	expect_done(_metadata, vq, BEFORE);
	provide(_metadata, self->uffd, self->page);
	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	ASSERT_EQ(1, vq_pop(vq, &done));
	EXPECT_EQ(BEFORE, done.token);
	EXPECT_EQ(n->hlen + LEN, done.len);
	memcpy(slot + 100, self->page + PAGE - 50, 50);
	check_frame(_metadata, n, slot, BEFORE);
	for (i = 0; i < BEFORE; i++)
		check_frame(_metadata, n, n->slot + i * NETDEV_SLOT, i);
	EXPECT_EQ(0, netdev_ping(n, 1));
}

/* The indirect table of the buffer that waits lies in the page. */
TEST_F(faults, receive_table)
{
	struct netdev *n = &self->n;
	struct vq *vq = &n->dev.vq[RX];
	char *slot = n->slot, *table = NULL;
	struct vq_done done;
	unsigned int i;

	if (!vq->table_len)
		SKIP(return, "no indirect tables");

	send_frames(_metadata, n);
	for (i = 0; i <= BEFORE; i++, slot += NETDEV_SLOT) {
		struct vq_seg seg = seg_at(n, slot, NETDEV_SLOT, true);

		if (i < BEFORE) {
			ASSERT_EQ(0, vq_add(vq, &seg, 1, i));
			continue;
		}
		memset(vq->table, 0, NETDEV_NUM * VQ_TABLE_LEN *
		       sizeof(*vq->table));
		ASSERT_EQ(0, vq_add_indirect(vq, &seg, 1, i));
		table = (char *)vq->table;
		while (!((struct vring_desc *)table)->addr)
			table += sizeof(struct vring_desc);
	}
	ASSERT_TRUE(!!table);
	table -= (unsigned long)table & (PAGE - 1);
	take_away(_metadata, self->uffd, table);
	vq_call_enable(vq);
	event_take(vq->call);
	vq_kick(vq);
	wait_for_fault(_metadata, self->uffd, table);
	expect_done(_metadata, vq, BEFORE);
	provide(_metadata, self->uffd, table);
	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	ASSERT_EQ(1, vq_pop(vq, &done));
	EXPECT_EQ(n->hlen + LEN, done.len);
	for (i = 0; i <= BEFORE; i++)
		check_frame(_metadata, n, n->slot + i * NETDEV_SLOT, i);
	EXPECT_EQ(0, netdev_ping(n, 1));
}

/*
 * The owner unmaps a page of its own. A frame in it is completed and counted; a
 * frame for it is counted, and the buffer stays for the next one.
 */
TEST_F(faults, unmapped)
{
	struct netdev *n = &self->n;
	const long tx = netdev_dropped("tx_fault");
	const long rx = netdev_dropped("rx_fault");
	const off_t at = self->page - (char *)n->mem.base;
	struct vq_seg out = seg_at(n, self->page, n->hlen + LEN, false);
	/*
	 * The tap itself reports that it can't write the header, but no data.
	 */
	struct vq_seg in[2] = {
		seg_at(n, n->slot, n->hlen, true),
		seg_at(n, self->page + 1000, 2000, true),
	};
	struct vq_done done;
	unsigned int i;

	memset(self->page, 0, PAGE);
	ASSERT_EQ(0, munmap(self->page, PAGE));
	for (i = 0; i < 20; i++)
		ASSERT_EQ(0, vq_add(&n->dev.vq[TX], &out, 1, i));
	vq_kick(&n->dev.vq[TX]);
	EXPECT_EQ(0, netdev_reap(&n->dev.vq[TX], 20));
	EXPECT_EQ(tx + 20, netdev_dropped("tx_fault"));

	ASSERT_EQ(0, vq_add(&n->dev.vq[RX], in, 2, 0));
	vq_kick(&n->dev.vq[RX]);
	for (i = 1; i <= 20; i++) {
		frame_make(frame, LEN, i);
		ASSERT_EQ(0, peer_send(&n->tap, NULL, frame, LEN));
		ASSERT_EQ(0, netdev_wait_dropped("rx_fault", rx + i));
	}
	EXPECT_FALSE(vq_more_used(&n->dev.vq[RX]));

	ASSERT_TRUE(mmap(self->page, PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, n->mem.memfd, at) ==
		    self->page);
	ASSERT_EQ(0, peer_send(&n->tap, NULL, frame, LEN));
	ASSERT_EQ(0, vq_wait(&n->dev.vq[RX], WAIT_MS));
	ASSERT_EQ(1, vq_pop(&n->dev.vq[RX], &done));
	EXPECT_EQ(n->hlen + LEN, done.len);
	check_frame(_metadata, n, self->page + 1000 - n->hlen, 20);
	EXPECT_FALSE(event_take(n->dev.vq[RX].err));
	EXPECT_FALSE(event_take(n->dev.vq[TX].err));
	EXPECT_EQ(0, netdev_ping(n, 1));
}

int main(int argc, char **argv)
{
	netdev_share_tap();
	return test_harness_run(argc, argv);
}
