/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/owners.h"

static uint64_t make_socket(int *fd)
{
	struct stat st;

	*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_return_code(fstat(*fd, &st), 0);
	return st.st_ino;
}

static void names_who_holds_a_socket(void **state)
{
	char comm[16];
	int fd, pid = 0;
	uint64_t inode = make_socket(&fd);

	(void)state;
	assert_return_code(prctl(PR_SET_NAME, "fifteen-letters"), 0);
	assert_true(km_socket_owner(inode, &pid, comm));
	assert_int_equal(pid, getpid());
	assert_string_equal(comm, "fifteen-letters");
	close(fd);
	assert_false(km_socket_owner(inode, &pid, comm));
}

static void names_many_in_one_walk(void **state)
{
	int fds[3];
	uint64_t inodes[3];
	struct km_owner list[4] = {{.inode = UINT64_MAX}};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		inodes[i] = make_socket(&fds[i]);
		list[3 - i].inode = inodes[i];
	}
	km_socket_owners(list, 4);
	for (size_t i = 0; i < 3; i++) {
		const struct km_owner *owner = km_owner_find(list, 4, inodes[i]);

		assert_non_null(owner);
		assert_int_equal(owner->pid, getpid());
		close(fds[i]);
	}
	assert_null(km_owner_find(list, 4, UINT64_MAX));
	assert_null(km_owner_find(list, 4, 1));
	assert_null(km_owner_find(NULL, 0, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_who_holds_a_socket),
		cmocka_unit_test(names_many_in_one_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
