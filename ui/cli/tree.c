#include "ui/cli/cli.h"
#include "ui/view/words.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 500
#define REFRESH_MS (15 * 60 * 1000)

struct tree {
    struct cli *cli;
    struct view_link *link;
    const char *pattern; /* lower case; NULL: everything */
    int64_t limit, shown, kept;
    bool cut;
    const char *oldest; /* of "fetched" */
    cJSON *rows;        /* of the answer */
};

/* A part of the name, or a pattern when it has * or ?. */
static bool matches(const struct tree *tree, const char *full_name)
{
    if (tree->pattern == NULL)
        return true;
    char *name = base_strdup(full_name);
    base_text_lower(name);
    bool hit = strpbrk(tree->pattern, "*?") ? fnmatch(tree->pattern, name, 0) == 0
                                            : strstr(name, tree->pattern) != NULL;
    free(name);
    return hit;
}

static int page_get(struct tree *tree, const char *parent, int64_t offset, cJSON **page,
                    struct err *err)
{
    cJSON *params = base_json_object();
    base_json_add_str(params, "parent", parent);
    base_json_add_i64(params, "offset", offset);
    base_json_add_i64(params, "limit", PAGE);
    return view_call(tree->link, "tree.rows", params, page, err);
}

static int walk(struct tree *tree, const char *parent, int depth, struct err *err);

/* Keeps the row when its name matches or something below it was kept. */
static int row_take(struct tree *tree, const cJSON *row, int depth, struct err *err)
{
    int64_t before = tree->kept;
    bool hit = matches(tree, base_json_str_or(row, "full_name", ""));
    if (hit && tree->shown >= tree->limit) {
        tree->cut = true;
        return 0;
    }
    if (hit)
        tree->shown++;
    cJSON *kept = cJSON_Duplicate(row, true);
    base_json_push_take(tree->rows, kept);
    tree->kept++;
    if (depth < 2 && walk(tree, base_json_str_or(row, "key", ""), depth + 1, err) != 0)
        return -1;
    /* Counted and taken out by pointer: there may be 100 000 of them. */
    if (!hit && tree->kept == before + 1) {
        cJSON_Delete(cJSON_DetachItemViaPointer(tree->rows, kept));
        tree->kept--;
    }
    return 0;
}

static int walk(struct tree *tree, const char *parent, int depth, struct err *err)
{
    for (int64_t offset = 0, total = 1; offset < total && !tree->cut;) {
        cJSON *page = NULL;
        const cJSON *row;
        int rc = page_get(tree, parent, offset, &page, err);
        int count = cJSON_GetArraySize(base_json_array(page, "rows"));
        offset += count;
        total = count ? base_json_i64_or(page, "total", 0) : 0;
        cJSON_ArrayForEach(row, base_json_array(page, "rows"))
        {
            if (rc == 0)
                rc = row_take(tree, row, depth, err);
        }
        cJSON_Delete(page);
        if (rc != 0)
            return -1;
    }
    return 0;
}

/* Waits for the end of the refresh with this number. */
static int refresh_wait(struct cli *cli, struct view_link *link, int64_t job, struct err *err)
{
    int64_t end = base_seam_mono_us(cli->seam) + (int64_t)REFRESH_MS * 1000;
    while (base_seam_mono_us(cli->seam) < end) {
        cJSON *event = NULL;
        int rc = view_event(link, 500, &event, err);
        if (rc < 0)
            return -1;
        const cJSON *payload = base_json_get(event, "payload");
        bool over = rc > 0 && base_json_i64_or(payload, "job", 0) == job &&
                    base_json_bool_or(payload, "done", false);
        const cJSON *error = base_json_get(payload, "error");
        if (over && error)
            base_err_from_json(err, error);
        rc = over && error ? -1 : 0;
        cJSON_Delete(event);
        if (over)
            return rc;
        if (*cli->interrupted)
            return base_err_set(err, ERR_CANCELLED_BY_USER,
                                "interrupted; the engine goes on reading");
    }
    return base_err_set(err, ERR_SRC_UNAVAILABLE, "the workspace was not read within %d min",
                        REFRESH_MS / 60000);
}

