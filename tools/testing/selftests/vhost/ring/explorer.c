// SPDX-License-Identifier: GPL-2.0
/*
 * The memory model is a view machine, like the "promising semantics" of C11
 * without the promises. Each field of the shared memory has a list of all
 * writes to it. Each thread has a view: for each field the oldest write that it
 * may still read. A load takes any write that is not older, and advances the
 * view to it. A release store carries the view of its thread. A store after a
 * write barrier carries only the thread's own stores before the barrier. An
 * acquire load adds what the store carries to the view of its thread; other
 * loads do so at the next read barrier. A full barrier is a read barrier, makes
 * later stores carry the thread's whole view, and adds the views of all earlier
 * full barriers to it. So loads and stores may be late and out of order unless
 * both sides have a barrier.
 *
 * It differs from the kernel's memory model (LKMM):
 * - No store is seen before a load that precedes it in its thread (load
 *   buffering). In the LKMM control and data dependencies guarantee this, and
 *   every store that matters here depends on the loads before it: what is
 *   completed was popped before, what is added again was taken back before, and
 *   a side asks for notifications only after it found nothing.
 * - Address dependencies order nothing here. Wake-ups do: a kick is a store to
 *   a device, which comes after earlier stores, and an eventfd takes a lock.
 * - The LKMM does not define accesses of different sizes to the same place.
 *   Here an aligned load or store of up to 8 bytes is one event, as on 64-bit
 *   processors. A load may combine fields from several stores, but none of them
 *   may be older than what one of these stores carries.
 * - Two stores to the same place that are not ordered are an error.
 *
 * For each step of a thread its turn is run again from the beginning, with the
 * values that its loads got before. So the engine's code needs neither changes
 * nor a stack of its own, and a state is plain data that can be copied and
 * hashed. The search visits all states, depth first. A store, a read barrier or
 * a write barrier is made as soon as it is a thread's next step: as no load has
 * to take the newest store, whatever can happen if it is made later can happen
 * if it is made at once.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "explorer.h"

#define CELLS 64
/* The most writes to a field: twice what any run that ends makes. */
#define WRITES 32
#define STEPS 64
#define PATH 4096
#define CELLS_PER_ACCESS 8
#define NO_CELL 0xff

/* For each cell, which is a field, an index in the list of its writes. */
struct view {
	uint8_t at[CELLS];
};

/**
 * struct write - a write to a cell
 * @value: value
 * @view: what the store carries: added to the view of a thread that acquires it
 * @whole: the oldest writes of other cells that a load of several cells may
 *	return together with this one
 */
struct write {
	uint64_t value;
	struct view view;
	struct view whole;
};

/**
 * struct step - a step of a thread
 * @site: place in the source
 * @step: kind of step
 * @ordered: the load is an acquire, or the store is a release
 * @cell: first cell
 * @cells: number of cells
 * @value: the value to store, or the thread to notify
 */
struct step {
	const struct explore_site *site;
	enum explore_step step;
	bool ordered;
	uint8_t cell;
	uint8_t cells;
	uint64_t value;
};

/**
 * struct thread - the state of a thread
 * @local: its &struct explore_thread.local at the beginning of the turn
 * @got: values of the steps that it made in this turn
 * @steps: number of steps that it made in this turn
 * @next: its next step
 * @view: the oldest writes that it may still read
 * @acquired: what @view becomes at a read barrier
 * @released: what its plain stores carry
 * @own: its own stores
 * @woken: true if a notification for it is pending
 * @wake: what the notification carries
 */
struct thread {
	uint8_t local[EXPLORE_LOCAL];
	uint64_t got[STEPS];
	unsigned int steps;
	struct step next;
	struct view view;
	struct view acquired;
	struct view released;
	struct view own;
	struct view wake;
	bool woken;
};

static struct state {
	struct thread thread[EXPLORE_THREADS];
	struct view barrier;
	uint8_t newest[CELLS];
} now;

/* Those newer than &struct state.newest are left from other states. */
static struct write writes[CELLS][WRITES];

/* For a step that is not a load. */
static const uint8_t no_pick[CELLS_PER_ACCESS];

static uint8_t *memory;
static size_t memory_size;
static uint8_t cell_at[4096];
static uint8_t cell_size[CELLS];
static uint16_t cell_offset[CELLS];
static unsigned int cells;

static const struct explore_thread *sides;
static unsigned int side_count;
static const struct explore_site *weak_site;
static const char *broken;
static unsigned long states;

