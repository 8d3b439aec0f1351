// SPDX-License-Identifier: GPL-2.0
/*
 * Where the areas of a ring may lie: in memory that is mapped read-only, if the
 * device only reads the area; in memory of which pages are missing, if somebody
 * provides them; and in more of it than RLIMIT_MEMLOCK lets the owner lock.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attr.h"
#include "blkdev.h"
#include "harness.h"
#include "matrix.h"

#define PAGE	4096UL

#define ON_VDPA(fixture, name, f)					\
	RING_VARIANT(fixture, name,					\
		.o = { .kind = BLK_VDPA, .features = (f) })

#define ON_VHOST(fixture, name, f)					\
	RING_VARIANT(fixture, name,					\
		.o = { .kind = BLK_VHOST, .features = (f) })

/* A flush on queue @q: does the queue work? */
static void ping(struct __test_metadata *_metadata, struct blkdev *b,
		 unsigned int q)
{
	struct blkreq r = { .type = VIRTIO_BLK_T_FLUSH };
	struct vq *vq = &b->dev.vq[q];
	struct vq_done done;

	ASSERT_EQ(0, blk_add(b, q, &r, 0));
	vq_kick(vq);
	ASSERT_EQ(0, vq_wait(vq, WAIT_MS));
	ASSERT_EQ(1, vq_pop(vq, &done));
	EXPECT_EQ(VIRTIO_BLK_S_OK, blk_status(&r));
	arena_reset(&b->arena);
}

/*
 * Read-only memory.
 */
FIXTURE(read_only)
{
	struct blkdev b;
	char *sealed;
};

FIXTURE_VARIANT(read_only)
{
	struct blkdev_opts o;
};

RING_BOTH(read_only, vhx_vdpa, ON_VDPA, BLK_PLAIN);
RING_BOTH(read_only, vhx_vhost, ON_VHOST, BLK_PLAIN);

enum area { DESC, DRIVER, DEVICE, NAREAS };

static const char *const area_names[] = {
	[DESC] = "descriptors", [DRIVER] = "driver area",
	[DEVICE] = "device area",
};

static void **area(struct vq *vq, enum area i)
{
	return i == DESC ? (void **)&vq->desc :
	       i == DRIVER ? (void **)&vq->avail : (void **)&vq->used;
}

/* The device completes buffers of a packed ring in the descriptors. */
static bool is_written(const struct vq *vq, enum area i)
{
	return i == DEVICE || (i == DESC && vq->packed);
}

/* Areas in pages of their own, and a second mapping of memory: read-only. */
FIXTURE_SETUP(read_only)
{
	struct blkdev *b = &self->b;
	const char *why;
	enum area i;

	ASSERT_EQ(0, blkdev_open(b, &variant->o, &why))
		TH_LOG("%s", why);
	for (i = 0; i < NAREAS; i++)
		*area(&b->dev.vq[0], i) = gmem_alloc(&b->mem, 2 * PAGE, PAGE);
	vq_reset(&b->dev.vq[0], vq_base_after(&b->dev.vq[0], 0));
	self->sealed = mmap(NULL, b->mem.size, PROT_READ, MAP_SHARED,
			    b->mem.memfd, 0);
	ASSERT_TRUE(self->sealed != MAP_FAILED);
}

FIXTURE_TEARDOWN(read_only)
{
	munmap(self->sealed, self->b.mem.size);
	blkdev_close(&self->b);
}

/* Where the device finds an area: its user address. */
static void *user(FIXTURE_DATA(read_only) * self, enum area i, bool sealed)
{
	struct blkdev *b = &self->b;
	char *p = *area(&b->dev.vq[0], i);

	return sealed ? self->sealed + (p - (char *)b->mem.base) : p;
}

