/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/memory.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/mountinfo.h"

/* The same three facts in two versions. */
static const struct version {
	const char *type, *limit, *used, *idle;
} versions[] = {
	{"cgroup", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"},
	{"cgroup2", "memory.max", "memory.current", "inactive_file"},
};

#define NO_LIMIT (UINT64_C(1) << 60) /* version 1 says so by a number near 2^63 */

static bool read_number(const char *directory, const char *file, uint64_t *value)
{
	char path[PATH_MAX + 64];
	FILE *stream;
	bool read;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	stream = fopen(path, "re");
	if (!stream)
		return false;
	read = fscanf(stream, "%" SCNu64, value) == 1;
	fclose(stream);
	return read;
}

/* A line "name number" of memory.stat; 0 if it is not there. */
static uint64_t read_stat(const char *directory, const char *name)
{
	char path[PATH_MAX + 64], word[64];
	uint64_t value, found = 0;
	FILE *stream;

	snprintf(path, sizeof(path), "%s/memory.stat", directory);
	stream = fopen(path, "re");
	if (!stream)
		return 0;
	while (fscanf(stream, "%63s %" SCNu64, word, &value) == 2)
		if (!strcmp(word, name))
			found = value;
	fclose(stream);
	return found;
}

static void look(const char *directory, const struct version *version, struct km_memory *memory)
{
	uint64_t limit, used, idle, room;

	if (!read_number(directory, version->limit, &limit) || limit >= NO_LIMIT ||
	    !read_number(directory, version->used, &used))
		return;
	idle = read_stat(directory, version->idle);
	used -= idle < used ? idle : used;
	room = used < limit ? limit - used : 0;
	if (memory->limited && memory->room <= room)
		return;
	*memory = (struct km_memory){.limited = true, .limit = limit, .room = room};
}

/* The path of this process in the hierarchy that has the memory controller; the root of the mount if it says none. */
static void own_path(bool unified, char path[PATH_MAX])
{
	FILE *stream = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX + 128];

	*path = '\0';
	if (!stream)
		return;
	while (fgets(line, sizeof(line), stream)) {
		char *controllers = strchr(line, ':'), *own = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!own)
			continue;
		*own++ = '\0';
		own[strcspn(own, "\n")] = '\0';
		if (unified ? !controllers[1] : strstr(controllers, "memory") != NULL)
			snprintf(path, PATH_MAX, "%s", own);
	}
	fclose(stream);
}

/* From this process's directory up to the mount. A container may show only its own as the mount's root. */
static void look_upwards(const struct km_mount *mount, const struct version *version, struct km_memory *memory)
{
	char path[PATH_MAX], directory[2 * PATH_MAX];
	size_t root = strlen(mount->root), point = strlen(mount->point);
	struct stat st;

	own_path(!strcmp(version->type, "cgroup2"), path);
	if (root > 1 && !strncmp(path, mount->root, root))
		memmove(path, path + root, strlen(path + root) + 1);
	snprintf(directory, sizeof(directory), "%s%s", mount->point, path);
	if (stat(directory, &st))
		directory[point] = '\0';
	for (char *slash; strlen(directory) > point; *slash = '\0') {
		look(directory, version, memory);
		slash = strrchr(directory, '/');
	}
	look(mount->point, version, memory);
}

void km_memory_read(struct km_memory *memory)
{
	FILE *stream = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t room = 0;

	*memory = (struct km_memory){};
	if (!stream)
		return;
	while (getline(&line, &room, stream) > 0) {
		struct km_mount mount;

		if (!km_mountinfo_line(line, &mount))
			continue;
		for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++)
			if (!strcmp(mount.type, versions[i].type))
				look_upwards(&mount, &versions[i], memory);
	}
	free(line);
	fclose(stream);
}
