/* The checking scanner. It walks the whole text once, refuses what cJSON would take or mangle, and
 * writes the text cJSON is given: the same, with integers of more than 15 digits in quotes. */
#include "base/json.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/vec.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64
#define NODES_MAX 500000  /* cJSON takes 64 bytes and more for each */
#define NUMBER_LEN_MAX 60 /* cJSON copies a number into 64 bytes and forgets the rest */
#define LINEAR_KEYS 16    /* up to here keys are compared one by one */

/* A key of an object that is still open; its decoded bytes lie in scan.keys. */
struct key {
    size_t at, len;
    uint64_t hash;
};

struct level {
    bool object;
    size_t first_key, keys_len; /* where this object's keys begin */
    size_t *slots;              /* hash slots (key index + 1 from first_key), once there are many */
    size_t slot_count;
};

struct scan {
    const char *text;
    size_t len, at;
    size_t copied; /* text before this is in out */
    size_t nodes;
    struct buf out, keys;
    vec_of(struct key) open_keys;
    struct level levels[DEPTH_MAX];
    size_t depth;
    struct err *err;
};

static int refuse(struct scan *scan, const char *what)
{
    return base_err_set(scan->err, ERR_SRC_UNCLASSIFIED, "not valid JSON at byte %zu: %s", scan->at,
                        what);
}

static void skip_space(struct scan *scan)
{
    while (scan->at < scan->len && strchr(" \t\r\n", scan->text[scan->at]) && scan->text[scan->at])
        scan->at++;
}

static int peek(const struct scan *scan)
{
    return scan->at < scan->len ? (unsigned char)scan->text[scan->at] : -1;
}

static int hex4(struct scan *scan, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < 4; i++, scan->at++) {
        int c = peek(scan);
        int digit = c >= '0' && c <= '9'
                        ? c - '0'
                        : ((c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1);

        if (digit < 0)
            return refuse(scan, "bad \\u escape");
        *value = *value << 4 | (uint32_t)digit;
    }
    return 0;
}

static int put_utf8(struct buf *into, uint32_t c)
{
    char bytes[4];
    size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (size_t i = size; i-- > 1; c >>= 6)
        bytes[i] = (char)(0x80 | (c & 0x3f));
    bytes[0] = (char)(size == 1 ? c : (0xf00u >> size & 0xff) | c);
    return base_buf_append(into, bytes, size);
}

/* After "\u". A C string cannot hold U+0000, and half a surrogate pair is no character. */
static int unicode_escape(struct scan *scan, uint32_t *c)
{
    uint32_t low;

    if (hex4(scan, c))
        return -1;
    if (!*c)
        return refuse(scan, "\\u0000 in a string");
    if (*c >= 0xdc00 && *c <= 0xdfff)
        return refuse(scan, "second half of a surrogate pair alone");
    if (*c < 0xd800 || *c > 0xdbff)
        return 0;
    if (scan->len - scan->at < 2 || memcmp(scan->text + scan->at, "\\u", 2))
        return refuse(scan, "first half of a surrogate pair alone");
    scan->at += 2;
    if (hex4(scan, &low))
        return -1;
    if (low < 0xdc00 || low > 0xdfff)
        return refuse(scan, "first half of a surrogate pair alone");
    *c = 0x10000 + ((*c - 0xd800) << 10 | (low - 0xdc00));
    return 0;
}

static int escape(struct scan *scan, struct buf *into)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    int c = peek(scan);
    const char *found = c > 0 ? strchr(names, c) : NULL;
    uint32_t unicode;

    scan->at++;
    if (found)
        return into ? base_buf_byte(into, (uint8_t)values[found - names]) : 0;
    if (c != 'u')
        return refuse(scan, "unknown escape in a string");
    if (unicode_escape(scan, &unicode))
        return -1;
    return into ? put_utf8(into, unicode) : 0;
}

/* At the opening quote. into gets the decoded text unless NULL. */
static int string(struct scan *scan, struct buf *into)
{
    scan->at++;
    for (;;) {
        int c = peek(scan);
        uint32_t codepoint;
        size_t size;

        if (c < 0)
            return refuse(scan, "string does not end");
        if (c < 0x20)
            return refuse(scan, "control character in a string");
        if (c == '"') {
            scan->at++;
            return 0;
        }
        if (c == '\\') {
            scan->at++;
            if (escape(scan, into))
                return scan->err && scan->err->code ? -1 : refuse(scan, "string too long");
            continue;
        }
        size = base_text_utf8_decode(scan->text + scan->at, scan->len - scan->at, &codepoint);
        if (!size)
            return refuse(scan, "invalid UTF-8");
        if (into && base_buf_append(into, scan->text + scan->at, size))
            return refuse(scan, "string too long");
        scan->at += size;
    }
}

