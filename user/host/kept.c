/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "host/kept_format.h"

#define CURRENT "policy"
#define PREVIOUS "policy.previous"
#define TRIAL "policy.trial"
/* Of writes under way; what a crash leaves of them is never read. */
#define CURRENT_NEW ".policy.new"
#define PREVIOUS_NEW ".policy.previous.new"

/* The instance's directory. */
static const char *directory_of(const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, KM_KEPT_ROOT "/%s", name);
	return path;
}

static int sync_directory(const char *path)
{
	KM_AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) ? -errno : 0;
}

static int make_directories(const char *path)
{
	if (mkdir(KM_KEPT_ROOT, 0700) && errno != EEXIST)
		return -errno;
	if (!mkdir(path, 0700))
		return sync_directory(KM_KEPT_ROOT);
	return errno == EEXIST ? 0 : -errno;
}

/* Writes a file of the directory that is complete on the disk when this returns, under its name for the time being. */
static int write_new(int directory, const struct km_bundle *bundle, uint64_t generation)
{
	int fd = openat(directory, CURRENT_NEW, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	FILE *stream = fd < 0 ? NULL : fdopen(fd, "w");
	int r;

	if (!stream) {
		r = -errno;
		km_auto_close(&fd);
		return r;
	}
	r = km_kept_format_write(stream, bundle, generation);
	if (!r && fsync(fd))
		r = -errno;
	if (fclose(stream) && !r)
		r = -errno;
	return r;
}

static FILE *open_kept(int directory, const char *file)
{
	int fd = openat(directory, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	FILE *stream = fd < 0 ? NULL : fdopen(fd, "r");

	if (!stream)
		km_auto_close(&fd);
	return stream;
}

/* True if the current one is another policy than that, and readable as far as its first line. */
static bool has_other(int directory, const unsigned char hash[32])
{
	FILE *stream = open_kept(directory, CURRENT);
	unsigned char kept[32];
	int r;

	if (!stream)
		return false;
	r = km_kept_format_hash(stream, kept);
	fclose(stream);
	return !r && memcmp(kept, hash, sizeof(kept));
}

/*
 * Makes the current one the previous one too. By a link, so that there is a current one at every moment. The unlinks:
 * rename() leaves both names where they are links to the same file already, after a crash right here.
 */
static int set_aside(int directory)
{
	if (unlinkat(directory, PREVIOUS_NEW, 0) && errno != ENOENT)
		return -errno;
	if (linkat(directory, CURRENT, directory, PREVIOUS_NEW, 0) ||
	    renameat(directory, PREVIOUS_NEW, directory, PREVIOUS))
		return -errno;
	unlinkat(directory, PREVIOUS_NEW, 0);
	return 0;
}

static int replace(int directory, const char *file, const struct km_bundle *bundle, uint64_t generation)
{
	int r = write_new(directory, bundle, generation);

	if (!r && !strcmp(file, CURRENT) && has_other(directory, bundle->hash))
		r = set_aside(directory);
	if (!r && renameat(directory, CURRENT_NEW, directory, file))
		r = -errno;
	if (r)
		unlinkat(directory, CURRENT_NEW, 0);
	else if (fsync(directory))
		r = -errno;
	return r;
}

static int keep(const char *name, const char *file, const struct km_bundle *bundle, uint64_t generation,
		struct km_err *err)
{
	KM_AUTO_CLOSE int directory = -1;
	char path[PATH_MAX];
	int r = make_directories(directory_of(name, path));

	if (!r) {
		directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = directory < 0 ? -errno : replace(directory, file, bundle, generation);
	}
	if (r)
		return km_fail(
			err, -r,
			"cannot keep the policy in force in %s: %s; in a container mount the host's " KM_KEPT_ROOT
			" there, writable",
			path, r == -EINVAL ? "one of its files could not be read" : strerror(-r));
	return 0;
}

int km_kept_write(const char *name, const struct km_bundle *bundle, uint64_t generation, struct km_err *err)
{
	return keep(name, CURRENT, bundle, generation, err);
}

int km_kept_write_trial(const char *name, const struct km_bundle *bundle, uint64_t generation, struct km_err *err)
{
	return keep(name, TRIAL, bundle, generation, err);
}

static const char *path_of(const char *name, const char *file, char path[PATH_MAX + 32])
{
	directory_of(name, path);
	strcat(path, "/");
	return strcat(path, file);
}

bool km_kept_on_trial(const char *name)
{
	char path[PATH_MAX + 32];
	struct stat st;

	return !lstat(path_of(name, TRIAL, path), &st);
}

void km_kept_drop_trial(const char *name)
{
	char path[PATH_MAX + 32];

	unlink(path_of(name, TRIAL, path));
}

int64_t km_kept_time(const char *name)
{
	char path[PATH_MAX + 32];
	struct stat st;

	if (lstat(path_of(name, CURRENT, path), &st))
		return 0;
	return st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
}

int km_kept_read(const char *name, enum km_kept_which which, struct km_bundle *bundle, uint64_t *generation,
		 struct km_err *err)
{
	static const char *const files[] = {
		[KM_KEPT_ACCEPTED] = CURRENT, [KM_KEPT_PREVIOUS] = PREVIOUS, [KM_KEPT_TRIAL] = TRIAL};
	const char *file = files[which], *damage = NULL;
	KM_AUTO_CLOSE int directory = -1;
	char path[PATH_MAX];
	struct stat st;
	FILE *stream;
	int r;

	directory = open(directory_of(name, path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	stream = directory < 0 ? NULL : open_kept(directory, file);
	if (!stream) {
		r = errno;
		if (r == ENOENT)
			return km_fail(err, r, "no policy is kept as %s/%s", path, file);
		return km_fail(err, r, "cannot open the kept policy %s/%s: %s", path, file, strerror(r));
	}
	r = fstat(fileno(stream), &st) ? -errno : km_kept_format_read(stream, st.st_size, bundle, generation, &damage);
	fclose(stream);
	if (r)
		return km_fail(err, -r, "cannot use the kept policy %s/%s: %s%s", path, file,
			       damage ? damage : strerror(-r),
			       r == -EBADMSG ? "; `kubemoat reload` with good files replaces it" : "");
	return 0;
}

void km_kept_not_before(const char *name, int64_t wall)
{
	const struct timespec times[2] = {
		{.tv_nsec = UTIME_OMIT},
		{.tv_sec = wall / INT64_C(1000000000), .tv_nsec = wall % INT64_C(1000000000)},
	};
	char path[PATH_MAX + 32];

	if (km_kept_time(name) < wall)
		utimensat(AT_FDCWD, path_of(name, CURRENT, path), times, AT_SYMLINK_NOFOLLOW);
}

bool km_kept_exists(const char *name)
{
	return km_kept_time(name) != 0;
}

static int remove_files(int directory)
{
	static const char *const files[] = {CURRENT, PREVIOUS, TRIAL, CURRENT_NEW, PREVIOUS_NEW};

	for (unsigned i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (unlinkat(directory, files[i], 0) && errno != ENOENT)
			return -errno;
	return 0;
}

int km_kept_remove(const char *name, struct km_err *err)
{
	KM_AUTO_CLOSE int directory = -1;
	char path[PATH_MAX];
	int r;

	directory = open(directory_of(name, path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0 && errno == ENOENT)
		return 0;
	r = directory < 0 ? -errno : remove_files(directory);
	/* Not empty: an off file stays. Busy: a mount point, as in a container. */
	if (!r && rmdir(path) && errno != ENOTEMPTY && errno != EEXIST && errno != EBUSY)
		r = -errno;
	return r ? km_fail(err, -r, "cannot remove the kept policy in %s: %s", path, strerror(-r)) : 0;
}
