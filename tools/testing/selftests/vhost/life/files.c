// SPDX-License-Identifier: GPL-2.0
/*
 * The device's file under load: closed while another thread is in an ioctl,
 * inherited by fork(), and kept over exec().
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "life.h"

FIXTURE(files)
{
	struct load l;
	struct held before;
};

FIXTURE_VARIANT(files)
{
	struct load_opts o;
};

LIFE_KINDS(files);

FIXTURE_SETUP(files)
{
	held_take(&self->before);
}

FIXTURE_TEARDOWN(files)
{
	load_close(&self->l);
}

/* Stop and start a queue, in the way of the personality. */
static int toggle(struct load *l, bool on)
{
	switch (l->o.kind) {
	case LOAD_NET:
		return vhost_net_attach(l->d, TX, on ? l->n.tap.fd : -1);
	case LOAD_VHOST:
		return vhost_blk_attach(l->d, on ? l->b.backend : -1);
	default:
		return vdpa_enable(l->d, 0, on);
	}
}

/**
 * struct caller - a thread that calls ioctls
 * @l: the device
 * @calls: how often it did
 * @err: the error that ended it
 */
struct caller {
	struct load *l;
	unsigned int calls;
	int err;
};

static void *call(void *arg)
{
	struct caller *c = arg;

	for (;;) {
		c->err = toggle(c->l, c->calls & 1);
		if (c->err)
			return NULL;
		__atomic_fetch_add(&c->calls, 1, __ATOMIC_RELAXED);
	}
}

struct wanted {
	struct caller *c;
	unsigned int calls;
};

static bool called(void *arg)
{
	struct wanted *w = arg;

	return __atomic_load_n(&w->c->calls, __ATOMIC_RELAXED) >= w->calls;
}

/* The ioctl ends as if nothing were; then the device ends. */
TEST_F(files, closed_in_ioctl)
{
	struct load *l = &self->l;
	unsigned int i;

	for (i = 0; i < rounds(8); i++) {
		struct caller c = { .l = l };
		struct wanted w = { &c, 1 + i };
		struct held now;
		pthread_t thread;

		life_start(_metadata, l, &variant->o);
		ASSERT_EQ(0, pthread_create(&thread, NULL, call, &c));
		ASSERT_EQ(0, cond_wait(called, &w, WAIT_MS));
		ASSERT_EQ(0, close(l->d->fd));
		pthread_join(thread, NULL);
		l->d->fd = -1;
		EXPECT_EQ(-EBADF, c.err);
		ASSERT_EQ(0, load_stop(l, true))
			TH_LOG("%s", l->what);
		load_close(l);
		ASSERT_EQ(0, held_gone(&self->before, &now));
	}
	life_end(_metadata, &self->before, variant->o.kind);
}

/* A child may close the file, and no more. */
static int child_is_no_owner(struct load *l)
{
	__u32 base;
	int err = vring_get_base(l->d, 0, &base);

	return err == -EPERM ? 0 : 1;
}

/*
 * The owner forks, and its children write to all they have of guest memory,
 * which is private. What the device reads and writes is the owner's memory.
 */
TEST_F(files, forked)
{
	const unsigned int forks = rounds(40);
	struct load_opts o = variant->o;
	struct load *l = &self->l;
	int status, pipes[2], err;
	struct gmem *mem;
	unsigned int i;
	pid_t pid;
	char c;

	o.anonymous = true;
	life_start(_metadata, l, &o);
	mem = l->d->mem;
	for (i = 0; i < forks; i++) {
		pid = fork();
		if (!pid) {
			memset(mem->base, 0xa5, mem->size);
			_exit(child_is_no_owner(l));
		}
		ASSERT_LT(0, pid);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(0, status);
		err = load_more(l, LOAD_DEPTH);
		ASSERT_EQ(0, err)
			TH_LOG("fork %u: %s: %s", i, l->what, strerror(-err));
	}

	/* The file lives as long as anyone has it. */
	ASSERT_EQ(0, pipe(pipes));
	pid = fork();
	if (!pid) {
		close(pipes[1]);
		_exit(read(pipes[0], &c, 1) != 0);
	}
	ASSERT_LT(0, pid);
	close(l->d->fd);
	l->d->fd = -1;
	ASSERT_EQ(0, load_more(l, LOAD_DEPTH))
		TH_LOG("%s", l->what);
	close(pipes[0]);
	close(pipes[1]);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, load_stop(l, true))
		TH_LOG("%s", l->what);
	load_close(l);
	life_end(_metadata, &self->before, variant->o.kind);
}

/* The next program has the file, but is not the owner. */
static int next_program(int fd)
{
	struct vhost_vring_state s = { .index = 0 };
	__u64 features;

	if (ioctl(fd, VHOST_GET_FEATURES, &features))
		return 10;
	if (!ioctl(fd, VHOST_GET_VRING_BASE, &s) || errno != EPERM)
		return 11;
	if (!ioctl(fd, VHOST_SET_OWNER) || errno != EBUSY)
		return 12;
	return 0;
}

/* In a child: a device under load, and then the next program. */
static void run_next(const struct load_opts *o)
{
	static struct load l;
	char fd[16];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (load_open(&l, o) || load_start(&l) || load_more(&l, LOAD_DEPTH))
		_exit(1);
	snprintf(fd, sizeof(fd), "%d", l.d->fd);
	if (fcntl(l.d->fd, F_SETFD, 0))
		_exit(2);
	execl("/proc/self/exe", "files", "--next", fd, NULL);
	_exit(3);
}

TEST_F(files, executed)
{
	struct instance in = { .type = "blk", .name = "vhxt_blk" };
	struct disk disk = { .name = "vhxt_disk" };
	unsigned int i;
	int status;
	pid_t pid;

	for (i = 0; i < rounds(4); i++) {
		struct held now;

		pid = fork();
		if (!pid)
			run_next(&variant->o);
		ASSERT_LT(0, pid);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(0, status)
			TH_LOG("exit status %d", WEXITSTATUS(status));
		if (variant->o.kind == LOAD_VDPA)
			EXPECT_EQ(0, instance_destroy(&in));
		if (variant->o.kind != LOAD_NET)
			disk_destroy(&disk);
		ASSERT_EQ(0, held_gone(&self->before, &now));
	}
	life_end(_metadata, &self->before, variant->o.kind);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--next"))
		return next_program(atoi(argv[2]));
	return life_main(argc, argv);
}
