/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/object.h"

#include "cleanup.h"
#include "host/clock.h"
#include "policy/addr.h"
#include "report/utf8.h"

void km_put_text(struct json_object *object, const char *key, const char *text)
{
	KM_AUTO_FREE char *valid = text ? km_utf8(text) : NULL;

	json_object_object_add(object, key, valid ? json_object_new_string(valid) : NULL);
}

void km_put_number(struct json_object *object, const char *key, uint64_t number)
{
	json_object_object_add(object, key, json_object_new_uint64(number));
}

void km_put_bool(struct json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key, json_object_new_boolean(value));
}

void km_put_address(struct json_object *object, const char *key, enum km_family family, struct km_ip ip)
{
	char text[KM_ADDR_TEXT];

	km_put_text(object, key, km_ip_format(family, ip, text));
}

void km_put_time(struct json_object *object, const char *key, int64_t wall)
{
	char text[32];

	km_put_text(object, key, km_clock_format(wall, text));
}

void km_put_ports(struct json_object *object, const char *key, const struct km_name_row *row)
{
	struct json_object *ports = json_object_new_array();

	for (unsigned i = 0; i < row->port_count && i < KM_PORTS; i++)
		json_object_array_add(ports, json_object_new_uint64(row->ports[i]));
	json_object_object_add(object, key, ports);
}

void km_print_object(FILE *out, struct json_object *object)
{
	const char *text =
		json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	fputs(text ?: "", out);
	putc('\n', out);
	json_object_put(object);
}
