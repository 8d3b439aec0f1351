// SPDX-License-Identifier: GPL-2.0
/*
 * Runs rows of the tables in this folder: opens a device, brings it to the
 * row's stage, builds the argument, and makes the call, from another process if
 * the row says so.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases.h"

#define PAGE		4096

/* Size of the largest argument, in whole pages. */
#define ARG_SIZE	(PAGE + MEM_ROOM * sizeof(struct vhost_memory_region))

int target_init(struct target *t)
{
	int pipefd[2], i, err;

	err = gmem_init(&t->mem, 4 << 20, GMEM_GPA, 1);
	if (err)
		return err;
	if (pipe2(pipefd, O_CLOEXEC))
		return -errno;

	t->fd[FD_UNBIND] = -1;
	t->fd[FD_NEGATIVE] = -2;
	t->fd[FD_CLOSED] = 1000;
	t->fd[FD_EVENT] = event_new();
	t->fd[FD_PIPE] = pipefd[0];
	t->pipe_end = pipefd[1];
	t->fd[FD_NULL] = open("/dev/null", O_RDWR | O_CLOEXEC);
	t->fd[FD_UDP] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	t->fd[FD_PACKET] = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC,
				  htons(ETH_P_ALL));
	for (i = FD_EVENT; i <= FD_PACKET; i++)
		if (t->fd[i] < 0)
			return -errno;
	return 0;
}

void target_exit(struct target *t)
{
	int i;

	for (i = FD_EVENT; i <= FD_PACKET; i++)
		close(t->fd[i]);
	close(t->pipe_end);
	gmem_exit(&t->mem);
}

static void fill_mem(const struct row *r, const struct target *t,
		     struct vhost_memory *m)
{
	m->nregions = 1;
	m->regions[0] = (struct vhost_memory_region){
		.guest_phys_addr = t->mem.gpa,
		.memory_size = t->mem.size,
		.userspace_addr = (uintptr_t)t->mem.base,
	};
	if (r->mem)
		r->mem(m);
}

static void fill_addr(const struct row *r, const struct vdev *d,
		      struct vhost_vring_addr *a)
{
	const struct vq *vq = &d->vq[r->i < d->nvqs ? r->i : 0];

	*a = (struct vhost_vring_addr){
		.index = r->i,
		.flags = (unsigned int)r->n,
		.desc_user_addr = (uintptr_t)vq->desc + r->x[0],
		.avail_user_addr = (uintptr_t)vq->avail + r->x[1],
		.used_user_addr = (uintptr_t)vq->used + r->x[2],
		.log_guest_addr = r->x[3],
	};
}

static void fill_msg(const struct row *r, const struct target *t,
		     struct vhost_msg_v2 *m)
{
	const struct msg_arg *a = &r->msg;

	*m = (struct vhost_msg_v2){
		.type = a->type ? a->type : VHOST_IOTLB_MSG_V2,
		.asid = a->asid,
		.iotlb = {
			.iova = t->mem.gpa + a->iova,
			.size = a->size,
			.uaddr = (uintptr_t)t->mem.base + a->user,
			.perm = a->perm,
			.type = a->op,
		},
	};
}

/* Write the argument to @buf, ARG_SIZE zeroed bytes. Returns what to pass. */
static void *fill_arg(const struct row *r, const struct target *t,
		      const struct vdev *d, void *buf)
{
	struct vhost_vring_state *state = buf;
	struct vhost_vring_file *file = buf;
	struct vhost_vdpa_config *config = buf;

	switch (r->kind) {
	case A_NONE:
		return NULL;
	case A_BAD:
		return (void *)16;
	case A_RDONLY:
		state->index = r->i;
		mprotect(buf, PAGE, PROT_READ);
		break;
	case A_ZERO:
		break;
	case A_CUT:
		state = (void *)((char *)buf + ARG_SIZE - sizeof(*state));
		state->index = r->i;
		state->num = (unsigned int)r->n;
		return state;
	case A_STATE:
		state->index = r->i;
		state->num = (unsigned int)r->n;
		break;
	case A_FILE:
		file->index = r->i;
		file->fd = t->fd[r->fd];
		break;
	case A_ADDR:
		fill_addr(r, d, buf);
		break;
	case A_FD:
		*(int *)buf = t->fd[r->fd];
		break;
	case A_INT:
		*(__u64 *)buf = r->n;
		break;
	case A_MEM:
		fill_mem(r, t, buf);
		break;
	case A_CONFIG:
		config->off = r->i;
		config->len = (__u32)r->n;
		break;
	case A_MSG:
		fill_msg(r, t, buf);
		break;
	}
	return buf;
}

static int call(const struct row *r, int fd, void *arg)
{
	size_t len = r->msg.len ? r->msg.len : sizeof(struct vhost_msg_v2);
	ssize_t n;

	if (r->kind != A_MSG)
		return ioctl(fd, r->cmd, arg) < 0 ? errno : 0;

	n = write(fd, arg, len);
	return n < 0 ? errno : 0;
}

/* The same from another process than the owner. */
static int call_foreign(const struct row *r, int fd, void *arg)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		_exit(call(r, fd, arg));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -ECHILD;
	return WEXITSTATUS(status);
}

int row_run(const struct row *r, struct target *t, const char **step)
{
	struct vdev d;
	void *arg;
	char *buf;
	int err;

	err = vdev_open(&d, t->path);
	*step = d.what;
	if (err)
		return err;

	t->mem.brk = 0;
	err = vdev_make_vqs(&d, &t->mem, t->features, t->nvqs, 64);
	if (!err)
		err = t->bring(t, &d, r->at);
	*step = d.what;
	if (err) {
		vdev_close(&d);
		return err;
	}

	buf = mmap(NULL, ARG_SIZE + PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(buf + ARG_SIZE, PAGE, PROT_NONE);
	arg = fill_arg(r, t, &d, buf);
	err = r->flags & FOREIGN ? call_foreign(r, d.fd, arg) :
				   call(r, d.fd, arg);
	munmap(buf, ARG_SIZE + PAGE);
	vdev_close(&d);
	return err;
}

bool row_ok(const struct row *r, const struct target *t, int err)
{
	const int got = err ? err : OK;

	if (!(t->flags & ON_VHX))
		return err == r->want || (r->newer && got == r->newer);
	if (r->vhx_or && got == r->vhx_or)
		return true;
	return r->vhx ? got == r->vhx : err == r->want;
}
