/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

#define OWN_NETNS "/proc/self/ns/net"

int km_netns_open(const char *path, struct km_err *err)
{
	KM_AUTO_CLOSE int fd = -1;
	const char *name = path ? path : OWN_NETNS;

	/* O_NONBLOCK: a FIFO by that name is refused below instead of waited for. */
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		int code = errno;

		if (code == ENOENT && path)
			return km_fail(err, code,
				       "network namespace %s does not exist: name one of `ip netns list` as "
				       "/run/netns/NAME, or a process's as /proc/PID/ns/net",
				       name);
		if (code == ENOENT)
			return km_fail(err, code, "cannot open %s: mount proc at /proc", name);
		return km_fail(err, code, "cannot open network namespace %s: %s", name, strerror(code));
	}
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		return km_fail(err, EINVAL,
			       "%s is not a network namespace: name one of `ip netns list` as /run/netns/NAME, or a "
			       "process's as /proc/PID/ns/net",
			       name);
	return KM_TAKE_FD(fd);
}

int km_netns_inode(int netns_fd, unsigned *inode, struct km_err *err)
{
	struct stat st;

	if (fstat(netns_fd, &st)) {
		int code = errno;

		return km_fail(err, code, "cannot identify the network namespace: fstat: %s", strerror(code));
	}
	*inode = st.st_ino;
	return 0;
}

/* Enters the namespace; *back is what leave() needs, -1 if the caller is in it already. */
static int enter(int netns_fd, int *back, struct km_err *err)
{
	KM_AUTO_CLOSE int own = -1;
	struct stat here, there;
	int code;

	own = km_netns_open(NULL, err);
	if (own < 0)
		return own;
	if (!fstat(own, &here) && !fstat(netns_fd, &there) && here.st_ino == there.st_ino &&
	    here.st_dev == there.st_dev) {
		*back = -1;
		return 0;
	}
	if (setns(netns_fd, CLONE_NEWNET)) {
		code = errno;
		return km_fail(err, code, "cannot enter the network namespace: setns: %s%s", strerror(code),
			       code == EPERM ? "; run as root, with CAP_SYS_ADMIN" : "");
	}
	*back = KM_TAKE_FD(own);
	return 0;
}

/* Everything after this call would happen in the wrong namespace, so there is no going on without coming back. */
static void leave(int back)
{
	if (back < 0)
		return;
	if (setns(back, CLONE_NEWNET)) {
		fprintf(stderr, "kubemoat: cannot come back from the guarded network namespace: setns: %s\n",
			strerror(errno));
		abort();
	}
	close(back);
}

int km_netns_socket(int netns_fd, int family, int type, int protocol, struct km_err *err)
{
	int back, fd, code;
	int r = enter(netns_fd, &back, err);

	if (r)
		return r;
	fd = socket(family, type | SOCK_CLOEXEC, protocol);
	code = errno;
	leave(back);
	if (fd < 0)
		return km_fail(err, code, "cannot make a socket (family %d, protocol %d): %s", family, protocol,
			       strerror(code));
	return fd;
}

int km_netns_sysctl(int netns_fd, const char *path, struct km_err *err)
{
	int back, fd, code;
	int r = enter(netns_fd, &back, err);

	if (r)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	code = errno;
	leave(back);
	if (fd < 0)
		return km_fail(err, code, "cannot open %s: %s", path, strerror(code));
	return fd;
}

int km_netns_cookie(int netns_fd, uint64_t *cookie, struct km_err *err)
{
	KM_AUTO_CLOSE int fd = km_netns_socket(netns_fd, AF_INET, SOCK_DGRAM, 0, err);
	socklen_t length = sizeof(*cookie);

	if (fd < 0)
		return fd;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, cookie, &length))
		*cookie = 0;
	return 0;
}
