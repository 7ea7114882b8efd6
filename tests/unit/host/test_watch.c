/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit/host/namespaces.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "host/watch.h"

static time_t seconds; /* the clock: stands still, so that neither a test has to wait for it nor it for a test */

int clock_gettime(clockid_t clock, struct timespec *now)
{
	(void)clock;
	*now = (struct timespec){.tv_sec = seconds};
	return 0;
}

static char place[64]; /* a directory of the test's own, the working directory */
static struct km_watch *watch;
static struct km_bundle bundle;

static int set_up(void **state)
{
	(void)state;
	strcpy(place, "/tmp/km-watch-XXXXXX");
	seconds = 1000;
	return !mkdtemp(place) || chdir(place) || km_watch_open(&watch, NULL);
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	km_watch_close(watch);
	km_bundle_free(&bundle);
	snprintf(command, sizeof(command), "rm -rf %s", place);
	return chdir("/") || system(command);
}

static void shell(const char *command)
{
	assert_int_equal(system(command), 0);
}

/* Watches these files of the test's place, the first of them as the configuration; ends with NULL. */
static void watch_files(const char *const *names)
{
	km_bundle_free(&bundle);
	for (const char *const *name = names; *name; name++) {
		struct km_file file = {.name = strdup(*name)};

		assert_true(asprintf(&file.path, "%s/%s", place, *name) > 0);
		assert_true(km_bundle_add(&bundle, &file) >= 0);
	}
	assert_int_equal(km_watch_set(watch, bundle.files[0].path, &bundle, NULL), 0);
}

/* The same, and past the reading that new directories ask for. */
static void settle(const char *const *names)
{
	watch_files(names);
	while (km_watch_read(watch) != KM_WATCH_NOTHING)
		watch_files(names);
}

static bool readable(void)
{
	struct pollfd fd = {.fd = km_watch_fd(watch), .events = POLLIN};

	return poll(&fd, 1, 0) == 1;
}

#define assert_news(expected)                                       \
	do {                                                        \
		assert_true(readable());                            \
		assert_int_equal(km_watch_read(watch), (expected)); \
		assert_false(readable());                           \
	} while (0)

static const char *const config_and_list[] = {"kubemoat.yaml", "etcd.allow", NULL};

static void a_directory_come_upon_is_read_once_more(void **state)
{
	(void)state;
	assert_false(readable());
	shell("mkdir etc; echo 1 > etc/kubemoat.yaml");
	watch_files((const char *const[]){"etc/kubemoat.yaml", NULL});
	assert_news(KM_WATCH_CHANGED);
	watch_files((const char *const[]){"etc/kubemoat.yaml", NULL});
	assert_false(readable());
	assert_int_equal(km_watch_read(watch), KM_WATCH_NOTHING);
}

static void volume_exchanged_and_old_state_removed(void **state)
{
	(void)state;
	shell("mkdir ..1 ..2; echo 1 > ..1/kubemoat.yaml; echo 1 > ..1/etcd.allow; cp ..1/* ..2; ln -s ..1 ..data;"
	      "ln -s ..data/kubemoat.yaml ..data/etcd.allow .");
	settle(config_and_list);

	shell("ln -s ..2 ..data_tmp && mv -T ..data_tmp ..data");
	assert_news(KM_WATCH_CHANGED);
	settle(config_and_list);
	shell("rm -r ..1");
	assert_news(KM_WATCH_NOTHING);

	shell("echo 2 > ..2/etcd.allow");
	assert_news(KM_WATCH_CHANGED);
	shell("mkdir ..3; cp ..2/* ..3; ln -s ..3 ..data_tmp && mv -T ..data_tmp ..data; rm -r ..2");
	assert_news(KM_WATCH_CHANGED);
}

static void saved_by_rename_again_and_again(void **state)
{
	(void)state;
	shell("echo 1 > kubemoat.yaml; echo 1 > etcd.allow");
	settle(config_and_list);
	for (int i = 0; i < 3; i++) {
		shell("echo 2 > new && mv new etcd.allow");
		assert_news(KM_WATCH_CHANGED);
		settle(config_and_list);
	}
}

static void directories_that_appear_later(void **state)
{
	static const char *const deep[] = {"etc/kubemoat/kubemoat.yaml", NULL};

	(void)state;
	settle(deep);
	shell("mkdir etc");
	assert_news(KM_WATCH_CHANGED);
	settle(deep);
	shell("mkdir etc/kubemoat");
	assert_news(KM_WATCH_CHANGED);
	settle(deep);
	shell("echo 1 > new; mv new etc/kubemoat/kubemoat.yaml");
	assert_news(KM_WATCH_CHANGED);
	settle(deep);

	/* The whole way in one go: what was made after the directory was seen gives no event, so it is read again. */
	shell("rm -r etc");
	assert_news(KM_WATCH_CHANGED);
	settle(deep);
	shell("mkdir etc");
	assert_int_equal(km_watch_read(watch), KM_WATCH_CHANGED);
	shell("mkdir etc/kubemoat; echo 1 > etc/kubemoat/kubemoat.yaml");
	watch_files(deep);
	assert_news(KM_WATCH_CHANGED);
}

