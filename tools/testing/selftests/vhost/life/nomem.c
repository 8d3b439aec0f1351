// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel has no memory: each allocation of each call fails once, and so do
 * those of the worker under load, and the copies from and to the owner as well.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "attr.h"
#include "harness.h"
#include "inject.h"
#include "life.h"

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

FIXTURE_SETUP(nomem)
{
	int err;

	err = inject_init();
	if (err == -ENOENT)
		SKIP(return, "no fault injection");
	ASSERT_EQ(0, err);
	held_take(&self->before);
}

FIXTURE_TEARDOWN(nomem)
{
	load_close(&self->l);
	inject_exit();
}

/* Of each call from open() to close(). */
TEST_F(nomem, calls)
{
	struct load *l = &self->l;
	unsigned int n = 0;
	int err;

	do {
		inject.call = 0;
		inject.more = false;
		inject.on = true;
		err = load_open(l, &variant->o);
		inject.on = false;
		ASSERT_EQ(0, err)
			TH_LOG("pass %u: %s: %s", n, l->what, strerror(-err));
		if (!n) {
			ASSERT_EQ(0, load_try(l))
				TH_LOG("%s", l->what);
		}
		inject.on = true;
		err = load_detach(l);
		if (!err)
			err = load_attach(l);
		inject.on = false;
		ASSERT_EQ(0, err)
			TH_LOG("pass %u: %s", n, l->d->what);
		inject.on = true;
		load_close(l);
		inject.on = false;
		n++;
	} while (inject.more && n < 50);
	TH_LOG("%u failures in %u passes", inject.injected, n);
	EXPECT_FALSE(inject.more);
	EXPECT_LT(50, inject.injected);
	EXPECT_EQ(0, inject.bad);
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
			      e->d_name) || strncmp(comm, "vhx-", 4) != 0)
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