/* Used while a turn runs. */
static bool running;
static struct thread *self;
static unsigned int replayed;
static jmp_buf stop;

/* The steps that led to the current state. */
static struct {
	unsigned int thread;
	struct step step;
	uint64_t value;
} path[PATH];
static unsigned int path_length;

static void __noreturn give_up(const char *why)
{
	fprintf(stderr, "explorer: %s\n", why);
	abort();
}

static void view_join(struct view *v, const struct view *other)
{
	unsigned int i;

	for (i = 0; i < CELLS; i++)
		v->at[i] = v->at[i] > other->at[i] ? v->at[i] : other->at[i];
}

void *explore_memory(size_t size)
{
	if (memory)
		munmap(memory, memory_size);
	if (size > sizeof(cell_at))
		give_up("too much memory");
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		give_up("no memory");
	memory_size = size;
	memset(cell_at, NO_CELL, sizeof(cell_at));
	cells = 0;
	return memory;
}

void explore_fields(const void *p, const uint8_t *fields, unsigned int n)
{
	size_t offset = (const uint8_t *)p - memory;
	const uint8_t *f;

	for (; n; n--) {
		for (f = fields; *f; f++) {
			if (cells == CELLS || offset + *f > memory_size)
				give_up("too many fields");
			cell_size[cells] = *f;
			cell_offset[cells] = offset;
			cell_at[offset] = cells++;
			offset += *f;
		}
	}
}

static void __noreturn end_turn(void)
{
	running = false;
	longjmp(stop, 1);
}

void explore_fail(const char *property)
{
	broken = property;
	end_turn();
}

bool explore_weak(struct explore_site *site)
{
	site->reached = true;
	return site == weak_site;
}

/*
 * Returns if the thread made this step before. If not, it is the thread's next
 * step, and the turn is left.
 */
static void make_step(const struct step *next)
{
	if (replayed < self->steps)
		return;
	self->next = *next;
	end_turn();
}

static bool in_memory(const void *p)
{
	return (const uint8_t *)p >= memory &&
	       (const uint8_t *)p < memory + memory_size;
}

static void find_cells(struct step *s, const void *p, size_t size)
{
	size_t offset = (const uint8_t *)p - memory, n = 0;

	s->cell = cell_at[offset];
	while (n < size && s->cell != NO_CELL && s->cell + s->cells < cells &&
	       cell_offset[s->cell + s->cells] == offset + n)
		n += cell_size[s->cell + s->cells++];
	if (!size || n != size || (uintptr_t)p % size) {
		fprintf(stderr, "%s:%d: ", s->site->file, s->site->line);
		give_up("access to a part of a field");
	}
}

uint64_t explore_load(struct explore_site *site, const void *p, size_t size,
		      bool acquire)
{
	struct step s = {
		.site = site, .step = EXPLORE_LOAD_STEP,
		.ordered = acquire && !explore_weak(site),
	};
	uint64_t value = 0;

	if (!running || !in_memory(p)) {
		memcpy(&value, (const void *)p, size);
		return value;
	}
	find_cells(&s, p, size);
	make_step(&s);
	return self->got[replayed++];
}

void explore_store(struct explore_site *site, void *p, size_t size,
		   uint64_t value, bool release)
{
	struct step s = {
		.site = site, .step = EXPLORE_STORE_STEP, .value = value,
		.ordered = release && !explore_weak(site),
	};

	if (!running || !in_memory(p)) {
		memcpy((void *)p, &value, size);
		return;
	}
	find_cells(&s, p, size);
	make_step(&s);
	replayed++;
}

static void simple_step(const struct explore_site *site, enum explore_step step,
			uint64_t value)
{
	struct step s = { .site = site, .step = step, .value = value };

	if (!running)
		return;
	make_step(&s);
	replayed++;
}

void explore_barrier(struct explore_site *site, enum explore_step step)
{
	if (!explore_weak(site))
		simple_step(site, step, 0);
}

void explore_notify(struct explore_site *site, unsigned int thread)
{
	simple_step(site, EXPLORE_NOTIFY_STEP, thread);
}

void explore_wait(struct explore_site *site)
{
	simple_step(site, EXPLORE_WAIT_STEP, 0);
}

void explore_end(void)
{
	static const struct explore_site end = { "end", 0, NULL };

	simple_step(&end, EXPLORE_END_STEP, 0);
	give_up("a thread made a step after its end");
}

