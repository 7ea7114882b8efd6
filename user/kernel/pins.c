/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/magic.h>

#include "cleanup.h"
#include "kernel/book.h"
#include "kernel/privilege.h"

#define KM_DAEMON_LOCK "daemon"
#define KM_NEW_SUFFIX "-new"
#define KM_PIN_PATH (512 + 2 * (KM_NAME_MAX + 16))

static void pin_path(const struct km_pins *pins, const char *pin, const char *suffix, char path[KM_PIN_PATH])
{
	snprintf(path, KM_PIN_PATH, "%s/%s/%s%s", pins->bpffs, pins->name, pin, suffix);
}

static int check_bpffs(const char *bpffs, struct km_err *err)
{
	struct statfs fs;

	/* Never -ENOENT: that says "no such instance". */
	if (statfs(bpffs, &fs))
		return km_fail(err, errno == ENOENT ? ENOTDIR : errno,
			       "%s: %s; mount one with `mount -t bpf bpf %s`, or name another with --bpffs", bpffs,
			       strerror(errno), bpffs);
	if ((unsigned long)fs.f_type != BPF_FS_MAGIC)
		return km_fail(
			err, ENOTSUP,
			"%s is not a BPF file system; mount one with `mount -t bpf bpf %s` (`ip netns exec` hides the "
			"host's: use --netns instead)",
			bpffs, bpffs);
	return 0;
}

int km_pins_open(const char *bpffs, const char *name, bool create, struct km_pins *pins, struct km_err *err)
{
	char path[KM_PIN_PATH];
	struct stat st;
	int r;

	pins->dir = -1;
	if (strlen(bpffs) >= sizeof(pins->bpffs))
		return km_fail(err, ENAMETOOLONG, "--bpffs: the path is longer than %zu bytes",
			       sizeof(pins->bpffs) - 1);
	r = check_bpffs(bpffs, err);
	if (r)
		return r;
	snprintf(pins->bpffs, sizeof(pins->bpffs), "%s", bpffs);
	snprintf(pins->name, sizeof(pins->name), "%s", name);
	snprintf(path, sizeof(path), "%s/%s", bpffs, name);
	if (create && mkdir(path, 0700) && errno != EEXIST)
		return km_fail(err, errno, "%s: cannot be created: %s; run as root", path, strerror(errno));
	pins->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (pins->dir < 0) {
		if (errno == ENOENT)
			return km_fail(err, ENOENT, "no instance '%s' in %s", name, bpffs);
		return km_fail(err, errno, "%s: %s%s", path, strerror(errno), errno == EACCES ? "; run as root" : "");
	}
	if (fstat(pins->dir, &st) || st.st_uid != 0 || st.st_mode & 077) {
		km_pins_close(pins);
		return km_fail(err, EPERM,
			       "%s must belong to root with mode 0700: whoever can open pins can detach the guard; "
			       "remove it or "
			       "choose another --name",
			       path);
	}
	return 0;
}

void km_pins_close(struct km_pins *pins)
{
	if (pins->dir >= 0)
		close(pins->dir);
	pins->dir = -1;
}

/* The directory may have been removed by `unload` while we waited for its lock: then it is no longer the one. */
static bool still_there(const struct km_pins *pins, int fd)
{
	char path[KM_PIN_PATH];
	struct stat at_path, locked;

	snprintf(path, sizeof(path), "%s/%s", pins->bpffs, pins->name);
	return !fstat(fd, &locked) && !stat(path, &at_path) && locked.st_ino == at_path.st_ino &&
	       locked.st_dev == at_path.st_dev;
}

