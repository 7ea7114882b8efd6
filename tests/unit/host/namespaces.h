/* SPDX-License-Identifier: BSD-2-Clause */
/* Namespaces for the tests of host facts. Needs root; without it the tests that ask for one are skipped. */
#ifndef KM_TEST_NAMESPACES_H
#define KM_TEST_NAMESPACES_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

/* Goes to the namespace behind the descriptor and closes it. */
static inline void enter_netns(int fd)
{
	assert_return_code(setns(fd, CLONE_NEWNET), 0);
	close(fd);
}

/* A descriptor of the namespace that the test runs in. */
static inline int own_netns(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* Makes a network namespace, runs the shell script in it and comes back. A descriptor of it. */
static inline int make_netns(const char *script)
{
	int own, made;

	if (geteuid())
		skip();
	own = own_netns();
	assert_return_code(unshare(CLONE_NEWNET), 0);
	made = own_netns();
	assert_int_equal(system(script), 0);
	enter_netns(own);
	return made;
}

/* Puts the test's process into a mount namespace of its own, from which nothing gets out. False without root. */
static inline bool private_mounts(void)
{
	return !geteuid() && !unshare(CLONE_NEWNS) && !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

#endif
