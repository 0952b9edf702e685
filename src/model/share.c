#include "model/share.h"

#include "base/alloc.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 10000

static void table_free(struct model_share_table *table)
{
    model_name_free(&table->name);
    free(table->mode);
    for (size_t i = 0; i < table->column_count; i++)
        free(table->columns[i]);
    free(table->columns);
    free(table->filter);
    *table = (struct model_share_table){0};
}

static struct model_share_table table_dup(const struct model_share_table *table)
{
    struct model_share_table copy = {.name = model_name_dup(&table->name),
                                     .mode = base_strdup(table->mode ? table->mode : "full"),
                                     .column_count = table->column_count,
                                     .filter = base_strdup(table->filter),
                                     .paused = table->paused};

    if (table->columns)
        copy.columns = base_alloc_zero(table->column_count, sizeof *copy.columns);
    for (size_t i = 0; i < table->column_count; i++)
        copy.columns[i] = base_strdup(table->columns[i]);
    return copy;
}

static bool text_same(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

static bool table_same(const struct model_share_table *a, const struct model_share_table *b)
{
    if (!text_same(a->mode ? a->mode : "full", b->mode ? b->mode : "full") ||
        !text_same(a->filter, b->filter) || a->paused != b->paused || !a->columns != !b->columns ||
        a->column_count != b->column_count)
        return false;
    for (size_t i = 0; i < a->column_count; i++)
        if (strcmp(a->columns[i], b->columns[i]))
            return false;
    return true;
}

void model_share_free(struct model_share *share)
{
    for (size_t i = 0; i < share->count; i++)
        table_free(&share->tables[i]);
    free(share->tables);
    *share = (struct model_share){0};
}

struct model_share model_share_dup(const struct model_share *share)
{
    struct model_share copy = {.count = share->count};

    if (share->count)
        copy.tables = base_alloc_zero(share->count, sizeof *copy.tables);
    for (size_t i = 0; i < share->count; i++)
        copy.tables[i] = table_dup(&share->tables[i]);
    return copy;
}

/* ASCII case is folded whatever the locale: equal here is equal to model_name_equal. */
static int compare_text(const char *a, const char *b)
{
    for (;; a++, b++) {
        int x = *a >= 'A' && *a <= 'Z' ? *a + 32 : (unsigned char)*a;
        int y = *b >= 'A' && *b <= 'Z' ? *b + 32 : (unsigned char)*b;

        if (x != y || !x)
            return x - y;
    }
}

static int compare(const struct model_name *a, const struct model_name *b)
{
    int order = compare_text(a->catalog, b->catalog);

    if (!order)
        order = compare_text(a->schema, b->schema);
    return order ? order : compare_text(a->table, b->table);
}

/* Index of the name, or of where it belongs. */
static size_t position(const struct model_share *share, const struct model_name *name, bool *found)
{
    size_t low = 0, high = share->count;

    *found = false;
    while (low < high && !*found) {
        size_t middle = (low + high) / 2;
        int order = compare(&share->tables[middle].name, name);

        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct model_share_table *model_share_find(const struct model_share *share,
                                                 const struct model_name *name)
{
    bool found;
    size_t at = position(share, name, &found);

    return found ? &share->tables[at] : NULL;
}

bool model_share_add(struct model_share *share, const struct model_share_table *table)
{
    bool found;
    size_t at = position(share, &table->name, &found);

    if (found) {
        struct model_share_table copy;

        if (table_same(&share->tables[at], table))
            return false;
        copy = table_dup(table);
        table_free(&share->tables[at]);
        share->tables[at] = copy;
        return true;
    }
    share->tables = base_realloc(share->tables, share->count + 1, sizeof *share->tables);
    memmove(share->tables + at + 1, share->tables + at,
            (share->count - at) * sizeof *share->tables);
    share->tables[at] = table_dup(table);
    share->count++;
    return true;
}

bool model_share_remove(struct model_share *share, const struct model_name *name)
{
    bool found;
    size_t at = position(share, name, &found);

    if (!found)
        return false;
    table_free(&share->tables[at]);
    share->count--;
    memmove(share->tables + at, share->tables + at + 1,
            (share->count - at) * sizeof *share->tables);
    return true;
}

struct cJSON *model_share_to_json(const struct model_share *share)
{
    cJSON *json = cJSON_CreateArray();

    if (!json)
        bug("out of memory in JSON");
    for (size_t i = 0; i < share->count; i++) {
        const struct model_share_table *table = &share->tables[i];
        char *name = model_name_text(&table->name);
        cJSON *item = base_json_object();

        base_json_add_str(item, "name", name);
        base_json_add_str(item, "mode", table->mode);
        if (table->columns) {
            cJSON *columns = base_json_add_array(item, "columns");

            for (size_t k = 0; k < table->column_count; k++)
                base_json_push_take(columns, cJSON_CreateString(table->columns[k]));
        }
        base_json_add_str(item, "filter", table->filter);
        if (table->paused)
            base_json_add_bool(item, "paused", true);
        base_json_push_take(json, item);
        free(name);
    }
    return json;
}

/* A misspelt key must not silently widen what is read. */
static int check_keys(const cJSON *json, struct err *err)
{
    static const char *const keys[] = {"name", "mode", "columns", "filter", "paused"};
    const cJSON *item;

    cJSON_ArrayForEach(item, json)
    {
        bool known = false;

        for (size_t i = 0; i < base_countof(keys); i++)
            known |= !strcmp(item->string, keys[i]);
        if (!known)
            return base_err_set(err, ERR_CONFIG_INVALID, "'%s' is not a key of a table",
                                item->string);
    }
    return 0;
}

static int columns_from_json(const cJSON *list, struct model_share_table *out, struct err *err)
{
    int count = cJSON_GetArraySize(list);
    const cJSON *item;

    if (!cJSON_IsArray(list) || count < 1 || count > COLUMNS_MAX)
        return base_err_set(err, ERR_CONFIG_INVALID, "'columns' is not a list of 1 to %d names",
                            COLUMNS_MAX);
    out->columns = base_alloc_zero((size_t)count, sizeof *out->columns);
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item) || !item->valuestring[0])
            return base_err_set(err, ERR_CONFIG_INVALID,
                                "'columns' holds something that is no name");
        out->columns[out->column_count++] = base_strdup(item->valuestring);
    }
    return 0;
}

