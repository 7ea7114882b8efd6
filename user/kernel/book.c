/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/book.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "cleanup.h"
#include "kernel/privilege.h"

const char *const km_kinds[KM_KINDS] = {
	"detached", "replaced", "unpinned", "foreign", "uncovered", "refused", "rolled_back", "kept", "off",
};

static int make_map(const struct km_pins *pins, const char *pin, uint32_t value_size, uint32_t entries,
		    struct km_err *err)
{
	KM_AUTO_CLOSE int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, pin, sizeof(uint32_t), value_size, entries, NULL);
	int r;

	if (fd < 0) {
		int code = errno;

		if (code == EPERM && km_privilege_check(err))
			return -EPERM;
		return km_fail(err, code, "map '%s' cannot be created: %s", pin, strerror(code));
	}
	r = km_pins_put(pins, pin, fd, err);
	return r ? r : KM_TAKE_FD(fd);
}

/* A map of another layout may be smaller or larger: only the fields that never move are read. */
int km_book_check_layout(const struct km_pins *pins, int state_map, struct km_err *err)
{
	struct bpf_map_info info = {0};
	uint32_t length = sizeof(info), zero = 0;
	KM_AUTO_FREE struct km_state *state = NULL;

	if (bpf_obj_get_info_by_fd(state_map, &info, &length))
		return km_fail(err, errno, "%s/%s/" KM_PIN_STATE ": %s", pins->bpffs, pins->name, strerror(errno));
	state = calloc(1, info.value_size > sizeof(*state) ? info.value_size : sizeof(*state));
	if (!state)
		return km_fail(err, ENOMEM, "no memory");
	if (info.type != BPF_MAP_TYPE_ARRAY || bpf_map_lookup_elem(state_map, &zero, state) ||
	    (state->magic && state->magic != KM_STATE_MAGIC))
		return km_fail(err, EPROTO, "%s/%s is not an instance of kubemoat; choose another --name", pins->bpffs,
			       pins->name);
	if (state->magic && (state->layout != KM_LAYOUT || info.value_size != sizeof(*state)))
		return km_fail(err, EPROTO,
			       "instance '%s' has pins of layout %u, this kubemoat (layout %u) cannot take them over: "
			       "`kubemoat "
			       "unload --name %s` first",
			       pins->name, state->layout, KM_LAYOUT, pins->name);
	return 0;
}

int km_book_open(const struct km_pins *pins, bool create, struct km_book *book, struct km_err *err)
{
	KM_AUTO_CLOSE int state = km_pins_get(pins, KM_PIN_STATE, err);
	KM_AUTO_CLOSE int names = -1;
	int r;

	if (state == -ENOENT && create)
		state = make_map(pins, KM_PIN_STATE, sizeof(struct km_state), 1, err);
	if (state < 0)
		return state;
	r = km_book_check_layout(pins, state, err);
	if (r)
		return r;
	names = km_pins_get(pins, KM_PIN_NAMES, err);
	if (names == -ENOENT && create)
		names = make_map(pins, KM_PIN_NAMES, sizeof(struct km_name_row), KM_SLOTS, err);
	if (names < 0)
		return names;
	book->state = KM_TAKE_FD(state);
	book->names = KM_TAKE_FD(names);
	return 0;
}

void km_book_close(struct km_book *book)
{
	close(book->state);
	close(book->names);
}

int km_book_state(const struct km_book *book, struct km_state *state, struct km_err *err)
{
	uint32_t zero = 0;

	if (bpf_map_lookup_elem(book->state, &zero, state))
		return km_fail(err, errno, "map '" KM_PIN_STATE "' cannot be read: %s", strerror(errno));
	return 0;
}

int km_book_set_state(const struct km_book *book, const struct km_state *state, struct km_err *err)
{
	uint32_t zero = 0;

	if (bpf_map_update_elem(book->state, &zero, state, BPF_ANY))
		return km_fail(err, errno, "map '" KM_PIN_STATE "' cannot be written: %s", strerror(errno));
	return 0;
}

int km_book_names(const struct km_book *book, struct km_name_row rows[KM_SLOTS], struct km_err *err)
{
	for (uint32_t i = 0; i < KM_SLOTS; i++) {
		if (bpf_map_lookup_elem(book->names, &i, &rows[i]))
			return km_fail(err, errno, "map '" KM_PIN_NAMES "' cannot be read: %s", strerror(errno));
	}
	return 0;
}

int km_book_set_names(const struct km_book *book, const struct km_name_row rows[KM_SLOTS], struct km_err *err)
{
	for (uint32_t i = 0; i < KM_SLOTS; i++) {
		if (bpf_map_update_elem(book->names, &i, &rows[i], BPF_ANY))
			return km_fail(err, errno, "map '" KM_PIN_NAMES "' cannot be written: %s", strerror(errno));
	}
	return 0;
}

void km_book_ask_to_leave(const struct km_pins *pins)
{
	KM_AUTO_CLOSE int map = km_pins_get(pins, KM_PIN_STATE, NULL);
	KM_AUTO_FREE struct km_state *state = NULL;
	struct bpf_map_info info = {0};
	uint32_t length = sizeof(info), zero = 0;

	if (map < 0 || bpf_obj_get_info_by_fd(map, &info, &length))
		return;
	state = calloc(1, info.value_size > sizeof(*state) ? info.value_size : sizeof(*state));
	if (!state || bpf_map_lookup_elem(map, &zero, state))
		return;
	state->leaving = 1;
	bpf_map_update_elem(map, &zero, state, BPF_ANY);
}

uint32_t km_book_daemon_pid(const struct km_pins *pins)
{
	struct km_state state = {0};
	struct km_book book;

	if (km_book_open(pins, false, &book, NULL))
		return 0;
	km_book_state(&book, &state, NULL);
	km_book_close(&book);
	return state.daemon_pid;
}
