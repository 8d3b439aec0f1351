// SPDX-License-Identifier: GPL-2.0
/*
 * Worker threads: they run queued work one by one, with the owner's mm and
 * cgroups. A worker is a thread of the owner's process and ends with it
 * (vhost_task); or, on older kernels and where the owner wants it, it is a
 * kernel thread that uses the owner's mm, is attached to the owner's cgroups
 * and charges its allocations to the owner's memory cgroup.
 *
 * workers.c decides which queue has which worker.
 */
#include <linux/bitops.h>
#include <linux/cgroup.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/memcontrol.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#ifdef VHX_HAVE_VHOST_TASK
#include <linux/sched/vhost_task.h>
#endif

#include "worker.h"

#define WORK_QUEUED	0

/**
 * struct vhx_worker - a worker thread
 * @list: work to do, last queued first
 * @mm: the owner's
 * @vtsk: the thread, if it is one of the owner's; NULL if the kernel's
 * @task: the thread; with @vtsk set once it has run
 * @memcg: the owner's, if the thread is a kernel thread
 * @dead: SIGKILL ended the thread: it takes no more work
 * @drained: completed once a @dead thread has done all work that was queued
 */
struct vhx_worker {
	struct llist_head list;
	struct mm_struct *mm;
	struct vhost_task *vtsk;
	struct task_struct *task;
	struct mem_cgroup *memcg;
	bool dead;
	struct completion drained;
};

struct flush {
	struct vhx_work work;
	struct completion done;
};

/**
 * vhx_work_init - prepare work
 * @work: work
 * @fn: does it
 */
void vhx_work_init(struct vhx_work *work, void (*fn)(struct vhx_work *work))
{
	work->fn = fn;
	work->flags = 0;
}
EXPORT_SYMBOL_GPL(vhx_work_init);

static bool worker_run(void *data)
{
	struct vhx_worker *worker = data;
	struct llist_node *list = llist_del_all(&worker->list);
	struct vhx_work *work, *next;

	if (!list)
		return false;
	/* The loop around us is on its way to sleep; the work may sleep. */
	__set_current_state(TASK_RUNNING);
	list = llist_reverse_order(list);
	llist_for_each_entry_safe(work, next, list, node) {
		clear_bit(WORK_QUEUED, &work->flags);
		/*
		 * Pairs with the barrier in vhx_worker_queue(): a caller that
		 * finds the work queued has made its data visible to it.
		 */
		smp_mb__after_atomic();
		work->fn(work);
		cond_resched();
	}
	return true;
}

#ifdef VHX_HAVE_VHOST_TASK

static bool task_fn(void *data)
{
	struct vhx_worker *worker = data;

	if (unlikely(!worker->task))
		WRITE_ONCE(worker->task, current);
	return worker_run(worker);
}

/*
 * The owner is being killed. Its mm still exists: do the work that is queued.
 */
static void task_sigkill(void *data)
{
	struct vhx_worker *worker = data;

	WRITE_ONCE(worker->dead, true);
	/* A caller that did not see it has queued its work by now. */
	synchronize_rcu();
	while (worker_run(worker))
		;
	complete_all(&worker->drained);
}

static int task_start(struct vhx_worker *worker, const char *name)
{
	struct vhost_task *vtsk;

	vtsk = vhost_task_create(task_fn, task_sigkill, worker, name);
	if (IS_ERR_OR_NULL(vtsk))
		return vtsk ? PTR_ERR(vtsk) : -ENOMEM;
	worker->vtsk = vtsk;
	vhost_task_start(vtsk);
	return 0;
}

static void task_stop(struct vhx_worker *worker)
{
	vhost_task_stop(worker->vtsk);
}

static void task_wake(struct vhx_worker *worker)
{
	vhost_task_wake(worker->vtsk);
}

#else /* !VHX_HAVE_VHOST_TASK: no worker has @vtsk */

static int task_start(struct vhx_worker *worker, const char *name)
{
	return -EOPNOTSUPP;
}

static void task_stop(struct vhx_worker *worker)
{
}

static void task_wake(struct vhx_worker *worker)
{
}

#endif /* !VHX_HAVE_VHOST_TASK */

static int kthread_fn(void *data)
{
	struct vhx_worker *worker = data;

	/* A kernel thread's allocations are charged to no one by default. */
	set_active_memcg(worker->memcg);
	kthread_use_mm(worker->mm);
	for (;;) {
		/* Pairs with the barrier of the wake-up in worker_wake(). */
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		if (llist_empty(&worker->list)) {
			schedule();
			continue;
		}
		worker_run(worker);
	}
	__set_current_state(TASK_RUNNING);
	while (worker_run(worker))
		;
	kthread_unuse_mm(worker->mm);
	return 0;
}

