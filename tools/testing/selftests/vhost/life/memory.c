// SPDX-License-Identifier: GPL-2.0
/*
 * The owner unmaps guest memory from itself while the queues are busy. Requests
 * fail, or break the queue; the memory of others is not touched. When it is
 * there again, the queue starts again.
 */
#include <sys/mman.h>

#include "harness.h"
#include "life.h"

FIXTURE(memory)
{
	struct load l;
	struct held before;
};

FIXTURE_VARIANT(memory)
{
	struct load_opts o;
};

LIFE_KINDS(memory);

FIXTURE_SETUP(memory)
{
	struct load_opts o = variant->o;

	/* The device's view of memory is not the test's. */
	o.nregions = 2;
	held_take(&self->before);
	life_start(_metadata, &self->l, &o);
}

FIXTURE_TEARDOWN(memory)
{
	load_close(&self->l);
}

/* What is mapped in its place can't be read, and nothing else gets there. */
static void unmap(struct __test_metadata *_metadata, const struct gmem *m)
{
	unsigned int i;

	for (i = 0; i < m->nregions; i++)
		ASSERT_TRUE(mmap(m->region[i].user, m->region[i].size,
				 PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
				 MAP_FIXED, -1, 0) == m->region[i].user);
}

static void map(struct __test_metadata *_metadata, const struct gmem *m)
{
	unsigned int i;

	for (i = 0; i < m->nregions; i++)
		ASSERT_TRUE(mmap(m->region[i].user, m->region[i].size,
				 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
				 m->memfd,
				 (off_t)(m->region[i].gpa - m->gpa)) ==
			    m->region[i].user);
}

TEST_F(memory, unmapped)
{
	struct load *l = &self->l;
	unsigned int i;

	for (i = 0; i < rounds(6); i++) {
		const long faults = netdev_dropped("tx_fault");

		unmap(_metadata, l->d->mem);
		if (variant->o.kind == LOAD_NET) {
			ASSERT_EQ(0, netdev_wait_dropped("tx_fault",
							 faults + 1));
		} else {
			ASSERT_EQ(0, load_any(l, 4 * LOAD_DEPTH))
				TH_LOG("%s", l->what);
		}
		map(_metadata, l->d->mem);
		ASSERT_EQ(0, load_stop(l, true))
			TH_LOG("%s", l->what);
		ASSERT_EQ(0, load_restart(l))
			TH_LOG("%s", l->what);
		ASSERT_EQ(0, load_start(l));
		ASSERT_EQ(0, load_more(l, 2 * LOAD_DEPTH))
			TH_LOG("%s", l->what);
	}
	load_close(l);
	life_end(_metadata, &self->before, variant->o.kind);
}

int main(int argc, char **argv)
{
	return life_main(argc, argv);
}