static void directories_that_go_and_are_replaced(void **state)
{
	static const char *const deep[] = {"etc/kubemoat/kubemoat.yaml", NULL};

	(void)state;
	shell("mkdir -p etc/kubemoat other/kubemoat; echo 1 > etc/kubemoat/kubemoat.yaml;"
	      "echo 2 > other/kubemoat/kubemoat.yaml");
	settle(deep);
	shell("mv etc gone && mv other etc");
	assert_news(KM_WATCH_CHANGED);
	settle(deep);
	shell("echo 3 > gone/kubemoat/kubemoat.yaml");
	assert_false(readable());
	shell("echo 3 > etc/kubemoat/kubemoat.yaml");
	assert_news(KM_WATCH_CHANGED);
}

static void written_in_place(void **state)
{
	FILE *file;

	(void)state;
	shell("echo 1 > kubemoat.yaml; echo 1 > etcd.allow");
	settle(config_and_list);
	file = fopen("etcd.allow", "ae");
	assert_false(readable());
	fputs("192.0.2.1\n", file);
	fflush(file);
	assert_news(KM_WATCH_WRITING);
	fputs("192.0.2.2\n", file);
	fflush(file);
	assert_news(KM_WATCH_WRITING);
	fclose(file);
	assert_news(KM_WATCH_CHANGED);

	/* Truncated, and nothing yet. */
	file = fopen("etcd.allow", "we");
	assert_news(KM_WATCH_WRITING);
	fclose(file);
	assert_news(KM_WATCH_CHANGED);
}

static void another_change_waits_for_a_writer(void **state)
{
	FILE *file;

	(void)state;
	shell("echo 1 > kubemoat.yaml; echo 1 > etcd.allow");
	settle(config_and_list);
	file = fopen("etcd.allow", "we");
	assert_news(KM_WATCH_WRITING);
	settle(config_and_list);
	shell("echo 2 > new && mv new kubemoat.yaml");
	assert_news(KM_WATCH_WRITING);
	fclose(file);
	assert_news(KM_WATCH_CHANGED);

	/* Not for one that sleeps over its open file. */
	file = fopen("etcd.allow", "we");
	assert_news(KM_WATCH_WRITING);
	seconds += 1;
	shell("echo 3 > new && mv new kubemoat.yaml");
	assert_news(KM_WATCH_CHANGED);
	fclose(file);
}

static void a_file_that_was_replaced_no_longer_counts(void **state)
{
	FILE *file;

	(void)state;
	shell("echo 1 > kubemoat.yaml; echo 1 > etcd.allow");
	settle(config_and_list);
	file = fopen("etcd.allow", "ae");
	shell("echo 2 > new && mv new etcd.allow");
	assert_news(KM_WATCH_CHANGED);
	fputs("192.0.2.1\n", file);
	fclose(file);
	assert_false(readable());
}

static void created_open_or_complete(void **state)
{
	FILE *file;

	(void)state;
	shell("echo 1 > kubemoat.yaml; echo 1 > source");
	settle(config_and_list);
	file = fopen("etcd.allow", "we");
	assert_news(KM_WATCH_WRITING);
	fclose(file);
	assert_news(KM_WATCH_CHANGED);
	shell("rm etcd.allow");
	assert_news(KM_WATCH_CHANGED);
	shell("ln source etcd.allow");
	assert_news(KM_WATCH_CHANGED);
	shell("mv etcd.allow away");
	assert_news(KM_WATCH_CHANGED);
	shell("ln -s source etcd.allow");
	assert_news(KM_WATCH_CHANGED);
}

static void other_names_do_not_concern_us(void **state)
{
	static const char *const deep[] = {"etc/kubemoat/kubemoat.yaml", "etc/kubemoat/lists/etcd.allow", NULL};

	(void)state;
	shell("mkdir -p etc/kubemoat; echo 1 > etc/kubemoat/kubemoat.yaml");
	settle(deep);
	shell("echo 1 > etc/kubemoat/other; mkdir etc/kubemoat/directory; rm etc/kubemoat/other");
	assert_news(KM_WATCH_NOTHING);

	/* Where the way only passes through, they do not even wake; lists/, once it is there, no longer has to. */
	shell("echo 1 > etc/other; echo 1 > other; rm etc/other other; mkdir etc/directory");
	assert_false(readable());
	shell("mkdir etc/kubemoat/lists; echo 1 > etc/kubemoat/lists/etcd.allow");
	assert_news(KM_WATCH_CHANGED);
	shell("mkdir etc/config; mv etc/kubemoat/kubemoat.yaml etc/config");
	assert_news(KM_WATCH_CHANGED);
	settle((const char *const[]){"etc/config/kubemoat.yaml", "etc/kubemoat/lists/etcd.allow", NULL});
	shell("echo 1 > etc/kubemoat/other; rm etc/kubemoat/other");
	assert_false(readable());
	shell("rm -r etc/kubemoat/lists");
	assert_news(KM_WATCH_CHANGED);
}

