/* INI as the official SDKs read it (Go: gopkg.in/ini with SpaceBeforeInlineComment): "=" or ":"
 * divides; "#" and ";" begin a comment at the start of a line or after a blank; keys before any
 * section belong to DEFAULT; nothing is inherited; the last of two equal keys holds. */
#include "config/ini.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/vec.h"
#include "config/databrickscfg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)4 << 20)

struct entry {
    char *section, *key, *value;
};

struct config_ini {
    vec_of(char *) sections;
    vec_of(struct entry) entries;
};

size_t config_ini_bom(const char *text, size_t len)
{
    return len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static void trim(const char *text, size_t *at, size_t *len)
{
    while (*len && blank(text[*at]))
        (*at)++, (*len)--;
    while (*len && blank(text[*at + *len - 1]))
        (*len)--;
}

/* Where an inline comment begins: at "#" or ";" after a blank. */
static size_t comment_at(const char *text, size_t at, size_t len)
{
    for (size_t i = 1; i < len; i++)
        if ((text[at + i] == '#' || text[at + i] == ';') && blank(text[at + i - 1]))
            return i;
    return len;
}

static int read_section(const char *text, size_t at, size_t len, size_t number,
                        struct ini_line *out, struct err *err)
{
    const char *close = memchr(text + at, ']', len);

    if (!close)
        return base_err_set(err, ERR_CONFIG_INVALID, "line %zu: the bracket is not closed", number);
    out->kind = INI_SECTION;
    out->name = at + 1;
    out->name_len = (size_t)(close - text) - at - 1;
    trim(text, &out->name, &out->name_len);
    if (out->name_len == 0)
        return base_err_set(err, ERR_CONFIG_INVALID, "line %zu: a section without a name", number);
    return 0;
}

static int read_key(const char *text, size_t at, size_t len, size_t number, struct ini_line *out,
                    struct err *err)
{
    size_t divide = 0;

    while (divide < len && text[at + divide] != '=' && text[at + divide] != ':')
        divide++;
    out->kind = INI_KEY;
    out->name = at;
    out->name_len = divide;
    trim(text, &out->name, &out->name_len);
    if (divide == len || out->name_len == 0)
        return base_err_set(err, ERR_CONFIG_INVALID,
                            "line %zu: neither a section, a comment nor key = value", number);
    out->value = at + divide + 1;
    out->value_len = len - divide - 1;
    out->value_len = comment_at(text, out->value, out->value_len);
    trim(text, &out->value, &out->value_len);
    return 0;
}

int config_ini_line(const char *text, size_t len, size_t at, size_t number, struct ini_line *out,
                    struct err *err)
{
    const char *end = memchr(text + at, '\n', len - at);
    size_t body, body_len;

    *out = (struct ini_line){.start = at};
    out->len = end ? (size_t)(end - text) - at : len - at;
    out->eol = end ? 1 : 0;
    if (end && out->len && text[at + out->len - 1] == '\r') {
        out->len--;
        out->eol = 2;
    }
    if (memchr(text + at, '\0', out->len))
        return base_err_set(err, ERR_CONFIG_INVALID, "line %zu: a NUL byte", number);
    body = at;
    body_len = out->len;
    trim(text, &body, &body_len);
    if (body_len == 0)
        out->kind = INI_BLANK;
    else if (text[body] == '#' || text[body] == ';')
        out->kind = INI_COMMENT;
    else if (text[body] == '[')
        return read_section(text, body, body_len, number, out, err);
    else
        return read_key(text, body, body_len, number, out, err);
    return 0;
}

/* One pair of equal quotes around the whole value goes. */
static char *unquoted(const char *value, size_t len)
{
    if (len >= 2 && strchr("\"'`", value[0]) && value[len - 1] == value[0])
        return base_strndup(value + 1, len - 2);
    return base_strndup(value, len);
}

bool config_ini_has(const struct config_ini *ini, const char *section)
{
    for (size_t i = 0; i < ini->sections.count; i++)
        if (strcmp(ini->sections.items[i], section) == 0)
            return true;
    return false;
}

static void add_section(struct config_ini *ini, const char *name)
{
    if (!config_ini_has(ini, name))
        vec_push(&ini->sections, base_strdup(name));
}

static void add_entry(struct config_ini *ini, const char *section, const char *text,
                      const struct ini_line *line)
{
    struct entry entry = {.section = base_strdup(section),
                          .key = base_strndup(text + line->name, line->name_len),
                          .value = unquoted(text + line->value, line->value_len)};

    add_section(ini, section);
    vec_push(&ini->entries, entry);
}

struct config_ini *config_ini_parse(const char *text, size_t len, struct err *err)
{
    struct config_ini *ini = base_alloc_zero(1, sizeof *ini);
    char *section = base_strdup("DEFAULT");
    struct ini_line line;
    size_t number = 1;

    for (size_t at = config_ini_bom(text, len); ini && at < len; at += line.len + line.eol) {
        if (config_ini_line(text, len, at, number++, &line, err)) {
            config_ini_free(&ini);
        } else if (line.kind == INI_SECTION) {
            free(section);
            section = base_strndup(text + line.name, line.name_len);
            add_section(ini, section);
        } else if (line.kind == INI_KEY) {
            add_entry(ini, section, text, &line);
        }
    }
    free(section);
    return ini;
}

void config_ini_free(struct config_ini **ini_ptr)
{
    struct config_ini *ini = *ini_ptr;

    if (!ini)
        return;
    for (size_t i = 0; i < ini->sections.count; i++)
        free(ini->sections.items[i]);
    for (size_t i = 0; i < ini->entries.count; i++) {
        base_secret_wipe(ini->entries.items[i].value, strlen(ini->entries.items[i].value));
        free(ini->entries.items[i].section);
        free(ini->entries.items[i].key);
        free(ini->entries.items[i].value);
    }
    vec_free(&ini->sections);
    vec_free(&ini->entries);
    base_free(ini_ptr);
}

size_t config_ini_section_count(const struct config_ini *ini)
{
    return ini->sections.count;
}

const char *config_ini_get(const struct config_ini *ini, const char *section, const char *key)
{
    for (size_t i = ini->entries.count; i-- > 0;) {
        const struct entry *entry = &ini->entries.items[i];

        if (strcmp(entry->section, section) == 0 && strcmp(entry->key, key) == 0)
            return entry->value;
    }
    return NULL;
}

/* What would not be read back as it was written is refused. */
static int check_value(const struct config_ini_value *value, struct err *err)
{
    const char *text = value->value;
    size_t len;

    if (!*value->key || strpbrk(value->key, "=:[]#;\r\n\t "))
        return base_err_set(err, ERR_CONFIG_INVALID, "a key \"%s\" cannot be written", value->key);
    if (!text)
        return 0;
    len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20)
            return base_err_set(err, ERR_CONFIG_INVALID, "%s: the value holds a control character",
                                value->key);
    if (len && (blank(text[0]) || blank(text[len - 1]) || comment_at(text, 0, len) != len ||
                (strchr("\"'`", text[0]) && text[len - 1] == text[0])))
        return base_err_set(err, ERR_CONFIG_INVALID, "%s: the value would not be read back",
                            value->key);
    return 0;
}

