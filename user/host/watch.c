/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "host/interest.h"
#include "host/watch_path.h"

#define STILL_MS 1000 /* a writer that has not touched its file for so long is not waited for */

struct km_watch {
	int epoll;   /* of the other two; -1: no inotify */
	int inotify; /* on the directories of `now` */
	int again;   /* an eventfd: the caller has to read once more */
	struct km_interests now;
};

static void close_descriptors(struct km_watch *watch)
{
	km_auto_close(&watch->epoll);
	km_auto_close(&watch->inotify);
	km_auto_close(&watch->again);
	watch->epoll = watch->inotify = watch->again = -1;
}

static int open_descriptors(struct km_watch *watch)
{
	struct epoll_event readable = {.events = EPOLLIN};

	watch->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->inotify < 0)
		return -errno;
	watch->again = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	watch->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (watch->again < 0 || watch->epoll < 0 || epoll_ctl(watch->epoll, EPOLL_CTL_ADD, watch->inotify, &readable) ||
	    epoll_ctl(watch->epoll, EPOLL_CTL_ADD, watch->again, &readable))
		return -errno;
	return 0;
}

int km_watch_open(struct km_watch **watch, struct km_err *err)
{
	struct km_watch *made = calloc(1, sizeof(*made));
	int r;

	if (!made)
		return km_fail(err, ENOMEM, "no memory to watch files");
	made->epoll = made->inotify = made->again = -1;
	r = open_descriptors(made);
	if (r) {
		km_fail(err, -r, "the files cannot be watched, they are compared at intervals instead: inotify: %s%s",
			strerror(-r), r == -EMFILE ? "; raise fs.inotify.max_user_instances" : "");
		close_descriptors(made);
	}
	*watch = made;
	return 0;
}

void km_watch_close(struct km_watch *watch)
{
	if (!watch)
		return;
	close_descriptors(watch);
	km_interests_free(&watch->now);
	free(watch);
}

int km_watch_fd(const struct km_watch *watch)
{
	return watch->epoll;
}

/* Takes back what is no longer needed: whole directories, and events of those that stay. */
static void narrow(const struct km_watching *watching)
{
	for (size_t i = 0; i < watching->before->count; i++) {
		const struct km_interest *old = &watching->before->list[i];
		uint32_t needed = km_interest_events(&watching->next, old->wd);
		int wd;

		/* Of one that is gone the kernel has dropped the watch by itself: then this fails, as it should. */
		if (!needed) {
			inotify_rm_watch(watching->inotify, old->wd);
			continue;
		}
		if (!(old->events & ~needed))
			continue;
		wd = inotify_add_watch(watching->inotify, old->directory,
				       needed | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK);
		/* Another directory has taken its place since: the event that said so makes for another round. */
		if (wd >= 0 && !km_interest_events(&watching->next, wd))
			inotify_rm_watch(watching->inotify, wd);
	}
}

int km_watch_set(struct km_watch *watch, const char *config_path, const struct km_bundle *bundle, struct km_err *err)
{
	struct km_watching watching = {.inotify = watch->inotify, .before = &watch->now};
	const char *failed = config_path;
	int r;

	if (watch->inotify < 0)
		return 0;
	r = km_watch_path(&watching, config_path);
	for (unsigned i = 0; i < bundle->count; i++) {
		int one = km_watch_path(&watching, bundle->files[i].path);

		if (one && !r) {
			r = one;
			failed = bundle->files[i].path;
		}
	}
	narrow(&watching);
	km_interests_free(&watch->now);
	watch->now = watching.next;
	if (watching.fresh)
		eventfd_write(watch->again, 1);
	if (r)
		return km_fail(err, -r, "%s cannot be watched, it is compared at intervals instead: inotify: %s%s",
			       failed, strerror(-r), r == -ENOSPC ? "; raise fs.inotify.max_user_watches" : "");
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* True if the event comes from a writer that will close the file, which is another event. */
static bool writes(const struct inotify_event *event, const struct km_interest *interest)
{
	char path[2 * PATH_MAX];
	struct stat st;

	if (event->mask & IN_MODIFY)
		return true;
	if (!(event->mask & IN_CREATE) || (event->mask & IN_ISDIR))
		return false;
	/* Made by open(). A link, symbolic or hard, is complete as it is. */
	snprintf(path, sizeof(path), "%s/%s", interest->directory, interest->name);
	return !lstat(path, &st) && S_ISREG(st.st_mode) && st.st_nlink == 1;
}

static enum km_watch_news judge(struct km_watch *watch, const struct inotify_event *event)
{
	struct km_interest *interest;

	if (event->mask & IN_Q_OVERFLOW) {
		/* The close may be among what was lost. */
		for (size_t i = 0; i < watch->now.count; i++)
			watch->now.list[i].written = 0;
		return KM_WATCH_CHANGED;
	}
	interest = km_interest_find(&watch->now, event->wd, event->len ? event->name : NULL);
	if (!interest || !(event->mask & (interest->events | (interest->name ? 0 : IN_UNMOUNT))))
		return KM_WATCH_NOTHING;
	if (interest->name && writes(event, interest)) {
		interest->written = now_ms();
		return KM_WATCH_WRITING;
	}
	interest->written = 0;
	return KM_WATCH_CHANGED;
}

static bool being_written(const struct km_watch *watch)
{
	for (size_t i = 0; i < watch->now.count; i++)
		if (watch->now.list[i].written && now_ms() - watch->now.list[i].written < STILL_MS)
			return true;
	return false;
}

enum km_watch_news km_watch_read(struct km_watch *watch)
{
	char buffer[16 << 10] __attribute__((aligned(__alignof__(struct inotify_event))));
	enum km_watch_news news = KM_WATCH_NOTHING;
	eventfd_t again;
	ssize_t size;

	if (watch->inotify < 0)
		return KM_WATCH_NOTHING;
	if (!eventfd_read(watch->again, &again))
		news = KM_WATCH_CHANGED;
	while ((size = read(watch->inotify, buffer, sizeof(buffer))) > 0) {
		const struct inotify_event *event;

		for (char *at = buffer; at < buffer + size; at += sizeof(*event) + event->len) {
			enum km_watch_news one;

			event = (const struct inotify_event *)at;
			one = judge(watch, event);
			if (one > news)
				news = one;
		}
	}
	return news == KM_WATCH_CHANGED && being_written(watch) ? KM_WATCH_WRITING : news;
}

bool km_watch_own_mount(const char *path)
{
	struct statx stx;

	return !statx(AT_FDCWD, path, 0, STATX_TYPE, &stx) && S_ISREG(stx.stx_mode) &&
	       (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}
