#include "net/http.h"

#define MINUTE_MS 60000

/* Numbers: reliability.md (c), "Retry budget". */
#define BUDGET(n)                                                                                  \
    .tries = (n), .base_ms = 1000, .cap_ms = MINUTE_MS, .retry_after_cap_ms = 10 * MINUTE_MS

static const int statuses_read[] = {429, 500, 502, 503, 504, 0};
static const int statuses_submit[] = {429, 503, 0};
static const int statuses_link[] = {408, 429, 500, 502, 503, 504, 0};

/* Codes that are stronger than the status they come with (databricks-api.md 2.3). */
static const char *const codes_busy[] = {
    "REQUEST_LIMIT_EXCEEDED",    "RESOURCE_EXHAUSTED",
    "TEMPORARILY_UNAVAILABLE",   "WORKSPACE_TEMPORARILY_UNAVAILABLE",
    "SERVICE_UNDER_MAINTENANCE", NULL};
static const char *const codes_submit[] = {"REQUEST_LIMIT_EXCEEDED", NULL};

const struct net_retry net_retry_none = {.tries = 1};
const struct net_retry net_retry_read = {BUDGET(8), .statuses = statuses_read, .codes = codes_busy,
                                         .unsent = true, .unknown = true};
const struct net_retry net_retry_submit = {BUDGET(8), .statuses = statuses_submit,
                                           .codes = codes_submit, .unsent = true};
const struct net_retry net_retry_link = {BUDGET(4), .statuses = statuses_link, .unsent = true,
                                         .unknown = true};
const struct net_retry net_retry_token = {BUDGET(5), .statuses = statuses_read, .unsent = true,
                                          .unknown = true};

int64_t net_retry_delay(const struct net_retry *retry, int next_try, int64_t retry_after_ms,
                        uint64_t random)
{
    int64_t span = retry->base_ms;

    if (retry_after_ms >= 0)
        return retry_after_ms < retry->retry_after_cap_ms ? retry_after_ms
                                                          : retry->retry_after_cap_ms;
    for (int i = 2; i < next_try && span < retry->cap_ms; i++)
        span *= 2;
    if (span > retry->cap_ms)
        span = retry->cap_ms;
    return (int64_t)(random % ((uint64_t)span + 1));
}
