/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "kubemoat.h"
#include "policy/nearest.h"
#include "verb.h"

#define DEFAULT_CONFIG "/etc/kubemoat"
#define DEFAULT_NAME "kubemoat"
#define DEFAULT_BPFFS "/sys/fs/bpf"

static const struct row {
	enum km_option bit;
	const char *name;
	char letter; /* 0: none */
	const char *argument;
	const char *help;
} rows[] = {
	{KM_OPTION_CONFIG, "config", 'c', "PATH",
	 "configuration, or a directory with kubemoat.yaml and the lists (" DEFAULT_CONFIG ")"},
	{KM_OPTION_NAME, "name", 'n', "NAME", "instance (" DEFAULT_NAME ")"},
	{KM_OPTION_BPFFS, "bpffs", 0, "PATH", "mounted BPF file system (" DEFAULT_BPFFS ")"},
	{KM_OPTION_CGROUP, "cgroup", 0, "PATH", "cgroup v2 directory to attach to (the root of the hierarchy)"},
	{KM_OPTION_NETNS, "netns", 0, "PATH", "network namespace to guard (the caller's)"},
	{KM_OPTION_OUTPUT, "output", 'o', "text|json", "how to report (text)"},
	{KM_OPTION_HELP, "help", 'h', NULL, "this help, or that of a verb"},
	{KM_OPTION_VERSION, "version", 'V', NULL, "the version"},
	{KM_OPTION_DETACH_ON_EXIT, "detach-on-exit", 0, NULL, "unload when stopped, instead of leaving the guard on"},
	{KM_OPTION_WATCH, "watch", 0, NULL, "again each second"},
	{KM_OPTION_FOLLOW, "follow", 0, NULL, "go on with new denials as they come"},
	{KM_OPTION_TOP, "top", 0, "N", "the N sources with most denials"},
	{KM_OPTION_FORCE, "force", 0, NULL, "however many connections are cut: passes limits.max_cut"},
	{KM_OPTION_CONFIRM, "confirm", 0, "TIME", "on trial for 60s, 5m, 1h: then back by itself, daemon or not"},
	{KM_OPTION_ACCEPT, "accept", 0, NULL, "what is on trial stays; reads no file"},
	{KM_OPTION_PROBLEMS, "problems", 0, NULL, "healthy or not, and why; nothing that changes by itself"},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))
#define LONG_VALUE 256 /* of row i: LONG_VALUE + i, apart from every letter */

/* A `-` in front: arguments come in order as value 1, whatever POSIXLY_CORRECT says; a `:`: no messages of its own. */
struct getopt_tables {
	char letters[2 + 2 * ROWS + 1];
	struct option names[ROWS + 1];
};

static void fill_tables(struct getopt_tables *tables)
{
	char *letter = tables->letters;

	memset(tables, 0, sizeof(*tables));
	*letter++ = '-';
	*letter++ = ':';
	for (size_t i = 0; i < ROWS; i++) {
		tables->names[i] = (struct option){
			.name = rows[i].name,
			.has_arg = rows[i].argument ? required_argument : no_argument,
			.val = LONG_VALUE + (int)i,
		};
		if (!rows[i].letter)
			continue;
		*letter++ = rows[i].letter;
		if (rows[i].argument)
			*letter++ = ':';
	}
}

/* The row of a value of getopt, or NULL. */
static const struct row *row_of(int value)
{
	if (value >= LONG_VALUE)
		return &rows[value - LONG_VALUE];
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].letter && rows[i].letter == value)
			return &rows[i];
	return NULL;
}

static const struct row *row_of_bit(unsigned bit)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].bit == bit)
			return &rows[i];
	return NULL;
}

static int unknown_option(const char *word, struct km_err *err)
{
	size_t length = strcspn(word + (word[0] == '-' && word[1] == '-' ? 2 : 0), "=");
	struct km_nearest search = {};
	char name[64];

	if (strncmp(word, "--", 2))
		return km_fail(err, EINVAL, "%s: no such option; kubemoat --help lists them", word);
	snprintf(name, sizeof(name), "%.*s", (int)length, word + 2);
	search.word = name;
	for (size_t i = 0; i < ROWS; i++)
		km_nearest_offer(&search, rows[i].name);
	return km_fail(err, EINVAL, "--%.*s: no such option; the nearest is --%s", (int)length, word + 2, search.best);
}

