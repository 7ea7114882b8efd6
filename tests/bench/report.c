/* SPDX-License-Identifier: BSD-2-Clause */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <json-c/json.h>

#include "bounds.h"
#include "measure.h"
#include "report.h"

struct spread {
	double median, min, max;
};

static struct spread spread(const struct bench_measure *m)
{
	struct spread s = {bench_median(m->value, m->rounds), m->value[0], m->value[0]};

	for (unsigned r = 1; r < m->rounds; r++) {
		s.min = m->value[r] < s.min ? m->value[r] : s.min;
		s.max = m->value[r] > s.max ? m->value[r] : s.max;
	}
	return s;
}

static void print_bound(const char *id, double median, char text[48])
{
	struct bench_bound bound = bench_bound(id);
	const char *verdict = "";

	*text = '\0';
	if (bound.kind == BENCH_NO_BOUND)
		return;
	if (!bench_judges())
		verdict = "  not judged";
	else if (!bench_holds(bound, median))
		verdict = "  BROKEN";
	snprintf(text, 48, "%s %g%s", bound.kind == BENCH_AT_LEAST ? ">=" : "<=", bound.value, verdict);
}

static bool is_broken(const struct bench_measure *m)
{
	return bench_judges() && !bench_holds(bench_bound(m->id), spread(m).median);
}

unsigned bench_print(void)
{
	const struct bench_measure *measures;
	unsigned count, broken = 0;

	measures = bench_measures(&count);
	printf("%-40s %10s %10s %10s  %-13s %-12s %9s  %s\n", "measure", "median", "min", "max", "unit", "against",
	       "ns", "bound");
	for (unsigned i = 0; i < count; i++) {
		const struct bench_measure *m = &measures[i];
		struct spread s = spread(m);
		char ns[16] = "", bound[48];

		if (m->ns)
			snprintf(ns, sizeof(ns), "%.1f", m->ns);
		print_bound(m->id, s.median, bound);
		printf("%-40s %10.3f %10.3f %10.3f  %-13s %-12s %9s  %s\n", m->id, s.median, s.min, s.max, m->unit,
		       m->against ? m->against : "", ns, bound);
	}
	for (unsigned i = 0; i < count; i++) {
		if (!is_broken(&measures[i]))
			continue;
		if (!broken++)
			puts("\nbroken bounds:");
		puts(measures[i].id);
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

static struct json_object *machine(unsigned strangers)
{
	struct json_object *object = json_object_new_object();
	struct utsname name;

	uname(&name);
	json_object_object_add(object, "cpu", cpu_model());
	json_object_object_add(object, "cpus", json_object_new_int(get_nprocs()));
	json_object_object_add(object, "kernel", json_object_new_string(name.release));
	json_object_object_add(object, "arch", json_object_new_string(name.machine));
	json_object_object_add(object, "foreign_programs", json_object_new_int(strangers));
	return object;
}

/* Three decimals: what is behind them is noise. */
static struct json_object *figure(double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.3f", value);
	return json_object_new_double_s(value, text);
}

static void add_bound(struct json_object *object, const char *id, double median)
{
	struct bench_bound bound = bench_bound(id);

	if (bound.kind == BENCH_NO_BOUND)
		return;
	json_object_object_add(object, bound.kind == BENCH_AT_LEAST ? "at_least" : "at_most", figure(bound.value));
	json_object_object_add(object, "holds",
			       bench_judges() ? json_object_new_boolean(bench_holds(bound, median)) : NULL);
}

static struct json_object *measure_object(const struct bench_measure *m)
{
	struct json_object *object = json_object_new_object();
	struct spread s = spread(m);

	json_object_object_add(object, "id", json_object_new_string(m->id));
	json_object_object_add(object, "value", figure(s.median));
	json_object_object_add(object, "unit", json_object_new_string(m->unit));
	json_object_object_add(object, "against", m->against ? json_object_new_string(m->against) : NULL);
	json_object_object_add(object, "min", figure(s.min));
	json_object_object_add(object, "max", figure(s.max));
	json_object_object_add(object, "rounds", json_object_new_int(m->rounds));
	if (m->ns)
		json_object_object_add(object, "ns", figure(m->ns));
	add_bound(object, m->id, s.median);
	return object;
}

void bench_write(const char *path, unsigned strangers)
{
	struct json_object *root = json_object_new_object(), *list = json_object_new_array();
	const struct bench_measure *measures;
	unsigned count;

	measures = bench_measures(&count);
	for (unsigned i = 0; i < count; i++)
		json_object_array_add(list, measure_object(&measures[i]));
	json_object_object_add(root, "machine", machine(strangers));
	json_object_object_add(root, "measures", list);
	if (json_object_to_file_ext(path, root, JSON_C_TO_STRING_PRETTY))
		errx(1, "%s: %s", path, json_util_get_last_err());
	json_object_put(root);
}