static int kthread_start(struct vhx_worker *worker, const char *name)
{
	struct task_struct *task;
	int err;

	task = kthread_create(kthread_fn, worker, "%s", name);
	if (IS_ERR(task))
		return PTR_ERR(task);
	err = cgroup_attach_task_all(current, task);
	if (err) {
		kthread_stop(task);
		return err;
	}
	worker->task = task;
	worker->memcg = get_mem_cgroup_from_mm(worker->mm);
	wake_up_process(task);
	return 0;
}

static void worker_wake(struct vhx_worker *worker)
{
	if (VHX_WORKERS_FORK && likely(worker->vtsk))
		task_wake(worker);
	else
		wake_up_process(worker->task);
}

/**
 * vhx_worker_create - start a worker for the calling process
 * @mm: the caller's mm, which the caller of vhx_worker_destroy() still holds
 * @fork: as a thread of the caller; if not, as a kernel thread
 * @name: of the thread
 *
 * Return: the worker or an error pointer; -EOPNOTSUPP if the kernel can't
 * @fork.
 */
struct vhx_worker *vhx_worker_create(struct mm_struct *mm, bool fork,
				     const char *name)
{
	struct vhx_worker *worker;
	int err;

	worker = kzalloc(sizeof(*worker), GFP_KERNEL_ACCOUNT);
	if (!worker)
		return ERR_PTR(-ENOMEM);
	init_llist_head(&worker->list);
	init_completion(&worker->drained);
	worker->mm = mm;
	err = fork ? task_start(worker, name) : kthread_start(worker, name);
	if (err) {
		kfree(worker);
		return ERR_PTR(err);
	}
	return worker;
}

/**
 * vhx_worker_destroy - do what is queued, and stop a worker
 * @worker: worker to which nobody queues work any longer, or NULL
 */
void vhx_worker_destroy(struct vhx_worker *worker)
{
	if (!worker)
		return;
	/* A vhost_task does not look at its list again before it stops. */
	vhx_worker_flush(worker);
	if (worker->vtsk) {
		task_stop(worker);
	} else {
		kthread_stop(worker->task);
		mem_cgroup_put(worker->memcg);
	}
	kfree(worker);
}

/**
 * vhx_worker_queue - have a worker do some work
 * @worker: worker
 * @work: work; it stays around until it is done
 *
 * Context: any, in an RCU read section.
 * Return: false if the worker is dead: the work will not be done.
 */
bool vhx_worker_queue(struct vhx_worker *worker, struct vhx_work *work)
{
	bool alive;

	/* Pairs with the barrier in worker_run(). */
	smp_mb__before_atomic();
	alive = !READ_ONCE(worker->dead);
	if (likely(alive) && !test_and_set_bit(WORK_QUEUED, &work->flags)) {
		llist_add(&work->node, &worker->list);
		/*
		 * The worker itself looks at its list again before it sleeps.
		 * An interrupt on top of it must wake it: it may come after
		 * that look.
		 */
		if (!in_task() || READ_ONCE(worker->task) != current)
			worker_wake(worker);
	}
	return alive;
}

/**
 * vhx_worker_has_work - does other work wait?
 * @worker: worker
 */
bool vhx_worker_has_work(const struct vhx_worker *worker)
{
	return !llist_empty(&worker->list);
}

/**
 * vhx_worker_is_current - is the caller the worker?
 * @worker: worker
 *
 * Context: any. An interrupt on top of the worker is not the worker.
 */
bool vhx_worker_is_current(const struct vhx_worker *worker)
{
	return in_task() && READ_ONCE(worker->task) == current;
}

/**
 * vhx_worker_is_dying - is the owner being killed?
 * @worker: worker
 *
 * Always false if the worker is a kernel thread: there the owner closes the
 * file, which stops the queues.
 *
 * Context: in the worker.
 */
bool vhx_worker_is_dying(const struct vhx_worker *worker)
{
	return unlikely(READ_ONCE(worker->dead) ||
			fatal_signal_pending(current));
}

static void flush_fn(struct vhx_work *work)
{
	complete(&container_of(work, struct flush, work)->done);
}

/**
 * vhx_worker_flush - wait until what was queued before is done
 * @worker: worker, not the caller
 */
void vhx_worker_flush(struct vhx_worker *worker)
{
	struct flush flush;
	bool alive;

	vhx_work_init(&flush.work, flush_fn);
	init_completion(&flush.done);
	rcu_read_lock();
	alive = vhx_worker_queue(worker, &flush.work);
	rcu_read_unlock();
	if (alive)
		wait_for_completion(&flush.done);
	else
		wait_for_completion(&worker->drained);
}
