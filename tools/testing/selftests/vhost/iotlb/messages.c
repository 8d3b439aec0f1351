// SPDX-License-Identifier: GPL-2.0
/*
 * Reading and polling the file of a device with an IOTLB, and messages written
 * to it that are wrong.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "rig_fixture.h"

RIG_FIXTURE(messages);

/* One operation whose memory is not known. */
static void park(struct __test_metadata *_metadata, struct rig *r)
{
	ASSERT_EQ(0, rig_map_rings(r));
	ASSERT_EQ(0, rig_add(r, 0, 1));
	vq_kick(r->vq);
	ASSERT_EQ(0, fd_wait(r->d->fd, POLLIN, WAIT_MS));
}

static void finish(struct __test_metadata *_metadata, struct rig *r)
{
	ASSERT_EQ(0, iotlb_serve(r->d, r->vq, 1, NULL));
	ASSERT_EQ(0, rig_take(r, 1));
	ASSERT_EQ(0, rig_check(r, 0, 1));
}

/*
 * A message has no byte that the device did not mean (CVE-2018-1118).
 * iotlb_miss() checks that of the other type.
 */
TEST_F(messages, first_version)
{
	struct vhost_msg got, want;
	struct rig *r = &self->r;
	__u64 none = 0;

	ASSERT_EQ(0, vdev_ioctl(r->d, "", VHOST_SET_BACKEND_FEATURES, &none));
	ASSERT_EQ(0, rig_map_rings(r));
	/* The reference may have misses of its rings in the second version. */
	while (!fd_wait(r->d->fd, POLLIN, 0))
		ASSERT_EQ(sizeof(got), read(r->d->fd, &got, sizeof(got)));
	ASSERT_EQ(0, rig_add(r, 0, 1));
	vq_kick(r->vq);
	ASSERT_EQ(0, fd_wait(r->d->fd, POLLIN, WAIT_MS));
	memset(&got, 0xff, sizeof(got));
	ASSERT_EQ(sizeof(got), read(r->d->fd, &got, sizeof(got)));
	memset(&want, 0, sizeof(want));
	want.type = VHOST_IOTLB_MSG;
	want.iotlb.iova = got.iotlb.iova;
	want.iotlb.perm = VHOST_ACCESS_RO;
	want.iotlb.type = VHOST_IOTLB_MISS;
	EXPECT_EQ(0, memcmp((const void *)&want, (const void *)&got,
			    sizeof(got)));

	/* An answer of either type is taken. */
	want.iotlb = (struct vhost_iotlb_msg){
		.iova = gmem_gpa(r->d->mem, rig_page(r, 0, 0)),
		.size = 2 * IOTLB_PAGE,
		.uaddr = (uintptr_t)rig_page(r, 0, 0),
		.perm = VHOST_ACCESS_RW,
		.type = VHOST_IOTLB_UPDATE,
	};
	ASSERT_EQ(sizeof(want), write(r->d->fd, &want, sizeof(want)));
	ASSERT_EQ(0, vq_wait(r->vq, WAIT_MS));
	ASSERT_EQ(0, rig_take(r, 1));
	EXPECT_EQ(0, rig_check(r, 0, 1));
}

/* No room for a message is no error, and takes none. */
TEST_F(messages, short_read)
{
	char buf[sizeof(struct vhost_msg_v2) - 1];
	struct rig *r = &self->r;

	park(_metadata, r);
	EXPECT_EQ(0, read(r->d->fd, buf, sizeof(buf)));
	EXPECT_EQ(0, read(r->d->fd, buf, 0));
	EXPECT_EQ(0, fd_wait(r->d->fd, POLLIN, 0));
	finish(_metadata, r);
}

/* A message that can't be delivered is not lost. */
TEST_F(messages, bad_address)
{
	const size_t len = sizeof(struct vhost_msg_v2);
	struct rig *r = &self->r;
	char *p;

	if (variant->o.module)
		SKIP(return, "in-tree loses it");
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(p != MAP_FAILED);
	ASSERT_EQ(0, munmap(p + 4096, 4096));
	park(_metadata, r);
	EXPECT_EQ(-1, read(r->d->fd, p + 4096, len));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, read(r->d->fd, p + 4096 - 40, len));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, fd_wait(r->d->fd, POLLIN, 0));
	finish(_metadata, r);
}