static int table_from_json(const cJSON *json, struct model_share_table *out, struct err *err)
{
    const char *name = base_json_str(json, "name");
    const cJSON *filter = base_json_get(json, "filter"), *paused = base_json_get(json, "paused");
    const cJSON *columns = base_json_get(json, "columns"), *mode = base_json_get(json, "mode");

    if (!name)
        return base_err_set(err, ERR_CONFIG_INVALID, "a table has no name");
    if (check_keys(json, err))
        return base_err_context(err, "table '%s'", name);
    if (model_name_parse(name, &out->name, err))
        return -1;
    if (mode && (!cJSON_IsString(mode) || strcmp(mode->valuestring, "full")))
        return base_err_set(err, ERR_CONFIG_INVALID, "table '%s': 'mode' must be \"full\"", name);
    if ((filter && !cJSON_IsString(filter)) || (paused && !cJSON_IsBool(paused)))
        return base_err_set(err, ERR_CONFIG_INVALID,
                            "table '%s': 'filter' must be text and 'paused' true or false", name);
    out->mode = base_strdup("full");
    if (filter && filter->valuestring[0])
        out->filter = base_strdup(filter->valuestring);
    out->paused = cJSON_IsTrue(paused);
    if (columns && columns_from_json(columns, out, err))
        return base_err_context(err, "table '%s'", name);
    return 0;
}

int model_share_from_json(const struct cJSON *json, struct model_share *out, struct err *err)
{
    const cJSON *item;
    int result = 0;

    *out = (struct model_share){0};
    if (!cJSON_IsArray(json) || cJSON_GetArraySize(json) > MODEL_SHARE_MAX)
        return base_err_set(err, ERR_CONFIG_INVALID, "the share is not a list of at most %d tables",
                            MODEL_SHARE_MAX);
    cJSON_ArrayForEach(item, json)
    {
        struct model_share_table table = {0};

        result = table_from_json(item, &table, err);
        if (!result && model_share_find(out, &table.name))
            result = base_err_set(err, ERR_CONFIG_INVALID, "table '%s' is in the share twice",
                                  base_json_str(item, "name"));
        if (!result)
            model_share_add(out, &table);
        table_free(&table);
        if (result)
            break;
    }
    if (result)
        model_share_free(out);
    return result;
}
