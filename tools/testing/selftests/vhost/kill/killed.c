// SPDX-License-Identifier: GPL-2.0
/*
 * Running owners, killing them, and finding what they left.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attr.h"
#include "killed.h"
#include "pins.h"
#include "wait.h"

struct load *load_new(void)
{
	return mmap(NULL, sizeof(struct load), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

int run_kill_and_stop(struct load *load, void (*owner)(void *arg),
		      bool (*ready)(void *arg), void *arg, unsigned int us)
{
	int err, status;
	pid_t pid;

	memset(load, 0, sizeof(*load));
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		owner(arg);
		_exit(0);
	}
	if (pid < 0)
		return -errno;

	err = cond_wait(ready, arg, WAIT_MS);
	kill(pid, SIGKILL);
	if (us)
		usleep(us);
	load_stop(load);
	if (waitpid(pid, &status, 0) != pid)
		return -ECHILD;
	return load_err(load) ? load_err(load) : err;
}

int run_and_kill(struct load *load, void (*owner)(void *arg),
		 bool (*ready)(void *arg), void *arg)
{
	return run_kill_and_stop(load, owner, ready, arg, 0);
}

void trace_take(struct trace *t, const char *module)
{
	t->module = module;
	t->refs = attr_read_long("/sys/module/%s/refcnt", module);
	t->pins = pins_now();
}

struct pair {
	const struct trace *was;
	struct trace *now;
};

static bool same(void *arg)
{
	struct pair *p = arg;

	trace_take(p->now, p->was->module);
	return p->now->refs == p->was->refs && p->now->pins == p->was->pins;
}

int trace_gone(const struct trace *t, struct trace *now)
{
	struct pair p = { t, now };

	return cond_wait(same, &p, WAIT_MS);
}