struct edit {
    const char *text;
    size_t len;
    const char *section;
    const struct config_ini_value *values;
    size_t count;
    vec_of(struct ini_line) lines;
    vec_of(bool) ours;   /* by line: inside the section */
    size_t insert_after; /* line index of the section's last line that is not blank; SIZE_MAX: no
                            section */
};

static bool name_is(const struct edit *edit, const struct ini_line *line, const char *name)
{
    return line->name_len == strlen(name) &&
           memcmp(edit->text + line->name, name, line->name_len) == 0;
}

static int scan(struct edit *edit, struct err *err)
{
    bool ours = strcmp(edit->section, "DEFAULT") == 0;
    struct ini_line line;
    size_t number = 1;

    edit->insert_after = SIZE_MAX;
    for (size_t at = config_ini_bom(edit->text, edit->len); at < edit->len;
         at += line.len + line.eol) {
        if (config_ini_line(edit->text, edit->len, at, number++, &line, err))
            return -1;
        if (line.kind == INI_SECTION)
            ours = name_is(edit, &line, edit->section);
        if (ours && (line.kind == INI_SECTION || line.kind == INI_KEY))
            edit->insert_after = edit->lines.count;
        vec_push(&edit->lines, line);
        vec_push(&edit->ours, ours);
    }
    return 0;
}

/* The value that applies to a line, and whether this line is the last with its key (the one that
 * counts). */
static const struct config_ini_value *value_for(const struct edit *edit, size_t index, bool *last)
{
    const struct ini_line *line = &edit->lines.items[index];
    const struct config_ini_value *found = NULL;

    if (!edit->ours.items[index] || line->kind != INI_KEY)
        return NULL;
    for (size_t i = 0; i < edit->count; i++)
        if (name_is(edit, line, edit->values[i].key))
            found = &edit->values[i];
    *last = true;
    for (size_t i = index + 1; found && i < edit->lines.count; i++)
        if (edit->ours.items[i] && edit->lines.items[i].kind == INI_KEY &&
            name_is(edit, &edit->lines.items[i], found->key))
            *last = false;
    return found;
}

