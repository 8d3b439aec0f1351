// SPDX-License-Identifier: GPL-2.0
/*
 * A disk that goes away, or fails, under load. Each request is completed, with
 * an error or with the right data, and the host has its disk back.
 */
#include <glob.h>
#include <unistd.h>

#include "attr.h"
#include "dm.h"
#include "harness.h"
#include "life.h"

#define MIB	16

FIXTURE(disks)
{
	struct load l;
	struct held before;
	struct disk below;
	struct dm dm;
};

FIXTURE_VARIANT(disks)
{
	struct load_opts o;
};

LIFE_DISKS(disks);

FIXTURE_SETUP(disks)
{
	held_take(&self->before);
}

FIXTURE_TEARDOWN(disks)
{
	load_close(&self->l);
	dm_destroy(&self->dm);
	disk_destroy(&self->below);
}

static void end(struct __test_metadata *_metadata, struct load *l)
{
	ASSERT_EQ(0, load_stop(l, false))
		TH_LOG("%s", l->what);
	EXPECT_FALSE(l->broken);
	load_close(l);
}

static void expect_failures(struct __test_metadata *_metadata, struct load *l)
{
	int err = load_more_failed(l, 2 * LOAD_DEPTH);

	ASSERT_EQ(0, err)
		TH_LOG("no failures: %s: %s", l->what, strerror(-err));
}

TEST_F(disks, null_blk_removed)
{
	struct load *l = &self->l;

	life_start(_metadata, l, &variant->o);
	ASSERT_EQ(0, attr_write("0", "/sys/kernel/config/nullb/%s/power",
				l->b.disk.name));
	expect_failures(_metadata, l);
	end(_metadata, l);
	life_end(_metadata, &self->before, variant->o.kind);
}

#define SCSI	"/sys/bus/pseudo/devices/adapter*/host*/target*/*:*/"

/* The path of the one disk of scsi_debug, and of its attribute "delete". */
static bool find_scsi(char *path, char *delete, size_t len)
{
	bool found = false;
	glob_t g;

	if (!glob(SCSI "block/*", 0, NULL, &g)) {
		snprintf(path, len, "/dev/%s", strrchr(g.gl_pathv[0], '/') + 1);
		snprintf(delete, len, "%s/device/delete", g.gl_pathv[0]);
		found = !access(path, F_OK);
		globfree(&g);
	}
	return found;
}

struct scsi {
	char path[256];
	char delete[256];
};

static bool has_scsi(void *arg)
{
	struct scsi *s = arg;

	return find_scsi(s->path, s->delete, sizeof(s->path));
}

static bool unloads(void *arg)
{
	return !module_unload(arg);
}

TEST_F(disks, scsi_disk_removed)
{
	struct load_opts o = variant->o;
	struct load *l = &self->l;
	static struct scsi s;

	if (module_load("scsi_debug", "dev_size_mb=16"))
		SKIP(return, "no scsi_debug");
	module_load("sd_mod", NULL);
	ASSERT_EQ(0, cond_wait(has_scsi, &s, WAIT_MS));
	o.backend = s.path;
	life_start(_metadata, l, &o);
	EXPECT_EQ(-EAGAIN, module_unload("scsi_debug"));
	ASSERT_EQ(0, attr_write("1", "%s", s.delete));
	expect_failures(_metadata, l);
	end(_metadata, l);
	EXPECT_EQ(0, cond_wait(unloads, "scsi_debug", WAIT_MS));
	life_end(_metadata, &self->before, variant->o.kind);
}

/* A device-mapper target of all of the disk below. */
static struct dm_target target(struct disk *below, const char *type,
			       const char *more)
{
	struct dm_target t = { .len = MIB << 11, .type = type };

	snprintf(t.params, sizeof(t.params), "%s 0%s", below->path, more);
	return t;
}

static void start_on(struct __test_metadata *_metadata,
		     FIXTURE_DATA(disks) * self, const struct load_opts *from,
		     const char *type, const char *more)
{
	const struct disk_opts under = { .mib = MIB };
	struct load_opts o = *from;
	struct dm_target t;
	int err;

	ASSERT_EQ(0, disk_create(&self->below, "vhxt_under", &under));
	t = target(&self->below, type, more);
	err = dm_create(&self->dm, "vhxt_life", &t, 1);
	if (err == -ENODEV)
		SKIP(return, "no device-mapper target %s", type);
	ASSERT_EQ(0, err);
	o.backend = self->dm.path;
	life_start(_metadata, &self->l, &o);
}

/* It works for a second and fails for the next. */
TEST_F(disks, flakey)
{
	struct load *l = &self->l;
	unsigned int i;

	start_on(_metadata, self, &variant->o, "flakey", " 1 1");
	if (!l->running)
		return;
	for (i = 0; i < rounds(2); i++) {
		expect_failures(_metadata, l);
		ASSERT_EQ(0, load_more(l, 2 * LOAD_DEPTH))
			TH_LOG("%s", l->what);
	}
	end(_metadata, l);
	dm_destroy(&self->dm);
	life_end(_metadata, &self->before, variant->o.kind);
}

/* Another table: all of it fails; and again: none of it does. */
TEST_F(disks, fails_and_works)
{
	struct load *l = &self->l;
	struct dm_target t;
	unsigned int i;

	start_on(_metadata, self, &variant->o, "linear", "");
	if (!l->running)
		return;
	for (i = 0; i < rounds(4); i++) {
		t = (struct dm_target){ .len = MIB << 11, .type = "error" };
		ASSERT_EQ(0, dm_reload(&self->dm, &t, 1));
		expect_failures(_metadata, l);
		t = target(&self->below, "linear", "");
		ASSERT_EQ(0, dm_reload(&self->dm, &t, 1));
		ASSERT_EQ(0, load_more(l, 2 * LOAD_DEPTH))
			TH_LOG("%s", l->what);
	}
	end(_metadata, l);
	dm_destroy(&self->dm);
	life_end(_metadata, &self->before, variant->o.kind);
}

TEST_HARNESS_MAIN
