#include "columnar/block.h"

#include "base/seam.h"

struct number {
    bool negative;
    char digits[40]; /* significant ones, no leading zeros */
    int count;
    int exponent; /* value = digits * 10^exponent */
};

static bool parse_exponent(struct slice text, uint32_t at, int *exponent)
{
    bool negative = at < text.len && text.data[at] == '-';
    int value = 0;
    if (at < text.len && (text.data[at] == '-' || text.data[at] == '+'))
        at++;
    if (at == text.len)
        return false;
    for (; at < text.len; at++) {
        if (text.data[at] < '0' || text.data[at] > '9' || value > 9999)
            return false;
        value = value * 10 + (text.data[at] - '0');
    }
    *exponent += negative ? -value : value;
    return true;
}

/* [sign] digits [. digits] [E exponent]: what Java's BigDecimal prints ("0E-10" included). */
static bool parse_number(struct slice text, struct number *out)
{
    uint32_t at = 0;
    bool point = false, any = false;
    int zeros = 0; /* held back: trailing zeros need no digit */
    *out = (struct number){0};
    if (text.len && (text.data[0] == '-' || text.data[0] == '+'))
        out->negative = text.data[at++] == '-';
    for (; at < text.len; at++) {
        uint8_t c = text.data[at];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9')
            break;
        any = true;
        out->exponent -= point;
        if (c == '0') {
            zeros += out->count > 0;
            continue;
        }
        if (out->count + zeros + 1 > (int)sizeof out->digits)
            return false;
        for (; zeros > 0; zeros--)
            out->digits[out->count++] = '0';
        out->digits[out->count++] = (char)c;
    }
    out->exponent += zeros;
    if (!any || (at < text.len && text.data[at] != 'e' && text.data[at] != 'E'))
        return false;
    return at == text.len || parse_exponent(text, at + 1, &out->exponent);
}

bool block_parse_decimal(struct slice text, int precision, int scale, __int128 *out)
{
    struct number number;
    if (!parse_number(text, &number))
        return false;
    *out = 0;
    if (number.count == 0)
        return true;
    int zeros = number.exponent + scale;
    if (zeros < 0 || zeros > precision || number.count + zeros > precision)
        return false;
    for (int i = 0; i < number.count + zeros; i++)
        *out = *out * 10 + (i < number.count ? number.digits[i] - '0' : 0);
    if (number.negative)
        *out = -*out;
    return true;
}

static bool digits(const uint8_t *at, int count, int *out)
{
    *out = 0;
    for (int i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        *out = *out * 10 + (at[i] - '0');
    }
    return true;
}

bool block_parse_date(struct slice text, int32_t *days)
{
    int year, month, day, back_year, back_month, back_day;
    if (text.len != 10 || text.data[4] != '-' || text.data[7] != '-' ||
        !digits(text.data, 4, &year) || !digits(text.data + 5, 2, &month) ||
        !digits(text.data + 8, 2, &day) || year < 1 || month < 1 || month > 12 || day < 1 ||
        day > 31)
        return false;
    int64_t value = base_time_days(year, month, day);
    base_time_civil(value, &back_year, &back_month, &back_day);
    *days = (int32_t)value;
    return back_year == year && back_month == month && back_day == day;
}
