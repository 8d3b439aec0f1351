/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The core's own view of devices and queues. Back ends see include/vhx/.
 */
#ifndef _VHX_CORE_H
#define _VHX_CORE_H

#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/virtio_config.h>
#include <linux/workqueue.h>
#include <vhx/instance.h>
#include <vhx/queue.h>

#include "iommu.h"
#include "log.h"
#include "mem.h"
#include "notify.h"
#include "pin.h"
#include "ring/virtqueue.h"
#include "worker.h"

/* The most buffers of a batch. */
#define VHX_BATCH	64

/* Ring features, which the core implements for every device type. */
#define VHX_RING_FEATURES (BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC) | \
			   BIT_ULL(VIRTIO_RING_F_EVENT_IDX) |	  \
			   BIT_ULL(VIRTIO_F_ANY_LAYOUT) |	  \
			   BIT_ULL(VIRTIO_F_VERSION_1) |	  \
			   BIT_ULL(VIRTIO_F_RING_PACKED) |	  \
			   BIT_ULL(VIRTIO_F_IN_ORDER) |		  \
			   BIT_ULL(VIRTIO_F_RING_RESET))

/**
 * enum vhx_dev_state - the states of a device
 * @VHX_DEV_OPEN: opened, no owner
 * @VHX_DEV_OWNED: has an owner, is being set up or was reset
 * @VHX_DEV_LIVE: its queues may run
 * @VHX_DEV_SUSPENDED: its queues are stopped until it is resumed or reset
 */
enum vhx_dev_state {
	VHX_DEV_OPEN,
	VHX_DEV_OWNED,
	VHX_DEV_LIVE,
	VHX_DEV_SUSPENDED,
	VHX_DEV_NSTATES,
};

/**
 * enum vhx_vq_state - the states of a queue
 * @VHX_VQ_STOPPED: its ring is not mapped, nothing is in flight
 * @VHX_VQ_WAITING: it was started, but its ring is not in the IOTLB; else as
 *	STOPPED. It runs once an update of the IOTLB has what is missing.
 * @VHX_VQ_RUNNING: it is served
 * @VHX_VQ_PAUSED: it takes no buffers for a moment: while it goes from one
 *	worker to another, see also vhx_vq_pause()
 * @VHX_VQ_BROKEN: the ring is invalid; it is not served until it is started
 *	again
 * @VHX_VQ_STOPPING: it is no longer served, buffers may be in flight
 *
 * The control path makes all transitions under the device's lock, except from
 * RUNNING or PAUSED to BROKEN, which the worker makes.
 */
enum vhx_vq_state {
	VHX_VQ_STOPPED,
	VHX_VQ_WAITING,
	VHX_VQ_RUNNING,
	VHX_VQ_PAUSED,
	VHX_VQ_BROKEN,
	VHX_VQ_STOPPING,
};

/* The areas of a ring, in the order of struct vhost_vring_addr. */
enum vhx_area {
	VHX_AREA_DESC,
	VHX_AREA_USED,
	VHX_AREA_AVAIL,
	VHX_NAREAS,
};

/**
 * struct vhx_run - what a run of a queue may still pop
 * @bufs: buffers
 * @descs: descriptors
 * @bytes: bytes
 * @cut: one of them was used up, so there may be more on the ring
 * @parked: the queue waits for an update of the IOTLB
 * @miss_addr: the last address that was not in the IOTLB
 * @miss_perm: the access that it was for
 */
struct vhx_run {
	int bufs;
	int descs;
	s64 bytes;
	bool cut;
	bool parked;
	u8 miss_perm;
	u64 miss_addr;
};