/* Without a message. */
TEST_F(messages, non_blocking)
{
	struct vhost_msg_v2 m;
	struct rig *r = &self->r;

	ASSERT_EQ(0, rig_map_rings(r));
	/* Whatever is there. */
	ASSERT_EQ(0, fcntl(r->d->fd, F_SETFL, O_NONBLOCK));
	while (read(r->d->fd, &m, sizeof(m)) == sizeof(m))
		;
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(-ETIMEDOUT, fd_wait(r->d->fd, POLLIN, 0));
	park(_metadata, r);
	EXPECT_EQ(sizeof(m), read(r->d->fd, &m, sizeof(m)));
	EXPECT_EQ(0, iotlb_answer(r->d, &m.iotlb));
	finish(_metadata, r);
}

struct reader {
	int fd;
	int err;
	struct vhost_msg_v2 m;
};

static void *read_one(void *arg)
{
	struct reader *rd = arg;

	if (read(rd->fd, &rd->m, sizeof(rd->m)) != sizeof(rd->m))
		rd->err = errno;
	return NULL;
}

/* A reader waits for a message. */
TEST_F(messages, blocking)
{
	struct rig *r = &self->r;
	struct reader rd = { .fd = r->d->fd };
	struct vhost_msg_v2 m;
	pthread_t thread;

	ASSERT_EQ(0, rig_map_rings(r));
	while (!fd_wait(r->d->fd, POLLIN, 0))
		ASSERT_EQ(sizeof(m), read(r->d->fd, &m, sizeof(m)));
	ASSERT_EQ(0, pthread_create(&thread, NULL, read_one, &rd));
	ASSERT_EQ(0, rig_add(r, 0, 1));
	vq_kick(r->vq);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(0, rd.err);
	EXPECT_EQ(VHOST_IOTLB_MISS, rd.m.iotlb.type);
	ASSERT_EQ(0, iotlb_answer(r->d, &rd.m.iotlb));
	finish(_metadata, r);
}

