/* Who is tried again by the clock. Pure. */
#ifndef AAMPE_SYNC_RETRY_H
#define AAMPE_SYNC_RETRY_H

#include "base/err.h"

/* Counts, rows or bytes that do not fit together: read once more, then given up. */
bool sync_code_is_data_miss(enum err_code code);
/* failures: attempts that failed, this one included; data_misses: those of them by the codes above.
 * Refused rights get at most three (a new secret or grant may need a minute to be known
 * everywhere), and so do troubles of this host (a disk seldom empties itself). */
bool sync_retry_allowed(enum err_code code, int failures, int max_attempts, int data_misses);
/* The other side is out of reach or asks for patience: no number of attempts says when to give up,
 * only the time without progress (reliability.md (c), "Retry budget"). */
bool sync_code_is_outage(enum err_code code);

#endif
