#include "catalog/ticks.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"
#include "catalog/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPS_MAX 200 /* that can be undone; above it the oldest become one */
#define OPS_FOLD 100
#define MOVED_MAX 20
#define FACT_SHARE "share.number"

struct tick {
    char *name; /* as it was given; the key in the map is its lower case */
    bool shared, was_shared;
    int draft;
};

struct catalog_ticks {
    struct store_state *store;
    struct base_seam *seam;
    struct base_map *ticks;  /* lower-case name -> struct tick */
    struct base_map *counts; /* key of a container -> struct catalog_tick_counts */
    struct store_draft_head head;
    int64_t number; /* of the share */
    char hash[65];
    bool share_known;
    cJSON *moved;
    int64_t ops;
    vec_of(struct tick *) sorted; /* entries of the draft, made when asked for */
    bool sorted_good;
};

static char sign_char(int draft)
{
    return draft > 0 ? '+' : draft < 0 ? '-' : '0';
}

static int sign_of(char c)
{
    return c == '+' ? 1 : c == '-' ? -1 : 0;
}

static void tick_free(void *value)
{
    struct tick *tick = value;
    free(tick->name);
    free(tick);
}

static void count_in(struct catalog_ticks *ticks, const char *key, int ticked, int add, int remove)
{
    struct catalog_tick_counts *counts = base_map_get(ticks->counts, key);
    if (counts == NULL) {
        counts = base_alloc_zero(1, sizeof *counts);
        base_map_put(ticks->counts, key, counts);
    }
    counts->ticked += ticked;
    counts->add += add;
    counts->remove += remove;
}

/* How one tick stands in the counts: by +1 when it comes, -1 when it goes. */
static void tick_count(struct catalog_ticks *ticks, const char *key, const struct tick *tick,
                       int by)
{
    int ticked = (tick->draft > 0 || (tick->shared && tick->draft == 0)) ? by : 0;
    int add = tick->draft > 0 ? by : 0, remove = tick->draft < 0 ? by : 0;
    char *parent;
    if (ticked == 0 && add == 0 && remove == 0)
        return;
    count_in(ticks, "", ticked, add, remove);
    parent = catalog_key_parent(key, 's');
    count_in(ticks, parent, ticked, add, remove);
    free(parent);
    parent = catalog_key_parent(key, 'c');
    count_in(ticks, parent, ticked, add, remove);
    free(parent);
}

/* The tick of a name, made when absent. */
static struct tick *tick_of(struct catalog_ticks *ticks, const char *key, const char *name)
{
    struct tick *tick = base_map_get(ticks->ticks, key);
    if (tick == NULL) {
        tick = base_alloc_zero(1, sizeof *tick);
        tick->name = base_strdup(name);
        base_map_put(ticks->ticks, key, tick);
    }
    return tick;
}

/* A draft entry that says what the share says is none. */
static int normal(const struct tick *tick, int draft)
{
    return (draft > 0 && tick->shared) || (draft < 0 && !tick->shared) ? 0 : draft;
}

static void tick_set(struct catalog_ticks *ticks, const char *key, struct tick *tick, bool shared,
                     int draft)
{
    tick_count(ticks, key, tick, -1);
    tick->shared = shared;
    tick->draft = normal(tick, draft);
    tick_count(ticks, key, tick, 1);
    ticks->sorted_good = false;
    if (!tick->shared && !tick->draft && !tick->was_shared) {
        base_map_remove(ticks->ticks, key);
        tick_free(tick);
    }
}

/* --- operations
 * ---------------------------------------------------------------------------------------------
 */

/* One item after the other: before, after, name, NUL. */
static bool item_next(const char **at, const char *end, int *from, int *to, const char **name)
{
    const char *zero = *at < end ? memchr(*at, '\0', (size_t)(end - *at)) : NULL;
    if (zero == NULL || zero - *at < 3)
        return false;
    *from = sign_of((*at)[0]);
    *to = sign_of((*at)[1]);
    *name = *at + 2;
    *at = zero + 1;
    return true;
}

static void item_add(struct buf *items, int from, int to, const char *name)
{
    if (base_buf_byte(items, (uint8_t)sign_char(from)) ||
        base_buf_byte(items, (uint8_t)sign_char(to)) ||
        base_buf_append(items, name, strlen(name) + 1))
        bug("a draft outgrew memory");
}

