/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "cleanup.h"
#include "daemon/daemon.h"
#include "daemon/http.h"
#include "daemon/pages.h"
#include "host/clock.h"
#include "policy/rule.h"
#include "report/say.h"
#include "verb.h"

#define LOG_MS 100
#define BOOK_MS 500
#define HEALTH_MS 1500	     /* so that what happens is told, and mended, within two seconds */
#define COMPARE_MS 30000     /* for file systems without events */
#define POLL_MS 2000	     /* without inotify */
#define SETTLE_MS 100	     /* a change is read together with those that come with it */
#define STILL_MS 1000	     /* a file written in place */
#define FAR_SECONDS 31536000 /* without an `until`: the timer only tells that the clock was set */

enum priority { GUARD, CLIENTS, PRIORITIES };

struct loop {
	struct km_daemon daemon;
	struct event_base *base;
	struct event *read_files; /* pending while a change settles */
	struct event *events[16]; /* all, to be freed */
	unsigned event_count;
	int clock;    /* timerfd */
	bool changed; /* what is pending is a finished change */
	bool asked_to_go;
	bool output_failed;
	unsigned log_looks;
	struct km_http *http;
	struct km_pages pages;
};

static struct timeval after(unsigned ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

/*
 * The moment that the policy changes by itself: CLOCK_REALTIME, cancelled when somebody sets that clock. What is over
 * already failed just now: the look at health tries it again.
 */
static void arm_clock(struct loop *loop)
{
	int64_t until = loop->daemon.next_until, now = km_clock_wall();
	struct itimerspec at = {};

	if (until == KM_FOREVER || until <= now)
		at.it_value.tv_sec = now / 1000000000 + FAR_SECONDS;
	else
		at.it_value = (struct timespec){.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
	if (timerfd_settime(loop->clock, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &at, NULL))
		km_say("the timer of `until` cannot be set (%s): checked every %d ms instead", strerror(errno),
		       HEALTH_MS);
}

/* What follows from the policy in force, whoever put it there. */
static void follow(struct loop *loop)
{
	arm_clock(loop);
	km_http_listen(loop->http, &loop->daemon.metrics);
}

static void on_clock(int fd, short what, void *context)
{
	struct loop *loop = context;
	uint64_t expired;

	(void)what;
	/* ECANCELED: the clock was set. Either way what has ended is another question now. */
	if (read(fd, &expired, sizeof(expired)) < 0 && errno == EAGAIN)
		return;
	if (loop->daemon.loaded) {
		km_say("%s: a time limit has passed, or the clock was set", loop->daemon.target->name);
		km_daemon_apply(&loop->daemon, KM_APPLY_TIMER);
	}
	follow(loop);
}

static void on_log(int fd, short what, void *context)
{
	struct loop *loop = context;
	struct km_err err = {};

	(void)fd;
	(void)what;
	if (loop->daemon.seen && km_seen_take(loop->daemon.seen, km_clock_boot(), &err))
		km_daemon_complain(&loop->daemon, &err);
	if (!loop->daemon.events.reader)
		return;
	if (km_events_tell(&loop->daemon.events, stdout, &err))
		km_daemon_complain(&loop->daemon, &err);
	if (++loop->log_looks % (1000 / LOG_MS) == 0)
		km_events_tick(&loop->daemon.events, false, stdout);
	/* The guard goes on without its log being read. */
	if ((fflush(stdout) || ferror(stdout)) && !loop->output_failed) {
		loop->output_failed = true;
		km_say("standard output: events are not written (%s); kubemoat drops shows them", strerror(errno));
	}
}

static void on_book(int fd, short what, void *context)
{
	struct loop *loop = context;
	uint64_t generation = loop->daemon.generation;

	(void)fd;
	(void)what;
	if (!km_daemon_read_book(&loop->daemon)) {
		loop->asked_to_go = true;
		event_base_loopbreak(loop->base);
	}
	if (generation != loop->daemon.generation)
		follow(loop);
}

static void on_health(int fd, short what, void *context)
{
	struct loop *loop = context;
	int64_t until = loop->daemon.next_until;

	(void)fd;
	(void)what;
	km_daemon_look_after(&loop->daemon);
	if (until != loop->daemon.next_until)
		arm_clock(loop);
	/* A port that was taken may be free by now. */
	km_http_listen(loop->http, &loop->daemon.metrics);
}

static void on_files(int fd, short what, void *context)
{
	struct loop *loop = context;

	(void)fd;
	(void)what;
	loop->changed = false;
	km_daemon_look_at_files(&loop->daemon);
	follow(loop);
}

static void on_watch(int fd, short what, void *context)
{
	struct loop *loop = context;
	enum km_watch_news news = km_watch_read(loop->daemon.watch);
	struct timeval delay = after(news == KM_WATCH_CHANGED ? SETTLE_MS : STILL_MS);

	(void)fd;
	(void)what;
	if (news == KM_WATCH_NOTHING || loop->changed)
		return;
	loop->changed = news == KM_WATCH_CHANGED;
	event_add(loop->read_files, &delay);
}

static void on_hangup(int fd, short what, void *context)
{
	struct loop *loop = context;

	(void)fd;
	(void)what;
	if (loop->daemon.off || loop->daemon.pins.dir < 0)
		km_say("%s: nothing to reload while off", loop->daemon.target->name);
	else
		km_daemon_apply(&loop->daemon, loop->daemon.loaded ? KM_APPLY_RELOAD : KM_APPLY_LOAD);
	follow(loop);
}

static void on_stop(int fd, short what, void *context)
{
	struct loop *loop = context;

	(void)fd;
	(void)what;
	event_base_loopbreak(loop->base);
}

/* period 0: no timeout. */
static int add(struct loop *loop, int fd, short what, event_callback_fn callback, unsigned period_ms)
{
	struct event *event = event_new(loop->base, fd, what | EV_PERSIST, callback, loop);
	struct timeval period = after(period_ms);

	if (!event)
		return -ENOMEM;
	event_priority_set(event, GUARD);
	loop->events[loop->event_count++] = event;
	return event_add(event, period_ms ? &period : NULL) ? -ENOMEM : 0;
}

/* Clients of the metrics come last, one event at a time: what the guard needs is looked at in between. */
static struct event_base *make_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config && !event_config_set_max_dispatch_interval(config, NULL, 1, CLIENTS))
		base = event_base_new_with_config(config);
	if (config)
		event_config_free(config);
	if (base && event_base_priority_init(base, PRIORITIES)) {
		event_base_free(base);
		return NULL;
	}
	return base;
}

