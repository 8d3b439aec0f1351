// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a virtqueue: it is created with its device, set up by ioctls,
 * started, which maps its ring, broken by a guest that makes it invalid, and
 * stopped. serve.c serves it, complete.c completes its buffers; the format of
 * the ring is ring/'s business.
 *
 * No lock is held while a queue is served: only its worker serves it. The
 * control path stops it by changing its state and flushing the worker.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vhost.h>

#include "core.h"

static enum vhx_vq_state vq_state(const struct vhx_vq *vq)
{
	return READ_ONCE(vq->state);
}

/* Tells the administrator and the monitor that a queue is not served. */
static void vq_report(struct vhx_vq *vq, int err, const char *why)
{
	struct vhx_dev *dev = vq->dev;

	/* The memory of an owner that is being killed goes away: no error. */
	if (!vhx_worker_is_dying(vhx_vq_worker(vq)))
		pr_info_ratelimited("%s: owner %d: queue %u stopped: %s (%d)\n",
				    dev->ops->name, dev->owner, vq->index, why,
				    err);
	atomic_inc(&dev->cdev->broken);
	vhx_eventfd_signal(&vq->err);
	/* The barrier pairs with the one in vhx_eventfd_replace(). */
	smp_store_mb(dev->needs_reset, true);
	vhx_eventfd_signal(&dev->config_call);
}

/**
 * vhx_vq_fail - stop serving a queue whose ring or memory is invalid
 * @vq: queue
 * @err: negative errno that says what is wrong
 * @why: words for the administrator
 *
 * The other queues go on. The monitor learns it from the err eventfd, or from
 * DEVICE_NEEDS_RESET and the configuration interrupt (virtio 1.3, 2.1.2).
 *
 * Context: in the worker.
 */
void vhx_vq_fail(struct vhx_vq *vq, int err, const char *why)
{
	if (cmpxchg(&vq->state, VHX_VQ_RUNNING, VHX_VQ_BROKEN) ==
	    VHX_VQ_RUNNING ||
	    cmpxchg(&vq->state, VHX_VQ_PAUSED, VHX_VQ_BROKEN) == VHX_VQ_PAUSED)
		vq_report(vq, err, why);
}
EXPORT_SYMBOL_GPL(vhx_vq_fail);

static void vq_kick(struct vhx_poll *poll)
{
	struct vhx_vq *vq = container_of(poll, struct vhx_vq, kick);

	if (vhx_dev_has_iommu(vq->dev))
		WRITE_ONCE(vq->miss.kicked, true);
	vhx_vq_wake(vq);
}

static void vq_unmap(struct vhx_vq *vq)
{
	unsigned int i;

	for (i = 0; i < VHX_NAREAS; i++)
		vhx_map_release(&vq->map[i]);
}

/* Where a ring's addresses are looked up; NULL if they are user addresses. */
static int vq_ring_table(struct vhx_vq *vq, const size_t *size,
			 const bool *written, const struct vhx_mem **mem)
{
	struct vhx_dev *dev = vq->dev;
	unsigned int i;
	int err;

	*mem = NULL;
	if (dev->pers->addr_is_iova) {
		*mem = rcu_dereference_protected(dev->mem,
						 lockdep_is_held(&dev->lock));
		return *mem ? 0 : -EFAULT;
	}
	if (!vhx_dev_has_iommu(dev))
		return 0;
	*mem = rcu_dereference_protected(dev->iommu.table,
					 lockdep_is_held(&dev->lock));
	for (i = 0; i < VHX_NAREAS; i++) {
		err = vhx_iommu_find_ring(vq, vq->addr[i], size[i], written[i]);
		if (err)
			return err;
	}
	return 0;
}