/* Runs a thread up to its next step, over as many turns as that takes. */
static void run_thread(unsigned int i)
{
	const struct explore_thread *side = &sides[i];

	self = &now.thread[i];
	if (self->steps >= STEPS)
		give_up("too many steps in a turn");
	memcpy(side->local, self->local, side->size);
	replayed = 0;
	running = true;
	if (setjmp(stop))
		return;
	for (;;) {
		side->turn();
		memcpy(self->local, side->local, side->size);
		self->steps = 0;
		replayed = 0;
	}
}

static uint64_t do_load(struct thread *t, const uint8_t *pick)
{
	struct view seen = t->view;
	uint64_t value = 0;
	unsigned int i, shift = 0;

	for (i = 0; i < t->next.cells; i++) {
		unsigned int cell = t->next.cell + i;
		const struct write *w = &writes[cell][pick[i]];

		value |= w->value << shift;
		shift += 8 * cell_size[cell];
		view_join(&t->acquired, &w->view);
		if (t->next.ordered)
			view_join(&seen, &w->view);
		if (seen.at[cell] < pick[i])
			seen.at[cell] = pick[i];
	}
	t->view = seen;
	view_join(&t->acquired, &t->view);
	return value;
}

static void do_store(struct thread *t)
{
	const struct step *s = &t->next;
	const struct view carries = s->ordered ? t->view : t->released;
	uint64_t value = s->value;
	unsigned int i, j;

	for (i = s->cell; i < s->cell + s->cells; i++) {
		const unsigned int bits = 8 * cell_size[i];
		struct write *w;

		if (t->view.at[i] != now.newest[i])
			broken = "two unordered stores to the same place";
		else if (now.newest[i] == WRITES - 1)
			broken = "a thread does not end";
		if (broken)
			return;
		w = &writes[i][++now.newest[i]];
		w->value = bits == 64 ? value : value & ((1ULL << bits) - 1);
		value = bits == 64 ? 0 : value >> bits;
		w->view = carries;
		/* For loads that read more than this field. */
		w->whole = w[-1].whole;
		t->view.at[i] = now.newest[i];
		t->own.at[i] = now.newest[i];
	}
	for (i = s->cell; i < s->cell + s->cells; i++)
		for (j = s->cell; j < s->cell + s->cells; j++) {
			writes[i][now.newest[i]].view.at[j] = now.newest[j];
			writes[i][now.newest[i]].whole.at[j] = now.newest[j];
		}
	view_join(&t->acquired, &t->view);
}

static void do_mb(struct thread *t)
{
	view_join(&t->view, &t->acquired);
	view_join(&t->view, &now.barrier);
	now.barrier = t->view;
	t->acquired = t->view;
	t->released = t->view;
}

/* Makes the next step of thread @i. A load takes the writes in @pick. */
static void do_step(unsigned int i, const uint8_t *pick)
{
	struct thread *t = &now.thread[i], *other;
	uint64_t value = t->next.value;

	switch (t->next.step) {
	case EXPLORE_LOAD_STEP:
		value = do_load(t, pick);
		break;
	case EXPLORE_STORE_STEP:
		do_store(t);
		break;
	case EXPLORE_MB:
		do_mb(t);
		break;
	case EXPLORE_RMB:
		t->view = t->acquired;
		break;
	case EXPLORE_WMB:
		view_join(&t->released, &t->own);
		break;
	case EXPLORE_NOTIFY_STEP:
		other = &now.thread[value];
		if (!other->woken)
			memset(&other->wake, 0, sizeof(other->wake));
		other->woken = true;
		view_join(&other->wake, &t->view);
		break;
	case EXPLORE_WAIT_STEP:
		view_join(&t->view, &t->wake);
		view_join(&t->acquired, &t->view);
		memset(&t->wake, 0, sizeof(t->wake));
		t->woken = false;
		break;
	case EXPLORE_END_STEP:
		break;
	}
	if (path_length == PATH)
		give_up("too many steps in a run");
	path[path_length].thread = i;
	path[path_length].step = t->next;
	path[path_length++].value = value;
	t->got[t->steps++] = value;
	if (!broken)
		run_thread(i);
}

/*
 * The states that were visited, as two hashes of 64 bits each.
 */
struct hash {
	uint64_t a;
	uint64_t b;
};

static struct hash *seen_states;
static size_t seen_room;

