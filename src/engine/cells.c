/* Cells of a preview as they may be shown: masked, or revealed and cut. NULL, '' and values stay
 * three different things. */
#include "engine/engine.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "databricks/statement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELL_MAX 4000           /* bytes of one revealed value that are sent */
#define ANSWER_MAX (640 * 1024) /* of all values: a frame holds 1 MiB */
#define NESTED_MAX (256 * 1024) /* of a nested value whose parts are counted */
/* A short list of values: what a column may hold to be shown although values are masked. */
#define LIST_ROWS 8
#define LIST_VALUES 6
#define LIST_LENGTH 16

struct cells {
    const struct databricks_query *query;
    bool reveal;
    size_t total; /* bytes so far */
    bool *open;   /* per column: shown whole though masked */
    cJSON *rows, *folds, *cut_cells;
};

static enum model_kind kind_of(const struct databricks_query *query, size_t column)
{
    return column < query->manifest.columns.count
               ? query->manifest.columns.columns[column].type.kind
               : MODEL_OTHER;
}

static bool nested(enum model_kind kind)
{
    return kind == MODEL_ARRAY || kind == MODEL_MAP || kind == MODEL_STRUCT ||
           kind == MODEL_VARIANT;
}

static size_t characters(const char *text, size_t *two)
{
    size_t len = strlen(text), count = 0;
    *two = len;
    for (size_t i = 0; i < len; count++) {
        uint32_t point = 0;
        size_t step = base_text_utf8_decode(text + i, len - i, &point);
        if (count == 2)
            *two = i;
        i += step ? step : 1;
    }
    return count;
}

/* Its first two characters (when it has five) and its length in characters. */
static char *mask(const char *value)
{
    size_t two, count = characters(value, &two);
    if (count < 5)
        return base_printf("** (%zu)", count);
    return base_printf("%.*s** (%zu)", (int)two, value, count);
}

/* "[2]" of a list, "{3}" of a map or a struct; NULL for a plain value inside a VARIANT. */
static char *fold(const char *value, enum model_kind kind)
{
    char open = kind == MODEL_ARRAY ? '[' : kind == MODEL_VARIANT ? value[0] : '{';
    char close = open == '[' ? ']' : '}';
    if (open != '[' && open != '{')
        return NULL;
    cJSON *json = base_json_parse(value, strlen(value), NESTED_MAX, NULL);
    char *text = cJSON_IsArray(json) || cJSON_IsObject(json)
                     ? base_printf("%c%d%c", open, cJSON_GetArraySize(json), close)
                     : base_printf("%c?%c", open, close);
    cJSON_Delete(json);
    return text;
}

static bool list_word(const char *value)
{
    size_t len = strlen(value);
    for (size_t i = 0; i < len; i++)
        if (!((value[i] | 32) >= 'a' && (value[i] | 32) <= 'z') && value[i] != '_' &&
            value[i] != '-')
            return false;
    return len <= LIST_LENGTH;
}

/* Few words, each of them several times: a status, a tier, a country. Never anything with digits
 * or spaces in it: that may be an id, a token or a name. */
static bool short_list(const struct databricks_query *query, size_t column)
{
    const char *seen[LIST_VALUES];
    size_t count = 0, values = 0, columns = query->rows.column_count;
    if (kind_of(query, column) != MODEL_STRING || query->rows.row_count < LIST_ROWS)
        return false;
    for (size_t row = 0; row < query->rows.row_count; row++) {
        const char *value = query->rows.cells[row * columns + column];
        size_t at = 0;
        if (value == NULL || value[0] == '\0')
            continue;
        values++;
        while (at < count && strcmp(seen[at], value) != 0)
            at++;
        if (at < count)
            continue;
        if (count == LIST_VALUES || !list_word(value))
            return false;
        seen[count++] = value;
    }
    return values >= 2 * count;
}

