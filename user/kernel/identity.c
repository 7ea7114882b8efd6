/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/identity.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

int km_link_read(int link, struct km_attachment *place)
{
	struct bpf_link_info info = {0};
	uint32_t length = sizeof(info);

	if (bpf_obj_get_info_by_fd(link, &info, &length))
		return -errno;
	if (info.type != BPF_LINK_TYPE_NETNS && info.type != BPF_LINK_TYPE_CGROUP)
		return -EINVAL;
	place->link = info.id;
	place->prog = info.prog_id;
	place->where = info.type == BPF_LINK_TYPE_NETNS ? info.netns.netns_ino : info.cgroup.cgroup_id;
	return 0;
}

int km_program_read(int prog, struct km_program *program)
{
	struct bpf_prog_info info = {
		.nr_map_ids = KM_PROG_MAPS,
		.map_ids = (uintptr_t)program->maps,
	};
	uint32_t length = sizeof(info);

	if (bpf_obj_get_info_by_fd(prog, &info, &length))
		return -errno;
	program->id = info.id;
	program->map_count = info.nr_map_ids < KM_PROG_MAPS ? info.nr_map_ids : KM_PROG_MAPS;
	memcpy(program->name, info.name, sizeof(program->name));
	program->name[sizeof(program->name) - 1] = '\0';
	return 0;
}

int km_map_read(int map, uint32_t *id, char name[KM_OBJECT_NAME], uint32_t *value_size)
{
	struct bpf_map_info info = {0};
	uint32_t length = sizeof(info);

	if (bpf_obj_get_info_by_fd(map, &info, &length))
		return -errno;
	*id = info.id;
	memcpy(name, info.name, KM_OBJECT_NAME);
	name[KM_OBJECT_NAME - 1] = '\0';
	if (value_size)
		*value_size = info.value_size;
	return 0;
}

bool km_program_uses(const struct km_program *program, uint32_t map)
{
	for (uint32_t i = 0; i < program->map_count; i++)
		if (program->maps[i] == map)
			return true;
	return false;
}
