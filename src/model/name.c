#include "model/name.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PART_MAX 1020 /* 255 characters of at most 4 bytes: the limit of Unity Catalog */
#define PATH_MAX_BYTES 200
#define PATH_HASH_BYTES 17 /* '~' and 16 hex digits */

void model_name_free(struct model_name *name)
{
    base_free(&name->catalog);
    base_free(&name->schema);
    base_free(&name->table);
}

struct model_name model_name_dup(const struct model_name *name)
{
    return (struct model_name){.catalog = base_strdup(name->catalog),
                               .schema = base_strdup(name->schema),
                               .table = base_strdup(name->table)};
}

static const char *part_of(const struct model_name *name, int index)
{
    const char *part = index == 0 ? name->catalog : index == 1 ? name->schema : name->table;

    return part ? part : "";
}

bool model_name_equal(const struct model_name *a, const struct model_name *b)
{
    for (int i = 0; i < 3; i++)
        if (!base_text_equal_nocase(part_of(a, i), part_of(b, i)))
            return false;
    return true;
}

static void append_backticked(const char *part, struct buf *out)
{
    base_buf_byte(out, '`');
    for (; *part; part++) {
        if (*part == '`')
            base_buf_byte(out, '`');
        base_buf_byte(out, (uint8_t)*part);
    }
    base_buf_byte(out, '`');
}

bool model_name_built_in(const char *schema)
{
    return schema && base_text_equal_nocase(schema, "information_schema");
}

char *model_name_text(const struct model_name *name)
{
    struct buf out;

    base_buf_init(&out, BUF_MAX_DEFAULT);
    for (int i = 0; i < 3; i++) {
        const char *part = part_of(name, i);

        if (i)
            base_buf_byte(&out, '.');
        if (!*part || strpbrk(part, ".`"))
            append_backticked(part, &out);
        else
            base_buf_text(&out, part);
    }
    return base_buf_take(&out, NULL);
}

static int check_part(const char *part, enum err_code code, struct err *err)
{
    if (!*part)
        return base_err_set(err, code, "a part of the name is empty");
    if (strlen(part) > PART_MAX)
        return base_err_set(err, code, "a part of the name is longer than 255 characters");
    /* Control characters are names like any other inside backticks; where a name is shown or logged
     * or becomes a path, they are escaped. */
    if (!base_text_utf8_valid(part, strlen(part)))
        return base_err_set(err, code, "name '%s' holds invalid UTF-8", part);
    return 0;
}

/* One part from *text on, bare up to the next dot or in backticks; *text is left behind it. */
static int parse_part(const char **text, struct buf *out, struct err *err)
{
    const char *at = *text;

    if (*at != '`') {
        size_t len = strcspn(at, ".");

        if (memchr(at, '`', len))
            return base_err_set(err, ERR_USAGE,
                                "a backtick stands inside a part without backticks");
        *text = at + len;
        return base_buf_append(out, at, len);
    }
    for (at++;; at++) {
        if (!*at)
            return base_err_set(err, ERR_USAGE, "a closing backtick is missing");
        if (*at == '`' && *++at != '`') {
            *text = at;
            return 0;
        }
        if (base_buf_byte(out, (uint8_t)*at))
            return base_err_set(err, ERR_USAGE, "the name is too long");
    }
}

int model_name_parse(const char *text, struct model_name *out, struct err *err)
{
    char **parts[] = {&out->catalog, &out->schema, &out->table};
    const char *at = text;
    struct buf part;
    int result = 0;

    *out = (struct model_name){0};
    base_buf_init(&part, 4 * PART_MAX);
    for (int i = 0; i < 3 && !result; i++) {
        base_buf_clear(&part);
        if (i && *at++ != '.')
            result = base_err_set(err, ERR_USAGE, "three parts are needed: catalog.schema.table");
        else if (parse_part(&at, &part, err))
            result = base_err_set(err, ERR_USAGE, "the name is too long");
        else
            result = check_part(part.data, ERR_USAGE, err);
        if (!result)
            *parts[i] = base_strdup(part.data);
    }
    if (!result && *at)
        result = base_err_set(err, ERR_USAGE, "something follows the third part");
    base_buf_free(&part);
    if (!result)
        return 0;
    model_name_free(out);
    return base_err_context(err, "table name '%s'", text);
}

int model_name_quote(const char *part, struct buf *out, struct err *err)
{
    if (check_part(part, ERR_CONFIG_INVALID, err))
        return -1;
    if (base_buf_reserve(out, 2 * strlen(part) + 2))
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "the statement is too long");
    append_backticked(part, out);
    return 0;
}

int model_name_sql(const struct model_name *name, struct buf *out, struct err *err)
{
    for (int i = 0; i < 3; i++) {
        if (i && base_buf_byte(out, '.'))
            return base_err_set(err, ERR_LIMIT_EXCEEDED, "the statement is too long");
        if (model_name_quote(part_of(name, i), out, err))
            return -1;
    }
    return 0;
}

/* Databricks reads backslash escapes in ordinary literals; older runtimes read '' as two literals
 * put together, so the quote is escaped with a backslash too. */
int model_name_literal(const char *text, struct buf *out)
{
    int failed = base_buf_byte(out, '\'');

    for (; *text && !failed; text++) {
        if (*text == '\'' || *text == '\\')
            failed = base_buf_byte(out, '\\') || base_buf_byte(out, (uint8_t)*text);
        else if (*text == '\n')
            failed = base_buf_text(out, "\\n");
        else if ((unsigned char)*text < 0x20 || *text == 0x7f)
            failed = base_buf_printf(out, "\\u%04X", (unsigned)*text);
        else
            failed = base_buf_byte(out, (uint8_t)*text);
    }
    return failed || base_buf_byte(out, '\'') ? -1 : 0;
}

static bool path_safe(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static void path_part(const char *part, struct buf *out)
{
    if (!*part)
        base_buf_byte(out, '%'); /* two dots in a row would climb; nothing else gives a bare '%' */
    for (; *part; part++) {
        if (path_safe(*part))
            base_buf_byte(out, (uint8_t)*part);
        else
            base_buf_printf(out, "%%%02X", (unsigned)(uint8_t)*part);
    }
}

char *model_name_path(const struct model_name *name)
{
    struct buf out;
    uint8_t digest[32];
    char hex[17];

    base_buf_init(&out, BUF_MAX_DEFAULT);
    for (int i = 0; i < 3; i++) {
        if (i)
            base_buf_byte(&out, '.');
        path_part(part_of(name, i), &out);
    }
    if (out.len > PATH_MAX_BYTES) {
        base_sha256(out.data, out.len, digest);
        base_hex(digest, 8, hex);
        out.len = PATH_MAX_BYTES - PATH_HASH_BYTES;
        base_buf_printf(&out, "~%s", hex);
    }
    return base_buf_take(&out, NULL);
}

char *model_name_url(const struct model_name *name)
{
    struct buf out;

    base_buf_init(&out, BUF_MAX_DEFAULT);
    for (int i = 0; i < 3; i++) {
        const char *part = part_of(name, i);

        if (i)
            base_buf_byte(&out, '.');
        /* A dot inside a part must not read as a divider. */
        for (; *part; part++) {
            char one[] = {*part, '\0'};

            if (*part == '.')
                base_buf_text(&out, "%2E");
            else
                base_url_encode(one, &out);
        }
    }
    return base_buf_take(&out, NULL);
}