/* A byte of a longer letter would not be UTF-8 by itself. */
static int unknown_letter(unsigned char letter, struct km_err *err)
{
	if (letter > 0x7e)
		return km_fail(err, EINVAL, "-\\x%02x: no such option; kubemoat --help lists them", letter);
	return km_fail(err, EINVAL, "-%c: no such option; kubemoat --help lists them", letter);
}

static int parse_name(const char *text, struct km_options *options, struct km_err *err)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (!length || text[length] || length > KM_NAME_MAX)
		return km_fail(err, EINVAL, "--name '%s': an instance name is 1 to %d of a-z, 0-9 and -", text,
			       KM_NAME_MAX);
	options->target.name = text;
	return 0;
}

static int parse_output(const char *text, struct km_options *options, struct km_err *err)
{
	options->json = !strcmp(text, "json");
	if (!options->json && strcmp(text, "text"))
		return km_fail(err, EINVAL, "--output '%s': say text or json", text);
	return 0;
}

static int parse_top(const char *text, struct km_options *options, struct km_err *err)
{
	size_t length = strspn(text, "0123456789");
	unsigned value = 0;

	for (size_t i = 0; i < length && length <= 9; i++)
		value = value * 10 + (unsigned)(text[i] - '0');
	if (!value || text[length])
		return km_fail(err, EINVAL, "--top '%s': say how many sources, from 1 to 999999999", text);
	options->top = value;
	return 0;
}

#define SECOND_NS UINT64_C(1000000000)

static int parse_confirm(const char *text, struct km_options *options, struct km_err *err)
{
	size_t length = strspn(text, "0123456789");
	const char *unit = text + length;
	uint64_t seconds = 0, each = !strcmp(unit, "s") ? 1 : !strcmp(unit, "m") ? 60 : !strcmp(unit, "h") ? 3600 : 0;

	for (size_t i = 0; i < length && length <= 6; i++)
		seconds = seconds * 10 + (uint64_t)(text[i] - '0');
	seconds *= each;
	if (!seconds || seconds > 86400)
		return km_fail(err, EINVAL, "--confirm '%s': say how long, from 1s to 24h, as 60s, 5m or 1h", text);
	options->confirm = seconds * SECOND_NS;
	return 0;
}

static int take(const struct row *row, const char *text, struct km_options *options, struct km_err *err)
{
	options->given |= row->bit;
	if (row->argument && !*text)
		return km_fail(err, EINVAL, "--%s: is empty; say --%s %s", row->name, row->name, row->argument);
	switch (row->bit) {
	case KM_OPTION_CONFIG:
		return km_absolute_path(text, options->config, err);
	case KM_OPTION_NAME:
		return parse_name(text, options, err);
	case KM_OPTION_BPFFS:
		options->target.bpffs = text;
		return 0;
	case KM_OPTION_CGROUP:
		options->target.cgroup = text;
		return 0;
	case KM_OPTION_NETNS:
		options->target.netns = text;
		return 0;
	case KM_OPTION_OUTPUT:
		return parse_output(text, options, err);
	case KM_OPTION_TOP:
		return parse_top(text, options, err);
	case KM_OPTION_CONFIRM:
		return parse_confirm(text, options, err);
	default:
		return 0;
	}
}

static int take_word(const char *word, struct km_options *options, struct km_err *err)
{
	const char *nearest;

	if (!options->verb) {
		options->verb = km_verb_find(word, &nearest);
		if (!options->verb)
			return km_fail(err, EINVAL, "'%s': no such verb; the nearest is %s", word, nearest);
		return 0;
	}
	if (options->argument_count == options->verb->most)
		return km_fail(err, EINVAL, "%s: one argument too many for %s; its usage is: kubemoat %s%s%s", word,
			       options->verb->name, options->verb->name, *options->verb->arguments ? " " : "",
			       options->verb->arguments);
	options->argument[options->argument_count++] = word;
	return 0;
}

