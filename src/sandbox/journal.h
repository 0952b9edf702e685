/* Every request that was made, so that tests can count them. Private to the room. */
#ifndef AAMPE_SANDBOX_JOURNAL_H
#define AAMPE_SANDBOX_JOURNAL_H

#include "sandbox/system.h"

struct sandbox_journal *sandbox_journal_new(void);
void sandbox_journal_free(struct sandbox_journal **journal);
/* Called when the answer is known. */
void sandbox_journal_add(struct sandbox_exchange *exchange, int64_t started_us, int64_t bytes);
/* A row of the audit log that is no request of its own; takes what it holds. */
void sandbox_journal_event(struct sandbox_journal *journal, const struct sandbox_audit *audit);
/* {"requests":[{"seq","time","method","path","query","endpoint","status","principal","bytes","duration_ms","statement"?}],
 * "last":N}; those after seq `since`. Caller deletes. */
cJSON *sandbox_journal_json(struct sandbox_journal *journal, int64_t since);
/* Audit rows: those numbered *first .. *first + *count - 1 are from before that moment. */
void sandbox_journal_until(struct sandbox_journal *journal, int64_t until_us, int64_t *first,
                           int64_t *count);
/* Calls take with row `seq`, or with NULL when it is no longer kept. */
void sandbox_journal_audit(struct sandbox_journal *journal, int64_t seq,
                           void (*take)(void *user, const struct sandbox_audit *audit), void *user);

#endif
