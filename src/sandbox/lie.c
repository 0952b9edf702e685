#include "sandbox/statement.h"

#include "sandbox/fault.h"

#include <stdio.h>
#include <string.h>

static const char *const manifest_fields[] = {"total_row_count", "total_chunk_count", "truncated"};
static const char *const chunk_fields[] = {"row_count", "row_offset", "chunk_index"};

static bool among(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

/* "manifest.chunks[3].row_count" -> 3, "row_count" */
static bool chunk_target(const char *target, int64_t *chunk, const char **field)
{
    long long index;
    int used = 0;

    if (sscanf(target, "manifest.chunks[%lld].%n", &index, &used) != 1 || !used || index < 0)
        return false;
    *chunk = index;
    *field = target + used;
    return among(chunk_fields, base_countof(chunk_fields), *field);
}

bool sandbox_lie_target_good(const char *target)
{
    const char *field;
    int64_t chunk;

    if (strncmp(target, "link.", 5) == 0)
        return among(chunk_fields, base_countof(chunk_fields), target + 5);
    if (strcmp(target, "chunk_rows") == 0 || chunk_target(target, &chunk, &field))
        return true;
    return strncmp(target, "manifest.", 9) == 0 &&
           among(manifest_fields, base_countof(manifest_fields), target + 9);
}

static void shift(cJSON *object, const char *field, int64_t delta)
{
    int64_t value = base_json_i64_or(object, field, 0);

    if (!object)
        return;
    cJSON_DeleteItemFromObjectCaseSensitive(object, field);
    base_json_add_i64(object, field, value + delta);
}

static void set_true(cJSON *object, const char *field)
{
    cJSON_DeleteItemFromObjectCaseSensitive(object, field);
    base_json_add_bool(object, field, true);
}

static cJSON *chunk_entry(cJSON *manifest, int64_t chunk, int *index)
{
    cJSON *array = cJSON_GetObjectItemCaseSensitive(manifest, "chunks");
    cJSON *item = cJSON_GetArrayItem(array, (int)chunk);

    *index = (int)chunk;
    return item;
}

/* By appending alone: Debian's cJSON 1.7.15 refuses cJSON_InsertItemInArray anywhere but at the
 * front. */
static void twin_insert(cJSON *array, int index)
{
    int count = cJSON_GetArraySize(array);

    cJSON_AddItemToArray(array, cJSON_Duplicate(cJSON_GetArrayItem(array, index), true));
    for (int i = index + 1; i < count; i++)
        cJSON_AddItemToArray(array, cJSON_DetachItemFromArray(array, index + 1));
}

static void lie_about(const char *target, int64_t delta, cJSON *manifest)
{
    const char *field;
    int64_t chunk;
    int index;

    if (chunk_target(target, &chunk, &field))
        shift(chunk_entry(manifest, chunk, &index), field, delta);
    else if (strcmp(target, "manifest.truncated") == 0)
        set_true(manifest, "truncated");
    else if (strncmp(target, "manifest.", 9) == 0)
        shift(manifest, target + 9, delta);
}

static void manifest_fault(const cJSON *fault, cJSON *manifest)
{
    const char *kind = base_json_str_or(fault, "kind", "");
    const char *where = base_json_str_or(fault, "where", "manifest");
    int64_t delta = sandbox_option_i64(fault, "delta", 1);
    cJSON *array = cJSON_GetObjectItemCaseSensitive(manifest, "chunks");
    int index;
    cJSON *entry = chunk_entry(manifest, sandbox_option_i64(fault, "chunk", 0), &index);

    if (strcmp(kind, "lie") == 0) {
        lie_about(base_json_str_or(fault, "target", ""), delta, manifest);
    } else if (strcmp(kind, "truncated") == 0) {
        set_true(manifest, "truncated");
    } else if (strcmp(kind, "wrong_row_count") == 0) {
        if (strcmp(where, "chunk") == 0)
            shift(entry, "row_count", delta);
        else if (strcmp(where, "rows") != 0)
            shift(manifest, "total_row_count", delta);
    } else if (strcmp(kind, "missing_chunk") == 0 && entry && strcmp(where, "manifest") == 0) {
        cJSON_DeleteItemFromArray(array, index);
        shift(manifest, "total_chunk_count", -1);
    } else if (strcmp(kind, "doubled_chunk") == 0 && entry && strcmp(where, "manifest") == 0) {
        twin_insert(array, index);
        shift(manifest, "total_chunk_count", 1);
    }
}

void sandbox_lie_manifest(const cJSON *faults, cJSON *manifest)
{
    const cJSON *fault;

    cJSON_ArrayForEach(fault, faults) manifest_fault(fault, manifest);
}

static bool about_chunk(const cJSON *fault, int64_t chunk, int64_t fallback)
{
    int64_t wanted = sandbox_option_i64(fault, "chunk", fallback);

    return wanted < 0 || wanted == chunk;
}

/* true: the link is left out. */
static bool link_fault(const cJSON *fault, cJSON *link, int64_t chunk)
{
    const char *kind = base_json_str_or(fault, "kind", "");
    const char *where = base_json_str_or(fault, "where", "");
    const char *target = base_json_str_or(fault, "target", "");
    int64_t delta = sandbox_option_i64(fault, "delta", 1);

    if (strcmp(kind, "missing_chunk") == 0)
        return strcmp(where, "link") == 0 && about_chunk(fault, chunk, 0);
    if (strcmp(kind, "wrong_row_count") == 0 && strcmp(where, "chunk") == 0 &&
        about_chunk(fault, chunk, 0))
        shift(link, "row_count", delta);
    if (strcmp(kind, "lie") == 0 && strncmp(target, "link.", 5) == 0 &&
        about_chunk(fault, chunk, -1))
        shift(link, target + 5, delta);
    return false;
}

void sandbox_lie_result(const cJSON *faults, cJSON *result)
{
    cJSON *array = cJSON_GetObjectItemCaseSensitive(result, "external_links");
    const cJSON *fault;

    for (int i = cJSON_GetArraySize(array) - 1; i >= 0; i--) {
        cJSON *link = cJSON_GetArrayItem(array, i);
        int64_t chunk = base_json_i64_or(link, "chunk_index", 0);
        bool left_out = false;

        cJSON_ArrayForEach(fault, faults) left_out |= link_fault(fault, link, chunk);
        if (left_out)
            cJSON_DeleteItemFromArray(array, i);
    }
    if (array && !cJSON_GetArraySize(array))
        cJSON_DeleteItemFromObjectCaseSensitive(result, "external_links");
}

int64_t sandbox_lie_rows(const cJSON *faults, size_t chunk, bool *all)
{
    const cJSON *fault;
    int64_t delta = 0;

    *all = false;
    cJSON_ArrayForEach(fault, faults)
    {
        const char *kind = base_json_str_or(fault, "kind", "");
        const char *where = base_json_str_or(fault, "where", "");
        const char *target = base_json_str_or(fault, "target", "");

        if (!about_chunk(fault, (int64_t)chunk, 0))
            continue;
        if (strcmp(kind, "doubled_chunk") == 0 && strcmp(where, "body") == 0)
            *all = true;
        else if ((strcmp(kind, "wrong_row_count") == 0 && strcmp(where, "rows") == 0) ||
                 (strcmp(kind, "lie") == 0 && strcmp(target, "chunk_rows") == 0))
            delta = sandbox_option_i64(fault, "delta", 1);
    }
    return delta;
}