/**
 * struct vhx_vq - a virtqueue
 * @dev: its device
 * @index: its number in the device
 * @priv: private data of the back end
 *
 * @num: entries, 0 while not set; with @addr, @base and @enabled under the
 *	device's lock, fixed while the queue is started
 * @addr: of the areas: user or I/O-virtual addresses, depending on the
 *	personality
 * @addr_set: @addr was set
 * @enabled: vdpa: VRING_ENABLE
 * @base: where to start from, see &struct vhx_ring_config.base; exact when the
 *	queue is stopped
 * @base_set: @base was set; if not, the queue starts afresh
 * @busyloop: microseconds to wait for buffers before kicks are asked for; may
 *	change at any time
 * @kick_file: eventfd, or NULL
 * @kick: wakes the queue when @kick_file is signalled
 * @call: eventfd for completions
 * @err: eventfd for a broken queue
 *
 * @state: &enum vhx_vq_state
 * @worker: serves the queue, while there is an owner; changes under the
 *	device's lock, see vhx_vq_worker()
 * @work: serves the queue once
 * @map: the ring's areas in the kernel while the queue is started
 * @ring: the device side of the ring
 * @ndesc: of @ring, if packed and with VIRTIO_F_IN_ORDER
 * @held: of @ring, with VIRTIO_F_IN_ORDER
 * @chains: room for a batch of chains
 * @segs: room for its segments
 * @iov: room for its translated segments, in user memory
 * @vec: the same room, for segments in pinned pages
 * @vecs_used: how much of @iov or @vec the current batch has taken
 * @segs_used: how much of @segs
 * @use_pinned: the current batch is in @vec
 * @run: what the current run may still pop
 * @miss: what the queue waits for in the IOTLB
 * @hint: last region found in the memory table
 * @popped: buffers popped since the start, less those given back; the worker
 *	writes it
 * @poll_ns: how long to wait awake before the worker may sleep
 * @idle_since: when that wait was over, in vain; or 0
 * @mem_held: for each epoch how often the device's memory was held since the
 *	queue was made; the worker writes it
 *
 * @used_lock: protects the push side of @ring and the members after it
 * @pushed: buffers completed since the start; the worker reads it without the
 *	lock
 * @holding: the worker delays calls for what it completes; the worker writes it
 * @uncalled: the worker completed something while @holding
 * @log_ring: writes to the ring are logged
 * @log_addr: guest address of the device area, for @log_ring
 * @log_records: of the buffers in flight, or NULL
 * @draining: a stop waits for @idle
 * @idle: woken when nothing is in flight
 * @mem_released: for each epoch how often the memory was released
 */
struct vhx_vq {
	struct vhx_dev *dev;
	unsigned int index;
	void *priv;

	unsigned int num;
	u64 addr[VHX_NAREAS];
	bool addr_set;
	bool enabled;
	u32 base;
	bool base_set;
	u32 busyloop;
	struct file *kick_file;
	struct vhx_poll kick;
	struct vhx_eventfd __rcu *call;
	struct vhx_eventfd __rcu *err;

	enum vhx_vq_state state;
	struct vhx_worker __rcu *worker;
	struct vhx_work work;
	struct vhx_map map[VHX_NAREAS];
	struct vhx_ring ring;
	u16 *ndesc;
	struct vhx_held *held;
	struct vhx_chain *chains;
	struct vhx_seg *segs;
	union {
		struct iovec *iov;
		struct bio_vec *vec;
	};
	unsigned int vecs_used;
	unsigned int segs_used;
	bool use_pinned;
	struct vhx_run run;
	struct vhx_miss miss;
	unsigned int hint;
	u32 popped;
	u32 poll_ns;
	u64 idle_since;
	u32 mem_held[2];
	bool log_data;

	spinlock_t used_lock ____cacheline_aligned_in_smp;
	u32 pushed;
	bool holding;
	bool uncalled;
	bool log_ring;
	u64 log_addr;
	struct vhx_log_records *log_records;
	bool draining;
	wait_queue_head_t idle;
	atomic_t mem_released[2];
};

/**
 * struct vhx_reader - reads a device's memory for a ring
 * @rd: for the ring
 * @vq: the ring's queue
 */
struct vhx_reader {
	struct vhx_ring_reader rd;
	struct vhx_vq *vq;
};

/**
 * struct vhx_dev - one open file, one guest device
 * @ops: its type
 * @cdev: the character device it was opened from
 * @inst: the instance it was opened from, NULL for a vhost node
 * @pers: its ioctls
 * @priv: private data of the back end
 * @nvqs: number of @vqs
 * @queue_size: the most entries of a queue
 * @lock: serialises the control path; protects all members here and in the
 *	queues unless they say otherwise
 * @state: &enum vhx_dev_state
 * @mm: the owner's, held while there is an owner
 * @owner: the owner's process id in the initial namespace, for messages
 * @features: acknowledged features
 * @backend_features: vhost: VHOST_SET_BACKEND_FEATURES; read without the lock
 * @status: vdpa: virtio device status, without DEVICE_NEEDS_RESET
 * @needs_reset: vdpa: DEVICE_NEEDS_RESET: a queue is broken; workers set it
 * @config_call: vdpa: eventfd for configuration changes
 * @mem: memory table; read under RCU
 * @pinned: the pages of @mem are pinned; fixed when the file is opened
 * @mem_sem: held for reading while a worker uses addresses that it got from
 *	@mem; taken for writing, briefly, by who replaces @mem
 * @mem_epoch: in which of two epochs I/O that holds memory counts; read under
 *	@mem_sem
 * @mem_unused: pinned ranges that are no longer mapped and that I/O of either
 *	epoch may use
 * @mem_waiting: the same for I/O of the epoch that is not current
 * @mem_waits: @mem_waiting is not empty: I/O that ends queues @mem_work
 * @mem_work: unpins what is not used any longer
 * @iommu: vhost: what translates in place of @mem with ACCESS_PLATFORM
 * @batch: table under construction between BATCH_BEGIN and BATCH_END
 * @workers: by their numbers, NULL where there is none; vhx_dev_max_workers()
 * @fork: workers are threads of the owner, not of the kernel
 * @poll_max_ns: how long a worker waits for more to do before it sleeps, at
 *	most, see poll_us.c
 * @vqs: the queues
 */
