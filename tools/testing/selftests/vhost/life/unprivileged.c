// SPDX-License-Identifier: GPL-2.0
/*
 * A process without any privilege was handed a device. It can use it, within
 * its limits; it reaches no memory but its own; and once it is gone nothing of
 * it is left.
 */
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attr.h"
#include "cgroup.h"
#include "harness.h"
#include "life.h"

#define NOBODY	65534
#define MIB	(1UL << 20)

/**
 * struct shared - what the process tells the test
 * @at_work: its device works
 * @regions: regions that it has in its table
 */
struct shared {
	bool at_work;
	unsigned int regions;
};

FIXTURE(unprivileged)
{
	struct held before;
	struct instance in;
	struct shared *shared;
	char file[64];
};

FIXTURE_SETUP(unprivileged)
{
	char zero[4096] = { 0 };
	int fd;

	self->shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(self->shared != MAP_FAILED);
	held_take(&self->before);
	ASSERT_EQ(0, instance_create(&self->in, "rng", "vhxt_rng"));
	ASSERT_EQ(0, instance_enable(&self->in));
	/* A file of root that all may read; in memory, so that it can be pinned. */
	snprintf(self->file, sizeof(self->file), "/dev/shm/vhxt_root");
	fd = open(self->file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ASSERT_LE(0, fd);
	ASSERT_EQ(sizeof(zero), write(fd, zero, sizeof(zero)));
	close(fd);
}

FIXTURE_TEARDOWN(unprivileged)
{
	EXPECT_EQ(0, instance_destroy(&self->in));
	unlink(self->file);
}

/* Give up all that root has. It may lock no memory at all. */
static int become_nobody(void)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_MEMLOCK, &none) || setgroups(0, NULL) ||
	    setgid(NOBODY) || setuid(NOBODY))
		return -errno;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return 0;
}

/* A device, opened by root, for the process that calls this. */
static int own(struct vdev *d, struct gmem *mem)
{
	const __u64 features = BIT_ULL(VIRTIO_F_VERSION_1) |
			       BIT_ULL(VIRTIO_F_ACCESS_PLATFORM);
	int err = gmem_init(mem, 1 << 20, GMEM_GPA, 1);

	if (!err)
		err = vdev_make_vqs(d, mem, features, 1, 64);
	return err ? err : vdpa_setup(d);
}

/* Have the device write 64 bytes to @gpa. Bytes written, or -errno. */
static int ask(struct vdev *d, __u64 gpa)
{
	const struct vq_seg seg = { gpa, 64, true };
	struct vq *vq = &d->vq[0];
	struct vq_done done;
	int err = vq_add(vq, &seg, 1, 0);

	if (err)
		return err;
	vq_kick(vq);
	err = vq_wait(vq, WAIT_MS);
	if (err)
		return err;
	return vq_pop(vq, &done) == 1 ? (int)done.len : -EPROTO;
}

#define NKERNEL	5
#define FOREIGN	(GMEM_GPA + (1ULL << 32))

/* 0, or the step that went wrong. */
static int reaches(struct vdev *d, const char *file)
{
	/* The start of the kernel's half, its text, past all of user space. */
	static void *const kernel[NKERNEL] = {
		(void *)0xffff888000000000, (void *)0xffffffff81000000,
		(void *)0x7ffffffff000, (void *)0x800000000000,
		(void *)0xfffffffffffff000,
	};
	struct gmem mem;
	unsigned int i;
	char *at;
	int fd;

	if (become_nobody() || own(d, &mem))
		return 1;
	if (ask(d, gmem_gpa(&mem, gmem_alloc(&mem, 64, 64))) != 64)
		return 2;
	for (i = 0; i < NKERNEL; i++)
		if (vdpa_msg(d, VHOST_IOTLB_UPDATE, FOREIGN, 4096,
			     kernel[i], VHOST_ACCESS_RW) != -EFAULT)
			return 10 + (int)i;
	/* What it may read only, the device may read only. */
	fd = open(file, O_RDONLY | O_CLOEXEC);
	at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return 3;
	if (vdpa_msg(d, VHOST_IOTLB_UPDATE, FOREIGN, 4096, at,
		     VHOST_ACCESS_RW))
		return 4;
	if (ask(d, FOREIGN) > 0)
		return 5;
	/* Nor does a ring there start. */
	if (vdpa_set_status(d, 0) || vdpa_set_status(d, VDEV_S_DRIVER) ||
	    vdev_ioctl(d, "", VHOST_SET_FEATURES, &d->features) ||
	    vdpa_set_status(d, VDEV_S_FEATURES))
		return 6;
	d->vq[0].used = (void *)((char *)mem.base + (FOREIGN - GMEM_GPA));
	if (vdpa_set_vring(d, 0))
		return 7;
	if (vdpa_set_status(d, VDEV_S_RUNNING) != -EFAULT)
		return 8;
	return 0;
}

