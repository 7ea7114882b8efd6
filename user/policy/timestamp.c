/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/timestamp.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "policy/rule.h"

#define SECOND 1000000000ll

/* The text not yet read, and what was found wrong. */
struct reader {
	const char *start, *at, *end;
	const char **wrong, **why;
};

static int fail(const struct reader *reader, const char *at, const char *why)
{
	*reader->wrong = at < reader->end ? at : reader->start;
	*reader->why = why;
	return -EINVAL;
}

static bool is_digit(const struct reader *reader, const char *at)
{
	return at < reader->end && (unsigned char)(*at - '0') < 10;
}

static bool is_next(const struct reader *reader, char c)
{
	return reader->at < reader->end && *reader->at == c;
}

/* A number of exactly so many digits. */
static int read_number(struct reader *reader, unsigned digits, int least, int most, int *number, const char *why)
{
	const char *start = reader->at;

	*number = 0;
	for (unsigned i = 0; i < digits; i++, reader->at++) {
		if (!is_digit(reader, reader->at))
			return fail(reader, start, why);
		*number = *number * 10 + (*reader->at - '0');
	}
	if (is_digit(reader, reader->at) || *number < least || *number > most)
		return fail(reader, start, why);
	return 0;
}

static int read_mark(struct reader *reader, char mark, const char *why)
{
	if (!is_next(reader, mark))
		return fail(reader, reader->at, why);
	reader->at++;
	return 0;
}

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 || year % 400 == 0);
}

static int days_of(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 1970-01-01, in the Gregorian calendar all the way back. */
static int64_t days_from_epoch(int year, int month, int day)
{
	int64_t before = year - 1, days = year * 365ll + (year ? before / 4 - before / 100 + before / 400 + 1 : 0);

	for (int m = 1; m < month; m++)
		days += days_of(year, m);
	return days + day - 1 - 719528;
}

static int read_date(struct reader *reader, int64_t *seconds)
{
	static const char form[] = "no date as RFC 3339 has it; write 2026-12-01T18:00:00Z";
	int year, month = 1, day = 1, err;
	const char *day_at;

	err = read_number(reader, 4, 0, 9999, &year, form);
	if (!err)
		err = read_mark(reader, '-', form);
	if (!err)
		err = read_number(reader, 2, 1, 12, &month, "the month is 01 to 12, in two digits");
	if (!err)
		err = read_mark(reader, '-', form);
	day_at = reader->at;
	if (!err)
		err = read_number(reader, 2, 1, 31, &day, "the day is 01 to 31, in two digits");
	if (!err && day > days_of(year, month))
		err = fail(reader, day_at, "this month has no such day; write a date that exists");
	if (!err)
		*seconds = days_from_epoch(year, month, day) * 86400;
	return err;
}

static int read_clock(struct reader *reader, int64_t *seconds, const char **leap)
{
	static const char form[] = "the time of day is missing or incomplete; write 2026-12-01T18:00:00Z";
	int hour, minute, second, err;

	if (!is_next(reader, 'T') && !is_next(reader, 't'))
		return fail(reader, reader->at,
			    "after the date comes T and the time of day; write 2026-12-01T18:00:00Z");
	reader->at++;
	err = read_number(reader, 2, 0, 23, &hour, "the hour is 00 to 23, in two digits");
	if (!err)
		err = read_mark(reader, ':', form);
	if (!err)
		err = read_number(reader, 2, 0, 59, &minute, "the minutes are 00 to 59, in two digits");
	if (!err)
		err = read_mark(reader, ':', form);
	*leap = reader->at;
	if (!err)
		err = read_number(reader, 2, 0, 60, &second, "the seconds are 00 to 59, in two digits");
	if (err)
		return err;
	if (second < 60)
		*leap = NULL;
	*seconds += hour * 3600 + minute * 60 + second;
	return 0;
}

static int read_fraction(struct reader *reader, int64_t *nanoseconds)
{
	const char *dot = reader->at;
	int64_t unit = SECOND / 10;

	*nanoseconds = 0;
	if (!is_next(reader, '.'))
		return 0;
	reader->at++;
	for (; is_digit(reader, reader->at); reader->at++, unit /= 10)
		*nanoseconds += (*reader->at - '0') * unit;
	return reader->at - dot > 1 ? 0
				    : fail(reader, dot, "a fraction of a second has digits; write .5 or leave it out");
}

static int read_offset(struct reader *reader, int64_t *seconds)
{
	int hours, minutes, sign = is_next(reader, '-') ? -1 : 1, err;

	if (is_next(reader, 'Z') || is_next(reader, 'z')) {
		reader->at++;
		return 0;
	}
	if (!is_next(reader, '+') && !is_next(reader, '-'))
		return fail(reader, reader->at, "the time zone is missing; end with Z for UTC or an offset as +01:00");
	reader->at++;
	err = read_number(reader, 2, 0, 23, &hours, "the hours of an offset are 00 to 23; write it as +01:00");
	if (!err)
		err = read_mark(reader, ':', "an offset has hours, a colon and minutes; write it as +01:00");
	if (!err)
		err = read_number(reader, 2, 0, 59, &minutes,
				  "the minutes of an offset are 00 to 59; write it as +01:00");
	if (!err)
		*seconds -= sign * (hours * 3600 + minutes * 60);
	return err;
}

static bool starts_month(int64_t seconds)
{
	int64_t days = 0;

	if (seconds % 86400)
		return false;
	for (int year = 1970; days * 86400 <= seconds; year++)
		for (int month = 1; month <= 12; month++) {
			if (days * 86400 == seconds)
				return true;
			days += days_of(year, month);
		}
	return false;
}

static int64_t clamp(int64_t seconds, int64_t nanoseconds)
{
	if (seconds < 0)
		return 0;
	if (seconds > KM_FOREVER / SECOND - 1)
		return KM_FOREVER - 1;
	return seconds * SECOND + nanoseconds;
}

int km_timestamp_parse(const char *text, const char *end, int64_t *ns, const char **at, const char **why)
{
	struct reader reader = {.start = text, .at = text, .end = end, .wrong = at, .why = why};
	int64_t seconds, nanoseconds;
	const char *leap;
	int err = read_date(&reader, &seconds);

	if (!err)
		err = read_clock(&reader, &seconds, &leap);
	if (!err)
		err = read_fraction(&reader, &nanoseconds);
	if (!err)
		err = read_offset(&reader, &seconds);
	if (err)
		return err;
	if (reader.at < end)
		return fail(&reader, reader.at, "the moment ends before this; write a blank and # for a comment");
	if (leap && !starts_month(seconds))
		return fail(&reader, leap, "leap seconds end a month, at 23:59:60 UTC; write 59");
	*ns = clamp(seconds, nanoseconds);
	return 0;
}