/* What can only be judged once all of the line is known. */
static int judge(const struct km_options *options, struct km_err *err)
{
	const struct km_verb *verb = options->verb;
	unsigned foreign;

	if (options->given & (KM_OPTION_HELP | KM_OPTION_VERSION))
		return 0;
	if (!verb)
		return km_fail(err, EINVAL, "no verb; say what to do, kubemoat --help lists the verbs");
	if (!verb->run)
		return km_fail(err, EINVAL, "%s: not supported by this version; kubemoat --help lists what is",
			       verb->name);
	foreign = options->given & ~(KM_OPTIONS_GLOBAL | verb->options);
	if (foreign)
		return km_fail(err, EINVAL, "--%s: not an option of %s; kubemoat %s --help lists them",
			       row_of_bit(foreign & -foreign)->name, verb->name, verb->name);
	if (options->argument_count < verb->fewest)
		return km_fail(err, EINVAL, "%s: arguments are missing; its usage is: kubemoat %s %s", verb->name,
			       verb->name, verb->arguments);
	if ((options->given & KM_OPTION_ACCEPT) && (options->given & (KM_OPTION_CONFIRM | KM_OPTION_FORCE)))
		return km_fail(err, EINVAL, "--accept: ends a trial and reads no file; say it alone");
	if ((options->given & KM_OPTION_FOLLOW) && (options->given & KM_OPTION_TOP))
		return km_fail(err, EINVAL, "--top: counts what was reported, it cannot --follow; leave one out");
	return 0;
}

int km_options_parse(int argc, char **argv, struct km_options *options, struct km_err *err)
{
	struct getopt_tables tables;
	int value, r;

	memset(options, 0, sizeof(*options));
	options->target = (struct km_target){
		.config = options->config,
		.name = DEFAULT_NAME,
		.bpffs = DEFAULT_BPFFS,
	};
	strcpy(options->config, DEFAULT_CONFIG);
	fill_tables(&tables);
	optind = 0; /* glibc: start afresh */
	while ((value = getopt_long(argc, argv, tables.letters, tables.names, NULL)) != -1) {
		const struct row *row = row_of(value == ':' || value == '?' ? optopt : value);

		if (value == 1)
			r = take_word(optarg, options, err);
		else if (value == ':')
			r = km_fail(err, EINVAL, "--%s: needs a value; say --%s %s", row->name, row->name,
				    row->argument);
		else if (value == '?' && row)
			r = km_fail(err, EINVAL, "--%s: takes no value", row->name);
		else if (value == '?' && optopt)
			r = unknown_letter((unsigned char)optopt, err);
		else if (value == '?')
			r = unknown_option(argv[optind - 1], err);
		else
			r = take(row, optarg, options, err);
		if (r)
			return r;
	}
	for (; optind < argc; optind++) {
		r = take_word(argv[optind], options, err);
		if (r)
			return r;
	}
	return judge(options, err);
}

int km_absolute_path(const char *path, char absolute[PATH_MAX], struct km_err *err)
{
	char directory[PATH_MAX] = "";
	int length;

	if (*path != '/' && !getcwd(directory, sizeof(directory)))
		return km_fail(err, errno, "%s: the working directory is not to be had (%s); say an absolute path",
			       path, strerror(errno));
	length = snprintf(absolute, PATH_MAX, "%s%s%s", directory, *path == '/' ? "" : "/", path);
	if (length >= PATH_MAX)
		return km_fail(err, ENAMETOOLONG, "%.64s...: a path of more than %d bytes; say a shorter one", path,
			       PATH_MAX - 1);
	return 0;
}

void km_options_help(FILE *out, unsigned which)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];
		char left[48];

		if (!(which & row->bit))
			continue;
		snprintf(left, sizeof(left), "%s%c%s--%s%s%s", row->letter ? "-" : " ", row->letter ?: ' ',
			 row->letter ? ", " : "  ", row->name, row->argument ? " " : "", row->argument ?: "");
		fprintf(out, "  %-25s%s\n", left, row->help);
	}
}
