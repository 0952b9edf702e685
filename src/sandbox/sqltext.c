/* Decimals, dates and times as text. */
#include "sandbox/sqltype.h"

#include "base/hash.h"
#include "base/seam.h"
#include "base/text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_US 86400000000

__int128 sandbox_decimal_pow10(int digits)
{
    __int128 power = 1;
    while (digits-- > 0)
        power *= 10;
    return power;
}

bool sandbox_decimal_fits(__int128 value, int precision)
{
    __int128 limit = sandbox_decimal_pow10(precision);
    return value < limit && value > -limit;
}

bool sandbox_decimal_rescale(__int128 *value, int from_scale, int to_scale)
{
    if (to_scale >= from_scale) {
        __int128 power = sandbox_decimal_pow10(to_scale - from_scale);
        if (__builtin_mul_overflow(*value, power, value))
            return false;
        return sandbox_decimal_fits(*value, 38);
    }
    __int128 power = sandbox_decimal_pow10(from_scale - to_scale);
    __int128 rest = *value % power;
    *value /= power;
    if (rest >= power - rest && rest > 0)
        *value += 1;
    else if (rest < 0 && -rest >= power + rest)
        *value -= 1;
    return true;
}

/* Digits with the point taken out; exponent shifts it. */
bool sandbox_decimal_parse(const char *text, size_t len, int scale, __int128 *value)
{
    size_t at = 0;
    bool negative = false, digit = false, point = false;
    int fraction = 0;
    *value = 0;
    if (at < len && (text[at] == '-' || text[at] == '+'))
        negative = text[at++] == '-';
    for (; at < len && (isdigit((unsigned char)text[at]) || (text[at] == '.' && !point)); at++) {
        if (text[at] == '.') {
            point = true;
            continue;
        }
        digit = true;
        if (!sandbox_decimal_fits(*value, 37)) {
            if (!point)
                return false;
            continue; /* further fraction digits cannot matter at 38 */
        }
        *value = *value * 10 + (text[at] - '0');
        fraction += point;
    }
    long exponent = 0;
    if (digit && at < len && (text[at] == 'e' || text[at] == 'E')) {
        char number[12] = "";
        size_t count = 0;
        for (at++; at < len && count < 10; at++)
            number[count++] = text[at];
        char *end;
        exponent = strtol(number, &end, 10);
        if (!count || *end || exponent > 100 || exponent < -100)
            return false;
    }
    if (!digit || at != len)
        return false;
    if (negative)
        *value = -*value;
    long shift = fraction - exponent;
    if (*value == 0)
        return true;
    if (shift - scale > 38) {
        *value = 0;
        return true;
    }
    return scale - shift <= 38 && sandbox_decimal_rescale(value, (int)shift, scale);
}

size_t sandbox_decimal_format(__int128 value, int scale, char *out)
{
    char digits[48];
    int count = 0;
    char *at = out;
    unsigned __int128 rest = value < 0 ? -(unsigned __int128)value : (unsigned __int128)value;
    do {
        digits[count++] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    } while (rest || count <= scale);
    if (value < 0)
        *at++ = '-';
    while (count > 0) {
        *at++ = digits[--count];
        if (count == scale && scale > 0)
            *at++ = '.';
    }
    *at = 0;
    return (size_t)(at - out);
}

static int fixed_offset(const char *zone, int *seconds)
{
    int hours, minutes = 0, used = 0;
    if (strncmp(zone, "UTC", 3) == 0 || strncmp(zone, "GMT", 3) == 0)
        zone += 3;
    if ((*zone != '+' && *zone != '-') || !isdigit((unsigned char)zone[1]))
        return -1;
    if (sscanf(zone + 1, "%2d%n:%2d%n", &hours, &used, &minutes, &used) < 1 || zone[1 + used] ||
        hours > 18 || minutes > 59)
        return -1;
    *seconds = (hours * 3600 + minutes * 60) * (*zone == '-' ? -1 : 1);
    return 0;
}

static bool utc_name(const char *zone)
{
    static const char *const names[] = {"Etc/UTC", "UTC", "Z",       "GMT",
                                        "Etc/GMT", "UCT", "Etc/UCT", "Zulu"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], zone) == 0)
            return true;
    return false;
}

