// SPDX-License-Identifier: GPL-2.0
/*
 * A fuzzer of the devices: a driver that writes random values to its rings, and
 * a monitor that makes random calls. The kernel must not report anything, the
 * device must write to no memory but the guest's, and nothing may stay pinned.
 * It is counted what each format reached; a run of the default length or more
 * that does not reach everything fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attr.h"
#include "iteration.h"
#include "kselftest.h"
#include "pins.h"

/* Iterations of each target, which suffice to reach everything. */
#define ITERATIONS	300
/* Everything must be reached in one of so many iterations. */
#define REACH		50
#define SEED		1
#define SHOW_EACH	100
#define LOG_EACH	1000

static const char usage[] =
"devices [-s SEED] [-f FIRST] [-n ITERATIONS] [-l] [TARGET...]\n"
"  -s  the seed; FUZZ_SEED, or 1\n"
"  -f  the number of the first iteration: 0\n"
"  -n  how many of each target; FUZZ_ITERATIONS, or 300\n"
"  -l  lists the targets\n"
"Target, seed and number determine an iteration, whatever ran before it:\n"
"devices -s SEED -f NUMBER -n 1 TARGET repeats one. The timing of the device,\n"
"and what an entropy device writes, are not determined.\n";

/**
 * struct progress - how far a target is, shared by both processes
 * @at: number of the current iteration
 * @done: iterations that are complete
 * @count: in how many of them something was reached, for each format
 */
struct progress {
	__u64 at;
	__u64 done;
	struct counts {
		unsigned int started;
		unsigned int completed;
		unsigned int broken;
		unsigned int refused;
	} count[NFORMATS];
};

/**
 * struct plan - the iterations to run
 * @seed: the seed
 * @first: number of the first iteration
 * @n: how many
 */
struct plan {
	__u64 seed;
	__u64 first;
	__u64 n;
};

static void count(struct counts *c, const struct outcome *o)
{
	c->started += o->started;
	c->completed += o->completed;
	c->broken += o->broken;
	c->refused += o->refused;
}

/* Print the iteration, and log it: to find the one that led to a crash. */
static void show(const struct target_type *type, const struct plan *plan,
		 __u64 number)
{
	char line[128];

	if (number % SHOW_EACH)
		return;
	snprintf(line, sizeof(line), "# %s: seed %llu, iteration %llu\n",
		 type->name, plan->seed, number);
	fputs(line, stdout);
	fflush(stdout);
	if (!(number % LOG_EACH))
		attr_write(line, "/dev/kmsg");
}

/* Most reports of the kernel also set a taint flag. */
static long taint(void)
{
	return attr_read_long("/proc/sys/kernel/tainted");
}

static int iterate(struct fuzz *f, const struct plan *plan, struct progress *p)
{
	struct outcome outcome[NFORMATS];
	long before = taint();
	unsigned int i;
	int err;

	for (p->at = plan->first; p->done < plan->n; p->at++, p->done++) {
		show(f->target.type, plan, p->at);
		err = fuzz_iterate(f, plan->seed, p->at, outcome);
		if (err)
			return err;
		if (taint() != before)
			return -EUCLEAN;
		for (i = 0; i < NFORMATS; i++)
			count(&p->count[i], &outcome[i]);
	}
	return 0;
}

static int run(const struct target_type *type, const struct plan *plan,
	       struct progress *p)
{
	static struct fuzz fuzz;
	int err = fuzz_init(&fuzz, type);

	if (err)
		printf("# %s: %s\n", type->name, strerror(-err));
	else
		err = iterate(&fuzz, plan, p);
	fuzz_exit(&fuzz);
	fflush(stdout);
	return err;
}

static pid_t start(const struct target_type *type, const struct plan *plan,
		   struct progress *p)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	_exit(-run(type, plan, p));
}

static bool show_counts(const struct target_type *type, const char *format,
			const struct counts *c, __u64 n)
{
	__u64 least = n < ITERATIONS ? 0 : n / REACH;

	ksft_print_msg("%s, %s: %u started, %u completed, %u broken, %u refused\n",
		       type->name, format, c->started, c->completed, c->broken,
		       c->refused);
	return c->started >= least && c->completed >= least &&
	       c->broken >= least && c->refused >= least;
}

