/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/source.h"

/* Runs before each read of a file, so that a test can change things exactly then. */
static void (*before_read)(const char *path);

ssize_t read(int fd, void *buffer, size_t size)
{
	char link[64], path[PATH_MAX] = "";

	if (before_read) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		if (readlink(link, path, sizeof(path) - 1) > 0)
			before_read(path);
	}
	return syscall(SYS_read, fd, buffer, size);
}

static char place[64]; /* a directory of the test's own, the working directory */

static int set_up(void **state)
{
	(void)state;
	strcpy(place, "/tmp/km-source-XXXXXX");
	return !mkdtemp(place) || chdir(place);
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	before_read = NULL;
	snprintf(command, sizeof(command), "rm -rf %s", place);
	return chdir("/") || system(command);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void assert_bytes(const struct km_file *file, const char *text)
{
	assert_null(file->trouble);
	assert_non_null(file->bytes);
	assert_int_equal(file->size, strlen(text));
	assert_memory_equal(file->bytes, text, file->size);
}

static const struct km_file *find(const struct km_bundle *bundle, const char *name)
{
	int i = km_bundle_find(bundle, name);

	assert_true(i > 0);
	return &bundle->files[i];
}

#define ETCD "version: 1\nservices:\n  etcd: {allow: [etcd.allow]}\n"

static void reads_a_directory_with_its_lists(void **state)
{
	struct km_bundle bundle;
	char directory[PATH_MAX];

	(void)state;
	assert_return_code(mkdir("other", 0755), 0);
	write_file("kubemoat.yaml", "version: 1\nservices:\n  etcd: {allow: [etcd.allow, other/nodes]}\n"
				    "  apiserver:\n    allow: [other/nodes]\n  kubelet: {}\n");
	write_file("etcd.allow", "192.0.2.1\n");
	write_file("other/nodes", "");
	write_file("kubelet.allow", "192.0.2.2\n");
	snprintf(directory, sizeof(directory), "%s//", place);
	assert_int_equal(km_source_read(directory, &bundle, NULL), 0);
	assert_int_equal(bundle.count, 4);
	snprintf(directory, sizeof(directory), "%s/kubemoat.yaml", place);
	assert_string_equal(bundle.files[0].name, directory);
	assert_string_equal(bundle.files[0].path, directory);
	assert_non_null(bundle.files[0].bytes);
	snprintf(directory, sizeof(directory), "%s/etcd.allow", place);
	assert_string_equal(find(&bundle, "etcd.allow")->path, directory);
	assert_bytes(find(&bundle, "etcd.allow"), "192.0.2.1\n");
	assert_int_equal(find(&bundle, "etcd.allow")->line, 3);
	assert_int_equal(find(&bundle, "etcd.allow")->column, 18);
	assert_bytes(find(&bundle, "other/nodes"), "");
	assert_int_equal(find(&bundle, "other/nodes")->line, 3);
	assert_bytes(find(&bundle, "kubelet.allow"), "192.0.2.2\n");
	assert_int_equal(find(&bundle, "kubelet.allow")->line, 0);
	assert_int_equal(find(&bundle, "kubelet.allow")->column, 0);
	km_bundle_free(&bundle);
}

static void reads_a_file_by_any_path(void **state)
{
	struct km_bundle relative, absolute;
	char text[PATH_MAX + 64];

	(void)state;
	write_file("etcd.allow", "192.0.2.1\n");
	snprintf(text, sizeof(text), "version: 1\nservices: {etcd: {allow: [etcd.allow, %s/etcd.allow]}}\n", place);
	write_file("my.yaml", text);
	assert_int_equal(km_source_read("my.yaml", &relative, NULL), 0);
	assert_string_equal(relative.files[0].name, "my.yaml");
	assert_string_equal(find(&relative, "etcd.allow")->path, "etcd.allow");
	snprintf(text, sizeof(text), "%s/etcd.allow", place);
	assert_string_equal(find(&relative, text)->path, text);
	assert_bytes(find(&relative, text), "192.0.2.1\n");
	assert_int_equal(relative.count, 3);
	km_bundle_free(&relative);
	snprintf(text, sizeof(text), "%s/my.yaml", place);
	assert_int_equal(km_source_read(text, &absolute, NULL), 0);
	snprintf(text, sizeof(text), "%s/etcd.allow", place);
	assert_string_equal(find(&absolute, "etcd.allow")->path, text);
	km_bundle_free(&absolute);
}

static void hash_follows_the_contents(void **state)
{
	struct km_bundle first, same, other;

	(void)state;
	write_file("kubemoat.yaml", ETCD);
	write_file("etcd.allow", "192.0.2.1\n");
	assert_int_equal(km_source_read(place, &first, NULL), 0);
	write_file("etcd.allow", "192.0.2.1\n");
	assert_int_equal(km_source_read(place, &same, NULL), 0);
	write_file("etcd.allow", "192.0.2.2\n");
	assert_int_equal(km_source_read(place, &other, NULL), 0);
	assert_memory_equal(first.hash, same.hash, sizeof(first.hash));
	assert_memory_not_equal(first.hash, other.hash, sizeof(first.hash));
	km_bundle_free(&first);
	km_bundle_free(&same);
	km_bundle_free(&other);
}

static void no_file_is_no_trouble(void **state)
{
	struct km_bundle bundle;

	(void)state;
	write_file("apiserver.allow", "192.0.2.1\n");
	for (const char *const *path = (const char *const[]){".", "no-such", "no/such/kubemoat.yaml", NULL}; *path;
	     path++) {
		assert_int_equal(km_source_read(*path, &bundle, NULL), 0);
		assert_int_equal(bundle.count, 1);
		assert_string_equal(bundle.files[0].name, strcmp(*path, ".") ? *path : "./kubemoat.yaml");
		assert_null(bundle.files[0].bytes);
		assert_null(bundle.files[0].trouble);
		km_bundle_free(&bundle);
	}
}

static void a_link_that_leads_nowhere_is_not_no_file(void **state)
{
	struct km_bundle bundle;

	(void)state;
	assert_return_code(mkdir("volume", 0755), 0);
	assert_return_code(symlink("..data/kubemoat.yaml", "volume/kubemoat.yaml"), 0);
	assert_return_code(symlink("no-such", "config"), 0);
	for (const char *const *path = (const char *const[]){"volume", "config", NULL}; *path; path++) {
		assert_int_equal(km_source_read(*path, &bundle, NULL), 0);
		assert_int_equal(bundle.count, 1);
		assert_null(bundle.files[0].bytes);
		assert_non_null(strstr(bundle.files[0].trouble, "leads nowhere"));
		km_bundle_free(&bundle);
	}
}

static void a_path_that_is_too_long_is_refused(void **state)
{
	char path[PATH_MAX + 16];
	struct km_bundle bundle;
	struct km_err err = {0};

	(void)state;
	memset(path, 'a', sizeof(path));
	for (size_t i = 0; i < sizeof(path); i += 100)
		path[i] = '/';
	path[PATH_MAX] = '\0';
	assert_int_equal(km_source_read(path, &bundle, &err), -ENAMETOOLONG);
	assert_non_null(strstr(err.text, "longer than 4095 bytes"));
}

static void trouble_is_the_lists_own(void **state)
{
	struct km_bundle bundle;

	(void)state;
	write_file("kubemoat.yaml",
		   "version: 1\nservices: {etcd: {allow: [good, none, directory, fifo, socket, loop, nowhere]}}\n");
	write_file("good", "192.0.2.1\n");
	assert_return_code(mkdir("directory", 0755), 0);
	assert_return_code(mkfifo("fifo", 0644), 0);
	assert_return_code(mknod("socket", S_IFSOCK | 0644, 0), 0);
	assert_return_code(symlink("loop", "loop"), 0);
	assert_return_code(symlink("none", "nowhere"), 0);
	assert_int_equal(km_source_read(place, &bundle, NULL), 0);
	assert_int_equal(bundle.count, 8);
	assert_bytes(find(&bundle, "good"), "192.0.2.1\n");
	for (const char *const(*expected)[2] = (const char *const[][2]){{"none", "does not exist: create it"},
									{"directory", "is a directory"},
									{"fifo", "is a FIFO"},
									{"socket", "is a socket"},
									{"loop", "is a loop of symbolic links"},
									{"nowhere", "leads nowhere"},
									{NULL}};
	     (*expected)[0]; expected++) {
		const struct km_file *file = find(&bundle, (*expected)[0]);

		assert_null(file->bytes);
		assert_int_equal(file->size, 0);
		assert_int_equal(file->line, 2);
		assert_non_null(strstr(file->trouble, (*expected)[1]));
	}
	km_bundle_free(&bundle);
}

static void devices_and_files_without_end_are_not_read(void **state)
{
	char *bytes = NULL, *trouble = NULL;
	size_t size = 7;
	int fd;

	(void)state;
	assert_int_equal(km_source_read_file("/dev/zero", &bytes, &size, &trouble), 0);
	assert_null(bytes);
	assert_int_equal(size, 0);
	assert_string_equal(trouble, "is a device: put a regular file in its place");
	free(trouble);

	fd = open("large", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_return_code(ftruncate(fd, KM_FILE_MAX + 1L), 0);
	assert_int_equal(km_source_read_file("large", &bytes, &size, &trouble), 0);
	assert_null(bytes);
	assert_string_equal(trouble, "is larger than 256 MiB");
	free(trouble);
	assert_return_code(ftruncate(fd, 70000), 0);
	close(fd);
	assert_int_equal(km_source_read_file("large", &bytes, &size, &trouble), 0);
	assert_null(trouble);
	assert_int_equal(size, 70000);
	free(bytes);
}

static void permission_is_named(void **state)
{
	char *bytes = NULL, *trouble = NULL;
	int status;
	size_t size;
	pid_t child;

	(void)state;
	write_file("secret", "192.0.2.1\n");
	assert_return_code(chmod("secret", 0), 0);
	assert_return_code(chmod(place, 0755), 0);
	child = fork();
	if (!child) {
		if (!geteuid() && setuid(65534))
			_exit(2);
		_exit(km_source_read_file("secret", &bytes, &size, &trouble) || bytes || !trouble ||
		      !strstr(trouble, "may not be read"));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static unsigned changes; /* how often the hook changes the file, or exchanges the volume, from now on */

static void append_or_truncate(const char *path)
{
	if (!strstr(path, "/list") || !changes)
		return;
	if (changes-- % 2)
		assert_return_code(truncate(path, 3), 0);
	else
		write_file(path, "192.0.2.1\n192.0.2.2\n192.0.2.3\n");
}

static void a_file_that_changes_is_read_again(void **state)
{
	char *bytes = NULL, *trouble = NULL;
	size_t size;

	(void)state;
	write_file("list", "192.0.2.1\n192.0.2.2\n");
	before_read = append_or_truncate;
	changes = 1;
	assert_int_equal(km_source_read_file("list", &bytes, &size, &trouble), 0);
	assert_null(trouble);
	assert_int_equal(size, 3);
	assert_memory_equal(bytes, "192", 3);
	free(bytes);

	changes = 100;
	assert_int_equal(km_source_read_file("list", &bytes, &size, &trouble), 0);
	assert_null(bytes);
	assert_int_equal(size, 0);
	assert_non_null(strstr(trouble, "changes while it is read"));
	free(trouble);
}

/* Writes as many bytes as there were, until the file's time of change shows it: some kernels count that in ticks. */
static void overwrite(const char *path)
{
	struct stat before, after;
	int fd;

	if (!strstr(path, "/list") || !changes)
		return;
	changes--;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_return_code(fstat(fd, &before), 0);
	do {
		assert_int_equal(pwrite(fd, "198.51.100", 10, 0), 10);
		assert_return_code(fstat(fd, &after), 0);
	} while (!memcmp(&before.st_ctim, &after.st_ctim, sizeof(after.st_ctim)));
	close(fd);
}

static void a_change_that_keeps_the_size_is_seen(void **state)
{
	char *bytes = NULL, *trouble = NULL;
	size_t size;

	(void)state;
	write_file("list", "192.0.2.1\n192.0.2.2\n");
	before_read = overwrite;
	changes = 100;
	assert_int_equal(km_source_read_file("list", &bytes, &size, &trouble), 0);
	assert_null(bytes);
	assert_non_null(strstr(trouble, "changes while it is read"));
	free(trouble);
}

/* Makes the state of that number of a ConfigMap volume, in which configuration and list name each other. */
static void make_state(unsigned number)
{
	char path[64], text[128];

	snprintf(path, sizeof(path), "..2026_%u", number);
	assert_return_code(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "..2026_%u/kubemoat.yaml", number);
	snprintf(text, sizeof(text), ETCD "# state %u\n", number);
	write_file(path, text);
	snprintf(path, sizeof(path), "..2026_%u/etcd.allow", number);
	snprintf(text, sizeof(text), "# state %u\n", number);
	write_file(path, text);
}

/* The volume changes after the configuration was read, before its list is; the old state goes at once. */
static void exchange_volume(const char *path)
{
	static unsigned number = 1;
	char target[32];

	if (!strstr(path, "/kubemoat.yaml") || !changes)
		return;
	changes--;
	snprintf(target, sizeof(target), "..2026_%u", ++number);
	make_state(number);
	assert_return_code(symlink(target, "..data_tmp"), 0);
	assert_return_code(rename("..data_tmp", "..data"), 0);
	assert_int_equal(system("find . -name '..2026_*' ! -name \"$(readlink ..data)\" -exec rm -r {} +"), 0);
}

static void a_volume_is_read_at_one_state(void **state)
{
	struct km_bundle bundle;

	(void)state;
	make_state(1);
	assert_return_code(symlink("..2026_1", "..data"), 0);
	assert_return_code(symlink("..data/kubemoat.yaml", "kubemoat.yaml"), 0);
	assert_return_code(symlink("..data/etcd.allow", "etcd.allow"), 0);
	before_read = exchange_volume;
	changes = 1;
	assert_int_equal(km_source_read(place, &bundle, NULL), 0);
	assert_bytes(&bundle.files[0], ETCD "# state 2\n");
	assert_bytes(find(&bundle, "etcd.allow"), "# state 2\n");
	km_bundle_free(&bundle);

	changes = 100;
	assert_int_equal(km_source_read(place, &bundle, NULL), 0);
	assert_null(bundle.files[0].bytes);
	assert_non_null(strstr(bundle.files[0].trouble, "was exchanged again and again"));
	km_bundle_free(&bundle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads_a_directory_with_its_lists, set_up, tear_down),
		cmocka_unit_test_setup_teardown(reads_a_file_by_any_path, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hash_follows_the_contents, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_file_is_no_trouble, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_link_that_leads_nowhere_is_not_no_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_path_that_is_too_long_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(trouble_is_the_lists_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(devices_and_files_without_end_are_not_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(permission_is_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_that_changes_is_read_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_change_that_keeps_the_size_is_seen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_volume_is_read_at_one_state, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("host/source", tests, NULL, NULL);
}
