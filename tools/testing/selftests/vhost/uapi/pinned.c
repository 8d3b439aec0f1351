// SPDX-License-Identifier: GPL-2.0
/*
 * Guest memory that is pinned while it is mapped: what is pinned, and counted
 * against the owner's limit, and that the device uses what the owner sees.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "attr.h"
#include "cgroup.h"
#include "harness.h"
#include "instance.h"
#include "pins.h"
#include "vdev.h"
#include "wait.h"

#define PAGE		4096UL
#define HUGE		(2UL << 20)
#define PAGES		256UL
#define OTHER_GPA	(1ULL << 40)

#define FEATURES	(BIT_ULL(VIRTIO_F_VERSION_1) | \
			 BIT_ULL(VIRTIO_F_ACCESS_PLATFORM))

FIXTURE(pinned)
{
	struct instance in;
	struct gmem mem;
	struct vdev d;
	struct vq *vq;
	char *room;
	long before;
	struct rlimit limit;
};

FIXTURE_SETUP(pinned)
{
	ASSERT_EQ(0, getrlimit(RLIMIT_MEMLOCK, &self->limit));
	ASSERT_EQ(0, instance_create(&self->in, "rng", "vhxt_pinned"));
	ASSERT_EQ(0, instance_set(&self->in, "memory", pins_memory(true)));
	ASSERT_EQ(0, instance_enable(&self->in));
	ASSERT_EQ(0, gmem_init(&self->mem, PAGES * PAGE, GMEM_GPA, 1));
	ASSERT_EQ(0, vdev_open(&self->d, self->in.node));
	ASSERT_EQ(0, vdev_make_vqs(&self->d, &self->mem, FEATURES, 1, 64));
	self->vq = &self->d.vq[0];
	self->room = gmem_alloc(&self->mem, 16 * PAGE, PAGE);
	self->before = pins_now();
	ASSERT_EQ(0, vdpa_setup(&self->d))
		TH_LOG("%s", self->d.what);
}

FIXTURE_TEARDOWN(pinned)
{
	vdev_close(&self->d);
	EXPECT_EQ(0, pins_wait(self->before));
	gmem_exit(&self->mem);
	EXPECT_EQ(0, instance_destroy(&self->in));
	setrlimit(RLIMIT_MEMLOCK, &self->limit);
}

static long counter(const struct instance *in, const char *name)
{
	return attr_read_long("/sys/class/misc/vhx!%s/%s", in->name, name);
}

/* Pages that count as pinned by this process. */
static long vm_pin(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[128];
	long kib = -1;

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "VmPin: %ld", &kib);
	if (f)
		fclose(f);
	return kib < 0 ? kib : kib * 1024 / (long)PAGE;
}

static void limit_pages(struct __test_metadata *_metadata, unsigned long pages)
{
	const struct rlimit limit = { pages * PAGE, RLIM_INFINITY };

	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
}

/* Have the device fill 64 bytes at @gpa. 0, or -EIO if it breaks. */
static int fill(struct __test_metadata *_metadata, struct vq *vq, __u64 gpa)
{
	const struct vq_seg seg = { .gpa = gpa, .len = 64, .write = true };
	struct vq_done done = { 0 };
	int err;

	EXPECT_EQ(0, vq_add(vq, &seg, 1, 0));
	vq_kick(vq);
	err = vq_wait(vq, WAIT_MS);
	if (!err) {
		EXPECT_EQ(1, vq_pop(vq, &done));
		EXPECT_EQ(64, done.len);
	}
	return err;
}

static bool is_zero(const char *p)
{
	static const char zero[64];

	return !memcmp(p, zero, sizeof(zero));
}

static int map(struct vdev *d, __u64 gpa, void *user, size_t size, __u8 perm)
{
	return vdpa_msg(d, VHOST_IOTLB_UPDATE, gpa, size, user, perm);
}

static int unmap(struct vdev *d, __u64 gpa, size_t size)
{
	return vdpa_msg(d, VHOST_IOTLB_INVALIDATE, gpa, size, NULL, 0);
}

