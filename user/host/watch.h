/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tells that files may have changed: inotify on every directory on the way to them, symlinks followed and watched at
 * each hop (so the ..data swap of a ConfigMap, a save by rename, a directory that appears later are seen). Without
 * inotify (none left) `fd` is -1 and the caller polls.
 */
#ifndef KM_WATCH_H
#define KM_WATCH_H

#include <stdbool.h>

#include "error.h"
#include "policy/bundle.h"

struct km_watch;

/* *watch is never NULL on 0; where inotify is not to be had, *err says why and km_watch_fd() is -1. -ENOMEM else. */
int km_watch_open(struct km_watch **watch, struct km_err *err);
void km_watch_close(struct km_watch *watch);

/* Readable when something happened; -1: poll instead. An epoll descriptor: only wait on it. */
int km_watch_fd(const struct km_watch *watch);

/*
 * Watches what leads to config_path and to every file of the bundle (paths), and drops what is no longer needed. Call
 * it after each reading. Where it comes upon a directory that was not watched before, changes since that reading may
 * have gone unseen: the next km_watch_read() is CHANGED, so that the caller reads once more.
 * 0, or -errno with *err (no watches left, memory): part may be unwatched, so poll as well.
 */
int km_watch_set(struct km_watch *watch, const char *config_path, const struct km_bundle *bundle, struct km_err *err);

enum km_watch_news {
	KM_WATCH_NOTHING, /* only files that do not concern us */
	KM_WATCH_WRITING, /* a file is being written in place: read it once it was still for a second, or on CHANGED */
	KM_WATCH_CHANGED, /* closed after writing, renamed, created, removed: read now */
};

/*
 * Drains the events without blocking. An overflow counts as CHANGED. While one file is being written (its writer
 * touched it within the last second and has not closed it), a change of another one is WRITING too.
 */
enum km_watch_news km_watch_read(struct km_watch *watch);

/* True if the file is a mount of its own (a subPath volume), which never sees a swap. */
bool km_watch_own_mount(const char *path);

#endif
