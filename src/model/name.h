/* Names of securables: three parts, kept apart, quoted when they become SQL, encoded when they
 * become paths. */
#ifndef AAMPE_MODEL_NAME_H
#define AAMPE_MODEL_NAME_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

struct model_name {
    char *catalog, *schema, *table;
};

void model_name_free(struct model_name *name);
struct model_name model_name_dup(const struct model_name *name);
bool model_name_equal(const struct model_name *a,
                      const struct model_name *b); /* ASCII case folded */
/* The schema of that name is the one every catalog of Unity Catalog has of itself: its views show
 * each reader what he may know of the catalog. Nobody grants or shares what is in it. */
bool model_name_built_in(const char *schema);
/* "a.b.c", empty parts and those with dots or backticks in backticks (doubled inside): what people
 * type and what we print. */
char *model_name_text(const struct model_name *name);
/* Parses that form. ERR_USAGE names what is wrong. */
int model_name_parse(const char *text, struct model_name *out, struct err *err) must_check;
/* Appends `a`.`b`.`c` for SQL. Invalid UTF-8 is refused with CONFIG_INVALID. */
int model_name_sql(const struct model_name *name, struct buf *out, struct err *err) must_check;
/* Appends one quoted identifier. */
int model_name_quote(const char *part, struct buf *out, struct err *err) must_check;
/* Appends a quoted SQL string literal. Quote and backslash are escaped with a backslash: runtimes
 * differ in how they read a doubled quote. */
int model_name_literal(const char *text, struct buf *out) must_check;
/* One safe path part from the whole name ("shop.aampe.events" stays itself): [a-z0-9_-] kept, a dot
 * only between the parts, all else %XX; longer than 200 bytes: cut, plus '~' and 16 hex digits of
 * SHA-256; an empty part is '%'. Different names give paths that differ even where the file system
 * ignores case. malloc'd. */
char *model_name_path(const struct model_name *name);
/* Percent-encodes every byte outside unreserved for a URL path, and dots inside a part. malloc'd.
 */
char *model_name_url(const struct model_name *name);

#endif