TEST_F(unprivileged, reaches_its_memory_only)
{
	char now[4096], zero[4096] = { 0 };
	struct vdev d;
	int status, fd;
	pid_t pid;

	ASSERT_EQ(0, vdev_open(&d, self->in.node));
	pid = fork();
	if (!pid)
		_exit(reaches(&d, self->file));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status)
		TH_LOG("step %d", WEXITSTATUS(status));
	vdev_close(&d);
	fd = open(self->file, O_RDONLY | O_CLOEXEC);
	ASSERT_EQ(sizeof(now), read(fd, now, sizeof(now)));
	close(fd);
	EXPECT_EQ(0, memcmp(now, zero, sizeof(zero)));
}

/* Who has the file, but is not the owner, can't use it. */
static int tries(struct vdev *d, const struct gmem *mem)
{
	__u8 status = 0;

	if (become_nobody())
		return 1;
	if (vdpa_msg(d, VHOST_IOTLB_UPDATE, FOREIGN, 4096, mem->base,
		     VHOST_ACCESS_RW) != -EFAULT)
		return 2;
	if (vdpa_msg(d, VHOST_IOTLB_INVALIDATE, 0, ~0ULL, NULL, 0) != -EFAULT)
		return 3;
	if (vdev_ioctl(d, "", VHOST_SET_OWNER, NULL) != -EBUSY)
		return 4;
	if (vring_set_num(d, 0) != -EPERM)
		return 5;
	return vdpa_get_status(d, &status) ? 6 : 0;
}

TEST_F(unprivileged, is_not_the_owner)
{
	struct gmem mem;
	struct vdev d;
	int status;
	pid_t pid;

	ASSERT_EQ(0, vdev_open(&d, self->in.node));
	ASSERT_EQ(0, own(&d, &mem));
	pid = fork();
	if (!pid)
		_exit(tries(&d, &mem));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status)
		TH_LOG("step %d", WEXITSTATUS(status));
	EXPECT_EQ(64, ask(&d, gmem_gpa(&mem, gmem_alloc(&mem, 64, 64))));
	vdev_close(&d);
	gmem_exit(&mem);
}

/* A table as large as it gets, in a batch that is never ended, many times. */
static int grows(struct vdev *d, struct shared *shared)
{
	struct gmem mem;
	unsigned int i;

	if (become_nobody() || own(d, &mem))
		return 1;
	if (vdpa_msg(d, VHOST_IOTLB_BATCH_BEGIN, 0, 0, NULL, 0))
		return 2;
	for (i = 0; i < 10000; i++)
		if (vdpa_msg(d, VHOST_IOTLB_UPDATE, FOREIGN + i * 8192ULL,
			     4096, mem.base, VHOST_ACCESS_RW))
			break;
	shared->regions = i;
	return 0;
}

/*
 * What it makes the kernel allocate is charged to its cgroup: with a limit of
 * a few MiB the cgroup never has more than that, and the process still works.
 */
TEST_F(unprivileged, small_cgroup)
{
	const unsigned long limit = 6 * MIB;
	char value[32];
	struct cgroup cg;
	struct vdev d;
	int status;
	long peak;
	pid_t pid;

	ASSERT_EQ(0, cgroup_enter(&cg, "small"));
	snprintf(value, sizeof(value), "%lu", limit);
	ASSERT_EQ(0, attr_write(value, "%s/memory.max", cg.path));
	ASSERT_EQ(0, vdev_open(&d, self->in.node));
	pid = fork();
	if (!pid)
		_exit(grows(&d, self->shared));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status)
		TH_LOG("status %#x", status);
	EXPECT_LE(4000, self->shared->regions);
	EXPECT_GT(5000, self->shared->regions);
	peak = attr_read_long("%s/memory.peak", cg.path);
	if (peak >= 0)
		EXPECT_GE(limit, peak);
	vdev_close(&d);
	ASSERT_EQ(0, cgroup_leave(&cg));
}