struct vhx_dev {
	const struct vhx_backend_ops *ops;
	struct vhx_chardev *cdev;
	struct vhx_instance *inst;
	const struct vhx_personality *pers;
	void *priv;
	unsigned int nvqs;
	unsigned int queue_size;

	/* see above */
	struct mutex lock;
	enum vhx_dev_state state;
	struct mm_struct *mm;
	pid_t owner;
	u64 features;
	u64 backend_features;
	u8 status;
	bool needs_reset;
	struct vhx_eventfd __rcu *config_call;
	struct vhx_mem __rcu *mem;
	/* see above */
	struct rw_semaphore mem_sem;
	bool pinned;
	unsigned int mem_epoch;
	struct list_head mem_unused;
	struct list_head mem_waiting;
	bool mem_waits;
	struct delayed_work mem_work;
	struct vhx_iommu iommu;
	u64 log_base;
	struct vhx_log __rcu *log;
	struct vhx_eventfd __rcu *log_call;
	struct vhx_mem *batch;
	struct vhx_worker **workers;
	bool fork;
	u32 poll_max_ns;
	struct vhx_vq *vqs[];
};

/**
 * struct vhx_personality - an ioctl interface of devices
 * @features: offered in addition to those of the ring and the back end
 * @addr_is_iova: ring addresses are I/O-virtual and looked up in the table
 * @ioctl: handles an ioctl, under the device's lock
 * @write: handles a memory update, under the device's lock. Optional.
 */
struct vhx_personality {
	u64 features;
	bool addr_is_iova;
	long (*ioctl)(struct vhx_dev *dev, unsigned int cmd, void __user *argp);
	ssize_t (*write)(struct vhx_dev *dev, struct iov_iter *from);
};

extern const struct vhx_personality vhx_vhost_personality;
extern const struct vhx_personality vhx_vdpa_personality;

/* dev.c */
int vhx_ops_check(const struct vhx_backend_ops *ops);
struct vhx_dev *vhx_dev_create(const struct vhx_backend_ops *ops,
			       const struct vhx_personality *pers,
			       struct vhx_chardev *cdev,
			       struct vhx_instance *inst);
void vhx_dev_destroy(struct vhx_dev *dev);
void vhx_dev_set_state(struct vhx_dev *dev, enum vhx_dev_state to);
int vhx_dev_set_owner(struct vhx_dev *dev);
void vhx_dev_reset_owner(struct vhx_dev *dev);
int vhx_dev_check_owner(const struct vhx_dev *dev);
u64 vhx_dev_offered(struct vhx_dev *dev);
void vhx_dev_stop_vqs(struct vhx_dev *dev);
bool vhx_dev_any_started(const struct vhx_dev *dev);

/* vq.c */
struct vhx_vq *vhx_vq_create(struct vhx_dev *dev, unsigned int index);
void vhx_vq_destroy(struct vhx_vq *vq);
void vhx_vq_reset(struct vhx_vq *vq);
void vhx_vq_restart(struct vhx_vq *vq);
bool vhx_vq_is_waiting(const struct vhx_vq *vq);
int vhx_vq_pause(struct vhx_vq *vq);
void vhx_vq_unpause(struct vhx_vq *vq);
int vhx_vq_set_kick(struct vhx_vq *vq, struct file *file);
void vhx_vq_set_call(struct vhx_vq *vq, struct vhx_eventfd *efd);
void vhx_vq_set_err(struct vhx_vq *vq, struct vhx_eventfd *efd);

/* devmem.c */
int vhx_dev_map(struct vhx_dev *dev, struct vhx_mem **memp, u64 start, u64 size,
		u64 uaddr, u32 perm);
void vhx_dev_init_mem(struct vhx_dev *dev, bool pinned);
void vhx_dev_exit_mem(struct vhx_dev *dev);
int vhx_dev_publish_mem(struct vhx_dev *dev, struct vhx_mem *mem);
void vhx_dev_drop_mem(struct vhx_dev *dev);

