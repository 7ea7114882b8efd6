/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "policy/big.h"
#include "policy/config.h"

#define CONFIG_NAME "kubemoat.yaml"
/* How often something is read that changes each time, before that is trouble. */
#define TRIES 3

/* What became of one attempt at a file, besides -ENOMEM. */
enum attempt { READ, TROUBLE, CHANGED };

/* Fills *trouble: what is wrong with the file, as it follows its name, and what to do. */
__attribute__((format(printf, 2, 3))) static int say(char **trouble, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(trouble, format, args);
	va_end(args);
	return length < 0 ? -ENOMEM : TROUBLE;
}

static int say_errno(char **trouble, const char *path, int code)
{
	struct stat st;

	switch (code) {
	case ENOENT:
		if (!lstat(path, &st) && S_ISLNK(st.st_mode))
			return say(trouble, "is a symbolic link that leads nowhere: mend it");
		return say(trouble, "does not exist: create it (it may be empty), or name another file");
	case ELOOP:
		return say(trouble, "is a loop of symbolic links: make it lead to a regular file");
	case EACCES:
	case EPERM:
		return say(trouble, "may not be read: run as root, or let this user read it and pass its directories");
	default:
		return say(trouble, "cannot be read: %s", strerror(code));
	}
}

/* READ if the file may be read: regular and not too large. */
static int judge(const struct stat *st, char **trouble)
{
	const char *kind = S_ISDIR(st->st_mode)	   ? "directory"
			   : S_ISFIFO(st->st_mode) ? "FIFO"
			   : S_ISSOCK(st->st_mode) ? "socket"
						   : "device";

	if (!S_ISREG(st->st_mode))
		return say(trouble, "is a %s: put a regular file in its place", kind);
	if (st->st_size > (off_t)KM_FILE_MAX)
		return say(trouble, "is larger than %u MiB", KM_FILE_MAX >> 20);
	return READ;
}

/* Reads `size` bytes and sees that there are no more. 0, CHANGED, or -errno. */
static int read_whole(int fd, char *bytes, size_t size)
{
	size_t done = 0;
	ssize_t got;
	char more;

	for (;;) {
		got = done < size ? read(fd, bytes + done, size - done) : read(fd, &more, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			return done == size ? READ : CHANGED;
		if (done == size)
			return CHANGED;
		done += got;
	}
}

static int attempt(const char *path, char **bytes, size_t *size, char **trouble)
{
	KM_AUTO_FREE char *buffer = NULL;
	KM_AUTO_CLOSE int fd = -1;
	struct stat before, after;
	int r;

	/* Asked before opening as well: to open a device can do things, a socket cannot be opened. */
	if (stat(path, &before))
		return say_errno(trouble, path, errno);
	r = judge(&before, trouble);
	if (r)
		return r;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &before))
		return say_errno(trouble, path, errno);
	r = judge(&before, trouble);
	if (r)
		return r;
	buffer = km_big_alloc(before.st_size);
	if (!buffer)
		return -ENOMEM;
	r = read_whole(fd, buffer, before.st_size);
	if (r < 0 || fstat(fd, &after))
		return say_errno(trouble, path, r < 0 ? -r : errno);
	if (r == CHANGED || after.st_ctim.tv_sec != before.st_ctim.tv_sec ||
	    after.st_ctim.tv_nsec != before.st_ctim.tv_nsec)
		return CHANGED;
	*bytes = KM_TAKE_PTR(buffer);
	*size = before.st_size;
	return READ;
}

int km_source_read_file(const char *path, char **bytes, size_t *size, char **trouble)
{
	int r = CHANGED;

	*bytes = NULL;
	*size = 0;
	*trouble = NULL;
	for (int tries = 0; r == CHANGED && tries < TRIES; tries++)
		r = attempt(path, bytes, size, trouble);
	if (r == CHANGED)
		r = say(trouble, "changes while it is read: write it under another name and rename that");
	return r < 0 ? r : 0;
}

/* Where a configuration is: the file, and the directory that its lists are relative to, with its slash. */
struct place {
	char file[PATH_MAX];
	size_t directory; /* that many bytes of `file` */
};