static void *new_memory(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* All of it, once, until it is unmapped. */
TEST_F(pinned, while_mapped)
{
	EXPECT_EQ(PAGES, counter(&self->in, "pinned_pages"));
	EXPECT_EQ(PAGES, vm_pin());
	EXPECT_EQ(0, fill(_metadata, self->vq,
			  gmem_gpa(&self->mem, self->room)));
	EXPECT_FALSE(is_zero(self->room));

	ASSERT_EQ(0, vdpa_set_status(&self->d, 0));
	ASSERT_EQ(0, vdpa_unmap_all(&self->d));
	EXPECT_EQ(0, counter(&self->in, "pinned_pages"));
	EXPECT_EQ(PAGES, counter(&self->in, "pinned_pages_total"));
	EXPECT_EQ(0, vm_pin());
	EXPECT_EQ(0, pins_wait(self->before));
}

/* A batch that maps the same memory again, in pieces, pins none of it again. */
TEST_F(pinned, kept_by_a_remap)
{
	long pins = pins_now();
	unsigned int i;

	for (i = 1; i < 4; i++) {
		ASSERT_EQ(0, vdpa_remap_all(&self->d, i * 3 * PAGE));
		EXPECT_EQ(0, fill(_metadata, self->vq,
				  gmem_gpa(&self->mem, self->room)));
	}
	EXPECT_EQ(PAGES, counter(&self->in, "pinned_pages_total"));
	EXPECT_EQ(PAGES, counter(&self->in, "pinned_pages"));
	EXPECT_EQ(pins, pins_now());
	EXPECT_EQ(PAGES, vm_pin());
}

/* More memory in the same batch: what was pinned is shared, the rest is new. */
TEST_F(pinned, grows)
{
	const size_t size = 4 * PAGE;
	char *user = new_memory(3 * size);

	ASSERT_TRUE(user != MAP_FAILED);
	ASSERT_EQ(0, map(&self->d, OTHER_GPA, user + size, size,
			 VHOST_ACCESS_RW));
	EXPECT_EQ(PAGES + 4, counter(&self->in, "pinned_pages"));
	ASSERT_EQ(0, vdpa_msg(&self->d, VHOST_IOTLB_BATCH_BEGIN, 0, 0, NULL,
			      0));
	ASSERT_EQ(0, unmap(&self->d, OTHER_GPA, size));
	ASSERT_EQ(0, map(&self->d, OTHER_GPA, user, 3 * size,
			 VHOST_ACCESS_RW));
	ASSERT_EQ(0, vdpa_msg(&self->d, VHOST_IOTLB_BATCH_END, 0, 0, NULL, 0));
	EXPECT_EQ(PAGES + 12, counter(&self->in, "pinned_pages"));
	EXPECT_EQ(PAGES + 12, counter(&self->in, "pinned_pages_total"));
	/* Across the border of what was pinned before. */
	EXPECT_EQ(0, fill(_metadata, self->vq, OTHER_GPA + 2 * size - 32));
	EXPECT_FALSE(is_zero(user + 2 * size - 32));

	ASSERT_EQ(0, unmap(&self->d, OTHER_GPA, 3 * size));
	EXPECT_EQ(PAGES, counter(&self->in, "pinned_pages"));
	munmap(user, 3 * size);
}

/* The same address may be other memory by now. */
TEST_F(pinned, replaced_memory_is_not_kept)
{
	char *user = new_memory(PAGE), *again;

	ASSERT_TRUE(user != MAP_FAILED);
	ASSERT_EQ(0, map(&self->d, OTHER_GPA, user, PAGE, VHOST_ACCESS_RW));
	again = mmap(user, PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	ASSERT_TRUE(again == user);
	ASSERT_EQ(0, vdpa_msg(&self->d, VHOST_IOTLB_BATCH_BEGIN, 0, 0, NULL,
			      0));
	ASSERT_EQ(0, unmap(&self->d, OTHER_GPA, PAGE));
	ASSERT_EQ(0, map(&self->d, OTHER_GPA, user, PAGE, VHOST_ACCESS_RW));
	ASSERT_EQ(0, vdpa_msg(&self->d, VHOST_IOTLB_BATCH_END, 0, 0, NULL, 0));
	EXPECT_EQ(0, fill(_metadata, self->vq, OTHER_GPA));
	EXPECT_FALSE(is_zero(user));
	munmap(user, PAGE);
}

/* Over the limit nothing changes. A capability does not lift it. */
TEST_F(pinned, limited)
{
	char *user = new_memory(2 * PAGE);
	long pins = pins_now();

	ASSERT_TRUE(user != MAP_FAILED);
	limit_pages(_metadata, PAGES + 1);
	EXPECT_EQ(-ENOMEM, map(&self->d, OTHER_GPA, user, 2 * PAGE,
			       VHOST_ACCESS_RW));
	EXPECT_EQ(PAGES, vm_pin());
	EXPECT_EQ(pins, pins_now());
	EXPECT_EQ(0, map(&self->d, OTHER_GPA, user, PAGE, VHOST_ACCESS_RW));
	EXPECT_EQ(-ENOMEM, map(&self->d, OTHER_GPA + PAGE, user + PAGE, PAGE,
			       VHOST_ACCESS_RW));
	EXPECT_EQ(PAGES + 1, vm_pin());
	EXPECT_EQ(0, fill(_metadata, self->vq, OTHER_GPA));

	/* A part of it could be pinned: none is, and the batch goes on. */
	ASSERT_EQ(0, vdpa_msg(&self->d, VHOST_IOTLB_BATCH_BEGIN, 0, 0, NULL,
			      0));
	EXPECT_EQ(-ENOMEM, map(&self->d, OTHER_GPA + HUGE, user, 2 * PAGE,
			       VHOST_ACCESS_RW));
	EXPECT_EQ(0, map(&self->d, OTHER_GPA + HUGE, user, PAGE,
			 VHOST_ACCESS_RW));
	ASSERT_EQ(0, vdpa_msg(&self->d, VHOST_IOTLB_BATCH_END, 0, 0, NULL, 0));
	EXPECT_EQ(PAGES + 1, vm_pin());
	EXPECT_EQ(0, fill(_metadata, self->vq, OTHER_GPA + HUGE));
	EXPECT_EQ(-EIO, fill(_metadata, self->vq, OTHER_GPA + HUGE + PAGE));
	munmap(user, 2 * PAGE);
}

/* What the owner can only read, the device can only read. */
TEST_F(pinned, read_only)
{
	void *user = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	ASSERT_TRUE(user != MAP_FAILED);
	EXPECT_EQ(-EFAULT, map(&self->d, OTHER_GPA, user, PAGE,
			       VHOST_ACCESS_RW));
	EXPECT_EQ(PAGES, counter(&self->in, "pinned_pages"));
	ASSERT_EQ(0, map(&self->d, OTHER_GPA, user, PAGE, VHOST_ACCESS_RO));
	EXPECT_EQ(PAGES + 1, counter(&self->in, "pinned_pages"));
	EXPECT_EQ(-EIO, fill(_metadata, self->vq, OTHER_GPA));
	munmap(user, PAGE);
}

/* Memory that is not there is refused when it is mapped. */
TEST_F(pinned, not_there)
{
	char *user = new_memory(3 * PAGE);

	ASSERT_TRUE(user != MAP_FAILED);
	ASSERT_EQ(0, munmap(user + PAGE, PAGE));
	EXPECT_EQ(-EFAULT, map(&self->d, OTHER_GPA, user, 3 * PAGE,
			       VHOST_ACCESS_RW));
	EXPECT_EQ(PAGES, counter(&self->in, "pinned_pages"));
	EXPECT_EQ(PAGES, vm_pin());
	EXPECT_EQ(0, fill(_metadata, self->vq,
			  gmem_gpa(&self->mem, self->room)));
	munmap(user, PAGE);
	munmap(user + 2 * PAGE, PAGE);
}

/* The owner may unmap what is pinned: the device has its pages all the same. */
TEST_F(pinned, outlives_the_mapping)
{
	char *user = new_memory(PAGE);

	ASSERT_TRUE(user != MAP_FAILED);
	ASSERT_EQ(0, map(&self->d, OTHER_GPA, user, PAGE, VHOST_ACCESS_RW));
	ASSERT_EQ(0, munmap(user, PAGE));
	EXPECT_EQ(0, fill(_metadata, self->vq, OTHER_GPA));
}

/* A table of huge pages is small. */
TEST_F(pinned, huge_pages)
{
	const size_t size = 16 * HUGE;
	struct cgroup cg;
	long before;
	char *user;

	if (attr_write("16", "/proc/sys/vm/nr_hugepages") ||
	    attr_read_long("/proc/sys/vm/nr_hugepages") < 16)
		SKIP(return, "no huge pages");
	ASSERT_EQ(0, cgroup_enter(&cg, "pinned"));
	user = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	ASSERT_TRUE(user != MAP_FAILED);
	memset(user, 0, size);
	before = cgroup_kernel_bytes(&cg);
	ASSERT_LE(0, before);
	ASSERT_EQ(0, map(&self->d, OTHER_GPA, user, size, VHOST_ACCESS_RW));
	/* A word for each small page would be 64 KiB. */
	EXPECT_GT(32 * 1024, cgroup_kernel_bytes(&cg) - before);
	EXPECT_EQ(0, fill(_metadata, self->vq, OTHER_GPA + 3 * HUGE - 32));
	EXPECT_FALSE(is_zero(user + 3 * HUGE - 32));
	ASSERT_EQ(0, unmap(&self->d, OTHER_GPA, size));
	munmap(user, size);
	attr_write("0", "/proc/sys/vm/nr_hugepages");
	EXPECT_EQ(0, cgroup_leave(&cg));
}

/* The attribute says how, and can't be changed while the node exists. */
TEST_F(pinned, attribute)
{
	char text[16];

	EXPECT_EQ(-EBUSY, instance_set(&self->in, "memory", "demand"));
	vdev_close(&self->d);
	ASSERT_EQ(0, instance_disable(&self->in));
	EXPECT_EQ(-EINVAL, instance_set(&self->in, "memory", "pin"));
	ASSERT_EQ(0, attr_read(text, sizeof(text),
			       "/sys/kernel/config/vhx/rng/%s/memory",
			       self->in.name));
	EXPECT_STREQ(pins_memory(true), text);
	EXPECT_EQ(0, instance_set(&self->in, "memory", "demand"));
}

#define NODE_ATTR "/sys/class/misc/vhx-net/"

static void node_vhost(struct __test_metadata *_metadata, struct vdev *d,
		       struct gmem *mem)
{
	ASSERT_EQ(0, gmem_init(mem, PAGES * PAGE, GMEM_GPA, 3));
	ASSERT_EQ(0, vdev_open(d, "/dev/vhx-net"));
	ASSERT_EQ(0, vdev_make_vqs(d, mem, BIT_ULL(VIRTIO_F_VERSION_1), 2, 64));
	ASSERT_EQ(0, vhost_set_owner(d));
}

/* A node's counts for files that are opened from then on. */
TEST(node)
{
	struct gmem mem[2];
	struct vdev d[2];
	char text[16];
	long was;

	pins_memory(true);
	ASSERT_EQ(0, attr_read(text, sizeof(text), NODE_ATTR "memory"));
	EXPECT_STREQ("demand", text);
	node_vhost(_metadata, &d[0], &mem[0]);
	EXPECT_EQ(-EINVAL, attr_write("pin", NODE_ATTR "memory"));
	ASSERT_EQ(0, attr_write("pinned", NODE_ATTR "memory"));
	node_vhost(_metadata, &d[1], &mem[1]);
	ASSERT_EQ(0, attr_write("demand", NODE_ATTR "memory"));

	was = attr_read_long(NODE_ATTR "pinned_pages");
	ASSERT_EQ(0, vhost_set_mem(&d[0]));
	EXPECT_EQ(was, attr_read_long(NODE_ATTR "pinned_pages"));
	ASSERT_EQ(0, vhost_set_mem(&d[1]));
	EXPECT_EQ(was + PAGES, attr_read_long(NODE_ATTR "pinned_pages"));

	/* The same table in pieces shares what is pinned. */
	was = attr_read_long(NODE_ATTR "pinned_pages_total");
	ASSERT_EQ(0, vhost_set_mem_cut(&d[1], 5 * PAGE));
	EXPECT_EQ(was, attr_read_long(NODE_ATTR "pinned_pages_total"));
	limit_pages(_metadata, PAGES - 1);
	EXPECT_EQ(0, vhost_set_mem(&d[1]));
	ASSERT_EQ(0, vhost_clear_mem(&d[1]));
	EXPECT_EQ(-ENOMEM, vhost_set_mem(&d[1]));
	EXPECT_EQ(0, vm_pin());

	vdev_close(&d[1]);
	vdev_close(&d[0]);
	gmem_exit(&mem[0]);
	gmem_exit(&mem[1]);
}

TEST_HARNESS_MAIN