/* Before the share is known nothing is equal to it: entries are put in as they are. */
static void op_replay(void *user, const struct store_draft_op *op)
{
    struct catalog_ticks *ticks = user;
    const char *at = op->items, *end = at + op->len, *name;
    int from, to;
    while (at && item_next(&at, end, &from, &to, &name)) {
        char *key = catalog_key_lower(name);
        struct tick *tick = tick_of(ticks, key, name);
        tick->draft = to;
        free(key);
    }
    ticks->ops++;
}

static void share_fact_read(struct catalog_ticks *ticks)
{
    struct err ignored = ERR_INIT;
    char *text = store_fact_get(ticks->store, FACT_SHARE, &ignored);
    cJSON *json = text ? base_json_parse(text, strlen(text), JSON_MAX_BYTES, NULL) : NULL;
    ticks->number = base_json_i64_or(json, "number", 0);
    snprintf(ticks->hash, sizeof ticks->hash, "%s", base_json_str_or(json, "hash", ""));
    if (base_json_get(json, "moved"))
        ticks->moved = cJSON_Duplicate(base_json_get(json, "moved"), true);
    cJSON_Delete(json);
    free(text);
}

struct catalog_ticks *catalog_ticks_new(struct store_state *store, struct base_seam *seam,
                                        struct err *err)
{
    struct catalog_ticks *ticks = base_alloc_zero(1, sizeof *ticks);
    ticks->store = store;
    ticks->seam = seam;
    ticks->ticks = base_map_new();
    ticks->counts = base_map_new();
    share_fact_read(ticks);
    if (store_draft_head(store, &ticks->head, err) != 0 ||
        store_draft_each(store, op_replay, ticks, err) != 0)
        catalog_ticks_free(&ticks);
    return ticks;
}

void catalog_ticks_free(struct catalog_ticks **ticks)
{
    if (*ticks == NULL)
        return;
    base_map_free(&(*ticks)->ticks, tick_free);
    base_map_free(&(*ticks)->counts, free);
    cJSON_Delete((*ticks)->moved);
    vec_free(&(*ticks)->sorted);
    base_free(ticks);
}

/* --- the share
 * ----------------------------------------------------------------------------------------------
 */

static void share_hash(const struct model_share *share, char hash[65])
{
    uint8_t digest[32];
    cJSON *json = model_share_to_json(share);
    char *text = base_json_print(json);
    base_sha256(text, strlen(text), digest);
    base_hex(digest, sizeof digest, hash);
    free(text);
    cJSON_Delete(json);
}

static void moved_add(cJSON *list, const char *name)
{
    if (cJSON_GetArraySize(list) < MOVED_MAX)
        base_json_push_take(list, cJSON_CreateString(name));
}

/* Every tick anew: what the share has now, and the draft against it. */
static void share_take(struct catalog_ticks *ticks, const struct model_share *share)
{
    struct base_map *old = ticks->ticks;
    const char *key;
    void *value;
    ticks->ticks = base_map_new();
    base_map_free(&ticks->counts, free);
    ticks->counts = base_map_new();
    for (size_t i = 0; base_map_at(old, i, &key, &value); i++) {
        struct tick *tick = value;
        tick->was_shared = tick->shared;
        tick->shared = false;
        base_map_put(ticks->ticks, key, tick);
    }
    base_map_free(&old, NULL);
    for (size_t i = 0; i < share->count; i++) {
        char *name = model_name_text(&share->tables[i].name), *lower = catalog_key_lower(name);
        tick_of(ticks, lower, name)->shared = true;
        free(lower);
        free(name);
    }
}

/* Counts anew and drops what neither ticks nor drafts; says what has moved. */
static void share_settle(struct catalog_ticks *ticks, cJSON *added, cJSON *removed)
{
    struct base_map *all = ticks->ticks;
    const char *key;
    void *value;
    ticks->ticks = base_map_new();
    for (size_t i = 0; base_map_at(all, i, &key, &value); i++) {
        struct tick *tick = value;
        if (tick->shared != tick->was_shared)
            moved_add(tick->shared ? added : removed, tick->name);
        tick->was_shared = false;
        tick->draft = normal(tick, tick->draft);
        if (!tick->shared && !tick->draft) {
            tick_free(tick);
            continue;
        }
        base_map_put(ticks->ticks, key, tick);
        tick_count(ticks, key, tick, 1);
    }
    base_map_free(&all, NULL);
    ticks->sorted_good = false;
}