static int vq_map(struct vhx_vq *vq)
{
	const bool packed = vhx_vq_has_feature(vq, VIRTIO_F_RING_PACKED);
	const size_t size[VHX_NAREAS] = {
		[VHX_AREA_DESC] = vhx_ring_desc_size(packed, vq->num),
		[VHX_AREA_USED] = vhx_ring_device_size(packed, vq->num),
		[VHX_AREA_AVAIL] = vhx_ring_driver_size(packed, vq->num),
	};
	/* The packed format's descriptors are where it writes completions. */
	const bool written[VHX_NAREAS] = {
		[VHX_AREA_DESC] = packed,
		[VHX_AREA_USED] = true,
	};
	const struct vhx_mem *mem;
	unsigned int i;
	int err;

	err = vq_ring_table(vq, size, written, &mem);
	if (err)
		return err;
	for (i = 0; i < VHX_NAREAS; i++) {
		err = vhx_map_init(&vq->map[i], vq->dev->mm, mem, vq->addr[i],
				   size[i], written[i]);
		if (err) {
			vq_unmap(vq);
			return err;
		}
	}
	return 0;
}

static void vq_free_batch(struct vhx_vq *vq)
{
	kvfree(vq->chains);
	kvfree(vq->segs);
	kvfree(vq->iov);
	kvfree(vq->ndesc);
	kvfree(vq->held);
	vq->ndesc = NULL;
	vq->held = NULL;
	vq->chains = NULL;
	vq->segs = NULL;
	vq->iov = NULL;
}

static int vq_alloc_batch(struct vhx_vq *vq)
{
	vq->chains = kvcalloc(VHX_BATCH, sizeof(*vq->chains),
			      GFP_KERNEL_ACCOUNT);
	vq->segs = kvcalloc(VHX_MAX_SEGS, sizeof(*vq->segs),
			    GFP_KERNEL_ACCOUNT);
	vq->iov = kvcalloc(VHX_MAX_SEGS, sizeof(*vq->iov), GFP_KERNEL_ACCOUNT);
	if (!vq->chains || !vq->segs || !vq->iov)
		goto nomem;
	if (!vhx_vq_has_feature(vq, VIRTIO_F_IN_ORDER))
		return 0;
	vq->held = kvcalloc(vq->num, sizeof(*vq->held), GFP_KERNEL_ACCOUNT);
	if (!vq->held)
		goto nomem;
	if (!vhx_vq_has_feature(vq, VIRTIO_F_RING_PACKED))
		return 0;
	vq->ndesc = kvcalloc(vq->num, sizeof(*vq->ndesc), GFP_KERNEL_ACCOUNT);
	if (vq->ndesc)
		return 0;
nomem:
	vq_free_batch(vq);
	return -ENOMEM;
}

static int vq_ring_init(struct vhx_vq *vq)
{
	const bool packed = vhx_vq_has_feature(vq, VIRTIO_F_RING_PACKED);
	const struct vhx_ring_config config = {
		.num = vq->num,
		.packed = packed,
		.event_idx = vhx_vq_has_feature(vq, VIRTIO_RING_F_EVENT_IDX),
		.indirect = vhx_vq_has_feature(vq, VIRTIO_RING_F_INDIRECT_DESC),
		.notify_on_empty = vhx_vq_has_feature(vq,
						      VIRTIO_F_NOTIFY_ON_EMPTY),
		.base = vq->base_set ? vq->base : vhx_ring_fresh_base(packed),
		.desc = vq->map[VHX_AREA_DESC].addr,
		.driver = vq->map[VHX_AREA_AVAIL].addr,
		.device = vq->map[VHX_AREA_USED].addr,
		.ndesc = vq->ndesc,
		.held = vq->held,
	};

	vq->popped = 0;
	vq->poll_ns = 0;
	vq->idle_since = 0;
	vq->pushed = 0;
	vq->holding = false;
	vq->uncalled = false;
	vq->draining = false;
	return vhx_ring_init(&vq->ring, &config);
}

/**
 * vhx_vq_is_set_up - were a queue's size and addresses set?
 * @vq: queue
 */
bool vhx_vq_is_set_up(const struct vhx_vq *vq)
{
	return vq->num && vq->addr_set;
}
EXPORT_SYMBOL_GPL(vhx_vq_is_set_up);

/**
 * vhx_vq_is_started - was a queue started, and not stopped?
 * @vq: queue
 */
bool vhx_vq_is_started(const struct vhx_vq *vq)
{
	return vq_state(vq) != VHX_VQ_STOPPED;
}
EXPORT_SYMBOL_GPL(vhx_vq_is_started);