static bool has_line(const struct edit *edit, const char *key)
{
    for (size_t i = 0; i < edit->lines.count; i++)
        if (edit->ours.items[i] && edit->lines.items[i].kind == INI_KEY &&
            name_is(edit, &edit->lines.items[i], key))
            return true;
    return false;
}

static int put_line(const struct edit *edit, size_t index, struct buf *out)
{
    const struct ini_line *line = &edit->lines.items[index];
    size_t end = line->start + line->len + line->eol;
    bool last = false;
    const struct config_ini_value *value = value_for(edit, index, &last);

    if (!value || (value->value && !last))
        return base_buf_append(out, edit->text + line->start, end - line->start);
    if (!value->value)
        return 0;
    if (base_buf_append(out, edit->text + line->start, line->value - line->start) ||
        (line->value_len == 0 && edit->text[line->value - 1] == '=' && base_buf_byte(out, ' ')) ||
        base_buf_text(out, value->value))
        return -1;
    return base_buf_append(out, edit->text + line->value + line->value_len,
                           end - line->value - line->value_len);
}

static int put_new(const struct edit *edit, const char *eol, struct buf *out)
{
    for (size_t i = 0; i < edit->count; i++) {
        if (!edit->values[i].value || has_line(edit, edit->values[i].key))
            continue;
        if (out->len && out->data[out->len - 1] != '\n' && base_buf_text(out, eol))
            return -1;
        if (base_buf_printf(out, "%s = %s%s", edit->values[i].key, edit->values[i].value, eol))
            return -1;
    }
    return 0;
}

static int put_all(const struct edit *edit, struct buf *out)
{
    const char *eol = edit->lines.count && edit->lines.items[0].eol == 2 ? "\r\n" : "\n";

    if (base_buf_append(out, edit->text, config_ini_bom(edit->text, edit->len)))
        return -1;
    for (size_t i = 0; i < edit->lines.count; i++) {
        if (put_line(edit, i, out))
            return -1;
        if (i == edit->insert_after && put_new(edit, eol, out))
            return -1;
    }
    if (edit->insert_after != SIZE_MAX)
        return 0;
    if (out->len && out->data[out->len - 1] != '\n' && base_buf_text(out, eol))
        return -1;
    if (edit->lines.count && base_buf_text(out, eol))
        return -1;
    if (base_buf_printf(out, "[%s]%s", edit->section, eol))
        return -1;
    return put_new(edit, eol, out);
}

int config_ini_edit(const char *text, size_t len, const char *section,
                    const struct config_ini_value *values, size_t count, struct buf *out,
                    struct err *err)
{
    struct edit edit = {
        .text = text, .len = len, .section = section, .values = values, .count = count};
    int result = 0;

    if (!*section || strcmp(section, "__settings__") == 0 || strpbrk(section, "[]\r\n"))
        return base_err_set(err, ERR_CONFIG_INVALID, "a section \"%s\" cannot be written", section);
    for (size_t i = 0; i < count && !result; i++)
        result = check_value(&values[i], err);
    if (!result)
        result = scan(&edit, err);
    if (!result && put_all(&edit, out))
        result = base_err_set(err, ERR_LIMIT_EXCEEDED, "the file is too large");
    vec_free(&edit.lines);
    vec_free(&edit.ours);
    return result;
}

int config_ini_edit_file(const char *path, const char *section,
                         const struct config_ini_value *values, size_t count, struct err *err)
{
    char *real = realpath(path, NULL); /* a link stays a link */
    struct err why = ERR_INIT;
    struct buf old, new;
    int result;

    base_buf_init(&old, FILE_MAX);
    base_buf_init(&new, FILE_MAX);
    result = base_file_read(real ? real : path, FILE_MAX, &old, &why);
    if (result && why.sys_errno == ENOENT)
        result = 0;
    else if (result && err)
        *err = why;
    if (!result)
        result =
            config_ini_edit(old.len ? old.data : "", old.len, section, values, count, &new, err);
    if (!result)
        result = base_file_write_atomic(real ? real : path, new.data, new.len, 0600, err);
    if (old.len)
        base_secret_wipe(old.data, old.len);
    if (new.len)
        base_secret_wipe(new.data, new.len);
    base_buf_free(&old);
    base_buf_free(&new);
    free(real);
    return result;
}