static int share_number(struct catalog_ticks *ticks, const char hash[65], cJSON *take_moved,
                        struct err *err)
{
    cJSON *fact = base_json_object();
    struct store_draft_head head = ticks->head;
    ticks->number++;
    memcpy(ticks->hash, hash, sizeof ticks->hash);
    base_json_add_i64(take_moved, "number", ticks->number);
    cJSON_Delete(ticks->moved);
    ticks->moved = take_moved;
    base_json_add_i64(fact, "number", ticks->number);
    base_json_add_str(fact, "hash", hash);
    base_json_add_take(fact, "moved", cJSON_Duplicate(take_moved, true));
    char *text = base_json_print(fact);
    int rc = store_fact_put(ticks->store, FACT_SHARE, text, err);
    free(text);
    cJSON_Delete(fact);
    head.revision++;
    if (rc == 0)
        rc = store_draft_change(ticks->store, &head, 0, 0, NULL, NULL, err);
    if (rc == 0)
        ticks->head = head;
    return rc;
}

int catalog_ticks_share(struct catalog_ticks *ticks, const struct model_share *share, bool *changed,
                        struct err *err)
{
    char hash[65];
    bool differs;
    share_hash(share, hash);
    differs = strcmp(hash, ticks->hash) != 0;
    if (changed)
        *changed = differs;
    if (ticks->share_known && !differs)
        return 0;
    cJSON *moved = base_json_object(), *added = base_json_add_array(moved, "added"),
          *removed = base_json_add_array(moved, "removed");
    bool first = !ticks->share_known;
    share_take(ticks, share);
    share_settle(ticks, added, removed);
    ticks->share_known = true;
    if (!differs) {
        cJSON_Delete(moved);
        return 0;
    }
    /* After a start nothing is known of the share before: everything would look added. */
    if (first) {
        cJSON_Delete(moved);
        moved = base_json_object();
    }
    return share_number(ticks, hash, moved, err);
}

/* --- reading
 * ------------------------------------------------------------------------------------------------
 */

struct catalog_tick catalog_ticks_get(const struct catalog_ticks *ticks, const char *full_name)
{
    char *key = catalog_key_lower(full_name);
    const struct tick *tick = base_map_get(ticks->ticks, key);
    free(key);
    return tick ? (struct catalog_tick){tick->shared, tick->draft} : (struct catalog_tick){0};
}

struct catalog_tick_counts catalog_ticks_counts(const struct catalog_ticks *ticks, const char *key)
{
    char *lower = catalog_key_lower(key);
    const struct catalog_tick_counts *counts = base_map_get(ticks->counts, lower);
    free(lower);
    return counts ? *counts : (struct catalog_tick_counts){0};
}

struct catalog_draft catalog_ticks_draft(const struct catalog_ticks *ticks)
{
    struct catalog_tick_counts all = catalog_ticks_counts(ticks, "");
    return (struct catalog_draft){.revision = ticks->head.revision,
                                  .base = ticks->number,
                                  .updated_us = ticks->head.updated_us,
                                  .add = all.add,
                                  .remove = all.remove,
                                  .operations = ticks->ops,
                                  .author = ticks->head.author};
}

static int by_name(const void *a, const void *b)
{
    const struct tick *left = *(struct tick *const *)a, *right = *(struct tick *const *)b;
    return strcmp(left->name, right->name);
}

const char *catalog_ticks_at(struct catalog_ticks *ticks, int64_t index, int *draft)
{
    const char *key;
    void *value;
    if (!ticks->sorted_good) {
        ticks->sorted.count = 0;
        for (size_t i = 0; base_map_at(ticks->ticks, i, &key, &value); i++)
            if (((struct tick *)value)->draft)
                vec_push(&ticks->sorted, (struct tick *)value);
        if (ticks->sorted.count)
            qsort(ticks->sorted.items, ticks->sorted.count, sizeof(struct tick *), by_name);
        ticks->sorted_good = true;
    }
    if (index < 0 || (size_t)index >= ticks->sorted.count)
        return NULL;
    *draft = ticks->sorted.items[index]->draft;
    return ticks->sorted.items[index]->name;
}

cJSON *catalog_ticks_head_json(const struct catalog_ticks *ticks)
{
    struct catalog_draft draft = catalog_ticks_draft(ticks);
    cJSON *json = base_json_object();
    base_json_add_i64(json, "revision", draft.revision);
    base_json_add_i64(json, "base", draft.base);
    base_json_add_str(json, "author", draft.author);
    base_json_add_time(json, "updated", draft.updated_us);
    base_json_add_i64(json, "add", draft.add);
    base_json_add_i64(json, "remove", draft.remove);
    base_json_add_i64(json, "operations", draft.operations);
    return json;
}

