#include "storage/job.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#define FORMAT 1
#define FOLDERS_MAX 8
#define NAME_MAX_BYTES 1024
#define FILES_MAX 1000000

static bool name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("_.=%~-", c) != NULL);
}

bool storage_name_valid(const char *name)
{
    size_t len = strlen(name), folders = 0, part = 0;
    if (len == 0 || len > NAME_MAX_BYTES)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (name[i] == '/') {
            if (part == 0 || ++folders > FOLDERS_MAX)
                return false;
            part = 0;
            continue;
        }
        if (!name_byte(name[i]) || (part == 0 && (name[i] == '.' || name[i] == '_')) || part > 250)
            return false;
        part++;
    }
    return part > 0;
}

static const char *const own_members[] = {"format",     "sync_uuid", "run_seq", "attempt",
                                          "table_path", "files",     NULL};

char *storage_manifest_compose(struct cJSON *manifest, const struct storage_run_key *run,
                               const struct storage_files *files, struct err *err)
{
    for (size_t i = 0; own_members[i] != NULL; i++) {
        if (base_json_get(manifest, own_members[i]) != NULL) {
            base_err_set(err, ERR_INTERNAL, "the manifest brings a member '%s' of its own",
                         own_members[i]);
            return NULL;
        }
    }
    base_json_add_i64(manifest, "format", FORMAT);
    base_json_add_str(manifest, "sync_uuid", run->sync_uuid);
    base_json_add_i64(manifest, "run_seq", run->seq);
    base_json_add_i64(manifest, "attempt", run->attempt);
    base_json_add_str(manifest, "table_path", run->table_path);
    cJSON *list = base_json_add_array(manifest, "files");
    for (size_t i = 0; i < files->count; i++) {
        char hex[65];
        cJSON *file = base_json_object();
        base_hex(files->items[i].sha256, sizeof files->items[i].sha256, hex);
        base_json_add_str(file, "name", files->items[i].name);
        base_json_add_i64(file, "length", files->items[i].length);
        base_json_add_i64(file, "rows", files->items[i].rows);
        base_json_add_str(file, "sha256", hex);
        base_json_push_take(list, file);
    }
    return base_json_print_pretty(manifest);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool hex_read(const char *text, uint8_t *out, size_t len)
{
    if (text == NULL || strlen(text) != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

static int files_parse(const cJSON *list, struct storage_files *files, struct err *err)
{
    const cJSON *item;
    if (list == NULL || cJSON_GetArraySize(list) > FILES_MAX)
        return base_err_set(err, ERR_DST_FILE_CORRUPT, "a manifest has no list of files");
    cJSON_ArrayForEach(item, list)
    {
        struct storage_file file = {.name = base_json_str(item, "name")};
        if (file.name == NULL || !storage_name_valid(file.name) ||
            !base_json_i64(item, "length", &file.length) || file.length < 0 ||
            !base_json_i64(item, "rows", &file.rows) || file.rows < 0 ||
            !hex_read(base_json_str(item, "sha256"), file.sha256, sizeof file.sha256))
            return base_err_set(err, ERR_DST_FILE_CORRUPT, "a manifest lists a file wrongly");
        if (files != NULL)
            storage_files_add(files, &file);
    }
    return 0;
}

int storage_manifest_parse(const char *text, size_t len, struct storage_run_key *run,
                           struct storage_files *files, struct err *err)
{
    struct err cause = ERR_INIT;
    memset(run, 0, sizeof *run);
    cJSON *json = base_json_parse(text, len, STORAGE_MANIFEST_MAX, &cause);
    if (json == NULL)
        return base_err_set(err, ERR_DST_FILE_CORRUPT, "a manifest cannot be read: %s",
                            cause.message);
    const char *uuid = base_json_str(json, "sync_uuid");
    const char *table_path = base_json_str(json, "table_path");
    int64_t attempt = base_json_i64_or(json, "attempt", 0);
    run->seq = base_json_i64_or(json, "run_seq", 0);
    int rc = 0;
    if (base_json_i64_or(json, "format", 0) != FORMAT || uuid == NULL ||
        strlen(uuid) != sizeof run->sync_uuid - 1 || table_path == NULL || run->seq <= 0 ||
        attempt <= 0 || attempt > INT32_MAX)
        rc = base_err_set(err, ERR_DST_FILE_CORRUPT, "a manifest does not say whose it is");
    if (rc == 0)
        rc = files_parse(base_json_array(json, "files"), files, err);
    if (rc == 0) {
        memcpy(run->sync_uuid, uuid, sizeof run->sync_uuid);
        run->attempt = (int)attempt;
        run->table_path = base_strdup(table_path);
    }
    cJSON_Delete(json);
    return rc;
}
