#include "base/seam.h"

#include <stdio.h>

/* Days of the civil calendar after Howard Hinnant's algorithms (eras of 400 years that begin on 1
 * March). */
int64_t base_time_days(int year, int month, int day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void base_time_civil(int64_t days, int *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t of_era = z - era * 146097;
    int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
    int64_t m = (5 * of_year + 2) / 153;

    *day = (int)(of_year - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = (int)(y + era * 400 + (*month <= 2));
}

void base_time_format(int64_t us, char out[32])
{
    int64_t seconds = us / 1000000, fraction = us % 1000000, days, rest;
    int year, month, day, used;

    if (fraction < 0) {
        fraction += 1000000;
        seconds--;
    }
    days = seconds / 86400;
    rest = seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    base_time_civil(days, &year, &month, &day);
    used = snprintf(out, 32, "%04d-%02d-%02dT%02d:%02d:%02d", year, month, day, (int)(rest / 3600),
                    (int)(rest / 60 % 60), (int)(rest % 60));
    if (!fraction)
        snprintf(out + used, 32 - (size_t)used, "Z");
    else if (fraction % 1000)
        snprintf(out + used, 32 - (size_t)used, ".%06dZ", (int)fraction);
    else
        snprintf(out + used, 32 - (size_t)used, ".%03dZ", (int)(fraction / 1000));
}

/* Exactly count digits at *text; -1 when one is missing. */
static int digits(const char **text, int count)
{
    int value = 0;

    while (count--) {
        if (**text < '0' || **text > '9')
            return -1;
        value = value * 10 + *(*text)++ - '0';
    }
    return value;
}

static int fixed(const char **text, char separator, int min, int max)
{
    int value;

    if (separator && *(*text)++ != separator)
        return -1;
    value = digits(text, 2);
    return value < min || value > max ? -1 : value;
}

static int month_length(int year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return lengths[month - 1] + (month == 2 && leap);
}

/* ".123456789" to microseconds, the rest cut off; -1 when it is not 1 to 9 digits. */
static int64_t fraction_us(const char **text)
{
    int64_t us = 0;
    int count = 0;

    for ((*text)++; **text >= '0' && **text <= '9'; (*text)++, count++)
        if (count < 6)
            us = us * 10 + **text - '0';
    if (count < 1 || count > 9)
        return -1;
    for (; count < 6; count++)
        us *= 10;
    return us;
}

/* "Z" or "+hh:mm" to seconds east of UTC. */
static int zone_seconds(const char **text, int *seconds)
{
    int sign = **text == '-' ? -1 : 1, hours, minutes;

    if (**text == 'Z' || **text == 'z') {
        (*text)++;
        *seconds = 0;
        return 0;
    }
    if (**text != '+' && **text != '-')
        return -1;
    (*text)++;
    if ((hours = fixed(text, 0, 0, 23)) < 0 || (minutes = fixed(text, ':', 0, 59)) < 0)
        return -1;
    *seconds = sign * (hours * 3600 + minutes * 60);
    return 0;
}

int base_time_parse(const char *text, int64_t *us)
{
    int year, month, day, hour, minute, second, zone;
    int64_t fraction = 0;

    if ((year = digits(&text, 4)) < 0 || (month = fixed(&text, '-', 1, 12)) < 0 ||
        (day = fixed(&text, '-', 1, month_length(year, month))) < 0)
        return -1;
    if (*text != 'T' && *text != 't' && *text != ' ')
        return -1;
    text++;
    if ((hour = fixed(&text, 0, 0, 23)) < 0 || (minute = fixed(&text, ':', 0, 59)) < 0 ||
        (second = fixed(&text, ':', 0, 59)) < 0)
        return -1;
    if (*text == '.' && (fraction = fraction_us(&text)) < 0)
        return -1;
    if (zone_seconds(&text, &zone) || *text)
        return -1;
    *us = (base_time_days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - zone) *
              1000000 +
          fraction;
    return 0;
}
