// SPDX-License-Identifier: GPL-2.0
/*
 * Attribute poll_us: how long a worker that has nothing to do stays awake for
 * more, in microseconds. serve.c does it; here is what the administrator sets,
 * for an instance in configfs, for a vhost node below /sys/class/misc.
 */
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/sysfs.h>

#include "core.h"

/* The bound if the administrator set none. */
#define ADAPTIVE_NS	(50U * NSEC_PER_USEC)

/**
 * vhx_poll_us_to_ns - the bound that a value of the attribute stands for
 * @poll_us: value
 *
 * Return: nanoseconds; 0: do not wait.
 */
u32 vhx_poll_us_to_ns(int poll_us)
{
	return poll_us == VHX_POLL_ADAPTIVE ? ADAPTIVE_NS :
					      poll_us * NSEC_PER_USEC;
}

/**
 * vhx_poll_us_parse - read a value of the attribute
 * @page: what was written
 * @poll_us: set to the value
 *
 * Return: 0 or a negative errno.
 */
int vhx_poll_us_parse(const char *page, int *poll_us)
{
	int n, err;

	err = kstrtoint(page, 0, &n);
	if (err)
		return err;
	if (n < VHX_POLL_ADAPTIVE || n > (int)USEC_PER_SEC)
		return -EINVAL;
	*poll_us = n;
	return 0;
}

static struct vhx_chardev *to_chardev(struct device *dev)
{
	return container_of(dev_get_drvdata(dev), struct vhx_chardev, misc);
}

static ssize_t poll_us_show(struct device *dev, struct device_attribute *attr,
			    char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(to_chardev(dev)->poll_us));
}

static ssize_t poll_us_store(struct device *dev, struct device_attribute *attr,
			     const char *page, size_t len)
{
	int poll_us, err;

	err = vhx_poll_us_parse(page, &poll_us);
	if (err)
		return err;
	/* Files that are open keep what they were opened with. */
	WRITE_ONCE(to_chardev(dev)->poll_us, poll_us);
	return len;
}
static DEVICE_ATTR_RW(poll_us);

static struct attribute *poll_us_attrs[] = {
	&dev_attr_poll_us.attr,
	NULL,
};

/* Of a vhost node. */
const struct attribute_group vhx_poll_us_group = {
	.attrs = poll_us_attrs,
};
