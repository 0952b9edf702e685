#include "sandbox/kept.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BYTES_MAX ((size_t)1 << 20)

struct sandbox_kept {
    char *path;
    cJSON *ids;
    bool changed;
};

static int read_ids(struct sandbox_kept *kept, struct err *err)
{
    struct buf text;

    base_buf_init(&text, BYTES_MAX);
    if (access(kept->path, F_OK) != 0)
        kept->ids = base_json_object();
    else if (base_file_read(kept->path, BYTES_MAX, &text, err) == 0)
        kept->ids = base_json_parse(text.data, text.len, BYTES_MAX, err);
    base_buf_free(&text);
    if (kept->ids)
        return 0;
    base_err_context(err, "state of the sandbox");
    return -1;
}

struct sandbox_kept *sandbox_kept_open(const char *folder, struct err *err)
{
    struct sandbox_kept *kept = base_alloc_zero(1, sizeof *kept);

    kept->path = base_file_join(folder, "ids.json");
    if (read_ids(kept, err) == 0)
        return kept;
    free(kept->path);
    free(kept);
    return NULL;
}

const char *sandbox_kept_id(struct sandbox_kept *kept, const char *name, const char *fresh)
{
    if (!base_json_str(kept->ids, name)) {
        cJSON_DeleteItemFromObjectCaseSensitive(kept->ids, name);
        base_json_add_str(kept->ids, name, fresh);
        kept->changed = true;
    }
    return base_json_str(kept->ids, name);
}

void sandbox_kept_put(struct sandbox_kept *kept, const char *name, char **id)
{
    char *fresh = *id;

    *id = base_strdup(sandbox_kept_id(kept, name, fresh));
    free(fresh);
}

int sandbox_kept_close(struct sandbox_kept **held, struct err *err)
{
    struct sandbox_kept *kept = *held;
    int result = 0;

    if (kept->changed) {
        char *text = base_json_print(kept->ids);

        result = base_file_write_atomic(kept->path, text, strlen(text), 0600, err);
        free(text);
    }
    cJSON_Delete(kept->ids);
    free(kept->path);
    free(kept);
    *held = NULL;
    return result;
}