static int64_t big_endian(const unsigned char *at, int bytes)
{
    uint64_t value = at[0] & 0x80 ? UINT64_MAX : 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return (int64_t)value;
}

/* Version 2 TZif (RFC 8536): the second block has 64-bit times. */
static int tzif_offset(const unsigned char *data, size_t len, int64_t seconds, int *offset)
{
    size_t at = 0;
    uint32_t counts[6];
    for (int block = 0; block < 2; block++) {
        if (len - at < 44 || memcmp(data + at, "TZif", 4) != 0 || data[at + 4] < '2')
            return -1;
        for (int i = 0; i < 6; i++)
            counts[i] = (uint32_t)big_endian(data + at + 20 + 4 * i, 4);
        at += 44;
        if (counts[3] > 4096 || counts[4] > 256 || counts[2] > 64)
            return -1;
        if (block == 0)
            at += counts[3] * 5 + counts[4] * 6 + counts[5] + counts[2] * 8 + counts[1] + counts[0];
        if (at > len)
            return -1;
    }
    if (len - at < counts[3] * 9 + counts[4] * 6 || counts[4] == 0)
        return -1;
    const unsigned char *indexes = data + at + (size_t)counts[3] * 8, *types = indexes + counts[3];
    unsigned type = 0;
    for (uint32_t i = 0; i < counts[3] && big_endian(data + at + 8 * (size_t)i, 8) <= seconds; i++)
        type = indexes[i];
    if (type >= counts[4])
        return -1;
    *offset = (int)big_endian(types + 6 * type, 4);
    return 0;
}

static int zone_file_offset(const char *zone, int64_t seconds, int *offset)
{
    unsigned char data[16384];
    char path[128];
    if (strstr(zone, "..") || *zone == '/' || strlen(zone) > 64)
        return -1;
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone);
    FILE *file = fopen(path, "rb");
    if (!file)
        return -1;
    size_t len = fread(data, 1, sizeof data, file);
    fclose(file);
    return tzif_offset(data, len, seconds, offset);
}

int sandbox_zone_offset(const char *time_zone, int64_t us)
{
    int seconds = 0;
    if (!time_zone || utc_name(time_zone) || fixed_offset(time_zone, &seconds) == 0)
        return seconds;
    int64_t instant = us / 1000000 - (us % 1000000 < 0);
    return zone_file_offset(time_zone, instant, &seconds) == 0 ? seconds : 0;
}

bool sandbox_zone_valid(const char *time_zone)
{
    int seconds;
    return utc_name(time_zone) || fixed_offset(time_zone, &seconds) == 0 ||
           zone_file_offset(time_zone, 0, &seconds) == 0;
}

static void trim(const char **text, size_t *len)
{
    while (*len && isspace((unsigned char)**text)) {
        (*text)++;
        (*len)--;
    }
    while (*len && isspace((unsigned char)(*text)[*len - 1]))
        (*len)--;
}

static bool take_number(const char **at, const char *end, int least, int most, int *value)
{
    int count = 0;
    for (*value = 0; *at < end && count < most && isdigit((unsigned char)**at); count++)
        *value = *value * 10 + (*(*at)++ - '0');
    return count >= least;
}