static void hash_word(struct hash *h, uint64_t x)
{
	h->a = (h->a ^ x) * 0x9e3779b97f4a7c15ULL;
	h->a ^= h->a >> 29;
	h->b = (h->b + x) * 0xd6e8feb86659fd93ULL;
	h->b ^= h->b >> 32;
}

/* @size must be a multiple of 8. */
static void hash_bytes(struct hash *h, const void *p, size_t size)
{
	const uint8_t *at = p;
	uint64_t x;

	for (; size; size -= sizeof(x), at += sizeof(x)) {
		memcpy(&x, at, sizeof(x));
		hash_word(h, x);
	}
}

/*
 * Counts from the oldest writes that any thread may still read: states that
 * differ only in older ones are the same.
 */
static void hash_view(struct hash *h, const struct view *v,
		      const struct view *oldest)
{
	struct view rest;
	unsigned int i;

	for (i = 0; i < CELLS; i++)
		rest.at[i] = v->at[i] > oldest->at[i] ?
			     v->at[i] - oldest->at[i] : 0;
	hash_bytes(h, &rest, (cells + 7) / 8 * 8);
}

static void hash_thread(struct hash *h, const struct thread *t, size_t local,
			const struct view *oldest)
{
	hash_bytes(h, t->local, (local + 7) / 8 * 8);
	hash_bytes(h, t->got, t->steps * sizeof(*t->got));
	hash_word(h, (uint64_t)t->steps << 8 | t->woken);
	hash_view(h, &t->view, oldest);
	hash_view(h, &t->acquired, oldest);
	hash_view(h, &t->released, oldest);
	hash_view(h, &t->own, oldest);
	hash_view(h, &t->wake, oldest);
}

static struct hash hash_now(void)
{
	struct hash h = { 1, 2 };
	struct view oldest;
	unsigned int i, j;

	for (i = 0; i < CELLS; i++) {
		oldest.at[i] = now.newest[i];
		for (j = 0; j < side_count; j++)
			if (oldest.at[i] > now.thread[j].view.at[i])
				oldest.at[i] = now.thread[j].view.at[i];
	}
	for (i = 0; i < cells; i++) {
		hash_word(&h, now.newest[i] - oldest.at[i]);
		for (j = oldest.at[i]; j <= now.newest[i]; j++) {
			hash_word(&h, writes[i][j].value);
			hash_view(&h, &writes[i][j].view, &oldest);
			hash_view(&h, &writes[i][j].whole, &oldest);
		}
	}
	hash_view(&h, &now.barrier, &oldest);
	for (i = 0; i < side_count; i++)
		hash_thread(&h, &now.thread[i], sides[i].size, &oldest);
	return h;
}

static struct hash *hash_slot(struct hash h)
{
	size_t i = h.a & (seen_room - 1);

	while ((seen_states[i].a || seen_states[i].b) &&
	       (seen_states[i].a != h.a || seen_states[i].b != h.b))
		i = (i + 1) & (seen_room - 1);
	return &seen_states[i];
}

static void grow_seen(void)
{
	struct hash *old = seen_states;
	size_t room = seen_room, i;

	seen_room = room ? 2 * room : 1 << 16;
	seen_states = calloc(seen_room, sizeof(*seen_states));
	if (!seen_states)
		give_up("no memory");
	for (i = 0; i < room; i++)
		if (old[i].a || old[i].b)
			*hash_slot(old[i]) = old[i];
	free(old);
}

static bool was_seen(void)
{
	struct hash h = hash_now(), *slot;

	if (2 * states >= seen_room)
		grow_seen();
	slot = hash_slot(h);
	if (slot->a || slot->b)
		return true;
	*slot = h;
	states++;
	return false;
}

/* May one load return these writes together? */
static bool fits(const struct step *s, const uint8_t *pick)
{
	unsigned int i, j;

	for (i = 0; i < s->cells; i++) {
		const struct write *w = &writes[s->cell + i][pick[i]];

		for (j = 0; j < s->cells; j++)
			if (pick[j] < w->view.at[s->cell + j] ||
			    pick[j] < w->whole.at[s->cell + j])
				return false;
	}
	return true;
}

/*
 * Advances to the next choice of writes for a load, beginning with the oldest.
 * Returns false if there are no more.
 */
static bool next_pick(const struct thread *t, uint8_t *pick)
{
	unsigned int i;

	for (i = 0; i < t->next.cells; i++) {
		if (pick[i] < now.newest[t->next.cell + i]) {
			pick[i]++;
			return true;
		}
		pick[i] = t->view.at[t->next.cell + i];
	}
	return false;
}

