#define _GNU_SOURCE /* memmem */
#include "catalog/names.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "catalog/key.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX ((size_t)1 << 31) /* of the names of one schema */

struct schema {
    char *key;     /* "s:shop.aampe", lower case */
    char *asked;   /* the key as the cache has it */
    char *catalog; /* "c:shop", lower case */
    int64_t flags;
    bool stale;
    /* full names, lower case, one after the other, each with its NUL */
    struct buf text;
    struct buf cased; /* the same as they are written, empty when that is the same */
    bool cased_differs;
    vec_of(uint32_t) at; /* where each begins */
    vec_of(uint16_t) table_flags;
    int64_t hidden, readable;
};

struct catalog_names {
    struct store_cache *cache;
    vec_of(struct schema *) schemas; /* by key */
    struct base_map *by_key;         /* the same */
    struct base_map *catalogs;       /* key -> int64_t flags, malloc'd */
    struct base_map *counts;         /* key -> struct catalog_counts; NULL: count again */
    bool loaded;                     /* schemas are known; their tables when not stale */
};

struct catalog_names *catalog_names_new(struct store_cache *cache)
{
    struct catalog_names *names = base_alloc_zero(1, sizeof *names);
    names->cache = cache;
    names->by_key = base_map_new();
    names->catalogs = base_map_new();
    return names;
}

static void schema_empty(struct schema *schema)
{
    base_buf_free(&schema->text);
    base_buf_free(&schema->cased);
    schema->cased_differs = false;
    vec_free(&schema->at);
    vec_free(&schema->table_flags);
    schema->hidden = schema->readable = 0;
}

static void schema_free(struct schema *schema)
{
    schema_empty(schema);
    free(schema->key);
    free(schema->asked);
    free(schema->catalog);
    free(schema);
}

void catalog_names_free(struct catalog_names **names)
{
    if (*names == NULL)
        return;
    for (size_t i = 0; i < (*names)->schemas.count; i++)
        schema_free((*names)->schemas.items[i]);
    vec_free(&(*names)->schemas);
    base_map_free(&(*names)->by_key, NULL);
    base_map_free(&(*names)->catalogs, free);
    base_map_free(&(*names)->counts, free);
    base_free(names);
}

void catalog_names_changed(struct catalog_names *names, const char *key)
{
    base_map_free(&names->counts, free);
    if (key[0] != 's') {
        names->loaded = false; /* which schemas there are; tables of those that stay are kept */
        return;
    }
    char *lower = catalog_key_lower(key);
    struct schema *schema = base_map_get(names->by_key, lower);
    if (schema)
        schema->stale = true;
    else
        names->loaded = false;
    free(lower);
}

/* --- reading
 * ------------------------------------------------------------------------------------------------
 */

static void take_table(void *user, const struct store_cached *row)
{
    struct schema *schema = user;
    char *name = catalog_key_lower(row->key + 2);
    vec_push(&schema->at, (uint32_t)schema->text.len);
    vec_push(&schema->table_flags, (uint16_t)row->flags);
    if (base_buf_append(&schema->text, name, strlen(name) + 1) ||
        base_buf_append(&schema->cased, row->key + 2, strlen(name) + 1))
        bug("too many names");
    schema->cased_differs |= strcmp(name, row->key + 2) != 0;
    schema->hidden += (row->flags & CATALOG_HIDDEN) != 0;
    schema->readable += (row->flags & (CATALOG_HIDDEN | CATALOG_BROWSE_ONLY | CATALOG_NOT_UC)) == 0;
    free(name);
}

static void schema_read(struct catalog_names *names, struct schema *schema)
{
    struct err ignored = ERR_INIT;
    schema_empty(schema);
    base_buf_init(&schema->text, TEXT_MAX);
    base_buf_init(&schema->cased, TEXT_MAX);
    schema->stale = false;
    /* What cannot be read is not shown; the next listing writes it again. */
    if (store_cache_each(names->cache, "table", schema->asked, take_table, schema, &ignored) != 0)
        schema_empty(schema);
    if (!schema->cased_differs)
        base_buf_free(&schema->cased);
}

static void take_catalog(void *user, const struct store_cached *row)
{
    struct catalog_names *names = user;
    int64_t *flags = base_alloc(sizeof *flags);
    char *key = catalog_key_lower(row->key);
    *flags = row->flags;
    free(base_map_put(names->catalogs, key, flags));
    free(key);
}