static int find_place(const char *config_path, struct place *place, struct km_err *err)
{
	size_t length = strlen(config_path);
	const char *slash;
	struct stat st;
	int written;

	if (!stat(config_path, &st) && S_ISDIR(st.st_mode)) {
		while (length && config_path[length - 1] == '/')
			length--;
		written = snprintf(place->file, sizeof(place->file), "%.*s/" CONFIG_NAME, (int)length, config_path);
	} else {
		written = snprintf(place->file, sizeof(place->file), "%s", config_path);
	}
	if (written >= (int)sizeof(place->file))
		return km_fail(err, ENAMETOOLONG, "the configuration's path is longer than %d bytes: %.64s...",
			       PATH_MAX - 1, config_path);
	slash = strrchr(place->file, '/');
	place->directory = slash ? slash + 1 - place->file : 0;
	return 0;
}

/* True if there is nothing by that name, not even a link that leads nowhere. */
static bool absent(const char *path)
{
	struct stat st;

	return lstat(path, &st) && errno == ENOENT;
}

/*
 * The state of a projected volume: its files are links through ..data, which is exchanged as a whole. Other
 * directories have the one state "".
 */
static void read_state(const struct place *place, char state[PATH_MAX])
{
	char link[PATH_MAX];
	ssize_t size = -1;

	if (snprintf(link, sizeof(link), "%.*s..data", (int)place->directory, place->file) < (int)sizeof(link))
		size = readlink(link, state, PATH_MAX - 1);
	state[size < 0 ? 0 : size] = '\0';
}

/* Appends the file at `path`, which the configuration calls `name`; takes over both, also on failure. */
static int add_file(struct km_bundle *bundle, char *name, char *path, const struct km_place *where)
{
	struct km_file file = {.name = name, .path = path, .line = where->line, .column = where->column};
	int r = name && path ? 0 : -ENOMEM;

	/* The configuration alone may be missing. */
	if (!r && (bundle->count || !absent(path)))
		r = km_source_read_file(path, &file.bytes, &file.size, &file.trouble);
	if (!r)
		r = km_bundle_add(bundle, &file);
	if (r >= 0)
		return 0;
	free(file.name);
	free(file.path);
	free(file.bytes);
	free(file.trouble);
	return r;
}

static char *list_path(const struct place *place, const char *name)
{
	char *path;

	if (name[0] == '/')
		return strdup(name);
	return asprintf(&path, "%.*s%s", (int)place->directory, place->file, name) < 0 ? NULL : path;
}

static int add_lists(struct km_bundle *bundle, const struct place *place)
{
	struct km_config config = {0};
	struct km_diags diags = {0};
	int r = km_config_parse(&bundle->files[0], &config, &diags);

	for (unsigned s = 0; !r && s < config.service_count; s++)
		for (unsigned l = 0; !r && l < config.services[s].list_count; l++) {
			const struct km_config_list *list = &config.services[s].lists[l];

			if (km_bundle_find(bundle, list->name) < 0)
				r = add_file(bundle, strdup(list->name), list_path(place, list->name), &list->place);
		}
	/* What is wrong with the configuration is for the policy to say, from the same bytes. */
	km_diags_free(&diags);
	km_config_free(&config);
	return r;
}

/* Reads everything once. 0 and *stable: whether it was one state of the directory. */
static int read_once(const struct place *place, struct km_bundle *bundle, bool *stable)
{
	char before[PATH_MAX], after[PATH_MAX];
	int r;

	read_state(place, before);
	r = add_file(bundle, strdup(place->file), strdup(place->file), &(struct km_place){0});
	if (!r && bundle->files[0].bytes)
		r = add_lists(bundle, place);
	read_state(place, after);
	*stable = !strcmp(before, after);
	return r;
}

/* Lets the configuration stand for the whole: the lists read beside it are of several states. */
static int give_up(struct km_bundle *bundle)
{
	struct km_file *file = &bundle->files[0];
	char *trouble = strdup("was exchanged again and again while it was read with its lists: try again");

	if (!trouble)
		return -ENOMEM;
	free(file->bytes);
	free(file->trouble);
	file->bytes = NULL;
	file->size = 0;
	file->trouble = trouble;
	return 0;
}

int km_source_read(const char *config_path, struct km_bundle *bundle, struct km_err *err)
{
	struct km_bundle read = {0};
	struct place place;
	bool stable = false;
	int r = find_place(config_path, &place, err);

	if (r)
		return r;
	for (int tries = 0; !r && !stable && tries < TRIES; tries++) {
		km_bundle_free(&read);
		r = read_once(&place, &read, &stable);
	}
	if (!r && !stable)
		r = give_up(&read);
	if (r) {
		km_bundle_free(&read);
		return km_fail(err, -r, "cannot read %s and its lists: %s", place.file, strerror(-r));
	}
	km_bundle_hash(&read);
	*bundle = read;
	return 0;
}
