/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices and their queues as a back end sees them, and the ops table that
 * makes a device type. The core owns the ioctls, features, memory, queues and
 * workers; a back end only does the I/O.
 */
#ifndef _VHX_QUEUE_H
#define _VHX_QUEUE_H

#include <linux/bvec.h>
#include <linux/module.h>
#include <linux/types.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include <vhx/poll.h>
#include <vhx/used.h>

struct vhx_dev;
struct vhx_vq;
struct vhx_instance;
struct vhx_log_record;

/* The most segments of a buffer, and of a batch of buffers. */
#define VHX_MAX_SEGS	1024
/* The most queues of a device. */
#define VHX_MAX_VQS	64

/**
 * struct vhx_buf - a buffer that the guest made available
 * @out: what the device reads
 * @in: what the device writes
 * @id: identifies it when it is completed
 * @seq: how many were popped before it; for the core
 * @pos: where in the ring it was popped; for the core
 *
 * Both iterators are of user memory (ITER_IOVEC) or both of pinned pages
 * (ITER_BVEC). An iterator without bytes has only its count. Their arrays
 * belong to the queue and are valid until the next vhx_vq_pop() or the end of
 * vq_run(); so are user addresses, and pages unless vhx_vq_hold_mem() is
 * called.
 */
struct vhx_buf {
	struct iov_iter out;
	struct iov_iter in;
	u32 id;
	u32 seq;
	u16 pos;
};

/**
 * enum vhx_verdict - how a back end's run of a queue ended
 * @VHX_DRAINED: vhx_vq_pop() had nothing: the core asks for kicks and looks
 *	again, or runs the queue again if only a limit of the run was reached
 * @VHX_AGAIN: there is more to do: run again after others had their turn
 * @VHX_WAIT: it can't go on now, and will call vhx_vq_wake() when it can
 */
enum vhx_verdict {
	VHX_DRAINED,
	VHX_AGAIN,
	VHX_WAIT,
};

/**
 * struct vhx_backend_ops - a device type
 * @owner: the back end's module
 * @name: its name: "net", "blk"; what configfs and the log call it
 * @device_id: virtio device id (virtio 1.3, section 5)
 * @features: offered by every device of the type, in addition to the ring
 *	features, which the core offers
 * @max_vqs: the most queues of a device, no more than VHX_MAX_VQS
 * @priv_size: bytes of private data of a device, zeroed, see vhx_dev_priv()
 * @vq_priv_size: bytes of private data of a queue, zeroed, see vhx_vq_priv()
 * @config_size: bytes of the device's configuration space, at most 256
 *
 * @open: a file was opened. Optional.
 * @release: it was closed; no queue runs. Optional.
 * @dev_features: returns further features of one device. Optional.
 * @config_get: fills @config_size zeroed bytes with the configuration space.
 *	Optional.
 * @set_backend: attaches @file, or with NULL detaches, on queue @index: the
 *	SET_BACKEND ioctl of the vhost personality, numbered @set_backend_cmd.
 *	Holds its own reference to @file. Returns a negative errno.
 * @set_backend_cmd: the ioctl's number, 0 if there is none
 * @vq_start: prepares a queue that is about to run; the ring and the features
 *	do not change from now on. Optional.
 * @vq_stop: the queue no longer runs, but buffers may be in flight: completes
 *	them soon. Optional.
 * @vq_stopped: nothing is in flight any longer: undoes @vq_start. Optional.
 * @vq_run: pops buffers until vhx_vq_pop() has none and does their I/O, or
 *	prepares it for @vq_submit. In the worker, with the owner's mm; may
 *	sleep, but a memory update waits for it.
 * @vq_submit: called after each @vq_run: does the I/O that was prepared. In the
 *	worker; may sleep for long. The memory table may change meanwhile: user
 *	addresses of buffers are no longer valid, pages that @vq_run pinned or
 *	holds are. Optional.
 * @vq_flush: called in @vq_run, by vhx_vq_pop() and vhx_vq_pop_more(), before
 *	the worker may sleep in a page fault: pushes completions that the back
 *	end gathers. Optional.
 *
 * All but @vq_run, @vq_submit and @vq_flush are called in process context under
 * the device's lock.
 */
struct vhx_backend_ops {
	struct module *owner;
	const char *name;
	u32 device_id;
	u64 features;
	unsigned int max_vqs;
	size_t priv_size;
	size_t vq_priv_size;
	size_t config_size;