struct schemas_take {
    struct catalog_names *names;
    struct base_map *old;
};

static void take_schema(void *user, const struct store_cached *row)
{
    struct schemas_take *take = user;
    char *key = catalog_key_lower(row->key);
    struct schema *schema = base_map_remove(take->old, key);
    if (schema == NULL) {
        schema = base_alloc_zero(1, sizeof *schema);
        schema->key = base_strdup(key);
        schema->asked = base_strdup(row->key);
        schema->catalog = catalog_key_parent(key + 2, 'c');
        schema->stale = true;
    }
    schema->flags = row->flags;
    base_map_put(take->names->by_key, key, schema);
    vec_push(&take->names->schemas, schema);
    free(key);
}

static int by_schema(const void *a, const void *b)
{
    const struct schema *left = *(struct schema *const *)a, *right = *(struct schema *const *)b;
    return strcmp(left->key, right->key);
}

static void old_free(void *value)
{
    schema_free(value);
}

static void load(struct catalog_names *names)
{
    struct err ignored = ERR_INIT;
    struct schemas_take take = {names, names->by_key};
    if (names->loaded)
        return;
    names->by_key = base_map_new();
    names->schemas.count = 0;
    base_map_free(&names->catalogs, free);
    names->catalogs = base_map_new();
    base_map_free(&names->counts, free);
    if (store_cache_each(names->cache, "catalog", NULL, take_catalog, names, &ignored) == 0 &&
        store_cache_each(names->cache, "schema", NULL, take_schema, &take, &ignored) == 0)
        names->loaded = true;
    base_map_free(&take.old, old_free);
    if (names->schemas.count)
        qsort(names->schemas.items, names->schemas.count, sizeof(struct schema *), by_schema);
}

static struct schema *schema_at(struct catalog_names *names, size_t index)
{
    struct schema *schema = names->schemas.items[index];
    if (schema->stale)
        schema_read(names, schema);
    return schema;
}

/* --- counting
 * -----------------------------------------------------------------------------------------------
 */

static struct catalog_counts *counts_of(struct catalog_names *names, const char *key)
{
    struct catalog_counts *counts = base_map_get(names->counts, key);
    if (counts == NULL) {
        counts = base_alloc_zero(1, sizeof *counts);
        base_map_put(names->counts, key, counts);
    }
    return counts;
}

static void count_all(struct catalog_names *names)
{
    names->counts = base_map_new();
    for (size_t i = 0; i < names->schemas.count; i++) {
        const struct schema *schema = schema_at(names, i);
        struct catalog_counts *in[] = {counts_of(names, ""), counts_of(names, schema->catalog),
                                       counts_of(names, schema->key)};
        size_t first = schema->flags & CATALOG_BUILT_IN ? base_countof(in) - 1 : 0;
        for (size_t k = first; k < base_countof(in); k++) {
            in[k]->schemas++;
            in[k]->tables += (int64_t)schema->at.count;
            in[k]->hidden += schema->hidden;
            in[k]->readable += schema->readable;
        }
    }
}

struct catalog_counts catalog_names_counts(struct catalog_names *names, const char *key)
{
    load(names);
    if (names->counts == NULL)
        count_all(names);
    char *lower = catalog_key_lower(key);
    const struct catalog_counts *counts = base_map_get(names->counts, lower);
    free(lower);
    return counts ? *counts : (struct catalog_counts){0};
}

int64_t catalog_names_flags(struct catalog_names *names, const char *key)
{
    int64_t flags = 0;
    load(names);
    char *lower = catalog_key_lower(key);
    const int64_t *catalog = base_map_get(names->catalogs, lower);
    const struct schema *schema = base_map_get(names->by_key, lower);
    flags = catalog ? *catalog : schema ? schema->flags : 0;
    free(lower);
    return flags;
}

void catalog_names_flagged(struct catalog_names *names, const char *key, int64_t flags)
{
    char *lower = catalog_key_lower(key), *parent = catalog_key_parent(lower + 2, 's');
    struct schema *schema = names->loaded ? base_map_get(names->by_key, parent) : NULL;
    for (size_t i = 0; schema && !schema->stale && i < schema->at.count; i++) {
        uint16_t *have = &schema->table_flags.items[i];
        if (strcmp(schema->text.data + schema->at.items[i], lower + 2) != 0)
            continue;
        *have = (uint16_t)((*have & ~CACHE_FLAGS_LOOK) | (flags & CACHE_FLAGS_LOOK));
        break;
    }
    free(parent);
    free(lower);
}

