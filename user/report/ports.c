/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/ports.h"

#include <stdio.h>
#include <string.h>

const char *km_ports_format(const struct km_name_row *row, char text[KM_PORTS_TEXT])
{
	size_t length = 0;

	strcpy(text, "-");
	for (unsigned i = 0; i < row->port_count && i < KM_PORTS; i++)
		length += (size_t)sprintf(text + length, "%s%u", i ? "," : "", row->ports[i]);
	return text;
}

const char *km_row_mode(const struct km_name_row *row)
{
	return row->enforce ? "enforce" : "audit";
}