static void every_link_on_the_way_counts(void **state)
{
	char command[512];

	(void)state;
	shell("mkdir -p a/b c/d e; echo 1 > c/d/real; echo 2 > e/real; ln -s ../../second a/b/first");
	snprintf(command, sizeof(command), "ln -s %s/third second; ln -s ./c/../c third; ln -s a/b/first/d/real x",
		 place);
	shell(command);
	settle((const char *const[]){"x", NULL});
	shell("echo 2 > c/d/real");
	assert_news(KM_WATCH_CHANGED);
	shell("ln -s ../../second new && mv -T new a/b/first");
	assert_news(KM_WATCH_CHANGED);
	shell("ln -s c new && mv -T new second");
	assert_news(KM_WATCH_CHANGED);
	settle((const char *const[]){"x", NULL});
	shell("mv c/d c/gone");
	assert_news(KM_WATCH_CHANGED);
	shell("rm x");
	assert_news(KM_WATCH_CHANGED);
}

static void loops_and_odd_paths_end(void **state)
{
	(void)state;
	shell("ln -s b a; ln -s a b; echo 1 > file; ln -s ../../../../../../../../../.. top; ln -s s/s/s/s/s s");
	settle((const char *const[]){"a", "b/c", "file/below", "top/no-such", "s/x", ".//./file", "..", NULL});
	shell("rm b");
	assert_news(KM_WATCH_CHANGED);
}

static void relative_paths_start_here(void **state)
{
	(void)state;
	shell("echo 1 > kubemoat.yaml");
	settle((const char *const[]){"no-such", NULL});
	assert_int_equal(km_watch_set(watch, "kubemoat.yaml", &bundle, NULL), 0);
	while (km_watch_read(watch) != KM_WATCH_NOTHING)
		;
	shell("echo 2 > kubemoat.yaml");
	assert_news(KM_WATCH_CHANGED);
}

static void an_overflow_is_a_change(void **state)
{
	FILE *limit = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
	unsigned events = 0;

	(void)state;
	assert_int_equal(fscanf(limit, "%u", &events), 1);
	fclose(limit);
	shell("echo 1 > kubemoat.yaml; echo 1 > other");
	settle(config_and_list);
	for (unsigned i = 0; i <= events; i += 4) {
		assert_return_code(rename("other", "another"), 0);
		assert_return_code(rename("another", "other"), 0);
	}
	assert_news(KM_WATCH_CHANGED);
}

static void without_inotify_there_is_nothing_to_wait_for(void **state)
{
	struct rlimit limit, none;
	struct km_watch *blind = NULL;
	struct km_err err = {0};

	(void)state;
	settle(config_and_list);
	assert_return_code(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = limit.rlim_max};
	assert_return_code(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(km_watch_open(&blind, &err), 0);
	assert_return_code(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_non_null(blind);
	assert_int_equal(km_watch_fd(blind), -1);
	assert_non_null(strstr(err.text, "compared at intervals"));
	assert_non_null(strstr(err.text, "fs.inotify.max_user_instances"));
	assert_int_equal(km_watch_set(blind, place, &bundle, &err), 0);
	assert_int_equal(km_watch_read(blind), KM_WATCH_NOTHING);
	km_watch_close(blind);
}

static void a_file_can_be_a_mount_of_its_own(void **state)
{
	(void)state;
	if (!private_mounts())
		skip();
	shell("echo 1 > source; echo 1 > etcd.allow; mkdir volume; ln -s etcd.allow link");
	assert_false(km_watch_own_mount("etcd.allow"));
	assert_return_code(mount("source", "etcd.allow", NULL, MS_BIND, NULL), 0);
	assert_return_code(mount("none", "volume", "tmpfs", 0, NULL), 0);
	shell("echo 1 > volume/etcd.allow");
	assert_true(km_watch_own_mount("etcd.allow"));
	assert_true(km_watch_own_mount("link"));
	assert_false(km_watch_own_mount("source"));
	assert_false(km_watch_own_mount("volume"));
	assert_false(km_watch_own_mount("volume/etcd.allow"));
	assert_false(km_watch_own_mount("no-such"));
	umount2("etcd.allow", MNT_DETACH);
	umount2("volume", MNT_DETACH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_directory_come_upon_is_read_once_more, set_up, tear_down),
		cmocka_unit_test_setup_teardown(volume_exchanged_and_old_state_removed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(saved_by_rename_again_and_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(directories_that_appear_later, set_up, tear_down),
		cmocka_unit_test_setup_teardown(directories_that_go_and_are_replaced, set_up, tear_down),
		cmocka_unit_test_setup_teardown(written_in_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_change_waits_for_a_writer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_that_was_replaced_no_longer_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(created_open_or_complete, set_up, tear_down),
		cmocka_unit_test_setup_teardown(other_names_do_not_concern_us, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_link_on_the_way_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(loops_and_odd_paths_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(relative_paths_start_here, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_overflow_is_a_change, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_inotify_there_is_nothing_to_wait_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_can_be_a_mount_of_its_own, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("host/watch", tests, NULL, NULL);
}
