// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel has no memory: each allocation of each call fails once, and so do
 * those of the worker under load, and the copies from and to the owner as well.
 * It is the kernel's fault injection that makes them fail, which the debug
 * kernel has.
 *
 * A call that fails changes nothing: it is made again, with the next allocation
 * failing, until it succeeds. The linker gives us each call of ioctl(), open(),
 * write() and close(); those of a device are made so.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attr.h"
#include "harness.h"
#include "life.h"

#define DEBUGFS	"/sys/kernel/debug"

/* More places than any call has where something can fail. */
#define MAX_PLACES	2000
#define MAX_CALLS	200

int __real_ioctl(int fd, unsigned long cmd, void *arg);
int __real_open(const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *buf, size_t len);
int __real_close(int fd);
int __wrap_ioctl(int fd, unsigned long cmd, void *arg);
int __wrap_open(const char *path, int flags, ...);
ssize_t __wrap_write(int fd, const void *buf, size_t len);
int __wrap_close(int fd);

/**
 * struct pass - one life of a device, all of whose calls fail
 * @on: calls fail
 * @control: fail-nth of this thread
 * @dev: the device's file
 * @call: which call of this life it is
 * @from: of each call: where it begins to fail
 * @more: a failure was without consequences, so what comes after it in that
 *	call is due in another pass
 * @injected: failures
 * @bad: errors that the lack of memory does not explain
 */
static struct pass {
	bool on;
	int control;
	int dev;
	unsigned int call;
	unsigned int from[MAX_CALLS];
	bool more;
	unsigned int injected;
	unsigned int bad;
} pass = { .control = -1, .dev = -1 };

/* The @n'th place from here on fails; none with 0. */
static void fail_at(unsigned int n)
{
	char s[16];
	int len = snprintf(s, sizeof(s), "%u", n);

	/* Its copy of our number may be what fails. */
	while (pwrite(pass.control, s, (size_t)len, 0) != len)
		;
}

/* Did it? If not, the copy of the answer counts, too. */
static bool has_failed(void)
{
	char s[16] = { 0 };

	if (pread(pass.control, s, sizeof(s) - 1, 0) < 0)
		return false;
	return atoi(s) == 0;
}

/* Errors of a call in which an allocation, or a copy, failed. */
static bool is_explained(int err)
{
	return err == ENOMEM || err == EFAULT || err == EAGAIN ||
	       err == EINVAL;
}

/* Make a system call until nothing in it fails any more. */
static long each_fails(long nr, long a, long b, long c)
{
	unsigned int nth, at = pass.call++;
	bool failed = false;
	long ret = -1;

	for (nth = pass.from[at] + 1; nth < MAX_PLACES; nth++) {
		int err;

		fail_at(nth);
		ret = syscall(nr, a, b, c);
		err = errno;
		failed = has_failed();
		fail_at(0);
		errno = err;
		pass.injected += failed;
		if (ret >= 0 || !failed)
			break;
		if (!is_explained(err)) {
			pass.bad++;
			printf("# call %u (%#lx), place %u: errno %d\n", at, b,
			       nth, err);
		}
	}
	pass.from[at] = failed ? nth : MAX_PLACES;
	pass.more |= failed;
	return ret;
}

/* A call all of whose places have failed is made as usual. */
static bool is_due(void)
{
	if (!pass.on || pass.call >= MAX_CALLS)
		return false;
	if (pass.from[pass.call] < MAX_PLACES)
		return true;
	pass.call++;
	return false;
}

int __wrap_ioctl(int fd, unsigned long cmd, void *arg)
{
	if (_IOC_TYPE(cmd) != VHOST_VIRTIO || !is_due())
		return __real_ioctl(fd, cmd, arg);
	return (int)each_fails(SYS_ioctl, fd, (long)cmd, (long)arg);
}

ssize_t __wrap_write(int fd, const void *buf, size_t len)
{
	if (fd != pass.dev || !is_due())
		return __real_write(fd, buf, len);
	return each_fails(SYS_write, fd, (long)buf, (long)len);
}

int __wrap_open(const char *path, int flags, ...)
{
	unsigned int mode;
	va_list ap;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, unsigned int) : 0;
	va_end(ap);
	if (strncmp(path, "/dev/vhx", 8))
		return __real_open(path, flags, mode);
	if (is_due())
		pass.dev = (int)each_fails(SYS_open, (long)path, flags, 0);
	else
		pass.dev = __real_open(path, flags);
	return pass.dev;
}

/* It can't fail, but what it does may have to do without memory. */
int __wrap_close(int fd)
{
	if (fd != pass.dev)
		return __real_close(fd);
	pass.dev = -1;
	if (!is_due())
		return __real_close(fd);
	return (int)each_fails(SYS_close, fd, 0, 0);
}

FIXTURE(nomem)
{
	struct load l;
	struct held before;
};