cJSON *catalog_ticks_moved_json(const struct catalog_ticks *ticks)
{
    return ticks->moved ? cJSON_Duplicate(ticks->moved, true) : NULL;
}

/* --- changing
 * -----------------------------------------------------------------------------------------------
 */

static struct store_draft_head head_next(const struct catalog_ticks *ticks,
                                         const struct catalog_author *author)
{
    struct store_draft_head head = {.revision = ticks->head.revision + 1,
                                    .updated_us = base_seam_now_us(ticks->seam)};
    snprintf(head.author, sizeof head.author, "%s", author->name);
    return head;
}

struct fold {
    struct base_map *first; /* name -> item of the folded operation: from, to, name */
    int64_t left, from_id, to_id, at_us;
    struct buf items;
};

static void fold_take(void *user, const struct store_draft_op *op)
{
    struct fold *fold = user;
    const char *at = op->items, *end = at + op->len, *name;
    int from, to;
    if (fold->left-- <= 0)
        return;
    fold->from_id = fold->from_id ? fold->from_id : op->id;
    fold->to_id = op->id;
    fold->at_us = op->at_us;
    while (at && item_next(&at, end, &from, &to, &name)) {
        char *key = catalog_key_lower(name);
        /* The value carries both signs; nothing to free. */
        intptr_t have = (intptr_t)base_map_get(fold->first, key);
        int first = have ? (int)(have & 3) - 1 : from;
        base_map_put(fold->first, key, (void *)(intptr_t)(16 | (to + 1) << 2 | (first + 1)));
        free(key);
    }
}

/* The oldest operations become one, so that a long evening of ticking stays small. */
static int ops_fold(struct catalog_ticks *ticks, struct err *err)
{
    struct fold fold = {.first = base_map_new(), .left = OPS_FOLD};
    const char *key;
    void *value;
    int rc = store_draft_each(ticks->store, fold_take, &fold, err);
    base_buf_init(&fold.items, BUF_MAX_DEFAULT);
    for (size_t i = 0; base_map_at(fold.first, i, &key, &value); i++)
        item_add(&fold.items, (int)((intptr_t)value & 3) - 1, (int)((intptr_t)value >> 2 & 3) - 1,
                 key);
    struct store_draft_op op = {.id = fold.to_id,
                                .at_us = fold.at_us,
                                .uid = -1,
                                .items = fold.items.data,
                                .len = fold.items.len};
    snprintf(op.what, sizeof op.what, "%d earlier changes at once", OPS_FOLD);
    if (rc == 0)
        rc = store_draft_change(ticks->store, &ticks->head, fold.from_id, fold.to_id, &op, NULL,
                                err);
    if (rc == 0)
        ticks->ops -= OPS_FOLD - 1;
    base_buf_free(&fold.items);
    base_map_free(&fold.first, NULL);
    return rc;
}

/* Stores the operation, then lets it happen. */
static int op_commit(struct catalog_ticks *ticks, const struct buf *items, const char *what,
                     const struct catalog_author *author, struct err *err)
{
    struct store_draft_head head = head_next(ticks, author);
    struct store_draft_op op = {
        .at_us = head.updated_us, .uid = author->uid, .items = items->data, .len = items->len};
    const char *at = items->data, *end = at + items->len, *name;
    int from, to;
    if (ticks->ops >= OPS_MAX && ops_fold(ticks, err) != 0)
        return -1;
    snprintf(op.author, sizeof op.author, "%s", author->name);
    snprintf(op.what, sizeof op.what, "%s", what);
    if (store_draft_change(ticks->store, &head, 0, 0, &op, NULL, err) != 0)
        return -1;
    ticks->head = head;
    ticks->ops++;
    while (item_next(&at, end, &from, &to, &name)) {
        char *key = catalog_key_lower(name);
        struct tick *tick = tick_of(ticks, key, name);
        tick_set(ticks, key, tick, tick->shared, to);
        free(key);
    }
    return 0;
}

static int name_check(const char *name, struct err *err)
{
    struct model_name parsed = {0};
    if (strchr(name, '`') == NULL && catalog_key_parts(name) == 3)
        return 0; /* the common form, without a copy */
    int rc = model_name_parse(name, &parsed, err);
    model_name_free(&parsed);
    return rc;
}