/**
 * vhx_vq_running - is a queue served?
 * @vq: queue
 *
 * Context: any.
 */
bool vhx_vq_running(const struct vhx_vq *vq)
{
	return likely(vq_state(vq) == VHX_VQ_RUNNING);
}
EXPORT_SYMBOL_GPL(vhx_vq_running);

/**
 * vhx_vq_is_waiting - was a queue started whose ring is not in the IOTLB?
 * @vq: queue
 */
bool vhx_vq_is_waiting(const struct vhx_vq *vq)
{
	return vq_state(vq) == VHX_VQ_WAITING;
}

static int vq_listen(struct vhx_vq *vq)
{
	int err;

	if (!vq->kick_file)
		return 0;
	err = vhx_poll_start(&vq->kick, vq->kick_file);
	if (err)
		vhx_vq_stop(vq);
	return err;
}

/* -EAGAIN if the ring is not in the IOTLB, or as vhx_vq_start(). */
static int vq_start(struct vhx_vq *vq)
{
	const struct vhx_backend_ops *ops = vq->dev->ops;
	int err;

	err = vq_alloc_batch(vq);
	if (err)
		return err;
	err = vq_map(vq);
	if (err)
		goto free_batch;
	err = vq_ring_init(vq);
	if (err)
		goto unmap;
	err = vhx_log_vq_start(vq);
	if (err)
		goto unlog;
	vhx_log_init(vq);
	err = ops->vq_start ? ops->vq_start(vq) : 0;
	if (err)
		goto unlog;

	WRITE_ONCE(vq->state, VHX_VQ_RUNNING);
	err = vq_listen(vq);
	if (err)
		return err;
	/*
	 * The guest may have kicked, and an earlier run of the queue may have
	 * called, while no one listened. A call too many does no harm.
	 */
	vhx_vq_wake(vq);
	vhx_eventfd_signal(&vq->call);
	return 0;

unlog:
	vhx_log_vq_stopped(vq);
unmap:
	vq_unmap(vq);
free_batch:
	vq_free_batch(vq);
	return err;
}

/* A kick reports what is missing once more. */
static int vq_wait(struct vhx_vq *vq)
{
	WRITE_ONCE(vq->state, VHX_VQ_WAITING);
	return vq_listen(vq);
}

/**
 * vhx_vq_start - start to serve a queue
 * @vq: queue, set up and not started
 *
 * If its ring is not in the IOTLB, it is served once it is.
 *
 * Context: process, under the device's lock.
 * Return: 0; -EFAULT if it is not set up or the ring is not in memory, or not
 * in memory that the device may write where it must; -EINVAL if the base is not
 * possible; -ENOMEM; -EINTR if the caller is being killed; or what the back end
 * says.
 */
int vhx_vq_start(struct vhx_vq *vq)
{
	int err;

	lockdep_assert_held(&vq->dev->lock);
	if (!vhx_vq_is_set_up(vq))
		return -EFAULT;
	err = vq_start(vq);
	if (err == -EAGAIN && vhx_dev_has_iommu(vq->dev))
		return vq_wait(vq);
	return err;
}
EXPORT_SYMBOL_GPL(vhx_vq_start);

static bool vq_idle(struct vhx_vq *vq)
{
	bool idle;

	spin_lock_irq(&vq->used_lock);
	vq->draining = true;
	idle = vq->pushed == vq->popped;
	spin_unlock_irq(&vq->used_lock);
	return idle;
}

/**
 * vhx_vq_stop - stop a queue
 * @vq: queue; stopped already is fine
 *
 * On return nothing of it is in flight and its base index is exact.
 *
 * Context: process, under the device's lock. Waits for I/O.
 */