static void search(void);

static void search_loads(unsigned int i, const struct state *saved)
{
	const struct thread *t = &saved->thread[i];
	const struct step *s = &t->next;
	uint8_t pick[CELLS_PER_ACCESS] = { 0 };
	unsigned int length = path_length, j;

	for (j = 0; j < s->cells; j++)
		pick[j] = t->view.at[s->cell + j];
	do {
		if (!fits(s, pick))
			continue;
		do_step(i, pick);
		if (!broken)
			search();
		if (broken)
			return;
		now = *saved;
		path_length = length;
	} while (next_pick(t, pick));
}

/* No thread can go on: checks whether those that sleep may do so. */
static void check_end(void)
{
	unsigned int i;

	for (i = 0; i < side_count && !broken; i++) {
		if (now.thread[i].next.step != EXPLORE_WAIT_STEP)
			continue;
		memcpy(sides[i].local, now.thread[i].local, sides[i].size);
		broken = sides[i].stuck();
	}
}

static bool is_put_off(const struct step *s)
{
	return s->step != EXPLORE_STORE_STEP && s->step != EXPLORE_RMB &&
	       s->step != EXPLORE_WMB;
}

/* Visits all states that can follow @now, unless @now was visited before. */
static void search(void)
{
	unsigned int i, length;
	struct state saved;
	bool end = true;

	for (i = 0; i < side_count; i++) {
		while (!broken && !is_put_off(&now.thread[i].next))
			do_step(i, no_pick);
	}
	if (broken || was_seen())
		return;

	saved = now;
	length = path_length;
	for (i = 0; i < side_count && !broken; i++) {
		const struct thread *t = &now.thread[i];

		if (t->next.step == EXPLORE_END_STEP ||
		    (t->next.step == EXPLORE_WAIT_STEP && !t->woken))
			continue;
		end = false;
		if (t->next.step == EXPLORE_LOAD_STEP) {
			search_loads(i, &saved);
			continue;
		}
		do_step(i, no_pick);
		if (!broken)
			search();
		if (broken)
			return;
		now = saved;
		path_length = length;
	}
	if (end)
		check_end();
}

static void take_first_values(void)
{
	unsigned int i;

	memset(&now, 0, sizeof(now));
	memset(writes, 0, sizeof(writes));
	for (i = 0; i < cells; i++)
		memcpy(&writes[i][0].value, memory + cell_offset[i],
		       cell_size[i]);
}

struct explore_result explore_all(const struct explore_thread *threads,
				  unsigned int n,
				  const struct explore_site *weakened)
{
	unsigned int i;

	sides = threads;
	side_count = n;
	weak_site = weakened;
	broken = NULL;
	states = 0;
	path_length = 0;
	take_first_values();
	free(seen_states);
	seen_states = NULL;
	seen_room = 0;
	grow_seen();
	/* An access that is not a step must fault. */
	mprotect(memory, memory_size, PROT_NONE);
	for (i = 0; i < side_count; i++) {
		if (threads[i].size > EXPLORE_LOCAL)
			give_up("a thread has too much local state");
		memcpy(now.thread[i].local, threads[i].local, threads[i].size);
	}
	for (i = 0; i < side_count && !broken; i++)
		run_thread(i);
	if (!broken)
		search();
	return (struct explore_result){ broken, states };
}

static void print_step(unsigned int i)
{
	static const char * const names[] = {
		[EXPLORE_LOAD_STEP] = "load", [EXPLORE_STORE_STEP] = "store",
		[EXPLORE_MB] = "mb", [EXPLORE_RMB] = "rmb",
		[EXPLORE_WMB] = "wmb",
		[EXPLORE_NOTIFY_STEP] = "notify", [EXPLORE_WAIT_STEP] = "wake",
		[EXPLORE_END_STEP] = "end",
	};
	const struct step *s = &path[i].step;

	printf("# %u: %s:%d %s", path[i].thread, s->site->file, s->site->line,
	       names[s->step]);
	if (s->cells)
		printf(" +%u, %u fields: %#llx", cell_offset[s->cell], s->cells,
		       (unsigned long long)path[i].value);
	printf("\n");
}

void explore_print_path(void)
{
	unsigned int i;

	for (i = 0; i < path_length; i++)
		print_step(i);
}
