#include "watch/secret.h"

#include <string.h>

#define DAY_US (INT64_C(86400) * 1000000)
#define SOON_DAYS 30

int64_t watch_secret_days(int64_t expires_us, int64_t now_us)
{
    int64_t left = expires_us - now_us;
    return left >= 0 ? left / DAY_US : -((-left + DAY_US - 1) / DAY_US);
}

const char *watch_secret_state(int64_t expires_us, int64_t now_us)
{
    if (expires_us == 0)
        return "endless";
    if (now_us >= expires_us)
        return "expired";
    return watch_secret_days(expires_us, now_us) <= SOON_DAYS ? "expiring" : "active";
}

int watch_secret_threshold(int64_t expires_us, int64_t now_us)
{
    static const int days[] = {1, 7, 14, 30, 90};
    if (expires_us == 0)
        return -1;
    if (now_us >= expires_us)
        return 0;
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++)
        if (expires_us - now_us <= days[i] * DAY_US)
            return days[i];
    return -1;
}

static bool same(const char *a, const char *b)
{
    return a && b && *a && strcmp(a, b) == 0;
}

/* The service does not say how it hashes. Where its hash is that of ours, that decides; else what
 * was made after ours was entered cannot be it. */
void watch_secret_holders(const struct watch_secret *ours, const struct watch_secret secrets[],
                          size_t count, enum watch_holder holders[])
{
    size_t matched = count, possible = 0, last = 0;
    for (size_t i = 0; i < count && ours; i++) {
        if (same(ours->fingerprint, secrets[i].fingerprint))
            matched = i;
        if (secrets[i].created_us <= ours->created_us) {
            possible++;
            last = i;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!ours)
            holders[i] = WATCH_SOMEBODY_ELSE;
        else if (matched < count)
            holders[i] = i == matched ? WATCH_OURS : WATCH_SOMEBODY_ELSE;
        else if (possible == 1 && i == last)
            holders[i] = WATCH_OURS_BY_DATE;
        else if (possible == 1 || secrets[i].created_us > ours->created_us)
            holders[i] = WATCH_SOMEBODY_ELSE;
        else
            holders[i] = WATCH_UNKNOWN;
    }
}

const char *watch_holder_name(enum watch_holder holder)
{
    static const char *const names[] = {"engine", "engine_by_date", "other", "unknown"};
    return names[holder];
}
