/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "host/mountinfo.h"

#define ROOT_INODE 1
#define DEPTH_MAX 32

static bool is_cgroup2(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* Opens what is to be seen at the mount point now; -1 if that is not this mount, but one on top of it. */
static int open_mount(const struct km_mount *mount)
{
	KM_AUTO_CLOSE int fd = open(mount->point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statx stx;

	if (fd < 0 || !is_cgroup2(fd))
		return -1;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx))
		return -1;
	if ((stx.stx_mask & STATX_MNT_ID) && stx.stx_mnt_id != mount->id)
		return -1;
	return KM_TAKE_FD(fd);
}

/* Orders mounts by what they cover, widest lowest: /../.. is above /.., that above /, that above what has a name. */
static long narrowness(const char *root)
{
	const char *rest = root;
	long ups = 0;

	while (!strncmp(rest, "/..", 3) && (rest[3] == '/' || !rest[3])) {
		rest += 3;
		ups++;
	}
	if (!*rest || !strcmp(rest, "/"))
		return -ups;
	return strlen(root);
}

int km_cgroup_find(char path[KM_CGROUP_PATH], struct km_err *err)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	KM_AUTO_FREE char *line = NULL;
	char hidden[256] = "";
	size_t room = 0;
	long best = 0;
	bool found = false, root = false;

	if (!file)
		return km_fail(err, ENOENT,
			       "cannot read /proc/self/mountinfo: %s; mount proc at /proc, or name the "
			       "cgroup2 directory with --cgroup",
			       strerror(errno));
	while (!root && getline(&line, &room, file) > 0) {
		KM_AUTO_CLOSE int fd = -1;
		struct km_mount mount;

		if (!km_mountinfo_line(line, &mount) || strcmp(mount.type, "cgroup2") ||
		    strlen(mount.point) >= KM_CGROUP_PATH)
			continue;
		fd = open_mount(&mount);
		if (fd < 0) {
			snprintf(hidden, sizeof(hidden), "%s", mount.point);
			continue;
		}
		root = km_cgroup_is_root(fd);
		if (root || !found || narrowness(mount.root) < best) {
			best = narrowness(mount.root);
			strcpy(path, mount.point);
			found = true;
		}
	}
	fclose(file);
	if (found)
		return 0;
	if (hidden[0])
		return km_fail(err, ENOENT,
			       "the cgroup2 mount at %s is hidden by another mount (`ip netns exec` does that: use "
			       "--netns instead): unmount that, or name a "
			       "visible cgroup2 directory with --cgroup",
			       hidden);
	return km_fail(err, ENOENT,
		       "no cgroup2 file system is mounted here: on a host `mount -t cgroup2 none "
		       "/sys/fs/cgroup/unified`, in a container mount the host's /sys/fs/cgroup; `ip netns exec` hides "
		       "it, use --netns instead");
}

int km_cgroup_open(const char *path, struct km_err *err)
{
	KM_AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		int code = errno;

		return km_fail(err, code,
			       "cannot open the cgroup directory %s: %s; name a cgroup2 directory with --cgroup", path,
			       strerror(code));
	}
	if (!is_cgroup2(fd))
		return km_fail(err, EINVAL,
			       "%s is not on a cgroup2 file system: name a cgroup2 directory with --cgroup "
			       "(`findmnt -t cgroup2` lists the mounts)",
			       path);
	return KM_TAKE_FD(fd);
}

bool km_cgroup_is_root(int cgroup_fd)
{
	struct stat st;

	return !fstat(cgroup_fd, &st) && st.st_ino == ROOT_INODE;
}

int km_cgroup_id(int cgroup_fd, uint64_t *id, struct km_err *err)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(*id)];
	} buffer = {.handle.handle_bytes = sizeof(*id)};
	int mount_id;

	if (name_to_handle_at(cgroup_fd, "", &buffer.handle, &mount_id, AT_EMPTY_PATH)) {
		int code = errno;

		return km_fail(err, code, "cannot identify the cgroup directory: name_to_handle_at: %s",
			       strerror(code));
	}
	memcpy(id, buffer.handle.f_handle, sizeof(*id));
	return 0;
}

/*
 * Looks for the cgroup below the directory `fd`, whose path relative to the start is path[0..length]; path ends as
 * the one found. The inode number that readdir shows is the id, so that only directories have to be opened.
 */
static bool find_below(int fd, uint64_t id, unsigned depth, size_t length, char path[KM_CGROUP_PATH])
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	if (copy < 0)
		return false;
	dir = fdopendir(copy);
	if (!dir) {
		close(copy);
		return false;
	}
	while (!found && (entry = readdir(dir))) {
		size_t more = strlen(entry->d_name) + 1;
		KM_AUTO_CLOSE int below = -1;

		if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
		    length + more >= KM_CGROUP_PATH)
			continue;
		path[length] = '/';
		strcpy(path + length + 1, entry->d_name);
		found = entry->d_ino == id;
		if (found || depth == DEPTH_MAX)
			continue;
		below = openat(copy, entry->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		found = below >= 0 && find_below(below, id, depth + 1, length + more, path);
	}
	closedir(dir);
	return found;
}

bool km_cgroup_covers(int cgroup_fd, uint64_t id, char path[KM_CGROUP_PATH])
{
	char room[KM_CGROUP_PATH], *found = path ? path : room;
	bool root = km_cgroup_is_root(cgroup_fd);
	uint64_t own;

	if (!path && root)
		return true;
	if (!km_cgroup_id(cgroup_fd, &own, NULL) && own == id) {
		strcpy(found, "/");
		return true;
	}
	if (id && find_below(cgroup_fd, id, 0, 0, found))
		return true;
	found[0] = '\0';
	return root;
}