void vhx_vq_stop(struct vhx_vq *vq)
{
	const struct vhx_backend_ops *ops = vq->dev->ops;
	const bool waiting = vhx_vq_is_waiting(vq);

	lockdep_assert_held(&vq->dev->lock);
	if (!vhx_vq_is_started(vq))
		return;
	/* From here on the worker does not take it up again. */
	WRITE_ONCE(vq->state, VHX_VQ_STOPPING);
	vhx_poll_stop(&vq->kick);
	if (ops->vq_stop && !waiting)
		ops->vq_stop(vq);
	vhx_worker_flush(vhx_vq_worker(vq));
	vhx_iommu_forget(vq);
	if (waiting)
		goto stopped;
	wait_event(vq->idle, vq_idle(vq));
	/* Who completed the last buffer may still be about to signal it. */
	synchronize_rcu();
	if (ops->vq_stopped)
		ops->vq_stopped(vq);
	vq->base = vhx_ring_base(&vq->ring);
	vq->base_set = true;
	vq_unmap(vq);
	vq_free_batch(vq);
stopped:
	WRITE_ONCE(vq->state, VHX_VQ_STOPPED);
	vhx_log_vq_stopped(vq);
}
EXPORT_SYMBOL_GPL(vhx_vq_stop);

/**
 * vhx_vq_restart - start a queue again where it is, as its ring has moved
 * @vq: queue, started
 *
 * If that fails the monitor learns it from the err eventfd, and the next update
 * of the IOTLB for the ring tries again.
 *
 * Context: process, under the device's lock. Waits for I/O.
 */
void vhx_vq_restart(struct vhx_vq *vq)
{
	int err;

	vhx_vq_stop(vq);
	err = vhx_vq_start(vq);
	if (!err || vq_wait(vq) || err == -EINTR)
		return;
	vq_report(vq, err, "its ring can't be used");
}

/**
 * vhx_vq_pause - have a queue take no buffers until nothing is in flight
 * @vq: queue, started; it may be broken
 *
 * vhx_vq_unpause() is due once what needs this is done.
 *
 * Context: process, under the device's lock. Waits for I/O.
 * Return: 0; or -EINTR if the caller is being killed: then it goes on.
 */
int vhx_vq_pause(struct vhx_vq *vq)
{
	lockdep_assert_held(&vq->dev->lock);
	cmpxchg(&vq->state, VHX_VQ_RUNNING, VHX_VQ_PAUSED);
	vhx_worker_flush(vhx_vq_worker(vq));
	if (!wait_event_killable(vq->idle, vq_idle(vq)))
		return 0;
	vhx_vq_unpause(vq);
	return -EINTR;
}

/**
 * vhx_vq_unpause - undo vhx_vq_pause()
 * @vq: queue
 */
void vhx_vq_unpause(struct vhx_vq *vq)
{
	spin_lock_irq(&vq->used_lock);
	vq->draining = false;
	spin_unlock_irq(&vq->used_lock);
	if (cmpxchg(&vq->state, VHX_VQ_PAUSED, VHX_VQ_RUNNING) ==
	    VHX_VQ_PAUSED)
		vhx_vq_wake(vq);
}

/**
 * vhx_vq_set_kick - replace a queue's kick eventfd
 * @vq: queue; it may be running
 * @file: eventfd, whose reference the queue takes over, or NULL
 *
 * What an earlier eventfd has started is over on return: without another one,
 * the queue takes no more buffers.
 *
 * Context: process, under the device's lock. Waits for a run of the queue.
 * Return: 0 or -EINVAL if it can't be polled; then there is none.
 */
int vhx_vq_set_kick(struct vhx_vq *vq, struct file *file)
{
	int err = 0;

	vhx_poll_stop(&vq->kick);
	swap(vq->kick_file, file);
	if (file) {
		fput(file);
		if (vhx_vq_is_started(vq))
			vhx_worker_flush(vhx_vq_worker(vq));
	}
	if (vq->kick_file && vhx_vq_is_started(vq)) {
		err = vhx_poll_start(&vq->kick, vq->kick_file);
		vhx_vq_wake(vq);
	}
	return err;
}

/**
 * vhx_vq_set_call - replace a queue's call eventfd
 * @vq: queue; it may be running
 * @efd: eventfd, which becomes the queue's, or NULL
 *
 * A queue that is started may have called while there was no eventfd, and does
 * not call again for the same buffers: QEMU starts a vdpa device first and sets
 * its call eventfds then. So it is signalled at once.
 */
void vhx_vq_set_call(struct vhx_vq *vq, struct vhx_eventfd *efd)
{
	vhx_eventfd_replace(&vq->call, efd);
	if (vhx_vq_is_started(vq))
		vhx_eventfd_signal(&vq->call);
}