static size_t digits(struct scan *scan)
{
    size_t start = scan->at;

    while (peek(scan) >= '0' && peek(scan) <= '9')
        scan->at++;
    return scan->at - start;
}

/* A double holds every integer up to 2^53, but cJSON prints 15 digits and takes a near miss for a
 * match. */
static bool inexact(const char *text, size_t len)
{
    return len - (*text == '-') > 15;
}

static int quote_number(struct scan *scan, size_t start)
{
    if (base_buf_append(&scan->out, scan->text + scan->copied, start - scan->copied) ||
        base_buf_byte(&scan->out, '"') ||
        base_buf_append(&scan->out, scan->text + start, scan->at - start) ||
        base_buf_byte(&scan->out, '"'))
        return refuse(scan, "too large");
    scan->copied = scan->at;
    return 0;
}

static int number(struct scan *scan)
{
    size_t start = scan->at, whole;
    bool integer = true;
    char copy[NUMBER_LEN_MAX + 1], *point;

    if (peek(scan) == '-')
        scan->at++;
    whole = scan->at;
    if (!digits(scan) || (scan->text[whole] == '0' && scan->at - whole > 1))
        return refuse(scan, "bad number");
    if (peek(scan) == '.') {
        integer = false;
        scan->at++;
        if (!digits(scan))
            return refuse(scan, "bad number");
    }
    if (peek(scan) == 'e' || peek(scan) == 'E') {
        integer = false;
        scan->at++;
        if (peek(scan) == '+' || peek(scan) == '-')
            scan->at++;
        if (!digits(scan))
            return refuse(scan, "bad number");
    }
    if (integer)
        return inexact(scan->text + start, scan->at - start) ? quote_number(scan, start) : 0;
    if (scan->at - start > NUMBER_LEN_MAX)
        return refuse(scan, "number too long");
    memcpy(copy, scan->text + start, scan->at - start);
    copy[scan->at - start] = '\0';
    /* strtod reads the locale's decimal point. */
    if ((point = strchr(copy, '.')))
        *point = localeconv()->decimal_point[0];
    return isfinite(strtod(copy, NULL)) ? 0 : refuse(scan, "number out of range");
}

static bool same_key(const struct scan *scan, const struct key *a, const struct key *b)
{
    return a->hash == b->hash && a->len == b->len &&
           !memcmp(scan->keys.data + a->at, scan->keys.data + b->at, a->len);
}

/* Puts key index (from first_key) into the slots; true when an equal key is there already. */
static bool slot_key(struct scan *scan, struct level *level, size_t index)
{
    const struct key *keys = scan->open_keys.items + level->first_key;
    size_t at = (size_t)keys[index].hash & (level->slot_count - 1);

    for (; level->slots[at]; at = (at + 1) & (level->slot_count - 1))
        if (same_key(scan, &keys[level->slots[at] - 1], &keys[index]))
            return true;
    level->slots[at] = index + 1;
    return false;
}

static bool doubled(struct scan *scan, struct level *level)
{
    const struct key *keys = scan->open_keys.items + level->first_key;
    size_t count = scan->open_keys.count - level->first_key;

    if (count <= LINEAR_KEYS) {
        for (size_t i = 0; i + 1 < count; i++)
            if (same_key(scan, &keys[i], &keys[count - 1]))
                return true;
        return false;
    }
    if (count * 2 > level->slot_count) {
        level->slot_count = level->slot_count ? level->slot_count * 2 : LINEAR_KEYS * 8;
        free(level->slots);
        level->slots = base_alloc_zero(level->slot_count, sizeof *level->slots);
        for (size_t i = 0; i + 1 < count; i++)
            slot_key(scan, level, i);
    }
    return slot_key(scan, level, count - 1);
}