/* --- searching
 * ----------------------------------------------------------------------------------------------
 */

struct search {
    const char *pattern; /* lower case; "" = all */
    bool glob, own;      /* own: against the table's own name */
    bool (*each)(void *user, const struct catalog_found *found);
    void *user;
};

static bool found(const struct search *search, const struct schema *schema, size_t index,
                  int64_t catalog_flags)
{
    const struct buf *text = schema->cased_differs ? &schema->cased : &schema->text;
    struct catalog_found found = {.full_name = text->data + schema->at.items[index],
                                  .flags = schema->table_flags.items[index],
                                  .catalog_flags = catalog_flags,
                                  .schema_flags = schema->flags};
    return search->each(search->user, &found);
}

/* The part after the schema: "events" of "shop.aampe.events". The key has "s:" where this has the
 * dot. */
static const char *own_name(const struct schema *schema, size_t index)
{
    return schema->text.data + schema->at.items[index] + strlen(schema->key) - 1;
}

static bool search_each(const struct search *search, const struct schema *schema,
                        int64_t catalog_flags)
{
    for (size_t i = 0; i < schema->at.count; i++) {
        const char *text =
            search->own ? own_name(schema, i) : schema->text.data + schema->at.items[i];
        bool hit = search->glob ? fnmatch(search->pattern, text, 0) == 0
                                : strstr(text, search->pattern) != NULL;
        if (hit && !found(search, schema, i, catalog_flags))
            return false;
    }
    return true;
}

/* Index of the name that holds a byte of the text. */
static size_t name_at(const struct schema *schema, size_t byte)
{
    size_t low = 0, high = schema->at.count;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (schema->at.items[middle] <= byte)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* What is built in is found by who asks for it by its name, and is never meant with the rest. */
static bool passed_over(const struct search *search, const struct schema *schema)
{
    return schema->flags & CATALOG_BUILT_IN &&
           (search->own || !strstr(search->pattern, "information_schema"));
}

/* A plain part of a name: one pass over the text of the schema. */
static bool search_plain(const struct search *search, const struct schema *schema,
                         int64_t catalog_flags)
{
    size_t len = strlen(search->pattern), at = 0;
    while (at < schema->text.len) {
        const char *hit =
            memmem(schema->text.data + at, schema->text.len - at, search->pattern, len);
        if (hit == NULL)
            return true;
        size_t index = name_at(schema, (size_t)(hit - schema->text.data));
        if (!found(search, schema, index, catalog_flags))
            return false;
        if (index + 1 == schema->at.count)
            return true;
        at = schema->at.items[index + 1];
    }
    return true;
}

static void search_all(struct catalog_names *names, const struct search *search, const char *key)
{
    load(names);
    for (size_t i = 0; i < names->schemas.count; i++) {
        if (key[0] == 'c' && strcmp(names->schemas.items[i]->catalog, key) != 0)
            continue;
        if (key[0] == 's' && strcmp(names->schemas.items[i]->key, key) != 0)
            continue;
        if (passed_over(search, names->schemas.items[i]))
            continue;
        const struct schema *schema = schema_at(names, i);
        const int64_t *catalog = base_map_get(names->catalogs, schema->catalog);
        int64_t catalog_flags = catalog ? *catalog : 0;
        bool on = search->glob || search->own || search->pattern[0] == '\0'
                      ? search_each(search, schema, catalog_flags)
                      : search_plain(search, schema, catalog_flags);
        if (!on)
            return;
    }
}

void catalog_names_search(struct catalog_names *names, const char *pattern,
                          bool (*each)(void *user, const struct catalog_found *found), void *user)
{
    char *lower = catalog_key_lower(pattern ? pattern : "");
    struct search search = {lower, strpbrk(lower, "*?") != NULL, false, each, user};
    search_all(names, &search, "");
    free(lower);
}

void catalog_names_below(struct catalog_names *names, const char *key, const char *pattern,
                         bool (*each)(void *user, const struct catalog_found *found), void *user)
{
    char *lower = catalog_key_lower(pattern ? pattern : "");
    char *lower_key = catalog_key_lower(key);
    struct search search = {lower, strpbrk(lower, "*?") != NULL, true, each, user};
    search_all(names, &search, lower_key);
    free(lower_key);
    free(lower);
}