/**
 * vhx_vq_set_err - replace a queue's err eventfd
 * @vq: queue; it may be running
 * @efd: eventfd, which becomes the queue's, or NULL
 *
 * If the queue is broken already, it is signalled at once.
 */
void vhx_vq_set_err(struct vhx_vq *vq, struct vhx_eventfd *efd)
{
	vhx_eventfd_replace(&vq->err, efd);
	if (vq_state(vq) == VHX_VQ_BROKEN)
		vhx_eventfd_signal(&vq->err);
}

/**
 * vhx_vq_reset - forget a stopped queue's set-up
 * @vq: queue
 */
void vhx_vq_reset(struct vhx_vq *vq)
{
	vhx_vq_set_kick(vq, NULL);
	vhx_vq_set_call(vq, NULL);
	vhx_vq_set_err(vq, NULL);
	vq->num = 0;
	vq->addr_set = false;
	vq->enabled = false;
	vq->base = 0;
	vq->base_set = false;
	vq->busyloop = 0;
	vq->log_ring = false;
}

/**
 * vhx_vq_create - allocate a queue
 * @dev: its device
 * @index: which of its queues it is
 *
 * Return: the queue, stopped, or NULL.
 */
struct vhx_vq *vhx_vq_create(struct vhx_dev *dev, unsigned int index)
{
	struct vhx_vq *vq = kzalloc(sizeof(*vq), GFP_KERNEL_ACCOUNT);

	if (!vq)
		return NULL;
	if (dev->ops->vq_priv_size) {
		vq->priv = kvzalloc(dev->ops->vq_priv_size, GFP_KERNEL_ACCOUNT);
		if (!vq->priv) {
			kfree(vq);
			return NULL;
		}
	}
	vq->dev = dev;
	vq->index = index;
	vhx_work_init(&vq->work, vhx_vq_work);
	vhx_poll_init(&vq->kick, vq_kick, EPOLLIN);
	spin_lock_init(&vq->used_lock);
	init_waitqueue_head(&vq->idle);
	INIT_LIST_HEAD(&vq->miss.unread);
	return vq;
}

/**
 * vhx_vq_destroy - free a stopped queue
 * @vq: queue, or NULL
 */
void vhx_vq_destroy(struct vhx_vq *vq)
{
	if (!vq)
		return;
	vhx_vq_reset(vq);
	kvfree(vq->priv);
	kfree(vq);
}

/**
 * vhx_vq_priv - a queue's private data
 * @vq: queue
 */
void *vhx_vq_priv(const struct vhx_vq *vq)
{
	return vq->priv;
}
EXPORT_SYMBOL_GPL(vhx_vq_priv);

/**
 * vhx_vq_dev - a queue's device
 * @vq: queue
 */
struct vhx_dev *vhx_vq_dev(const struct vhx_vq *vq)
{
	return vq->dev;
}
EXPORT_SYMBOL_GPL(vhx_vq_dev);

/**
 * vhx_vq_index - which of its device's queues a queue is
 * @vq: queue
 */
unsigned int vhx_vq_index(const struct vhx_vq *vq)
{
	return vq->index;
}
EXPORT_SYMBOL_GPL(vhx_vq_index);

/**
 * vhx_vq_owner - who owns a queue's device, for messages
 * @vq: queue, started
 *
 * Return: the process id in the initial namespace.
 */
pid_t vhx_vq_owner(const struct vhx_vq *vq)
{
	return vq->dev->owner;
}
EXPORT_SYMBOL_GPL(vhx_vq_owner);

/**
 * vhx_vq_num - how many entries a queue has
 * @vq: queue, started
 */
unsigned int vhx_vq_num(const struct vhx_vq *vq)
{
	return vq->num;
}
EXPORT_SYMBOL_GPL(vhx_vq_num);

/**
 * vhx_vq_has_feature - was a feature negotiated?
 * @vq: queue, started
 * @bit: the feature's number
 */
bool vhx_vq_has_feature(const struct vhx_vq *vq, unsigned int bit)
{
	return vq->dev->features & BIT_ULL(bit);
}
EXPORT_SYMBOL_GPL(vhx_vq_has_feature);
