#define _GNU_SOURCE
#include "base/err.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    enum err_class class;
    enum err_retry retry;
    const char *cause, *fix;
} table[] = {
    [ERR_OK] = {"OK", ERR_CLASS_NONE, ERR_RETRY_NO, "no error", "-"},
#define E(code, class, retry, cause, fix)                                                          \
    [ERR_##code] = {#code, ERR_CLASS_##class, ERR_RETRY_##retry, cause, fix},
#include "base/errors.def"
#undef E
};

static const char *const class_names[] = {
    [ERR_CLASS_NONE] = "none",   [ERR_CLASS_CFG] = "cfg",   [ERR_CLASS_PERM] = "perm",
    [ERR_CLASS_TRANS] = "trans", [ERR_CLASS_DATA] = "data", [ERR_CLASS_HOST] = "host",
    [ERR_CLASS_CONF] = "conf",   [ERR_CLASS_SEC] = "sec",   [ERR_CLASS_INT] = "int",
};

static bool known(enum err_code code)
{
    return (unsigned)code < base_countof(table);
}

/* What has no room is cut, and says so: half a sentence reads like a whole one. */
static void clean_into(char *out, size_t size, const char *raw)
{
    char whole[4096];

    base_text_clean_into(whole, sizeof whole, raw);
    if (strlen(whole) < size) {
        memcpy(out, whole, strlen(whole) + 1);
        return;
    }
    base_text_clean_into(out, size - 3, raw);
    memcpy(out + strlen(out), "...", 4);
}

__attribute__((format(printf, 3, 0))) static void format_clean(char *out, size_t size,
                                                               const char *fmt, va_list args)
{
    char raw[1024];

    vsnprintf(raw, sizeof raw, fmt, args);
    base_text_redact(raw);
    clean_into(out, size, raw);
}

int base_err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
    va_list args;

    if (!err || err->code != ERR_OK)
        return -1;
    err->code = code;
    va_start(args, fmt);
    format_clean(err->message, sizeof err->message, fmt, args);
    va_end(args);
    return -1;
}

static enum err_code code_of_errno(int errno_value)
{
    switch (errno_value) {
    case ENOSPC:
        return ERR_HOST_DISK_FULL;
    case EDQUOT:
    case EFBIG:
        return ERR_HOST_QUOTA;
    case EROFS:
        return ERR_HOST_READONLY;
    case EACCES:
    case EPERM:
        return ERR_HOST_PERMISSION;
    case EMFILE:
    case ENFILE:
        return ERR_HOST_FDS;
    case ENOMEM:
        return ERR_HOST_MEMORY;
    default:
        return ERR_HOST_IO_ERROR;
    }
}

int base_err_errno(struct err *err, int errno_value, const char *fmt, ...)
{
    const char *reason = strerrordesc_np(errno_value);
    char what[200];
    va_list args;

    if (!err || err->code != ERR_OK)
        return -1;
    va_start(args, fmt);
    format_clean(what, sizeof what, fmt, args);
    va_end(args);
    err->sys_errno = errno_value;
    if (reason)
        return base_err_set(err, code_of_errno(errno_value), "%s: %s", what, reason);
    return base_err_set(err, code_of_errno(errno_value), "%s: errno %d", what, errno_value);
}

int base_err_context(struct err *err, const char *fmt, ...)
{
    char context[256], whole[sizeof context + 2 + sizeof err->message];
    va_list args;

    if (!err || err->code == ERR_OK)
        return -1;
    va_start(args, fmt);
    format_clean(context, sizeof context, fmt, args);
    va_end(args);
    snprintf(whole, sizeof whole, "%s: %s", context, err->message);
    clean_into(err->message, sizeof err->message, whole);
    return -1;
}

void base_err_hint(struct err *err, const char *fmt, ...)
{
    va_list args;

    if (!err)
        return;
    va_start(args, fmt);
    format_clean(err->hint, sizeof err->hint, fmt, args);
    va_end(args);
}

void base_err_clear(struct err *err)
{
    if (err)
        *err = ERR_INIT;
}

const char *base_err_name(enum err_code code)
{
    return known(code) ? table[code].name : "INTERNAL";
}