/* As many devices as it may open. */
static void takes(int ready)
{
	char c;

	if (become_nobody() || read(ready, &c, 1) != 1)
		_exit(1);
	while (open("/dev/vhx-blk", O_RDWR | O_CLOEXEC) >= 0)
		;
	_exit(errno == ENOMEM ? 0 : 2);
}

/*
 * It takes more than its cgroup may have: it gets no memory, or is killed for
 * it, and nobody else is. Then all is as before.
 */
TEST_F(unprivileged, takes_too_much)
{
	const struct rlimit files = { 4096, 4096 };
	long peak, limit = 6 * MIB;
	int status, ready[2];
	struct held now;
	struct cgroup cg;
	char value[32];
	pid_t pid;

	ASSERT_TRUE(node_present("/dev/vhx-blk", "vhx_blk"));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, chmod("/dev/vhx-blk", 0666));
	ASSERT_EQ(0, cgroup_enter(&cg, "small"));
	pid = fork();
	if (!pid)
		takes(ready[0]);
	ASSERT_EQ(0, attr_write("0", "/sys/fs/cgroup/cgroup.procs"));
	snprintf(value, sizeof(value), "%ld", limit);
	ASSERT_EQ(0, attr_write(value, "%s/memory.max", cg.path));

	attr_write("vhx-note: a cgroup runs out of memory", "/dev/kmsg");
	EXPECT_EQ(1, write(ready[1], "", 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	attr_write("vhx-note: it has", "/dev/kmsg");
	EXPECT_EQ(0, chmod("/dev/vhx-blk", 0600));
	EXPECT_TRUE(!status || (WIFSIGNALED(status) &&
				WTERMSIG(status) == SIGKILL))
		TH_LOG("status %#x", status);
	peak = attr_read_long("%s/memory.peak", cg.path);
	if (peak >= 0) {
		EXPECT_GE(limit, peak);
		EXPECT_LE(limit / 2, peak);
	}
	close(ready[0]);
	close(ready[1]);
	EXPECT_EQ(0, cgroup_leave(&cg));
	/* The instance that the fixture made holds vhx_rng alone. */
	EXPECT_EQ(0, held_gone(&self->before, &now))
		TH_LOG("%ld users, were %ld", now.blk, self->before.blk);
}

/* It keeps its device busy until it is killed. */
static void works(struct vdev *d, struct shared *shared)
{
	struct gmem mem;
	char *room;

	if (become_nobody() || own(d, &mem))
		_exit(1);
	room = gmem_alloc(&mem, 64, 64);
	while (ask(d, gmem_gpa(&mem, room)) == 64)
		__atomic_store_n(&shared->at_work, true, __ATOMIC_RELAXED);
	_exit(2);
}

static bool is_at_work(void *arg)
{
	return __atomic_load_n(&((struct shared *)arg)->at_work,
			       __ATOMIC_RELAXED);
}

static bool unloads(void *arg)
{
	return !module_unload(arg);
}

TEST_F(unprivileged, keeps_no_module)
{
	struct vdev d;
	int status;
	pid_t pid;

	ASSERT_EQ(0, vdev_open(&d, self->in.node));
	pid = fork();
	if (!pid)
		works(&d, self->shared);
	close(d.fd);
	ASSERT_EQ(0, cond_wait(is_at_work, self->shared, WAIT_MS));
	EXPECT_EQ(-EAGAIN, module_unload("vhx_rng"));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(0, instance_destroy(&self->in));
	EXPECT_EQ(0, cond_wait(unloads, "vhx_rng", WAIT_MS));
	ASSERT_EQ(0, module_load("vhx_rng", NULL));
	life_end(_metadata, &self->before, LOAD_NET);
	/* For the teardown. */
	ASSERT_EQ(0, instance_create(&self->in, "rng", "vhxt_rng"));
}

int main(int argc, char **argv)
{
	return life_main(argc, argv);
}