static int start_vhost(FIXTURE_DATA(read_only) * self, unsigned int sealed)
{
	struct vdev *d = &self->b.dev;
	struct vhost_vring_addr a = {
		.desc_user_addr = (uintptr_t)user(self, DESC,
						  sealed & 1 << DESC),
		.avail_user_addr = (uintptr_t)user(self, DRIVER,
						   sealed & 1 << DRIVER),
		.used_user_addr = (uintptr_t)user(self, DEVICE,
						  sealed & 1 << DEVICE),
	};
	int err;

	err = vhost_setup(d);
	if (!err)
		err = vdev_ioctl(d, "SET_VRING_ADDR", VHOST_SET_VRING_ADDR, &a);
	return err ? err : vhost_blk_attach(d, self->b.backend);
}

/* In place of what is mapped there: @user, for the device to read. */
static int map_read_only(struct vdev *d, __u64 gpa, const void *user)
{
	int err;

	err = vdpa_msg(d, VHOST_IOTLB_INVALIDATE, gpa, 2 * PAGE, NULL, 0);
	return err ? err : vdpa_msg(d, VHOST_IOTLB_UPDATE, gpa, 2 * PAGE, user,
				    VHOST_ACCESS_RO);
}

/*
 * As vdpa_setup(), with some areas read-only: in the table, and where @user_too
 * says so in the owner's address space.
 */
static int start_vdpa(FIXTURE_DATA(read_only) * self, unsigned int sealed,
		      bool user_too)
{
	struct blkdev *b = &self->b;
	struct vdev *d = &b->dev;
	enum area i;
	int err;

	err = vdpa_realize(d);
	if (!err)
		err = vdev_ioctl(d, "SET_FEATURES", VHOST_SET_FEATURES,
				 &d->features);
	if (!err)
		err = vdpa_set_status(d, VDEV_S_FEATURES);
	if (!err)
		err = vdpa_set_vring(d, 0);
	if (!err)
		err = vdpa_map_all(d);
	for (i = 0; !err && i < NAREAS; i++)
		if (sealed & 1 << i)
			err = map_read_only(d, gmem_gpa(&b->mem,
							*area(&d->vq[0], i)),
					    user(self, i, user_too));
	if (!err)
		err = vdpa_set_status(d, VDEV_S_RUNNING);
	return err ? err : vring_set_err(d, 0, d->vq[0].err);
}

static int start(FIXTURE_DATA(read_only) * self, unsigned int sealed,
		 bool user_too)
{
	return self->b.kind == BLK_VDPA ?
	       start_vdpa(self, sealed, user_too) : start_vhost(self, sealed);
}

/* Open the device again: what was set up on it is gone. */
static void open_anew(struct __test_metadata *_metadata, struct blkdev *b)
{
	struct vdev *d = &b->dev;

	close(d->fd);
	d->fd = open(b->path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, d->fd);
	vq_reset(&d->vq[0], vq_base_after(&d->vq[0], 0));
	event_take(d->vq[0].kick);
}

TEST_F(read_only, each_area)
{
	struct vq *vq = &self->b.dev.vq[0];
	unsigned int user_too;
	enum area i;

	for (user_too = 0; user_too < 2; user_too++) {
		if (!user_too && self->b.kind == BLK_VHOST)
			continue;
		for (i = 0; i < NAREAS; i++) {
			int want = is_written(vq, i) ? -EFAULT : 0;

			open_anew(_metadata, &self->b);
			EXPECT_EQ(want, start(self, 1 << i, user_too))
				TH_LOG("%s: %s", area_names[i],
				       self->b.dev.what);
			if (!want)
				ping(_metadata, &self->b, 0);
		}
	}
}

/* As QEMU maps the rings that it keeps for itself. */
TEST_F(read_only, all_that_are_read)
{
	struct vq *vq = &self->b.dev.vq[0];
	unsigned int sealed = 0;
	enum area i;
	int n;

	for (i = 0; i < NAREAS; i++)
		if (!is_written(vq, i))
			sealed |= 1 << i;
	open_anew(_metadata, &self->b);
	ASSERT_EQ(0, start(self, sealed, true))
		TH_LOG("%s", self->b.dev.what);
	for (n = 0; n < 300; n++)
		ping(_metadata, &self->b, 0);
}

/*
 * The table lets the device write, but the owner's address space does not: that
 * is found out when the ring is pinned.
 */
