/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/watch_path.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOPS_MAX 40 /* symbolic links on one path, as in the kernel */
#define LOOKS_MAX 8 /* at a name that changes between looking and watching */

/* Of a directory that is passed through: an event only if it goes, whatever happens in it. */
#define SELF_EVENTS (IN_MOVE_SELF | IN_DELETE_SELF)
/* Of a directory where a name is a link, or is missing. */
#define NAME_EVENTS (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)
/* Of a directory where a name is the file itself. */
#define FILE_EVENTS (NAME_EVENTS | IN_MODIFY | IN_CLOSE_WRITE)

enum kind { MISSING, LINK, DIRECTORY, FILE_ITSELF };

/* Watches a directory for these events besides those that it is watched for already. */
static int watch_directory(struct km_watching *watching, const char *directory, uint32_t events, const char *name)
{
	int wd = inotify_add_watch(watching->inotify, directory,
				   events | IN_MASK_ADD | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK);
	const struct km_interest *before;
	int r;

	if (wd < 0)
		return -errno;
	if (!km_interest_events(watching->before, wd))
		watching->fresh = true;
	r = km_interest_add(&watching->next, wd, events, directory, name);
	before = km_interest_find(watching->before, wd, name);
	if (!r && before)
		km_interest_find(&watching->next, wd, name)->written = before->written;
	return r;
}

/* What is there; of a link, its target. */
static enum kind look(const char *path, char target[PATH_MAX])
{
	ssize_t size = readlink(path, target, PATH_MAX - 1);
	struct stat st;

	target[size < 0 ? 0 : size] = '\0';
	if (size >= 0)
		return LINK;
	if (lstat(path, &st))
		return MISSING;
	return S_ISDIR(st.st_mode) ? DIRECTORY : FILE_ITSELF;
}

/*
 * Looks at directory/name, watches what that kind of thing needs, and looks again: what changed before it was watched
 * gave no event. Where the directory is gone by now, the watch on itself or on one above it tells.
 */
static int watch_name(struct km_watching *watching, const char *directory, const char *name, bool last, enum kind *kind,
		      char target[PATH_MAX])
{
	char path[PATH_MAX];
	enum kind before;
	int r;

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path)) {
		*kind = MISSING;
		return 0;
	}
	*kind = look(path, target);
	for (int looks = 0; looks < LOOKS_MAX; looks++) {
		before = *kind;
		if (before == DIRECTORY)
			r = watch_directory(watching, path, SELF_EVENTS, NULL);
		else
			r = watch_directory(watching, directory[0] ? directory : "/",
					    before == FILE_ITSELF || (before == MISSING && last) ? FILE_EVENTS
												 : NAME_EVENTS,
					    name);
		if (r && r != -ENOENT && r != -ENOTDIR && r != -ELOOP)
			return r;
		*kind = look(path, target);
		if (*kind == before)
			break;
	}
	return 0;
}

int km_watch_path(struct km_watching *watching, const char *path)
{
	char directory[PATH_MAX] = ""; /* so far, free of links; "" is the root */
	char rest[2 * PATH_MAX];       /* of the path, still to be followed */
	char target[PATH_MAX], name[NAME_MAX + 1];
	unsigned hops = 0;
	enum kind kind;
	int r;

	if (path[0] != '/' && !getcwd(directory, sizeof(directory)))
		return -errno;
	if (!strcmp(directory, "/"))
		directory[0] = '\0';
	if (snprintf(rest, sizeof(rest), "%s", path) >= (int)sizeof(rest))
		return 0;
	for (;;) {
		char *start = rest + strspn(rest, "/"), *end = start + strcspn(start, "/");
		size_t length = end - start;

		/* At the end, or at what no file system can hold. */
		if (!length || length > NAME_MAX)
			return 0;
		memcpy(name, start, length);
		name[length] = '\0';
		memmove(rest, end, strlen(end) + 1);
		if (!strcmp(name, "."))
			continue;
		if (!strcmp(name, "..")) {
			if (directory[0])
				*strrchr(directory, '/') = '\0';
			continue;
		}
		r = watch_name(watching, directory, name, !rest[strspn(rest, "/")], &kind, target);
		if (r)
			return r;
		if (kind == DIRECTORY) {
			strcat(strcat(directory, "/"), name);
		} else if (kind == LINK && ++hops <= HOPS_MAX) {
			char joined[sizeof(rest)];

			if (snprintf(joined, sizeof(joined), "%s%s", target, rest) >= (int)sizeof(joined))
				return 0;
			strcpy(rest, joined);
			if (target[0] == '/')
				directory[0] = '\0';
		} else {
			return 0;
		}
	}
}