/* There is nothing to wait for without an IOTLB. */
TEST_F(messages, no_iotlb)
{
	struct rig *r = &self->r;
	struct reader rd = { .fd = r->d->fd };
	struct vhost_msg_v2 m;
	pthread_t thread;
	__u64 f;

	ASSERT_EQ(0, rig_attach(r, false));
	while (!fd_wait(r->d->fd, POLLIN, 0))
		ASSERT_EQ(sizeof(m), read(r->d->fd, &m, sizeof(m)));
	if (!variant->o.module)
		ASSERT_EQ(0, pthread_create(&thread, NULL, read_one, &rd));
	f = r->d->features & ~BIT_ULL(VIRTIO_F_ACCESS_PLATFORM);
	ASSERT_EQ(0, vdev_ioctl(r->d, "", VHOST_SET_FEATURES, &f));
	/* In-tree does not wake a reader that waits. */
	if (!variant->o.module) {
		ASSERT_EQ(0, pthread_join(thread, NULL));
		EXPECT_EQ(EBADFD, rd.err);
	}
	EXPECT_EQ(-1, read(r->d->fd, &m, sizeof(m)));
	EXPECT_EQ(EBADFD, errno);
	ASSERT_EQ(0, fcntl(r->d->fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-1, read(r->d->fd, &m, sizeof(m)));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(-EFAULT, iotlb_map(r->d, rig_page(r, 0, 0), 1,
				     VHOST_ACCESS_RW));
}

/*
 * Wrong messages: what is refused changes nothing.
 */
struct wrong {
	const char *what;
	__u32 type;
	__u8 op;
	__u64 iova;
	__u64 size;
	__u64 uaddr;
	__u8 perm;
	size_t len;
	int want;
	bool vhx;
};

#define FREE	(1ULL << 44)
#define USER	0x10000

static const struct wrong wrong[] = {
	{ "an empty write", .len = SIZE_MAX, .want = EINVAL },
	{ "a type alone", .op = VHOST_IOTLB_UPDATE, .len = 4, .want = EINVAL },
	{ "a byte too short", .op = VHOST_IOTLB_UPDATE, .iova = FREE,
	  .size = 4096, .uaddr = USER, .perm = 3, .len = 8, .want = EINVAL },
	{ "no known type", .type = 77, .op = VHOST_IOTLB_UPDATE, .iova = FREE,
	  .size = 4096, .uaddr = USER, .perm = 3, .want = EINVAL },
	{ "type 0", .type = ~0U, .op = VHOST_IOTLB_UPDATE, .iova = FREE,
	  .size = 4096, .uaddr = USER, .perm = 3, .want = EINVAL },
	{ "an update of nothing", .op = VHOST_IOTLB_UPDATE, .iova = FREE,
	  .uaddr = USER, .perm = 3, .want = EINVAL },
	{ "an update that wraps", .op = VHOST_IOTLB_UPDATE, .iova = -4096ULL,
	  .size = 8192, .uaddr = USER, .perm = 3, .want = EFAULT },
	{ "user addresses that wrap", .op = VHOST_IOTLB_UPDATE, .iova = FREE,
	  .size = 8192, .uaddr = -4096ULL, .perm = 3, .want = EFAULT },
	{ "a kernel address", .op = VHOST_IOTLB_UPDATE, .iova = FREE,
	  .size = 4096, .uaddr = 0xffff888000000000ULL, .perm = 3,
	  .want = EFAULT },
	{ "memory up to the kernel's", .op = VHOST_IOTLB_UPDATE, .iova = FREE,
	  .size = 1ULL << 63, .uaddr = USER, .perm = 3, .want = EFAULT },
	{ "no permission", .op = VHOST_IOTLB_UPDATE, .iova = FREE,
	  .size = 4096, .uaddr = USER, .want = EFAULT, .vhx = true },
	{ "a permission too many", .op = VHOST_IOTLB_UPDATE, .iova = FREE,
	  .size = 4096, .uaddr = USER, .perm = 7, .want = EFAULT, .vhx = true },
	/* What is to be forgotten is forgotten, however it is put. */
	{ "an invalidation of nothing", .op = VHOST_IOTLB_INVALIDATE,
	  .iova = FREE, .want = 0 },
	{ "an invalidation that wraps", .op = VHOST_IOTLB_INVALIDATE,
	  .iova = -4096ULL, .size = 8192, .want = 0 },
	{ "a miss", .op = VHOST_IOTLB_MISS, .iova = FREE, .size = 4096,
	  .want = EFAULT },
	{ "a failed access", .op = VHOST_IOTLB_ACCESS_FAIL, .iova = FREE,
	  .size = 4096, .want = EFAULT },
	{ "the begin of a batch", .op = VHOST_IOTLB_BATCH_BEGIN,
	  .want = EFAULT },
	{ "the end of a batch", .op = VHOST_IOTLB_BATCH_END, .want = EFAULT },
	{ "no operation", .want = EFAULT },
};

static int send_wrong(struct rig *r, const struct wrong *w)
{
	const struct vhost_msg_v2 m = {
		.type = w->type == ~0U ? 0 : w->type ? w->type :
			VHOST_IOTLB_MSG_V2,
		.iotlb = {
			.iova = w->iova,
			.size = w->size,
			.uaddr = w->uaddr,
			.perm = w->perm,
			.type = w->op,
		},
	};
	/* The union behind the message need not be there. */
	size_t len = w->len == SIZE_MAX ? 0 : w->len == 8 ?
		     offsetof(struct vhost_msg_v2, iotlb) +
		     sizeof(m.iotlb) - 1 : w->len ? w->len : sizeof(m);

	/* A write of nothing does not reach the device. */
	return write(r->d->fd, len ? &m : NULL, len) < 0 ? errno : 0;
}

TEST_F(messages, wrong)
{
	struct rig *r = &self->r;
	size_t i;

	ASSERT_EQ(0, rig_do(r, 0, 1, NULL));
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		const struct wrong *w = &wrong[i];

		if (w->vhx && variant->o.module)
			continue;
		EXPECT_EQ(w->want, send_wrong(r, w))
			TH_LOG("%s", w->what);
	}
	ASSERT_EQ(0, rig_do(r, 0, 2, NULL));
	EXPECT_FALSE(event_take(r->vq->err));
}

/* Only the owner's addresses are known to be his. */
TEST_F(messages, from_another_process)
{
	struct rig *r = &self->r;
	int status = 0;
	pid_t pid;

	if (variant->o.module)
		SKIP(return, "in-tree takes them");
	pid = fork();
	if (!pid)
		_exit(-iotlb_map(r->d, rig_page(r, 0, 0), 1, VHOST_ACCESS_RW));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(EFAULT, WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
	netdev_share_tap();
	return test_harness_run(argc, argv);
}
