/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/nearest.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

/* Known words are short; of a longer one only the start is compared. */
#define WORD_MAX 64

static unsigned min_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static int letter(const char *word, size_t i)
{
	return tolower((unsigned char)word[i]);
}

/* Optimal string alignment: row[i % 3][j] is the distance of the first i letters of a and the first j of b. */
static unsigned distance(const char *a, const char *b)
{
	size_t a_len = strnlen(a, WORD_MAX), b_len = strnlen(b, WORD_MAX);
	unsigned row[3][WORD_MAX + 1];

	for (size_t j = 0; j <= b_len; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned *now = row[i % 3];
		const unsigned *above = row[(i - 1) % 3], *two_above = row[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			now[j] = min_of(above[j], now[j - 1]) + 1;
			now[j] = min_of(now[j], above[j - 1] + (letter(a, i - 1) != letter(b, j - 1)));
			if (i > 1 && j > 1 && letter(a, i - 1) == letter(b, j - 2) &&
			    letter(a, i - 2) == letter(b, j - 1))
				now[j] = min_of(now[j], two_above[j - 2] + 1);
		}
	}
	return row[a_len % 3][b_len];
}

void km_nearest_offer(struct km_nearest *search, const char *candidate)
{
	unsigned found = distance(search->word, candidate);

	if (search->best && found >= search->distance)
		return;
	search->best = candidate;
	search->distance = found;
}
