/* Errors: a code from errors.def, what failed first, evidence and something to do.
 * Filled once where the cause is known; callers add context, never replace it. */
#ifndef AAMPE_BASE_ERR_H
#define AAMPE_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* errors.def: E(CODE, CLASS, RETRY, cause, fix) */
enum err_code {
    ERR_OK = 0,
#define E(code, class, retry, cause, fix) ERR_##code,
#include "base/errors.def"
#undef E
    ERR_COUNT
};

enum err_class {
    ERR_CLASS_NONE,
    ERR_CLASS_CFG,
    ERR_CLASS_PERM,
    ERR_CLASS_TRANS,
    ERR_CLASS_DATA,
    ERR_CLASS_HOST,
    ERR_CLASS_CONF,
    ERR_CLASS_SEC,
    ERR_CLASS_INT
};

enum err_retry { ERR_RETRY_NO, ERR_RETRY_YES, ERR_RETRY_UNKNOWN };

/* All texts are already cleaned by base_text_clean; none ever holds a secret, a header or a query
 * string. */
struct err {
    enum err_code code;
    char message[256]; /* what failed first, lower case, names in quotes, context prepended with ":
                          " */
    char hint[256];    /* something to do; empty = the fix text of the code */
    /* evidence; 0 or empty = not known */
    int http_status;
    int sys_errno;
    char remote_code[64]; /* error_code or OAuth error of the service */
    char sqlstate[8];
    char host[128];
    char request_id[64];
    char statement_id[64];
    int64_t retry_after_ms;
    char facts[640]; /* further evidence: base_err_fact */
};

#define ERR_INIT ((struct err){.code = ERR_OK})
#define must_check __attribute__((warn_unused_result))

/* Fills *err (a NULL err is allowed and ignored) unless it already holds a code. Always returns -1,
 * so that `return base_err_set(err, ERR_X, "...")` works. The text is cleaned. */
__attribute__((format(printf, 3, 4))) int base_err_set(struct err *err, enum err_code code,
                                                       const char *fmt, ...);
/* As base_err_set with strerror(errno_value) appended and sys_errno kept; code is chosen from
 * errno_value (ENOSPC HOST_DISK_FULL, EDQUOT/EFBIG HOST_QUOTA, EROFS HOST_READONLY, EACCES/EPERM
 * HOST_PERMISSION, EMFILE/ENFILE HOST_FDS, ENOMEM HOST_MEMORY, else HOST_IO_ERROR). */
__attribute__((format(printf, 3, 4))) int base_err_errno(struct err *err, int errno_value,
                                                         const char *fmt, ...);
/* Prepends "context: " to the message. Returns -1. */
__attribute__((format(printf, 2, 3))) int base_err_context(struct err *err, const char *fmt, ...);
__attribute__((format(printf, 2, 3))) void base_err_hint(struct err *err, const char *fmt, ...);
void base_err_clear(struct err *err);

/* Evidence that only some errors have: the issuer of a certificate, an address, the scheme a proxy
 * offers. name is [a-z0-9_], the key in the JSON form; the first value given to a name stays; empty
 * text and what has no room are left out. The text is cleaned and cut to 200 bytes. */
__attribute__((format(printf, 3, 4))) void base_err_fact(struct err *err, const char *name,
                                                         const char *fmt, ...);
void base_err_fact_i64(struct err *err, const char *name, int64_t value);
/* False, out untouched, when there is no such fact. */
bool base_err_fact_get(const struct err *err, const char *name, char *out, size_t size);
/* 0 when there is none. */
int64_t base_err_fact_number(const struct err *err, const char *name);

/* The tables. Names are the codes as users see them ("SRC_PERM_TABLE"); unknown gives ERR_COUNT. */
const char *base_err_name(enum err_code code);
enum err_code base_err_by_name(const char *name);
enum err_class base_err_class(enum err_code code);
const char *base_err_class_name(enum err_class class);
enum err_retry base_err_retry(enum err_code code);
const char *base_err_cause(enum err_code code);
const char *base_err_fix(enum err_code code);
/* The hint to show: err->hint, or the fix text of its code. */
const char *base_err_hint_text(const struct err *err);

struct cJSON;
/* {"code","message","hint","evidence":{...}}; caller owns. And back (unknown code gives
 * ERR_INTERNAL). */
struct cJSON *base_err_to_json(const struct err *err);
void base_err_from_json(struct err *err, const struct cJSON *json);
/* Their part about facts: into the "evidence" object, and from its members that are not known. */
void base_err_facts_to_json(const struct err *err, struct cJSON *evidence);
void base_err_facts_from_json(struct err *err, const struct cJSON *evidence,
                              bool (*known)(const char *name));

#endif