TEST_F(read_only, only_for_the_owner)
{
	struct vdev *d = &self->b.dev;
	__u64 gpa = gmem_gpa(&self->b.mem, d->vq[0].used);

	if (self->b.kind == BLK_VHOST)
		SKIP(return, "there the table does not matter");
	ASSERT_EQ(0, vdpa_realize(d));
	ASSERT_EQ(0, vdev_ioctl(d, "", VHOST_SET_FEATURES, &d->features));
	ASSERT_EQ(0, vdpa_set_status(d, VDEV_S_FEATURES));
	ASSERT_EQ(0, vdpa_set_vring(d, 0));
	ASSERT_EQ(0, vdpa_map_all(d));
	ASSERT_EQ(0, vdpa_msg(d, VHOST_IOTLB_INVALIDATE, gpa, PAGE, NULL, 0));
	ASSERT_EQ(0, vdpa_msg(d, VHOST_IOTLB_UPDATE, gpa, PAGE,
			      user(self, DEVICE, true), VHOST_ACCESS_RW));
	EXPECT_EQ(-EFAULT, vdpa_set_status(d, VDEV_S_RUNNING));
}

/*
 * Missing pages (userfaultfd): after a migration to this host, memory is there
 * only once somebody asked for it. The start of a queue asks for its ring.
 */
FIXTURE(missing)
{
	struct blkdev b;
	size_t size;
	char *copy;
};

FIXTURE_VARIANT(missing)
{
	struct blkdev_opts o;
};

/* Without indirect tables, which are no part of a ring. */
ON_VDPA(missing, vhx_vdpa_split, BLK_EVENT);
ON_VDPA(missing, vhx_vdpa_packed, BLK_EVENT | RING_PACKED);
ON_VHOST(missing, vhx_vhost_split, BLK_EVENT);
ON_VHOST(missing, vhx_vhost_packed, BLK_EVENT | RING_PACKED);

FIXTURE_SETUP(missing)
{
	const char *why;

	ASSERT_EQ(0, blkdev_open(&self->b, &variant->o, &why))
		TH_LOG("%s", why);
	/* The rings come first in memory, and end where the arena starts. */
	self->size = self->b.arena.base - (char *)self->b.mem.base;
	ASSERT_LE(PAGE, self->size);
	self->copy = mmap(NULL, self->size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->copy != MAP_FAILED);
}

FIXTURE_TEARDOWN(missing)
{
	blkdev_close(&self->b);
	munmap(self->copy, self->size);
}

/* Keep a copy of the rings, take their pages away. A userfaultfd or -errno. */
static int take_away(FIXTURE_DATA(missing) * self)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (uintptr_t)self->b.mem.base, self->size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	memcpy(self->copy, self->b.mem.base, self->size);
	if (fallocate(self->b.mem.memfd, FALLOC_FL_PUNCH_HOLE |
		      FALLOC_FL_KEEP_SIZE, 0, (off_t)self->size) ||
	    ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg))
		return -errno;
	return fd;
}

/* Answer one fault, of a page of ours, with that page. 0 or -errno. */
static int give_page(FIXTURE_DATA(missing) * self, int fd)
{
	const __u64 base = (uintptr_t)self->b.mem.base;
	struct uffdio_copy copy = { .len = PAGE };
	struct uffd_msg msg;

	if (read(fd, &msg, sizeof(msg)) != sizeof(msg))
		return -errno;
	copy.dst = msg.arg.pagefault.address & ~(PAGE - 1);
	if (msg.event != UFFD_EVENT_PAGEFAULT ||
	    copy.dst - base >= self->size)
		return -EPROTO;
	copy.src = (uintptr_t)self->copy + (copy.dst - base);
	/* Another fault may have been for the same page. */
	if (ioctl(fd, UFFDIO_COPY, &copy) && errno != EEXIST)
		return -errno;
	return 0;
}

/* Who starts the device, while another has what it waits for. */
struct starter {
	struct blkdev *b;
	int err;
	int done;
};

static void *start_device(void *arg)
{
	struct starter *s = arg;

	s->err = blkdev_start(s->b);
	event_signal(s->done);
	return NULL;
}