FIXTURE_VARIANT(nomem)
{
	struct load_opts o;
};

LIFE_KINDS(nomem);

/* All allocations of those tasks that ask for it, and without a word. */
static int inject_init(void)
{
	static const char * const ways[] = {
		"failslab", "fail_page_alloc", "fail_usercopy",
	};
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < 3; i++)
		err = attr_write("0", DEBUGFS "/%s/verbose", ways[i]);
	for (i = 0; !err && i < 2; i++)
		err = attr_write("N", DEBUGFS "/%s/ignore-gfp-wait", ways[i]);
	if (!err)
		err = attr_write("N", DEBUGFS
				 "/fail_page_alloc/ignore-gfp-highmem");
	if (!err)
		err = attr_write("0", DEBUGFS "/fail_page_alloc/min-order");
	return err;
}

FIXTURE_SETUP(nomem)
{
	int err;

	err = inject_init();
	if (err == -ENOENT)
		SKIP(return, "no fault injection");
	ASSERT_EQ(0, err);
	pass.control = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, pass.control);
	held_take(&self->before);
}

FIXTURE_TEARDOWN(nomem)
{
	load_close(&self->l);
	if (pass.control >= 0)
		close(pass.control);
}

/* Of each call from open() to close(). */
TEST_F(nomem, calls)
{
	struct load *l = &self->l;
	unsigned int n = 0;
	int err;

	do {
		pass.call = 0;
		pass.more = false;
		pass.on = true;
		err = load_open(l, &variant->o);
		pass.on = false;
		ASSERT_EQ(0, err)
			TH_LOG("pass %u: %s: %s", n, l->what, strerror(-err));
		ASSERT_EQ(0, load_try(l))
			TH_LOG("pass %u: %s", n, l->what);
		pass.on = true;
		err = load_detach(l);
		if (!err)
			err = load_attach(l);
		pass.on = false;
		ASSERT_EQ(0, err)
			TH_LOG("pass %u: %s", n, l->d->what);
		pass.on = true;
		load_close(l);
		pass.on = false;
		n++;
	} while (pass.more && n < 50);
	TH_LOG("%u failures in %u passes", pass.injected, n);
	EXPECT_FALSE(pass.more);
	EXPECT_LT(50, pass.injected);
	EXPECT_EQ(0, pass.bad);
	life_end(_metadata, &self->before, variant->o.kind);
}

/* fail-nth of our worker, open; or -1. */
static int open_worker(void)
{
	DIR *dir = opendir("/proc/self/task");
	char comm[32], path[64];
	struct dirent *e;
	int fd = -1;

	while (dir && fd < 0 && (e = readdir(dir))) {
		if (attr_read(comm, sizeof(comm), "/proc/self/task/%.16s/comm",
			      e->d_name) || strncmp(comm, "vhx-", 4))
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%.16s/fail-nth",
			 e->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	return fd;
}

static bool worker_has_failed(void *arg)
{
	char s[16] = { 0 };

	return pread(*(int *)arg, s, sizeof(s) - 1, 0) > 0 && !atoi(s);
}

/* Of the worker: a request fails, a frame is dropped, or the queue breaks. */
TEST_F_TIMEOUT(nomem, worker, 240)
{
	const unsigned int places = 40;
	struct load_opts o = variant->o;
	struct load *l = &self->l;
	unsigned int i, broken = 0;
	char nth[16];
	int fd, err;

	/* More pieces than a request of a disk has room for. */
	o.len = LOAD_LEN_MAX;
	o.delay_ns = 0;
	life_start(_metadata, l, &o);
	fd = open_worker();
	ASSERT_LE(0, fd);
	for (i = 1; i <= places; i++) {
		const int len = snprintf(nth, sizeof(nth), "%u", i);

		ASSERT_EQ(len, pwrite(fd, nth, (size_t)len, 0));
		ASSERT_EQ(0, cond_wait(worker_has_failed, &fd, WAIT_MS))
			TH_LOG("place %u", i);
		err = load_any(l, LOAD_DEPTH);
		if (!__atomic_load_n(&l->broken, __ATOMIC_RELAXED)) {
			ASSERT_EQ(0, err)
				TH_LOG("place %u: %s", i, l->what);
			continue;
		}
		broken++;
		ASSERT_EQ(0, load_stop(l, true))
			TH_LOG("place %u: %s", i, l->what);
		ASSERT_EQ(0, load_restart(l))
			TH_LOG("place %u: %s", i, l->what);
		ASSERT_EQ(0, load_start(l));
	}
	TH_LOG("broken %u times in %u", broken, places);
	close(fd);
	load_stop(l, false);
	EXPECT_EQ(0, l->err)
		TH_LOG("%s", l->what);
	load_close(l);
	life_end(_metadata, &self->before, variant->o.kind);
}

int main(int argc, char **argv)
{
	return life_main(argc, argv);
}