static int set_up(struct loop *loop, struct km_err *err)
{
	int watch = km_watch_fd(loop->daemon.watch), r = 0;

	loop->base = make_base();
	loop->clock = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (!loop->base || loop->clock < 0)
		return km_fail(err, errno ?: ENOMEM, "%s: no event loop (%s)", loop->daemon.target->name,
			       strerror(errno ?: ENOMEM));
	loop->read_files = event_new(loop->base, -1, 0, on_files, loop);
	if (!loop->read_files)
		return km_fail(err, ENOMEM, "%s: no memory for the event loop", loop->daemon.target->name);
	event_priority_set(loop->read_files, GUARD);
	r = km_http_new(loop->base, km_pages_write, &loop->pages, &loop->http, err);
	if (r)
		return r;
	r = add(loop, SIGTERM, EV_SIGNAL, on_stop, 0);
	r = r ?: add(loop, SIGINT, EV_SIGNAL, on_stop, 0);
	r = r ?: add(loop, SIGHUP, EV_SIGNAL, on_hangup, 0);
	r = r ?: add(loop, loop->clock, EV_READ, on_clock, 0);
	r = r ?: add(loop, -1, 0, on_log, LOG_MS);
	r = r ?: add(loop, -1, 0, on_book, BOOK_MS);
	r = r ?: add(loop, -1, 0, on_health, HEALTH_MS);
	r = r ?: add(loop, -1, 0, on_files, watch < 0 ? POLL_MS : COMPARE_MS);
	if (watch >= 0)
		r = r ?: add(loop, watch, EV_READ, on_watch, 0);
	return r ? km_fail(err, -r, "%s: no memory for the event loop", loop->daemon.target->name) : 0;
}

static void tear_down(struct loop *loop)
{
	km_http_free(loop->http);
	for (unsigned i = 0; i < loop->event_count; i++)
		event_free(loop->events[i]);
	if (loop->read_files)
		event_free(loop->read_files);
	if (loop->base)
		event_base_free(loop->base);
	if (loop->clock >= 0)
		close(loop->clock);
	km_watch_close(loop->daemon.watch);
	km_host_close(&loop->daemon.host);
	km_status_free(&loop->daemon.status);
	free(loop);
}

static int run(struct loop *loop, bool detach_on_exit)
{
	struct km_daemon *daemon = &loop->daemon;
	struct km_err err = {};
	bool removed;

	if (km_watch_open(&daemon->watch, &err))
		return km_exit_failed(&err);
	if (km_watch_fd(daemon->watch) < 0)
		km_say("%s; the files are read every %d s instead", err.text, POLL_MS / 1000);
	if (set_up(loop, &err) || km_daemon_enter(daemon, &err)) {
		/* Already said where it came out of the transaction. */
		km_daemon_complain(daemon, &err);
		return KM_EXIT_FAILED;
	}
	km_daemon_look_after(daemon);
	if (!daemon->metrics.port)
		km_daemon_guess_metrics(daemon);
	follow(loop);
	event_base_dispatch(loop->base);
	km_daemon_leave(daemon, !loop->asked_to_go);
	if (loop->asked_to_go)
		km_unload_await(daemon->target);
	if (loop->asked_to_go || !detach_on_exit)
		return KM_EXIT_OK;
	return km_unload(daemon->target, &removed, &err) ? km_exit_failed(&err) : KM_EXIT_OK;
}

int km_daemon_run(const struct km_target *target, bool json, bool detach_on_exit)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	int status;

	if (!loop) {
		km_say("%s: no memory for the daemon", target->name);
		return KM_EXIT_FAILED;
	}
	loop->clock = -1;
	loop->daemon = (struct km_daemon){
		.target = target,
		.json = json,
		.pins = {.dir = -1},
		.lock = -1,
		.host = {.netns = -1},
		.book = {.state = -1},
		.next_until = KM_FOREVER,
	};
	loop->pages.daemon = &loop->daemon;
	km_hold_init(&loop->daemon.hold);
	signal(SIGPIPE, SIG_IGN);
	status = run(loop, detach_on_exit);
	tear_down(loop);
	return status;
}
