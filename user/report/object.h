/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON objects, as far as the reports need them: json-c with its ownership and UTF-8 taken care of. */
#ifndef KM_REPORT_OBJECT_H
#define KM_REPORT_OBJECT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <json-c/json.h>

#include "kernel/book.h"
#include "kubemoat.h"

/* Each adds a member; NULL text is null. */
void km_put_text(struct json_object *object, const char *key, const char *text);
void km_put_number(struct json_object *object, const char *key, uint64_t number);
void km_put_bool(struct json_object *object, const char *key, bool value);
void km_put_address(struct json_object *object, const char *key, enum km_family family, struct km_ip ip);
/* CLOCK_REALTIME ns as RFC 3339. */
void km_put_time(struct json_object *object, const char *key, int64_t wall);
void km_put_ports(struct json_object *object, const char *key, const struct km_name_row *row);

/* Prints the object on one line and releases it. What did not fit into memory is a write error of the stream. */
void km_print_object(FILE *out, struct json_object *object);

#endif