/* buffer.c */
int vhx_buf_fill(struct vhx_vq *vq, const struct vhx_mem *mem,
		 const struct vhx_chain *c, const struct vhx_seg *segs,
		 struct vhx_buf *buf);
int vhx_buf_read(const struct vhx_ring_reader *rd, void *dst, u64 addr,
		 u32 len);

/* workers.c */
unsigned int vhx_dev_max_workers(const struct vhx_dev *dev);
int vhx_dev_start_workers(struct vhx_dev *dev);
void vhx_dev_stop_workers(struct vhx_dev *dev);
unsigned int vhx_instance_workers(const struct vhx_instance *inst);
int vhx_dev_new_worker(struct vhx_dev *dev);
int vhx_dev_free_worker(struct vhx_dev *dev, unsigned int id);
int vhx_vq_attach_worker(struct vhx_vq *vq, unsigned int id);
int vhx_vq_worker_id(const struct vhx_vq *vq);

/**
 * vhx_vq_worker - the worker that serves a queue
 * @vq: queue
 *
 * Context: the worker, or under the device's lock, or in an RCU read section.
 */
static inline struct vhx_worker *vhx_vq_worker(const struct vhx_vq *vq)
{
	return rcu_dereference_raw(vq->worker);
}

/* poll_us.c */
u32 vhx_poll_us_to_ns(int poll_us);
int vhx_poll_us_parse(const char *page, int *poll_us);
extern const struct attribute_group vhx_poll_us_group;

/* iommu.c */
void vhx_iommu_init(struct vhx_dev *dev);
void vhx_iommu_enable(struct vhx_dev *dev, bool on);
int vhx_iommu_message(struct vhx_dev *dev, const struct vhost_iotlb_msg *msg);
int vhx_iommu_find_ring(struct vhx_vq *vq, u64 addr, size_t len, bool written);
int vhx_iommu_fault(struct vhx_vq *vq, const struct vhx_region *r, u64 addr,
		    u32 perm);
int vhx_iommu_park(struct vhx_vq *vq);
bool vhx_iommu_unpark(struct vhx_vq *vq);
void vhx_iommu_forget(struct vhx_vq *vq);
void vhx_iommu_log(struct vhx_dev *dev, u64 addr, u64 len);
ssize_t vhx_iommu_read(struct vhx_dev *dev, struct iov_iter *to, bool noblock);
__poll_t vhx_iommu_poll(struct vhx_dev *dev, struct file *file,
			poll_table *wait);

/* Are addresses looked up in the IOTLB? Fixed while a queue is started. */
static inline bool vhx_dev_has_iommu(const struct vhx_dev *dev)
{
	return unlikely(READ_ONCE(dev->iommu.on));
}

/* Are popped buffers in pinned pages? The IOTLB has user addresses only. */
static inline bool vhx_dev_uses_pinned(const struct vhx_dev *dev)
{
	return dev->pinned && !vhx_dev_has_iommu(dev);
}

/* The table in which the addresses in descriptors are looked up, under RCU. */
static inline const struct vhx_mem *vhx_dev_table(const struct vhx_dev *dev)
{
	return vhx_dev_has_iommu(dev) ? rcu_dereference(dev->iommu.table) :
					rcu_dereference(dev->mem);
}

/* Does the queue wait for an update of the IOTLB, and not run meanwhile? */
static inline bool vhx_vq_is_parked(struct vhx_vq *vq)
{
	return unlikely(READ_ONCE(vq->miss.state)) && !vhx_iommu_unpark(vq);
}

/* serve.c */
void vhx_vq_work(struct vhx_work *work);

/* chardev.c */
int vhx_memory_parse(const char *page, bool *pinned);
int vhx_memory_emit(char *page, bool pinned);
int vhx_instance_register(struct vhx_instance *inst);
void vhx_instance_unregister(struct vhx_instance *inst);

/* configfs.c */
int vhx_configfs_init(void);
void vhx_configfs_exit(void);
int vhx_instance_open(struct vhx_instance *inst);
void vhx_instance_close(struct vhx_instance *inst);

/* uapi/vring.c */
long vhx_vring_ioctl(struct vhx_dev *dev, unsigned int cmd, void __user *argp);
int vhx_vring_get_vq(struct vhx_dev *dev, void __user *argp,
		     struct vhx_vq **vqp);

/* uapi/worker.c */
long vhx_worker_ioctl(struct vhx_dev *dev, unsigned int cmd, void __user *argp);
/* uapi/log.c */
long vhx_log_ioctl(struct vhx_dev *dev, unsigned int cmd, void __user *argp);

/* uapi/iotlb.c */
ssize_t vhx_iotlb_write(struct vhx_dev *dev, struct iov_iter *from);

#endif /* _VHX_CORE_H */