int km_pins_lock_writer(struct km_pins *pins, bool create, struct km_err *err)
{
	for (;;) {
		KM_AUTO_CLOSE int fd = openat(pins->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		struct km_pins again;
		int r;

		if (fd < 0)
			return km_fail(err, errno, "%s/%s: %s", pins->bpffs, pins->name, strerror(errno));
		while (flock(fd, LOCK_EX)) {
			if (errno != EINTR)
				return km_fail(err, errno, "%s/%s: cannot be locked: %s", pins->bpffs, pins->name,
					       strerror(errno));
		}
		if (still_there(pins, fd))
			return KM_TAKE_FD(fd);
		r = km_pins_open(pins->bpffs, pins->name, create, &again, err);
		if (r)
			return r;
		close(pins->dir);
		pins->dir = again.dir;
	}
}

int km_pins_lock_daemon(const struct km_pins *pins, struct km_err *err)
{
	KM_AUTO_CLOSE int fd = -1;

	if (mkdirat(pins->dir, KM_DAEMON_LOCK, 0700) && errno != EEXIST)
		return km_fail(err, errno, "%s/%s/" KM_DAEMON_LOCK ": cannot be created: %s", pins->bpffs, pins->name,
			       strerror(errno));
	fd = openat(pins->dir, KM_DAEMON_LOCK, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return km_fail(err, errno, "%s/%s/" KM_DAEMON_LOCK ": %s", pins->bpffs, pins->name, strerror(errno));
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return KM_TAKE_FD(fd);
	if (errno != EWOULDBLOCK)
		return km_fail(err, errno, "%s/%s/" KM_DAEMON_LOCK ": cannot be locked: %s", pins->bpffs, pins->name,
			       strerror(errno));
	return km_fail(err, EBUSY,
		       "instance '%s' has a daemon already, pid %u; stop it first, or choose another --name",
		       pins->name, km_book_daemon_pid(pins));
}

bool km_pins_daemon_lock_holds(const struct km_pins *pins, int lock)
{
	struct stat there, locked;

	return !fstatat(pins->dir, KM_DAEMON_LOCK, &there, AT_SYMLINK_NOFOLLOW) && !fstat(lock, &locked) &&
	       there.st_ino == locked.st_ino && there.st_dev == locked.st_dev;
}

int km_pins_get(const struct km_pins *pins, const char *pin, struct km_err *err)
{
	char path[KM_PIN_PATH];
	int fd, code;

	pin_path(pins, pin, "", path);
	fd = bpf_obj_get(path);
	if (fd >= 0)
		return fd;
	code = errno;
	if (code == EPERM && km_privilege_check(err))
		return -EPERM;
	return km_fail(err, code, "%s: %s", path, strerror(code));
}

int km_pins_put(const struct km_pins *pins, const char *pin, int fd, struct km_err *err)
{
	char path[KM_PIN_PATH], beside[KM_PIN_PATH];

	pin_path(pins, pin, "", path);
	pin_path(pins, pin, KM_NEW_SUFFIX, beside);
	unlink(beside);
	if (bpf_obj_pin(fd, beside))
		return km_fail(err, errno, "%s: cannot be pinned: %s", beside, strerror(errno));
	if (rename(beside, path)) {
		int code = errno;

		unlink(beside);
		return km_fail(err, code, "%s: cannot be renamed over %s: %s", beside, path, strerror(code));
	}
	return 0;
}

int km_pins_drop(const struct km_pins *pins, const char *pin, struct km_err *err)
{
	char path[KM_PIN_PATH];

	pin_path(pins, pin, "", path);
	if (unlink(path) && errno != ENOENT)
		return km_fail(err, errno, "%s: cannot be removed: %s", path, strerror(errno));
	return 0;
}

/* A link whose last reference goes is detached some time later; this one is when the function returns. */
static void detach(const struct km_pins *pins, const char *pin)
{
	KM_AUTO_CLOSE int link = km_pins_get(pins, pin, NULL);

	if (link >= 0)
		bpf_link_detach(link);
}

int km_pins_remove_all(const struct km_pins *pins, struct km_err *err)
{
	static const char *const first[] = {KM_PIN_LOOKUP, KM_PIN_LOOKUP KM_NEW_SUFFIX, KM_PIN_PACKET,
					    KM_PIN_PACKET KM_NEW_SUFFIX};
	char path[KM_PIN_PATH];
	struct dirent *entry;
	DIR *dir;
	int fd, code = 0;

	for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++) {
		detach(pins, first[i]);
		unlinkat(pins->dir, first[i], 0);
	}
	fd = openat(pins->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return km_fail(err, errno, "%s/%s: %s", pins->bpffs, pins->name, strerror(errno));
	}
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (unlinkat(pins->dir, entry->d_name, 0) && unlinkat(pins->dir, entry->d_name, AT_REMOVEDIR)) {
			code = errno;
			km_fail(err, code, "%s/%s/%s: cannot be removed: %s", pins->bpffs, pins->name, entry->d_name,
				strerror(code));
		}
	}
	closedir(dir);
	if (code)
		return -code;
	snprintf(path, sizeof(path), "%s/%s", pins->bpffs, pins->name);
	if (rmdir(path) && errno != ENOENT)
		return km_fail(err, errno, "%s: cannot be removed: %s", path, strerror(errno));
	return 0;
}
