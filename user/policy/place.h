/* SPDX-License-Identifier: BSD-2-Clause */
/* Where another rule of the same service stands, for messages that have a place of their own. Pure. */
#ifndef KM_PLACE_H
#define KM_PLACE_H

#include <stdint.h>

#define KM_PLACE_TEXT 64

/* "line 7", as seen from a rule in file `from`; of another list it says so. Returns `text`. */
const char *km_place_text(uint16_t from, uint16_t file, uint32_t line, char text[KM_PLACE_TEXT]);

#endif
