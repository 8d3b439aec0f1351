/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Running a table of rows as tests. Include it after the harness and after the
 * header that has the table.
 */
#ifndef VHXT_ROWS_RUN_H
#define VHXT_ROWS_RUN_H

#include "cases.h"

static const struct ioctl_name names[] = {
#include "ioctl_names.h"
};

static const char *name_of(unsigned long cmd)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].cmd == cmd)
			return names[i].name;
	return cmd ? "ioctl" : "write";
}

static void run_row(struct __test_metadata *_metadata, struct target *t,
		    const struct row *r)
{
	const char *step;
	int err = row_run(r, t, &step);

	EXPECT_LE(0, err)
		TH_LOG("%s, %s: set-up: %s fails with %s",
		       name_of(r->cmd), r->what, step, strerror(-err));
	EXPECT_TRUE(row_ok(r, t, err))
		TH_LOG("%s, %s: %s, not %s", name_of(r->cmd), r->what,
		       strerror(err), strerror(r->want));
}

/* Run the rows of the ioctls numbered @from to @to. */
static void run(struct __test_metadata *_metadata, struct target *t,
		unsigned int from, unsigned int to)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];

		if (r->kind == A_MSG || !row_applies(r, t) ||
		    _IOC_NR(r->cmd) < from || _IOC_NR(r->cmd) > to)
			continue;
		run_row(_metadata, t, r);
		n++;
	}
	EXPECT_LT(0, n);
}

/* Run the rows that are writes. */
static void run_writes(struct __test_metadata *_metadata, struct target *t)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].kind == A_MSG && row_applies(&rows[i], t))
			run_row(_metadata, t, &rows[i]);
}

TEST(every_ioctl_has_a_row)
{
	size_t i, k;

	EXPECT_LT(30, ARRAY_SIZE(names));
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		for (k = 0; k < ARRAY_SIZE(rows); k++)
			if (rows[k].cmd == names[i].cmd)
				break;
		EXPECT_NE(ARRAY_SIZE(rows), k)
			TH_LOG("%s has none", names[i].name);
	}
}

#endif /* VHXT_ROWS_RUN_H */