	int (*open)(struct vhx_dev *dev);
	void (*release)(struct vhx_dev *dev);
	u64 (*dev_features)(struct vhx_dev *dev);
	void (*config_get)(struct vhx_dev *dev, void *config);
	unsigned int set_backend_cmd;
	int (*set_backend)(struct vhx_dev *dev, unsigned int index,
			   struct file *file);
	int (*vq_start)(struct vhx_vq *vq);
	void (*vq_stop)(struct vhx_vq *vq);
	void (*vq_stopped)(struct vhx_vq *vq);
	enum vhx_verdict (*vq_run)(struct vhx_vq *vq);
	void (*vq_submit)(struct vhx_vq *vq);
	void (*vq_flush)(struct vhx_vq *vq);
};

/* Devices */
void *vhx_dev_priv(const struct vhx_dev *dev);
struct vhx_instance *vhx_dev_instance(const struct vhx_dev *dev);
struct vhx_vq *vhx_dev_vq(const struct vhx_dev *dev, unsigned int index);
unsigned int vhx_dev_nvqs(const struct vhx_dev *dev);
unsigned int vhx_dev_queue_size(const struct vhx_dev *dev);

/* Queues: control, under the device's lock */
int vhx_vq_start(struct vhx_vq *vq);
void vhx_vq_stop(struct vhx_vq *vq);
bool vhx_vq_is_set_up(const struct vhx_vq *vq);
bool vhx_vq_is_started(const struct vhx_vq *vq);

/* Queues: what they are */
void *vhx_vq_priv(const struct vhx_vq *vq);
struct vhx_dev *vhx_vq_dev(const struct vhx_vq *vq);
unsigned int vhx_vq_index(const struct vhx_vq *vq);
pid_t vhx_vq_owner(const struct vhx_vq *vq);
unsigned int vhx_vq_num(const struct vhx_vq *vq);
bool vhx_vq_has_feature(const struct vhx_vq *vq, unsigned int bit);

/* Queues: data, in the worker */
int vhx_vq_pop(struct vhx_vq *vq, struct vhx_buf *bufs, unsigned int n);
int vhx_vq_pop_more(struct vhx_vq *vq, struct vhx_buf *buf);
void vhx_vq_unpop(struct vhx_vq *vq, const struct vhx_buf *buf);
unsigned int vhx_vq_hold_mem(struct vhx_vq *vq);
void vhx_vq_fail(struct vhx_vq *vq, int err, const char *why);
bool vhx_vq_running(const struct vhx_vq *vq);
struct vhx_log_record *vhx_vq_log_keep(struct vhx_vq *vq,
				       const struct vhx_buf *buf);
bool vhx_vq_busy_wait(struct vhx_vq *vq, bool (*ready)(struct vhx_vq *vq));
void vhx_vq_hold_calls(struct vhx_vq *vq);
void vhx_vq_release_calls(struct vhx_vq *vq);

/* Queues: data, in any context */
void vhx_vq_release_mem(struct vhx_vq *vq, unsigned int hold);
void vhx_vq_push(struct vhx_vq *vq, u32 id, u32 len);
void vhx_vq_push_batch(struct vhx_vq *vq, const struct vhx_used *used,
		       unsigned int n);
void vhx_vq_log_ends(struct vhx_vq *vq, u32 id, u32 head, u32 tail);
void vhx_vq_log_kept(struct vhx_vq *vq, struct vhx_log_record *rec, u32 off,
		     u32 len);
bool vhx_vq_logs(const struct vhx_vq *vq);
void vhx_vq_wake(struct vhx_vq *vq);
bool vhx_vq_work_queue(struct vhx_vq *vq, struct vhx_work *work);

/**
 * vhx_buf_pull - read and remove what a buffer begins with
 * @from: &struct vhx_buf.out or a copy of it, at its start and with @len bytes
 *	at least
 * @to: where to
 * @len: bytes, a constant
 *
 * As copy_from_iter_full(), but cheaper for a header in a piece of its own.
 *
 * Context: in vq_run().
 * Return: 0 or -EFAULT.
 */
static __always_inline int vhx_buf_pull(struct iov_iter *from, void *to,
					size_t len)
{
	if (iov_iter_is_bvec(from)) {
		struct bio_vec vec = *from->bvec;

		if (unlikely(vec.bv_len != len))
			goto pieces;
		memcpy(to, bvec_virt(&vec), len);
		from->bvec++;
	} else {
		if (unlikely(iter_iov_len(from) != len))
			goto pieces;
		if (copy_from_user(to, iter_iov_addr(from), len))
			return -EFAULT;
		from->__iov++;
	}
	from->nr_segs--;
	from->count -= len;
	return 0;
pieces:
	return copy_from_iter_full(to, len, from) ? 0 : -EFAULT;
}

#endif /* _VHX_QUEUE_H */