/* At the first byte of a member name; leaves scan behind the colon. */
static int member_name(struct scan *scan)
{
    struct level *level = &scan->levels[scan->depth - 1];
    struct key key = {.at = scan->keys.len};

    if (peek(scan) != '"')
        return refuse(scan, "a member name is missing");
    if (string(scan, &scan->keys))
        return -1;
    key.len = scan->keys.len - key.at;
    key.hash = base_hash64(scan->keys.data + key.at, key.len, 0);
    vec_push(&scan->open_keys, key);
    if (doubled(scan, level))
        return refuse(scan, "a member name appears twice");
    skip_space(scan);
    if (peek(scan) != ':')
        return refuse(scan, "a colon is missing");
    scan->at++;
    skip_space(scan);
    return 0;
}

static int literal(struct scan *scan, const char *word)
{
    size_t len = strlen(word);

    if (scan->len - scan->at < len || memcmp(scan->text + scan->at, word, len))
        return refuse(scan, "unknown word");
    scan->at += len;
    return 0;
}

static int open_level(struct scan *scan, bool object)
{
    if (scan->depth == DEPTH_MAX)
        return refuse(scan, "nested deeper than 64");
    scan->levels[scan->depth++] = (struct level){
        .object = object, .first_key = scan->open_keys.count, .keys_len = scan->keys.len};
    scan->at++;
    return 0;
}

static void close_level(struct scan *scan)
{
    struct level *level = &scan->levels[--scan->depth];

    scan->open_keys.count = level->first_key;
    scan->keys.len = level->keys_len;
    free(level->slots);
    level->slots = NULL;
    scan->at++;
}

/* One value; containers are only opened. */
static int value(struct scan *scan)
{
    if (++scan->nodes > NODES_MAX)
        return refuse(scan, "too many values");
    switch (peek(scan)) {
    case '{':
        return open_level(scan, true);
    case '[':
        return open_level(scan, false);
    case '"':
        return string(scan, NULL);
    case 't':
        return literal(scan, "true");
    case 'f':
        return literal(scan, "false");
    case 'n':
        return literal(scan, "null");
    case -1:
        return refuse(scan, "the text ends too early");
    default:
        return number(scan);
    }
}

/* After a value or an opening: closes what ends here, then stands before the next value, or at the
 * end. */
static int advance(struct scan *scan, bool opened)
{
    for (;;) {
        struct level *level = scan->depth ? &scan->levels[scan->depth - 1] : NULL;

        skip_space(scan);
        if (!level)
            return scan->at == scan->len ? 1 : refuse(scan, "something follows the value");
        if (peek(scan) == (level->object ? '}' : ']')) {
            close_level(scan);
            opened = false;
            continue;
        }
        if (!opened) {
            if (peek(scan) != ',')
                return refuse(scan, "a comma or the end is missing");
            scan->at++;
            skip_space(scan);
        }
        return level->object ? member_name(scan) : 0;
    }
}

static int walk(struct scan *scan)
{
    int result;

    skip_space(scan);
    do {
        size_t depth = scan->depth;

        if (value(scan))
            return -1;
        result = advance(scan, scan->depth > depth);
    } while (!result);
    return result < 0 ? -1 : 0;
}

cJSON *base_json_parse(const char *text, size_t len, size_t max_len, struct err *err)
{
    struct err local = ERR_INIT;
    struct scan scan = {.text = text, .len = len, .err = &local};
    cJSON *json = NULL;

    if (len > max_len) {
        base_err_set(err, ERR_SRC_UNCLASSIFIED, "JSON of %zu bytes is longer than %zu", len,
                     max_len);
        return NULL;
    }
    if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
        scan.at = scan.copied = 3;
    base_buf_init(&scan.out, len + 2 * NODES_MAX + 1);
    base_buf_init(&scan.keys, len + 1);
    if (!walk(&scan)) {
        const char *checked = text + scan.copied;
        size_t checked_len = len - scan.copied;

        if (scan.out.len && !base_buf_append(&scan.out, checked, checked_len)) {
            checked = scan.out.data;
            checked_len = scan.out.len;
        }
        json = cJSON_ParseWithLength(checked, checked_len);
        if (!json)
            refuse(&scan, "no memory for it");
    }
    if (!json)
        base_err_set(err, local.code, "%s", local.message);
    while (scan.depth)
        free(scan.levels[--scan.depth].slots);
    vec_free(&scan.open_keys);
    base_buf_free(&scan.keys);
    base_buf_free(&scan.out);
    return json;
}
