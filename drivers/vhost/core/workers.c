// SPDX-License-Identifier: GPL-2.0
/*
 * The workers of a device: how many there are, and which of them serves which
 * queue. A queue may go from one worker to another while it is served; no kick
 * and no completion is lost, and two workers never serve it at once.
 *
 * What a worker is and how it does its work is in worker.c.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/nospec.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "core.h"

/* What follows "vhx-PID" or "vhx-NAME" in the name of a thread. */
#define SUFFIX_LEN	8

/**
 * vhx_dev_max_workers - the most workers that a device may have
 * @dev: device
 *
 * Return: one for each queue, and one that all queues have left.
 */
unsigned int vhx_dev_max_workers(const struct vhx_dev *dev)
{
	return dev->nvqs + 1;
}

/**
 * vhx_instance_workers - with how many workers an instance starts
 * @inst: instance
 */
unsigned int vhx_instance_workers(const struct vhx_instance *inst)
{
	return min(inst->queues, inst->workers ?: num_online_cpus());
}

/* The name of an instance is cut, so that the suffix has room behind it. */
static void name_thread(const struct vhx_dev *dev, char *name,
			const char *suffix)
{
	int room = TASK_COMM_LEN - sizeof("vhx-") - strlen(suffix);

	if (dev->inst)
		scnprintf(name, TASK_COMM_LEN, "vhx-%.*s%s", room,
			  dev->inst->name + strlen("vhx!"), suffix);
	else
		scnprintf(name, TASK_COMM_LEN, "vhx-%d%s", current->pid,
			  suffix);
}

static int start_worker(struct vhx_dev *dev, unsigned int id,
			const char *suffix)
{
	struct vhx_worker *worker;
	char name[TASK_COMM_LEN];

	name_thread(dev, name, suffix);
	worker = vhx_worker_create(dev->mm, dev->fork, name);
	if (IS_ERR(worker))
		return PTR_ERR(worker);
	dev->workers[id] = worker;
	return 0;
}

/* Starts worker @id of @n for its share of the queues, neighbours. */
static int start_share(struct vhx_dev *dev, unsigned int id, unsigned int n)
{
	unsigned int first = id * dev->nvqs / n;
	unsigned int end = (id + 1) * dev->nvqs / n;
	char suffix[SUFFIX_LEN] = "";
	int err;

	if (n > 1 && end - first > 1)
		scnprintf(suffix, sizeof(suffix), "-q%u-%u", first, end - 1);
	else if (n > 1)
		scnprintf(suffix, sizeof(suffix), "-q%u", first);
	err = start_worker(dev, id, suffix);
	for (; !err && first < end; first++)
		rcu_assign_pointer(dev->vqs[first]->worker, dev->workers[id]);
	return err;
}

/**
 * vhx_dev_start_workers - start the workers of a device that gets an owner
 * @dev: device, with the caller's mm
 *
 * A vhost node has one; an instance has as many as its attribute says, to which
 * its queues are dealt out.
 *
 * Return: 0 or why a worker can't be started.
 */
int vhx_dev_start_workers(struct vhx_dev *dev)
{
	unsigned int id, n = dev->inst ? vhx_instance_workers(dev->inst) : 1;
	int err;

	lockdep_assert_held(&dev->lock);
	for (id = 0; id < n; id++) {
		err = start_share(dev, id, n);
		if (err) {
			vhx_dev_stop_workers(dev);
			return err;
		}
	}
	return 0;
}

/**
 * vhx_dev_stop_workers - stop all workers
 * @dev: device; none of its queues is started
 */
void vhx_dev_stop_workers(struct vhx_dev *dev)
{
	unsigned int i;

	for (i = 0; i < vhx_dev_max_workers(dev); i++) {
		vhx_worker_destroy(dev->workers[i]);
		dev->workers[i] = NULL;
	}
	for (i = 0; i < dev->nvqs; i++)
		RCU_INIT_POINTER(dev->vqs[i]->worker, NULL);
}

/**
 * vhx_dev_new_worker - start a worker that serves no queue yet
 * @dev: device, with an owner
 *
 * Return: its number; -ENOSPC if the device has as many as it may have; or why
 * it can't be started.
 */
int vhx_dev_new_worker(struct vhx_dev *dev)
{
	char suffix[SUFFIX_LEN];
	unsigned int id;
	int err;

	lockdep_assert_held(&dev->lock);
	for (id = 0; id < vhx_dev_max_workers(dev); id++)
		if (!dev->workers[id])
			break;
	if (id == vhx_dev_max_workers(dev))
		return -ENOSPC;
	scnprintf(suffix, sizeof(suffix), dev->inst ? "-w%u" : "-%u", id);
	err = start_worker(dev, id, suffix);
	return err ?: id;
}

/* The worker of a number that the owner gave; NULL if there is none. */
static struct vhx_worker *find_worker(const struct vhx_dev *dev,
				      unsigned int id)
{
	const unsigned int n = vhx_dev_max_workers(dev);

	return id < n ? dev->workers[array_index_nospec(id, n)] : NULL;
}

/**
 * vhx_dev_free_worker - stop a worker that serves no queue
 * @dev: device, with an owner
 * @id: its number
 *
 * Return: 0; -ENODEV if there is none; -EBUSY if it has queues.
 */
int vhx_dev_free_worker(struct vhx_dev *dev, unsigned int id)
{
	struct vhx_worker *worker = find_worker(dev, id);
	unsigned int i;

	lockdep_assert_held(&dev->lock);
	if (!worker)
		return -ENODEV;
	for (i = 0; i < dev->nvqs; i++)
		if (vhx_vq_worker(dev->vqs[i]) == worker)
			return -EBUSY;
	dev->workers[id] = NULL;
	vhx_worker_destroy(worker);
	return 0;
}

/**
 * vhx_vq_attach_worker - have another worker serve a queue
 * @vq: queue; it may be running
 * @id: the worker's number
 *
 * Context: process, under the device's lock. Waits for a run of the queue.
 * Return: 0 or -ENODEV if there is no such worker.
 */
int vhx_vq_attach_worker(struct vhx_vq *vq, unsigned int id)
{
	struct vhx_worker *worker = find_worker(vq->dev, id);
	struct vhx_worker *old = vhx_vq_worker(vq);

	lockdep_assert_held(&vq->dev->lock);
	if (!worker)
		return -ENODEV;
	if (worker == old)
		return 0;

	/*
	 * From here on neither worker takes the queue up, and wake-ups are for
	 * the new one once the grace period is over. What the old one was given
	 * before, or is doing, is over after the flush.
	 */
	cmpxchg(&vq->state, VHX_VQ_RUNNING, VHX_VQ_PAUSED);
	rcu_assign_pointer(vq->worker, worker);
	if (vhx_vq_is_started(vq))
		synchronize_rcu();
	vhx_worker_flush(old);
	/* It may have found the ring invalid. */
	if (cmpxchg(&vq->state, VHX_VQ_PAUSED, VHX_VQ_RUNNING) ==
	    VHX_VQ_PAUSED)
		vhx_vq_wake(vq);
	return 0;
}

/**
 * vhx_vq_worker_id - the number of a queue's worker
 * @vq: queue of a device with an owner
 */
int vhx_vq_worker_id(const struct vhx_vq *vq)
{
	const struct vhx_dev *dev = vq->dev;
	unsigned int id;

	lockdep_assert_held(&dev->lock);
	for (id = 0; id < vhx_dev_max_workers(dev); id++)
		if (dev->workers[id] == vhx_vq_worker(vq))
			return id;
	return -EINVAL;
}
