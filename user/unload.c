/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "apply.h"
#include "cleanup.h"
#include "host/kept.h"
#include "kernel/book.h"

#define KM_PATIENCE_MS 5000
#define KM_LOOK_MS 20
#define KM_LAST_WORDS_MS 200

static void nap(unsigned ms)
{
	const struct timespec time = {.tv_nsec = ms * 1000000L};

	nanosleep(&time, NULL);
}

/* Waits until no daemon has the instance any more. */
static int wait_for_daemon(const struct km_pins *pins, struct km_err *err)
{
	for (int waited = 0;; waited += KM_LOOK_MS) {
		KM_AUTO_CLOSE int lock = km_pins_lock_daemon(pins, err);

		if (lock >= 0)
			return 0;
		if (lock != -EBUSY)
			return lock;
		if (waited >= KM_PATIENCE_MS)
			break;
		nap(KM_LOOK_MS);
	}
	return km_fail(err, ETIMEDOUT,
		       "the daemon of instance '%s', pid %u, does not go: end it and `kubemoat unload` again",
		       pins->name, km_book_daemon_pid(pins));
}

void km_unload_await(const struct km_target *target)
{
	struct km_pins pins;

	for (int waited = 0; waited < KM_PATIENCE_MS; waited += KM_LOOK_MS) {
		if (km_pins_open(target->bpffs, target->name, false, &pins, NULL))
			break;
		km_pins_close(&pins);
		nap(KM_LOOK_MS);
	}
	nap(KM_LAST_WORDS_MS);
}

int km_unload(const struct km_target *target, bool *removed, struct km_err *err)
{
	struct km_pins pins;
	int r = km_pins_open(target->bpffs, target->name, false, &pins, err);

	*removed = false;
	if (r == -ENOENT)
		return km_kept_remove(target->name, err);
	if (r)
		return r;
	*removed = true;
	{
		KM_AUTO_CLOSE int lock = km_pins_lock_writer(&pins, false, err);

		if (lock >= 0)
			km_book_ask_to_leave(&pins);
		r = lock < 0 && lock != -ENOENT ? lock : 0;
	}
	if (!r)
		r = wait_for_daemon(&pins, err);
	if (!r) {
		KM_AUTO_CLOSE int lock = km_pins_lock_writer(&pins, false, err);

		r = lock < 0 ? lock : km_pins_remove_all(&pins, err);
		if (r == -ENOENT)
			r = 0;
		if (!r)
			r = km_kept_remove(target->name, err);
	}
	km_pins_close(&pins);
	return r;
}
