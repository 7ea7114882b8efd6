/* SPDX-License-Identifier: BSD-2-Clause */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <json-c/json.h>

#include "measure.h"

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void sorted(const struct bench_measure *m, double figures[BENCH_ROUNDS])
{
	memcpy(figures, m->value, sizeof(m->value));
	qsort(figures, BENCH_ROUNDS, sizeof(*figures), ascending);
}

double bench_median(const double *figures, unsigned count)
{
	double copy[count];

	memcpy(copy, figures, sizeof(copy));
	qsort(copy, count, sizeof(*copy), ascending);
	return copy[count / 2];
}

static bool breaks_bound(const struct bench_measure *m, double median)
{
	if (!m->bound)
		return false;
	return m->bound_is_low ? median < m->bound : median > m->bound;
}

unsigned bench_print(const struct bench_measure *measures, unsigned count)
{
	unsigned broken = 0;

	printf("%-36s %9s %9s %9s  %-12s %8s  %s\n", "measure", "median", "min", "max", "unit", "ns a run", "bound");
	for (unsigned i = 0; i < count; i++) {
		const struct bench_measure *m = &measures[i];
		double figures[BENCH_ROUNDS], median;
		char ns[16] = "", bound[32] = "";

		sorted(m, figures);
		median = figures[BENCH_ROUNDS / 2];
		if (m->ns)
			snprintf(ns, sizeof(ns), "%.1f", m->ns);
		if (m->bound)
			snprintf(bound, sizeof(bound), "%s %g%s", m->bound_is_low ? ">=" : "<=", m->bound,
				 breaks_bound(m, median) ? "  BROKEN" : "");
		printf("%-36s %9.2f %9.2f %9.2f  %-12s %8s  %s\n", m->id, median, figures[0], figures[BENCH_ROUNDS - 1],
		       m->unit, ns, bound);
		broken += breaks_bound(m, median);
	}
	fflush(stdout);
	return broken;
}

/* Model of the first processor, as the kernel names it. */
static struct json_object *cpu_model(void)
{
	struct json_object *model = NULL;
	FILE *in = fopen("/proc/cpuinfo", "re");
	char line[256];

	while (in && !model && fgets(line, sizeof(line), in)) {
		char *value = strchr(line, ':');

		if (strncmp(line, "model name", 10) || !value)
			continue;
		value[strcspn(value, "\n")] = '\0';
		model = json_object_new_string(value + 2);
	}
	if (in)
		fclose(in);
	return model;
}

static struct json_object *machine(void)
{
	struct json_object *object = json_object_new_object();
	struct utsname name;

	uname(&name);
	json_object_object_add(object, "cpu", cpu_model());
	json_object_object_add(object, "cpus", json_object_new_int(get_nprocs()));
	json_object_object_add(object, "kernel", json_object_new_string(name.release));
	json_object_object_add(object, "arch", json_object_new_string(name.machine));
	return object;
}

/* Two decimals: what is behind them is noise. */
static struct json_object *figure(double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.2f", value);
	return json_object_new_double_s(value, text);
}

static struct json_object *measure_object(const struct bench_measure *m)
{
	struct json_object *object = json_object_new_object();
	double figures[BENCH_ROUNDS];

	sorted(m, figures);
	json_object_object_add(object, "id", json_object_new_string(m->id));
	json_object_object_add(object, "value", figure(figures[BENCH_ROUNDS / 2]));
	json_object_object_add(object, "unit", json_object_new_string(m->unit));
	json_object_object_add(object, "against", m->against ? json_object_new_string(m->against) : NULL);
	json_object_object_add(object, "min", figure(figures[0]));
	json_object_object_add(object, "max", figure(figures[BENCH_ROUNDS - 1]));
	json_object_object_add(object, "rounds", json_object_new_int(BENCH_ROUNDS));
	if (m->ns)
		json_object_object_add(object, "ns", figure(m->ns));
	if (m->bound) {
		json_object_object_add(object, m->bound_is_low ? "at_least" : "at_most", figure(m->bound));
		json_object_object_add(object, "holds",
				       json_object_new_boolean(!breaks_bound(m, figures[BENCH_ROUNDS / 2])));
	}
	return object;
}

void bench_write(const struct bench_measure *measures, unsigned count, const char *path)
{
	struct json_object *root = json_object_new_object(), *list = json_object_new_array();

	for (unsigned i = 0; i < count; i++)
		json_object_array_add(list, measure_object(&measures[i]));
	json_object_object_add(root, "machine", machine());
	json_object_object_add(root, "measures", list);
	if (json_object_to_file_ext(path, root, JSON_C_TO_STRING_PRETTY))
		errx(1, "%s: %s", path, json_util_get_last_err());
	json_object_put(root);
}