static cJSON *string_json(struct cells *cells, const char *text, size_t max)
{
    char *cut = strlen(text) > max ? base_strndup(text, max) : base_strdup(text);
    if (!base_text_utf8_valid(cut, strlen(cut))) {
        char *clean = base_text_clean_dup(cut, max);
        free(cut);
        cut = clean;
    }
    cells->total += 2 * strlen(cut) + 8; /* what needs escapes takes more */
    cJSON *json = cJSON_CreateString(cut);
    free(cut);
    return json;
}

static void cut_add(struct cells *cells, size_t row, size_t column, const char *value)
{
    size_t two;
    cJSON *item = cJSON_CreateArray();
    base_json_push_take(item, cJSON_CreateNumber((double)row));
    base_json_push_take(item, cJSON_CreateNumber((double)column));
    base_json_push_take(item, cJSON_CreateNumber((double)characters(value, &two)));
    base_json_push_take(cells->cut_cells, item);
    cells->total += 32;
}

static cJSON *cell_json(struct cells *cells, size_t row, size_t column)
{
    const struct databricks_query *query = cells->query;
    const char *value = query->rows.cells[row * query->rows.column_count + column];
    enum model_kind kind = kind_of(query, column);
    cells->total += 8;
    if (value == NULL)
        return cJSON_CreateNull();
    char *folded = nested(kind) ? fold(value, kind) : NULL;
    cJSON *json = NULL;
    if (cells->reveal) {
        if (strlen(value) > CELL_MAX)
            cut_add(cells, row, column, value);
        json = string_json(cells, value, CELL_MAX);
    } else if (folded) {
        json = string_json(cells, folded, CELL_MAX);
    } else if (value[0] == '\0' || kind == MODEL_BOOLEAN || cells->open[column]) {
        json = string_json(cells, value, CELL_MAX);
    } else {
        char *masked = mask(value);
        json = string_json(cells, masked, CELL_MAX);
        free(masked);
    }
    free(folded);
    return json;
}

/* What nested values look like when they are folded: one list a column. */
static void folds_add(struct cells *cells, size_t column, size_t rows)
{
    const struct databricks_query *query = cells->query;
    enum model_kind kind = kind_of(query, column);
    if (!nested(kind))
        return;
    char key[24];
    snprintf(key, sizeof key, "%zu", column);
    cJSON *list = base_json_add_array(cells->folds, key);
    for (size_t row = 0; row < rows; row++) {
        const char *value = query->rows.cells[row * query->rows.column_count + column];
        char *folded = value ? fold(value, kind) : NULL;
        base_json_push_take(list, folded ? cJSON_CreateString(folded) : cJSON_CreateNull());
        free(folded);
    }
}

void engine_cells_add(cJSON *json, const struct databricks_query *query, bool reveal)
{
    size_t columns = query->rows.column_count, row = 0;
    struct cells cells = {.query = query, .reveal = reveal, .rows = cJSON_CreateArray()};
    cells.folds = base_json_object();
    cells.cut_cells = cJSON_CreateArray();
    cells.open = base_alloc_zero(columns + 1, sizeof *cells.open);
    cJSON *open = cJSON_CreateArray();
    for (size_t column = 0; column < columns; column++) {
        cells.open[column] = short_list(query, column);
        if (cells.open[column] || kind_of(query, column) == MODEL_BOOLEAN)
            base_json_push_take(open, cJSON_CreateNumber((double)column));
    }
    for (; row < query->rows.row_count && cells.total <= ANSWER_MAX; row++) {
        cJSON *list = cJSON_CreateArray();
        for (size_t column = 0; column < columns; column++)
            base_json_push_take(list, cell_json(&cells, row, column));
        base_json_push_take(cells.rows, list);
    }
    for (size_t column = 0; column < columns && reveal; column++)
        folds_add(&cells, column, row);
    base_json_add_take(json, "rows", cells.rows);
    base_json_add_take(json, "folds", cells.folds);
    base_json_add_take(json, "cut_cells", cells.cut_cells);
    base_json_add_take(json, "open_columns", open);
    base_json_add_bool(json, "cut", row < query->rows.row_count);
    free(cells.open);
}