static void result(const struct target_type *type, const struct plan *plan,
		   const struct progress *p, int status)
{
	bool reached, ended = WIFEXITED(status) && !WEXITSTATUS(status);

	if (WIFSIGNALED(status))
		ksft_print_msg("%s: %s\n", type->name,
			       strsignal(WTERMSIG(status)));
	else if (!ended)
		ksft_print_msg("%s: %s\n", type->name,
			       WEXITSTATUS(status) == EUCLEAN ?
			       "the kernel has set a taint flag" :
			       strerror(WEXITSTATUS(status)));
	if (!ended)
		ksft_print_msg("again: devices -s %llu -f %llu -n 1 %s\n",
			       plan->seed, p->at, type->name);
	reached = show_counts(type, "split", &p->count[FORMAT_SPLIT], plan->n);
	reached &= show_counts(type, "packed", &p->count[FORMAT_PACKED],
			       plan->n);
	ksft_test_result(ended && reached, "%s: %llu iterations of seed %llu\n",
			 type->name, p->done, plan->seed);
}

static bool chosen(const struct target_type *type, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(*names, type->name))
			return true;
	return false;
}

static __u64 to_number(const char *s, const char *name)
{
	char *end;
	__u64 n;

	errno = 0;
	n = strtoull(s, &end, 0);
	if (errno || end == s || *end)
		ksft_exit_fail_msg("%s: no number: %s\n", name, s);
	return n;
}

static __u64 from_environment(const char *name, __u64 otherwise)
{
	const char *s = getenv(name);

	return s && *s ? to_number(s, name) : otherwise;
}

static void options(int argc, char **argv, struct plan *plan)
{
	unsigned int i;
	int option;

	while ((option = getopt(argc, argv, "s:f:n:l")) != -1) {
		switch (option) {
		case 's':
			plan->seed = to_number(optarg, "-s");
			break;
		case 'f':
			plan->first = to_number(optarg, "-f");
			break;
		case 'n':
			plan->n = to_number(optarg, "-n");
			break;
		case 'l':
			for (i = 0; i < NTARGETS; i++)
				puts(target_types[i].name);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
}

/* All targets at once, as they wait for the kernel most of the time. */
static void run_all(char **names, const struct plan *plan)
{
	struct progress *p = mmap(NULL, NTARGETS * sizeof(*p),
				  PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const long pins = pins_now();
	pid_t pid[NTARGETS] = { 0 };
	unsigned int i, n = 0;
	int status;

	for (i = 0; i < NTARGETS; i++)
		n += chosen(&target_types[i], names);
	if (!n || p == MAP_FAILED)
		ksft_exit_fail_msg("no such target, or no memory\n");
	ksft_set_plan(n + 1);
	for (i = 0; i < NTARGETS; i++)
		if (chosen(&target_types[i], names))
			pid[i] = start(&target_types[i], plan, &p[i]);
	for (i = 0; i < NTARGETS; i++) {
		if (!pid[i])
			continue;
		if (waitpid(pid[i], &status, 0) != pid[i])
			status = 0xff00;
		result(&target_types[i], plan, &p[i], status);
	}
	/* The counters are the machine's, so only once nothing is open. */
	ksft_test_result(!pins_wait(pins), "nothing stays pinned\n");
}

/*
 * Stopping a queue waits for an RCU grace period, which takes most of the time
 * of an iteration. "1" makes these short.
 */
static void hurry(const char *on)
{
	attr_write(on, "/sys/kernel/rcu_expedited");
}

int main(int argc, char **argv)
{
	struct plan plan = {
		.seed = from_environment("FUZZ_SEED", SEED),
		.n = from_environment("FUZZ_ITERATIONS", ITERATIONS),
	};

	options(argc, argv, &plan);
	ksft_print_header();
	ksft_print_msg("seed %llu, iterations %llu to %llu\n", plan.seed,
		       plan.first, plan.first + plan.n - 1);
	hurry("1");
	run_all(argv + optind, &plan);
	hurry("0");
	ksft_finished();
}
