// SPDX-License-Identifier: GPL-2.0
/*
 * Finds out whether a copy from or to a guest's buffer would sleep in a page
 * fault. Completions that were gathered are pushed before such a copy.
 */
#include <linux/pagemap.h>
#include <linux/uaccess.h>

#include "net.h"

/* Touches each page of @len bytes, at least one, at @at. */
static bool range_present(char __user *at, size_t len, bool write)
{
	unsigned long page = (unsigned long)at & PAGE_MASK;
	unsigned long last = ((unsigned long)at + len - 1) & PAGE_MASK;
	char c;

	for (;;) {
		if (unlikely(write ? put_user(0, at) : get_user(c, at)))
			return false;
		(void)c;
		if (page == last)
			return true;
		page += PAGE_SIZE;
		at = (char __user *)page;
	}
}

/**
 * vhx_net_pages_present - can a buffer be accessed without a page fault?
 * @iov: its pieces
 * @len: how many bytes of them, from the start
 * @write: they will be written; then this writes a byte of each page
 *
 * The kernel may reclaim a page right after this, but it was just used, so this
 * is very rare; the copy then sleeps as if this had not been called.
 *
 * Context: the worker. Does not sleep.
 */
bool vhx_net_pages_present(const struct iovec *iov, size_t len, bool write)
{
	bool present = true;

	pagefault_disable();
	for (; present && len; iov++) {
		size_t n = min(len, iov->iov_len);

		present = range_present(iov->iov_base, n, write);
		len -= n;
	}
	pagefault_enable();
	return present;
}