static int refresh(struct cli *cli, struct view_link *link, struct err *err)
{
    static const char *const events[] = {"catalog.changed", NULL};
    cJSON *answer = NULL;
    if (view_subscribe(link, events, err) != 0 ||
        view_call(link, "catalog.refresh", NULL, &answer, err) != 0)
        return -1;
    int64_t job = base_json_i64_or(answer, "job", 0);
    cJSON_Delete(answer);
    return refresh_wait(cli, link, job, err);
}

/* Nothing is known yet: the one case in which a look waits for the workspace unasked. */
static int fresh_enough(struct tree *tree, char fetched[40], struct err *err)
{
    cJSON *page = NULL;
    bool wanted = cli_flag(&tree->cli->args, "refresh");
    if (!wanted) {
        if (page_get(tree, "", 0, &page, err) != 0)
            return -1;
        wanted = base_json_str(page, "walked") == NULL; /* never read to the end */
        cJSON_Delete(page);
    }
    if (wanted && refresh(tree->cli, tree->link, err) != 0)
        return -1;
    page = NULL;
    if (page_get(tree, "", 0, &page, err) != 0)
        return -1;
    snprintf(fetched, 40, "%s", base_json_str_or(page, "fetched", ""));
    cJSON_Delete(page);
    return 0;
}

static void rows_print(struct view_out *out, const cJSON *rows)
{
    const cJSON *row;
    cJSON_ArrayForEach(row, rows)
    {
        const char *kind = base_json_str_or(row, "kind", "");
        int indent = strcmp(kind, "catalog") == 0 ? 0 : strcmp(kind, "schema") == 0 ? 2 : 4;
        const char *type = base_json_str(row, "type");
        if (out->plain)
            view_put(out, STYLE_PLAIN, "%s", base_json_str_or(row, "full_name", ""));
        else
            view_put(out, indent == 0 ? STYLE_HEAD : STYLE_PLAIN, "%*s%s", indent, "",
                     base_json_str_or(row, "name", ""));
        if (indent == 4 && type)
            view_put(out, STYLE_FAINT, "  %s", type);
        if (base_json_bool_or(row, "browse_only", false))
            view_put(out, STYLE_WARN, "  (may be seen, not read)");
        if (base_json_get(row, "error")) {
            char *error = view_error_text(row, "error");
            view_put(out, STYLE_WARN, "  %s", error);
            free(error);
        }
        view_end(out);
    }
}

int cli_exec_tree(struct cli *cli)
{
    struct err err = ERR_INIT;
    struct tree tree = {.cli = cli};
    char fetched[40] = "", time[32];
    char *pattern = cli->args.operands.count ? base_strdup(cli->args.operands.items[0]) : NULL;
    if (pattern)
        base_text_lower(pattern);
    tree.pattern = pattern;
    int rc = cli_number(&cli->args, "limit", 10000, 1, 1000000, &tree.limit, &err);
    if (rc == 0)
        rc = (tree.link = cli_link(cli, &err)) ? 0 : -1;
    tree.rows = cJSON_CreateArray();
    if (rc == 0)
        rc = fresh_enough(&tree, fetched, &err);
    if (rc == 0)
        rc = walk(&tree, "", 0, &err);
    view_link_free(&tree.link);
    free(pattern);
    if (rc != 0) {
        cJSON_Delete(tree.rows);
        return err.code == ERR_CANCELLED_BY_USER
                   ? (view_error(cli->out, &err, NULL), VIEW_EXIT_USER)
                   : view_error(cli->out, &err, NULL);
    }
    rows_print(cli->out, tree.rows);
    if (!cli->out->plain)
        view_line(cli->out, "%lld shown%s, as the principal saw it at %s (--refresh reads again)",
                  (long long)tree.shown, tree.cut ? " (more: --limit)" : "",
                  view_time(fetched, time));
    cJSON *data = base_json_object();
    base_json_add_str(data, "fetched", fetched);
    base_json_add_bool(data, "cut", tree.cut);
    base_json_add_take(data, "rows", tree.rows);
    view_json_ok(cli->out, data);
    return VIEW_EXIT_DONE;
}
