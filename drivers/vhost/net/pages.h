/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finds out whether a copy from or to a guest's buffer would sleep in a page
 * fault. Completions that were gathered are pushed before such a copy. Inline,
 * as it runs for each frame.
 */
#ifndef _VHX_NET_PAGES_H
#define _VHX_NET_PAGES_H

#include <linux/mm.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

/* Touches each page of @len bytes, at least one, at @at. */
static __always_inline bool range_present(char __user *at, size_t len,
					  bool write)
{
	unsigned long last = ((unsigned long)at + len - 1) & PAGE_MASK;
	char c;

	for (;;) {
		if (unlikely(write ? put_user(0, at) : get_user(c, at)))
			return false;
		(void)c;
		if (likely((unsigned long)at >= last))
			return true;
		at = (char __user *)((unsigned long)at & PAGE_MASK) + PAGE_SIZE;
	}
}

/**
 * vhx_net_pages_present - can a buffer be accessed without a page fault?
 * @it: its memory; what is pinned can be accessed
 * @len: how many bytes of it, from the start, at least one
 * @write: they will be written; then this writes a byte of each page
 *
 * The kernel may reclaim a page right after this, but it was just used, so this
 * is very rare; the copy then sleeps as if this had not been called.
 *
 * Context: the worker. Does not sleep.
 */
static __always_inline bool vhx_net_pages_present(const struct iov_iter *it,
						  size_t len, bool write)
{
	const struct iovec *iov;
	bool present;

	if (iov_iter_is_bvec(it))
		return true;
	iov = iter_iov(it);
	pagefault_disable();
	do {
		size_t n = min(len, iov->iov_len);

		present = range_present(iov->iov_base, n, write);
		len -= n;
		iov++;
	} while (unlikely(len) && present);
	pagefault_enable();
	return present;
}

#endif /* _VHX_NET_PAGES_H */
