/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/place.h"

#include <stdio.h>

const char *km_place_text(uint16_t from, uint16_t file, uint32_t line, char text[KM_PLACE_TEXT])
{
	snprintf(text, KM_PLACE_TEXT, "line %u%s", line, from == file ? "" : " of another list of this service");
	return text;
}