TEST_F(missing, waits_for_pages)
{
	struct starter s = { .b = &self->b, .done = event_new() };
	unsigned int faults = 0;
	pthread_t thread;
	int fd, i;

	fd = take_away(self);
	ASSERT_LE(0, fd)
		TH_LOG("userfaultfd: %s", strerror(-fd));
	ASSERT_EQ(0, pthread_create(&thread, NULL, start_device, &s));
	for (;;) {
		struct pollfd p[2] = {
			{ fd, POLLIN, 0 }, { s.done, POLLIN, 0 },
		};

		ASSERT_LT(0, poll(p, 2, WAIT_MS));
		if (p[1].revents)
			break;
		/* It has not started without them. */
		ASSERT_EQ(0, give_page(self, fd));
		faults++;
	}
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(0, s.err)
		TH_LOG("%s: %s", self->b.dev.what, strerror(-s.err));
	EXPECT_LE(1, faults);
	for (i = 0; i < 10; i++)
		ping(_metadata, &self->b, 0);
	close(fd);
	close(s.done);
}

/* Another process's file descriptor @fd. */
static int fd_of(pid_t pid, int fd)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), got;

	if (pidfd < 0)
		return -errno;
	got = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (got < 0)
		got = -errno;
	close(pidfd);
	return got;
}

/*
 * A process that starts the device and does not get its pages; @uffd is its
 * userfaultfd, which so outlives it: the end of that would end the wait.
 */
static pid_t start_in_vain(struct __test_metadata *_metadata,
			   FIXTURE_DATA(missing) * self, int *uffd)
{
	int number[2], fd = -1;
	pid_t pid;

	ASSERT_EQ(0, pipe2(number, O_CLOEXEC));
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fd = take_away(self);
		if (write(number[1], &fd, sizeof(fd)) == sizeof(fd))
			blkdev_start(&self->b);
		_exit(0);
	}
	ASSERT_LT(0, pid);
	close(number[1]);
	ASSERT_EQ(sizeof(fd), read(number[0], &fd, sizeof(fd)));
	close(number[0]);
	ASSERT_LE(0, fd);
	*uffd = fd_of(pid, fd);
	ASSERT_LE(0, *uffd);
	/* It waits in the kernel once there is a fault. */
	ASSERT_EQ(0, fd_wait(*uffd, POLLIN, WAIT_MS));
	return pid;
}

static bool has_ended(void *arg)
{
	return waitpid(*(pid_t *)arg, NULL, WNOHANG) != 0;
}

static void end_by_sigkill(struct __test_metadata *_metadata, pid_t pid)
{
	ASSERT_EQ(0, waitpid(pid, NULL, WNOHANG))
		TH_LOG("ended before it was killed");
	kill(pid, SIGKILL);
	ASSERT_EQ(0, cond_wait(has_ended, &pid, WAIT_MS));
}

TEST_F(missing, starter_is_killed)
{
	int uffd;

	end_by_sigkill(_metadata, start_in_vain(_metadata, self, &uffd));
	close(uffd);
	/* The device is as it was: the next one can have it. */
	vdev_close(&self->b.dev);
	ASSERT_EQ(0, vdev_open(&self->b.dev, self->b.path));
	self->b.mem.brk = 0;
	ASSERT_EQ(0, vdev_make_vqs(&self->b.dev, &self->b.mem,
				   variant->o.kind == BLK_VHOST ?
				   variant->o.features &
				   ~BIT_ULL(VIRTIO_F_ACCESS_PLATFORM) :
				   variant->o.features, 1, 256));
	arena_init(&self->b.arena, &self->b.mem, 1 << 20);
	ASSERT_EQ(0, blkdev_start(&self->b))
		TH_LOG("%s", self->b.dev.what);
	ping(_metadata, &self->b, 0);
}

/* Task state D of /proc/PID/stat: the sleep that only SIGKILL may end. */
static bool sleeps(void *arg)
{
	char stat[512];
	const char *end;

	if (attr_read(stat, sizeof(stat), "/proc/%d/stat", *(pid_t *)arg))
		return false;
	end = strrchr(stat, ')');
	return end && end[2] == 'D';
}

