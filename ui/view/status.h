/* What is said of the answer of verb "status", or of the snapshot: what needs a person, what is
 * safe, the tables. Shared by 1 Overview, the command `status` and linear mode. */
#ifndef AAMPE_UI_VIEW_STATUS_H
#define AAMPE_UI_VIEW_STATUS_H

#include "base/buf.h"
#include "ui/view/page.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

/* Targets of the lines: 1 + index in "attention"; the batch that is running; VIEW_STATUS_TABLE +
 * index in "tables". */
enum { VIEW_STATUS_BATCH = 1000, VIEW_STATUS_TABLE = 2000 };

/* A moment for people: "02:03Z" today, "22 Nov" on another day of the last year, else
 * "2025-11-22"; "-" for NULL. With the time of day also on other days when `exact`. out 32 bytes.
 */
const char *view_status_clock(const char *rfc3339, int64_t now_us, bool exact, char out[32]);

/* One sentence, computed from the runs and the last look at the destination. Returns how good that
 * is. */
enum view_status_form {
    VIEW_STATUS_LONG,  /* "8 of 8 tables whole at the destination; x is 1 h behind the rest" */
    VIEW_STATUS_SHORT, /* "8 of 8 whole; x is 1 h behind the rest" */
    VIEW_STATUS_TIMES  /* "8 of 8 whole; x to 01:00Z, the others to 02:00Z" */
};
enum view_style view_status_safe(struct buf *out, const cJSON *data, int64_t now_us,
                                 enum view_status_form form);
/* NEEDS YOU, its rows (at most `rows`), what runs now, and SAFE. explain: below the worst its
 * cause, where that did not fit, and what to do. */
void view_status_needs(struct view_page *page, const cJSON *data, int64_t now_us, int rows,
                       bool explain);
/* One sentence about one item of "attention": its cause, or what to do. */
void view_status_why(struct buf *out, const cJSON *item);
/* The line of column titles, then one line a table. worst: those that failed first. */
void view_status_tables(struct view_page *page, const cJSON *data, int64_t now_us, bool worst);
const char *view_status_legend(void);
/* Destination, warehouse, Aampe: what is known of them. */
void view_status_world(struct view_page *page, const cJSON *data, int64_t now_us);

/* The engine does not answer: what its last snapshot (may be NULL) says and what to do. unit: a
 * systemd unit owns the profile. */
void view_status_no_engine(struct view_page *page, const cJSON *snapshot, const char *profile,
                           bool unit, const struct err *why, int64_t now_us);
/* The commands of that page alone, one a line: for copying. malloc'd. */
char *view_status_commands(const char *profile, bool unit);

/* The command `status`, as lines; linear: tables as "name: value" lines too. */
void view_status_page(struct view_page *page, const cJSON *data, int64_t now_us);
void view_status_linear(struct view_page *page, const cJSON *data, int64_t now_us);
/* What the engine last wrote beside its socket, with "stale" set; NULL: nothing. `folder` is that
 * of the socket. */
cJSON *view_snapshot_read(const char *folder);

#endif