enum err_code base_err_by_name(const char *name)
{
    for (size_t i = 0; name && i < base_countof(table); i++)
        if (!strcmp(table[i].name, name))
            return (enum err_code)i;
    return ERR_COUNT;
}

enum err_class base_err_class(enum err_code code)
{
    return known(code) ? table[code].class : ERR_CLASS_INT;
}

const char *base_err_class_name(enum err_class class)
{
    return (unsigned)class < base_countof(class_names) ? class_names[class] : "int";
}

enum err_retry base_err_retry(enum err_code code)
{
    return known(code) ? table[code].retry : ERR_RETRY_UNKNOWN;
}

const char *base_err_cause(enum err_code code)
{
    return known(code) ? table[code].cause : "";
}

const char *base_err_fix(enum err_code code)
{
    return known(code) ? table[code].fix : "";
}

const char *base_err_hint_text(const struct err *err)
{
    return err->hint[0] ? err->hint : base_err_fix(err->code);
}

static void add_text(cJSON *object, const char *key, const char *value)
{
    if (value[0])
        base_json_add_str(object, key, value);
}

static void add_number(cJSON *object, const char *key, int64_t value)
{
    if (value)
        base_json_add_i64(object, key, value);
}

struct cJSON *base_err_to_json(const struct err *err)
{
    cJSON *json = base_json_object();
    cJSON *evidence;

    base_json_add_str(json, "code", base_err_name(err->code));
    base_json_add_str(json, "class", base_err_class_name(base_err_class(err->code)));
    base_json_add_str(json, "message", err->message);
    base_json_add_str(json, "hint", base_err_hint_text(err));
    evidence = base_json_add_object(json, "evidence");
    add_number(evidence, "http_status", err->http_status);
    add_number(evidence, "sys_errno", err->sys_errno);
    add_text(evidence, "remote_code", err->remote_code);
    add_text(evidence, "sqlstate", err->sqlstate);
    add_text(evidence, "host", err->host);
    add_text(evidence, "request_id", err->request_id);
    add_text(evidence, "statement_id", err->statement_id);
    add_number(evidence, "retry_after_ms", err->retry_after_ms);
    base_err_facts_to_json(err, evidence);
    return json;
}

/* Members of the struct, which are not facts. */
static bool own_member(const char *name)
{
    static const char *const members[] = {"http_status",  "sys_errno",     "remote_code",
                                          "sqlstate",     "host",          "request_id",
                                          "statement_id", "retry_after_ms"};

    for (size_t i = 0; i < base_countof(members); i++)
        if (strcmp(name, members[i]) == 0)
            return true;
    return false;
}

static int small_int(const cJSON *json, const char *key)
{
    int64_t value = base_json_i64_or(json, key, 0);

    return value >= 0 && value <= 1000000 ? (int)value : 0;
}

void base_err_from_json(struct err *err, const struct cJSON *json)
{
    const cJSON *evidence = base_json_get(json, "evidence");
    const char *hint = base_json_str_or(json, "hint", "");

    *err = ERR_INIT;
    err->code = base_err_by_name(base_json_str(json, "code"));
    if (err->code == ERR_COUNT)
        err->code = ERR_INTERNAL;
    base_text_clean_into(err->message, sizeof err->message, base_json_str_or(json, "message", ""));
    if (strcmp(hint, base_err_fix(err->code)))
        base_text_clean_into(err->hint, sizeof err->hint, hint);
    err->http_status = small_int(evidence, "http_status");
    err->sys_errno = small_int(evidence, "sys_errno");
    base_text_clean_into(err->remote_code, sizeof err->remote_code,
                         base_json_str_or(evidence, "remote_code", ""));
    base_text_clean_into(err->sqlstate, sizeof err->sqlstate,
                         base_json_str_or(evidence, "sqlstate", ""));
    base_text_clean_into(err->host, sizeof err->host, base_json_str_or(evidence, "host", ""));
    base_text_clean_into(err->request_id, sizeof err->request_id,
                         base_json_str_or(evidence, "request_id", ""));
    base_text_clean_into(err->statement_id, sizeof err->statement_id,
                         base_json_str_or(evidence, "statement_id", ""));
    err->retry_after_ms = base_json_i64_or(evidence, "retry_after_ms", 0);
    base_err_facts_from_json(err, evidence, own_member);
}