/* And so is who calls the device meanwhile, however it does that. */
TEST_F(missing, others_are_killed)
{
	/* The vhost personality has no messages. */
	const int ways = variant->o.kind == BLK_VDPA ? 2 : 1;
	pid_t starter, other;
	int uffd, way;

	starter = start_in_vain(_metadata, self, &uffd);
	for (way = 0; way < ways; way++) {
		other = fork();
		if (!other) {
			struct vhost_msg_v2 m = { .type = VHOST_IOTLB_MSG_V2 };
			__u64 features;

			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (way)
				_exit(write(self->b.dev.fd, &m, sizeof(m)) < 0);
			_exit(ioctl(self->b.dev.fd, VHOST_GET_FEATURES,
				    &features) < 0);
		}
		ASSERT_LT(0, other);
		ASSERT_EQ(0, cond_wait(sleeps, &other, WAIT_MS))
			TH_LOG("%s", way ? "write" : "ioctl");
		end_by_sigkill(_metadata, other);
	}
	end_by_sigkill(_metadata, starter);
	close(uffd);
}

/*
 * RLIMIT_MEMLOCK: rings do not count against it.
 */
FIXTURE(memlock)
{
	struct instance in;
	struct disk disk;
	struct blkdev b;
};

FIXTURE_VARIANT(memlock)
{
	__u64 features;
};

#define FEATURES(fixture, name, f)					\
	RING_VARIANT(fixture, name, .features = (f))

FEATURES(memlock, vhx_split, BLK_EVENT);
FEATURES(memlock, vhx_packed, BLK_EVENT | RING_PACKED);

#define QUEUES	4
#define LARGE	32768

/* A disk with several queues as large as can be. */
FIXTURE_SETUP(memlock)
{
	const struct disk_opts opts = { .mib = 16 };
	struct blkdev *b = &self->b;

	b->kind = BLK_VDPA;
	ASSERT_EQ(0, disk_create(&self->disk, "vhxt_disk", &opts));
	ASSERT_EQ(0, instance_create(&self->in, "blk", "vhxt_large"));
	ASSERT_EQ(0, instance_set(&self->in, "queues", "4"));
	ASSERT_EQ(0, instance_set(&self->in, "queue_size", "32768"));
	ASSERT_EQ(0, instance_set(&self->in, "backend", self->disk.path));
	ASSERT_EQ(0, instance_enable(&self->in));
	ASSERT_EQ(0, gmem_init(&b->mem, 8 << 20, GMEM_GPA, 1));
	ASSERT_EQ(0, vdev_open(&b->dev, self->in.node));
	ASSERT_EQ(0, vdev_make_vqs(&b->dev, &b->mem,
				   variant->features, QUEUES, LARGE));
	arena_init(&b->arena, &b->mem, 1 << 20);
}

FIXTURE_TEARDOWN(memlock)
{
	vdev_close(&self->b.dev);
	gmem_exit(&self->b.mem);
	EXPECT_EQ(0, instance_destroy(&self->in));
	disk_destroy(&self->disk);
}

TEST_F(memlock, is_not_needed)
{
	static const rlim_t limits[] = { 64 << 10, 0 };
	struct vdev *d = &self->b.dev;
	unsigned int i, q;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		const struct rlimit limit = { limits[i], limits[0] };

		ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
		/* Without CAP_IPC_LOCK. */
		ASSERT_EQ(0, seteuid(65534));
		ASSERT_EQ(0, i ? vdpa_start(d) : vdpa_setup(d))
			TH_LOG("%s", d->what);
		ASSERT_EQ(0, seteuid(0));
		for (q = 0; q < QUEUES; q++)
			ping(_metadata, &self->b, q);
		ASSERT_EQ(0, vdpa_set_status(d, 0));
		ASSERT_EQ(0, vdpa_unmap_all(d));
		for (q = 0; q < QUEUES; q++)
			vq_reset(&d->vq[q], vq_base_after(&d->vq[q], 0));
		ASSERT_EQ(0, vdpa_set_status(d, VDEV_S_DRIVER));
	}
}

TEST_HARNESS_MAIN