int catalog_ticks_set(struct catalog_ticks *ticks, const char *const *names, size_t count, bool on,
                      const struct catalog_author *author, int64_t *changed, struct err *err)
{
    struct buf items;
    char what[160];
    int rc = 0;
    *changed = 0;
    base_buf_init(&items, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < count && rc == 0; i++) {
        struct catalog_tick tick = catalog_ticks_get(ticks, names[i]);
        int to = on == tick.shared ? 0 : on ? 1 : -1;
        rc = name_check(names[i], err);
        if (rc != 0 || to == tick.draft)
            continue;
        item_add(&items, tick.draft, to, names[i]);
        ++*changed;
    }
    if (rc == 0 && (int64_t)base_map_count(ticks->ticks) + *changed > CATALOG_TICKS_MAX)
        rc = base_err_set(err, ERR_LIMIT_EXCEEDED, "a draft holds at most %d tables",
                          CATALOG_TICKS_MAX);
    snprintf(what, sizeof what, "%s %lld %s", on ? "tick" : "untick", (long long)*changed,
             *changed == 1 ? "table" : "tables");
    if (rc == 0 && *changed)
        rc = op_commit(ticks, &items, what, author, err);
    base_buf_free(&items);
    return rc;
}

struct undo {
    int64_t last; /* operation */
    char last_what[160];
    struct buf items;
};

static void undo_look(void *user, const struct store_draft_op *op)
{
    struct undo *undo = user;
    undo->last = op->id;
    snprintf(undo->last_what, sizeof undo->last_what, "%s", op->what);
    base_buf_clear(&undo->items);
    if (op->len && base_buf_append(&undo->items, op->items, op->len))
        bug("a draft outgrew memory");
}

static int64_t undo_apply(struct catalog_ticks *ticks, const struct buf *items)
{
    const char *at = items->data, *end = at + items->len, *name;
    int64_t changed = 0;
    int from, to;
    while (items->len && item_next(&at, end, &from, &to, &name)) {
        char *key = catalog_key_lower(name);
        struct tick *tick = tick_of(ticks, key, name);
        changed += normal(tick, from) != tick->draft;
        tick_set(ticks, key, tick, tick->shared, from);
        free(key);
    }
    return changed;
}

int catalog_ticks_undo(struct catalog_ticks *ticks, const struct catalog_author *author,
                       int64_t *changed, char *what, struct err *err)
{
    struct undo undo = {0};
    struct store_draft_head head = head_next(ticks, author);
    int rc;
    *changed = 0;
    if (what)
        what[0] = '\0';
    if (ticks->ops == 0)
        return 0;
    base_buf_init(&undo.items, BUF_MAX_DEFAULT);
    rc = store_draft_each(ticks->store, undo_look, &undo, err);
    if (rc == 0)
        rc = store_draft_change(ticks->store, &head, undo.last, undo.last, NULL, NULL, err);
    if (rc == 0) {
        ticks->head = head;
        ticks->ops--;
        *changed = undo_apply(ticks, &undo.items);
        if (what)
            memcpy(what, undo.last_what, sizeof undo.last_what);
    }
    base_buf_free(&undo.items);
    return rc;
}

static void last_look(void *user, const struct store_draft_op *op)
{
    snprintf(user, 256, "%s by %s", op->what, op->author);
}

int catalog_ticks_last(struct catalog_ticks *ticks, char *what, struct err *err)
{
    what[0] = '\0';
    return store_draft_each(ticks->store, last_look, what, err);
}

int catalog_ticks_clear(struct catalog_ticks *ticks, const struct catalog_author *author,
                        int64_t *changed, struct err *err)
{
    struct buf items;
    const char *name;
    int draft, rc = 0;
    *changed = 0;
    base_buf_init(&items, BUF_MAX_DEFAULT);
    while ((name = catalog_ticks_at(ticks, *changed, &draft)) != NULL) {
        item_add(&items, draft, 0, name);
        ++*changed;
    }
    if (*changed)
        rc = op_commit(ticks, &items, "clear the draft", author, err);
    base_buf_free(&items);
    return rc;
}

int catalog_ticks_applied(struct catalog_ticks *ticks, const struct catalog_author *author,
                          struct err *err)
{
    struct store_draft_head head = head_next(ticks, author);
    if (store_draft_change(ticks->store, &head, 0, INT64_MAX, NULL, NULL, err) != 0)
        return -1;
    ticks->head = head;
    ticks->ops = 0;
    return 0;
}