static bool take_date(const char **at, const char *end, int64_t *days)
{
    int year, month = 1, day = 1, back_year, back_month, back_day;
    if (!take_number(at, end, 4, 5, &year))
        return false;
    if (*at < end && **at == '-') {
        (*at)++;
        if (!take_number(at, end, 1, 2, &month))
            return false;
        if (*at < end && **at == '-') {
            (*at)++;
            if (!take_number(at, end, 1, 2, &day))
                return false;
        }
    }
    if (year > 9999 || month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    *days = base_time_days(year, month, day);
    base_time_civil(*days, &back_year, &back_month, &back_day);
    return back_day == day;
}

bool sandbox_date_parse(const char *text, size_t len, int64_t *days)
{
    trim(&text, &len);
    const char *end = text + len;
    if (!take_date(&text, end, days))
        return false;
    return text == end || *text == ' ' || *text == 'T';
}

static bool take_time(const char **at, const char *end, int64_t *us)
{
    int hour, minute = 0, second = 0, fraction = 0;
    if (!take_number(at, end, 1, 2, &hour) || hour > 23)
        return false;
    if (*at < end && **at == ':') {
        (*at)++;
        if (!take_number(at, end, 1, 2, &minute) || minute > 59)
            return false;
    }
    if (*at < end && **at == ':') {
        (*at)++;
        if (!take_number(at, end, 1, 2, &second) || second > 59)
            return false;
        if (*at < end && **at == '.') {
            const char *start = ++(*at);
            if (!take_number(at, end, 0, 6, &fraction))
                return false;
            for (long digits = *at - start; digits < 6; digits++)
                fraction *= 10;
            while (*at < end && isdigit((unsigned char)**at))
                (*at)++;
        }
    }
    *us = ((int64_t)hour * 3600 + minute * 60 + second) * 1000000 + fraction;
    return true;
}

bool sandbox_timestamp_parse(const char *text, size_t len, const char *time_zone, bool ntz,
                             int64_t *us)
{
    int64_t days, time = 0;
    char zone[72] = "";
    trim(&text, &len);
    const char *end = text + len;
    if (!take_date(&text, end, &days))
        return false;
    if (text < end && (*text == ' ' || *text == 'T')) {
        text++;
        if (!take_time(&text, end, &time))
            return false;
    }
    while (text < end && *text == ' ')
        text++;
    if (text < end) {
        if ((size_t)(end - text) >= sizeof zone)
            return false;
        memcpy(zone, text, (size_t)(end - text));
        if (!sandbox_zone_valid(zone))
            return false;
    }
    *us = days * DAY_US + time;
    if (ntz)
        return true;
    const char *used = zone[0] ? zone : time_zone;
    int offset = sandbox_zone_offset(used, *us);
    offset = sandbox_zone_offset(used, *us - (int64_t)offset * 1000000);
    *us -= (int64_t)offset * 1000000;
    return true;
}

static void civil(int64_t us, int *year, int *month, int *day, int64_t *time)
{
    int64_t days = us / DAY_US - (us % DAY_US < 0);
    *time = us - days * DAY_US;
    base_time_civil(days, year, month, day);
}

static void put_date(int64_t days, struct buf *out)
{
    int year, month, day;
    base_time_civil(days, &year, &month, &day);
    base_buf_printf(out, "%04d-%02d-%02d", year, month, day);
}

static void put_timestamp(int64_t us, char separator, int digits, struct buf *out)
{
    int year, month, day;
    int64_t time;
    civil(us, &year, &month, &day, &time);
    int64_t seconds = time / 1000000, fraction = time % 1000000;
    base_buf_printf(out, "%04d-%02d-%02d%c%02d:%02d:%02d", year, month, day, separator,
                    (int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60));
    if (!fraction && !digits)
        return;
    char text[8];
    snprintf(text, sizeof text, "%06d", (int)fraction);
    size_t len = 6;
    while (len > (size_t)digits && text[len - 1] == '0')
        len--;
    base_buf_printf(out, ".%.*s", (int)len, text);
}

/* Shortest digits that read back the same, in Java's layout. */
static void put_double(double value, bool single, struct buf *out)
{
    char text[40];
    if (isnan(value) || isinf(value)) {
        base_buf_text(out, isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity");
        return;
    }
    for (int precision = 0; precision < 18; precision++) {
        snprintf(text, sizeof text, "%.*e", precision, value);
        if (single ? (double)strtof(text, NULL) == value : strtod(text, NULL) == value)
            break;
    }
    int exponent = atoi(strchr(text, 'e') + 1);
    char digits[24];
    size_t count = 0;
    for (const char *at = text; *at != 'e'; at++)
        if (isdigit((unsigned char)*at))
            digits[count++] = *at;
    if (text[0] == '-')
        base_buf_byte(out, '-');
    if (value == 0) {
        base_buf_text(out, "0.0");
    } else if (exponent >= -3 && exponent < 7) {
        int point = exponent + 1;
        if (point <= 0)
            base_buf_printf(out, "0.%.*s", -point, "0000");
        for (int i = 0; i < (int)count || i < point; i++) {
            if (i == point && point > 0)
                base_buf_byte(out, '.');
            base_buf_byte(out, i < (int)count ? (uint8_t)digits[i] : '0');
        }
        if ((int)count <= point)
            base_buf_text(out, ".0");
    } else {
        base_buf_printf(out, "%c.%.*sE%d", digits[0], count > 1 ? (int)count - 1 : 1,
                        count > 1 ? digits + 1 : "0", exponent);
    }
}

static void put_interval(const struct sandbox_type *type, int64_t value, struct buf *out)
{
    const char *sign = value < 0 ? "-" : "";
    uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
    if (type->kind == SB_INTERVAL_YM) {
        base_buf_printf(out, "INTERVAL '%s%llu-%llu' YEAR TO MONTH", sign,
                        (unsigned long long)(size / 12), (unsigned long long)(size % 12));
        return;
    }
    uint64_t seconds = size / 1000000, fraction = size % 1000000;
    base_buf_printf(out, "INTERVAL '%s%llu %02llu:%02llu:%02llu", sign,
                    (unsigned long long)(seconds / 86400),
                    (unsigned long long)(seconds / 3600 % 24),
                    (unsigned long long)(seconds / 60 % 60), (unsigned long long)(seconds % 60));
    if (fraction) {
        char text[8];
        snprintf(text, sizeof text, "%06llu", (unsigned long long)fraction);
        size_t len = 6;
        while (text[len - 1] == '0')
            len--;
        base_buf_printf(out, ".%.*s", (int)len, text);
    }
    base_buf_text(out, "' DAY TO SECOND");
}

void sandbox_value_text(const struct sandbox_type *type, const struct sandbox_value *value,
                        const char *time_zone, struct buf *out)
{
    char number[48];
    switch (type->kind) {
    case SB_BOOLEAN:
        base_buf_text(out, value->i ? "true" : "false");
        break;
    case SB_FLOAT:
    case SB_DOUBLE:
        put_double(value->f, type->kind == SB_FLOAT, out);
        break;
    case SB_DECIMAL:
        base_buf_append(out, number, sandbox_decimal_format(value->d, type->scale, number));
        break;
    case SB_DATE:
        put_date(value->i, out);
        break;
    case SB_TIMESTAMP:
        put_timestamp(value->i + (int64_t)sandbox_zone_offset(time_zone, value->i) * 1000000, ' ',
                      0, out);
        break;
    case SB_TIMESTAMP_NTZ:
        put_timestamp(value->i, ' ', 0, out);
        break;
    case SB_INTERVAL_YM:
    case SB_INTERVAL_DT:
        put_interval(type, value->i, out);
        break;
    default:
        if (sandbox_kind_textual(type->kind))
            base_buf_append(out, value->text, value->len);
        else
            base_buf_printf(out, "%lld", (long long)value->i);
    }
}

void sandbox_value_wire_text(const struct sandbox_type *type, const struct sandbox_value *value,
                             const char *time_zone, struct buf *out)
{
    if (type->kind == SB_BINARY) {
        for (size_t i = 0; i < value->len; i++)
            base_buf_printf(out, "%02X", (unsigned char)value->text[i]);
    } else if (type->kind == SB_TIMESTAMP) {
        int offset = sandbox_zone_offset(time_zone, value->i);
        put_timestamp(value->i + (int64_t)offset * 1000000, 'T', 3, out);
        if (offset)
            base_buf_printf(out, "%c%02d:%02d", offset < 0 ? '-' : '+', abs(offset) / 3600,
                            abs(offset) / 60 % 60);
        else
            base_buf_byte(out, 'Z');
    } else if (type->kind == SB_TIMESTAMP_NTZ) {
        put_timestamp(value->i, 'T', 3, out);
    } else if (type->kind >= SB_ARRAY) {
        sandbox_nested_text(type, value->text, value->len, out);
    } else {
        sandbox_value_text(type, value, time_zone, out);
    }
}
