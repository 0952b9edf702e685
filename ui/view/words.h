/* What commands say about the engine's answers: each takes the data of one verb and prints it for
 * people. */
#ifndef AAMPE_UI_VIEW_WORDS_H
#define AAMPE_UI_VIEW_WORDS_H

#include "ui/view/out.h"

#include <cjson/cJSON.h>
#include <stdint.h>

/* The answer of "status", or a snapshot that says it is stale. */
void view_status(struct view_out *out, const cJSON *data, int64_t now_us);
void view_status_line(struct view_out *out, const cJSON *data, int64_t now_us);
/* What `status` exits with: 1 when the latest run of a shared table failed, 3 when something keeps
 * syncs from running. */
int view_status_exit(const cJSON *data);
void view_engine_status(struct view_out *out, const cJSON *data);
void view_lines(struct view_out *out, const cJSON *data); /* engine log, runs log */

void view_show(struct view_out *out, const cJSON *data);
void view_preview(struct view_out *out, const cJSON *data);

void view_share_list(struct view_out *out, const cJSON *data);
void view_share_plan(struct view_out *out, const cJSON *data); /* of share add, share remove */

void view_sync_plan(struct view_out *out, const cJSON *data);
void view_report(struct view_out *out, const cJSON *data);
void view_runs_list(struct view_out *out, const cJSON *data);
void view_runs_show(struct view_out *out, const cJSON *data, int64_t now_us);

void view_config_get(struct view_out *out, const cJSON *data);
void view_config_set(struct view_out *out, const cJSON *data);
void view_config_diff(struct view_out *out, const cJSON *data);
void view_config_dump(struct view_out *out, const cJSON *data);
void view_secrets_list(struct view_out *out, const cJSON *data);
void view_secrets_set(struct view_out *out, const cJSON *data);

/* Lines of progress on stderr while a batch runs: one line per change of a run's state, and on a
 * terminal one line with the numbers of runs.live, rewritten. */
struct view_progress;
struct view_progress *view_progress_new(struct view_out *out, int64_t batch);
void view_progress_event(struct view_progress *progress, const cJSON *event); /* name, payload */
/* Whether the numbers are shown at all; then about once a second the answer of runs.live. */
bool view_progress_wanted(const struct view_progress *progress);
void view_progress_live(struct view_progress *progress, const cJSON *live, int64_t now_us);
void view_progress_free(struct view_progress **progress);

/* Small words. A date and a time for people ("2026-11-23 01:02:03Z") of an RFC 3339 text; "-" for
 * NULL. out 32 bytes. */
const char *view_time(const char *rfc3339, char out[32]);
/* How long ago, coarse so that it changes at most once a minute: "<1 m", "5 m", "2 h", "3 d"; "-"
 * for NULL or what is no time. */
const char *view_age(const char *rfc3339, int64_t now_us, char out[24]);
/* The same of a span of microseconds. */
const char *view_age_us(int64_t span_us, char out[24]);
/* Rows and bytes as base_text_rows / base_text_bytes; "-" when the member is absent or null. out 24
 * bytes. */
const char *view_rows(const cJSON *object, const char *key, char out[24]);
const char *view_bytes(const cJSON *object, const char *key, char out[24]);
/* A word for a shell: as it is, or in single quotes. malloc'd. */
char *view_shell_word(const char *text);
/* 3 m 10 s */
const char *view_seconds(double seconds, char out[24]);
/* The error in a member, in one line; "" when there is none. malloc'd. */
char *view_error_text(const cJSON *object, const char *key);

#endif
