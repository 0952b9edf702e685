/* Who is tried again by the clock, and how often. */
#include "sync/retry.h"

bool sync_code_is_data_miss(enum err_code code)
{
    return code == ERR_SRC_CHUNK_GAP || code == ERR_SRC_ROWCOUNT_MISMATCH ||
           code == ERR_SRC_CHUNK_CORRUPT || code == ERR_DST_FILE_CORRUPT;
}

bool sync_code_is_outage(enum err_code code)
{
    return code == ERR_SRC_UNAVAILABLE || code == ERR_SRC_RATE_LIMIT || code == ERR_NET_DNS ||
           code == ERR_NET_CONNECT || code == ERR_NET_RESET || code == ERR_NET_STALL;
}

bool sync_retry_allowed(enum err_code code, int failures, int max_attempts, int data_misses)
{
    if (sync_code_is_data_miss(code))
        return data_misses <= 1;
    enum err_class class = base_err_class(code);
    if ((class == ERR_CLASS_PERM || class == ERR_CLASS_HOST) && max_attempts > 3)
        max_attempts = 3;
    return base_err_retry(code) == ERR_RETRY_YES && failures < max_attempts;
}
