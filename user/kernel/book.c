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

static int create_map(const char *name, uint32_t value_size, uint32_t entries, struct km_err *err)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(uint32_t), value_size, entries, NULL);

	if (fd < 0) {
		int code = errno;

		if (code == EPERM && km_privilege_check(err))
			return -EPERM;
		return km_fail(err, code, "map '%s' cannot be created: %s", name, strerror(code));
	}
	return fd;
}

static int make_map(const struct km_pins *pins, const char *pin, uint32_t value_size, uint32_t entries,
		    struct km_err *err)
{
	KM_AUTO_CLOSE int fd = create_map(pin, value_size, entries, err);
	int r = fd < 0 ? fd : km_pins_put(pins, pin, fd, err);

	return r ? r : KM_TAKE_FD(fd);
}

/* Copies the start of every value; the rest is 0. */
static int copy_heads(int from, int to, uint32_t entries, size_t head, size_t size, struct km_err *err)
{
	KM_AUTO_FREE unsigned char *old = NULL, *new = NULL;
	struct bpf_map_info info = {0};
	uint32_t length = sizeof(info);

	if (bpf_obj_get_info_by_fd(from, &info, &length))
		return km_fail(err, errno, "the books of another layout cannot be read: %s", strerror(errno));
	old = calloc(1, info.value_size);
	new = calloc(1, size);
	if (!old || !new)
		return km_fail(err, ENOMEM, "no memory");
	for (uint32_t i = 0; i < entries && i < info.max_entries; i++) {
		if (bpf_map_lookup_elem(from, &i, old))
			return km_fail(err, errno, "the books of another layout cannot be read: %s", strerror(errno));
		memcpy(new, old, head < info.value_size ? head : info.value_size);
		if (bpf_map_update_elem(to, &i, new, BPF_ANY))
			return km_fail(err, errno, "the books cannot be written: %s", strerror(errno));
	}
	return 0;
}

/* The instance of another layout goes on with ours: what both know of it is taken over. */
static int take_over(const struct km_pins *pins, int old_state, struct km_book *book, struct km_err *err)
{
	KM_AUTO_CLOSE int state = create_map(KM_PIN_STATE, sizeof(struct km_state), 1, err);
	KM_AUTO_CLOSE int names = create_map(KM_PIN_NAMES, sizeof(struct km_name_row), KM_SLOTS, err);
	KM_AUTO_CLOSE int old_names = km_pins_get(pins, KM_PIN_NAMES, err);
	int r;

	if (state < 0 || names < 0)
		return state < 0 ? state : names;
	if (old_names < 0 && old_names != -ENOENT)
		return old_names;
	r = copy_heads(old_state, state, 1, KM_STATE_HEAD, sizeof(struct km_state), err);
	if (!r && old_names >= 0)
		r = copy_heads(old_names, names, KM_SLOTS, KM_NAME_MAX + 1, sizeof(struct km_name_row), err);
	if (r)
		return r;
	book->state = KM_TAKE_FD(state);
	book->names = KM_TAKE_FD(names);
	book->taken_over = true;
	return 0;
}

int km_book_pin(const struct km_pins *pins, struct km_book *book, struct km_err *err)
{
	int r = 0;

	if (book->taken_over)
		r = km_pins_put(pins, KM_PIN_NAMES, book->names, err)
			    ?: km_pins_put(pins, KM_PIN_STATE, book->state, err);
	book->taken_over = book->taken_over && r;
	return r;
}

/* A map of another layout may be smaller or larger: only the fields that never move are read. */
int km_book_check_layout(int state_map, struct km_err *err)
{
	struct bpf_map_info info = {0};
	uint32_t length = sizeof(info), zero = 0;
	KM_AUTO_FREE struct km_state *state = NULL;

	if (bpf_obj_get_info_by_fd(state_map, &info, &length))
		return km_fail(err, errno, "map '" KM_PIN_STATE "' cannot be read: %s", strerror(errno));
	state = calloc(1, info.value_size > sizeof(*state) ? info.value_size : sizeof(*state));
	if (!state)
		return km_fail(err, ENOMEM, "no memory");
	if (info.type != BPF_MAP_TYPE_ARRAY || bpf_map_lookup_elem(state_map, &zero, state) ||
	    (state->magic && state->magic != KM_STATE_MAGIC))
		return km_fail(err, EPROTO, "the pins are not of an instance of kubemoat; choose another --name");
	if (state->magic && (state->layout != KM_LAYOUT || info.value_size != sizeof(*state)))
		return km_fail(
			err, EPROTO,
			"the instance has pins of layout %u, this kubemoat has layout %u: `kubemoat load` takes them "
			"over, `unload` takes them away",
			state->layout, KM_LAYOUT);
	return 0;
}

bool km_book_is_ours(int state_map)
{
	struct bpf_map_info info = {0};
	uint32_t length = sizeof(info), zero = 0;
	KM_AUTO_FREE struct km_state *state = NULL;

	if (bpf_obj_get_info_by_fd(state_map, &info, &length) || info.type != BPF_MAP_TYPE_ARRAY ||
	    info.value_size < KM_STATE_HEAD)
		return false;
	state = calloc(1, info.value_size > sizeof(*state) ? info.value_size : sizeof(*state));
	return state && !bpf_map_lookup_elem(state_map, &zero, state) && state->magic == KM_STATE_MAGIC;
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
	book->taken_over = false;
	r = km_book_check_layout(state, err);
	if (r == -EPROTO && create && km_book_is_ours(state))
		return take_over(pins, state, book, err);
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

int km_book_peek(const char *bpffs, const char *name, struct km_state *state, struct km_err *err)
{
	struct km_pins pins = {.dir = -1};
	struct km_book book;
	int r = km_pins_open(bpffs, name, false, &pins, err);

	if (!r)
		r = km_book_open(&pins, false, &book, err);
	if (!r) {
		r = km_book_state(&book, state, err);
		km_book_close(&book);
	}
	km_pins_close(&pins);
	return r;
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
