// SPDX-License-Identifier: BSD-2-Clause
/*
 * Has this kernel verify the guard's programs, as `load` does for the smallest policy, and prints a line for each: its
 * name and how many instructions the verifier walked. Newer kernels tell that of a loaded program, 5.10 only here.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "kernel/features.h"
#include "kernel/image.h"
#include "kubemoat.h"
#include "kubemoat.skel.h"

#define LOG_STATS 4 /* of the verifier's log levels: the totals alone */

static char logs[2][1 << 20];

int main(void)
{
	struct kubemoat_bpf *skeleton = kubemoat_bpf__open();
	struct bpf_program *program;
	struct km_err why = {};
	int template, count = 0;

	if (!skeleton)
		err(3, "programs");
	template = km_image_make(KM_IMAGE_ROOM(KM_LINES_MIN_BYTES), &why);
	if (template <0)
		errx(3, "%s", why.text);
	skeleton->rodata->km_image_mask = KM_LINES_MIN_BYTES - 1;
	skeleton->rodata->km_netns_cookie = !km_lacks_netns_cookie();
	if (bpf_map__set_inner_map_fd(skeleton->maps.images, template))
		err(3, "images");
	bpf_object__for_each_program(program, skeleton->obj)
	{
		bpf_program__set_log_buf(program, logs[count], sizeof(logs[count]));
		bpf_program__set_log_level(program, LOG_STATS);
		count++;
	}
	if (kubemoat_bpf__load(skeleton))
		err(3, "%s%s", logs[0], logs[1]);
	count = 0;
	bpf_object__for_each_program(program, skeleton->obj)
	{
		const char *line = strstr(logs[count++], "processed ");
		unsigned walked;

		if (!line || sscanf(line, "processed %u insns", &walked) != 1)
			errx(3, "%s: the verifier told nothing", bpf_program__name(program));
		printf("%s %u\n", bpf_program__name(program), walked);
	}
	kubemoat_bpf__destroy(skeleton);
	return 0;
}
