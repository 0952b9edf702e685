/* The chain to the destination: the folder can be used, and what the state remembers lies there. */
#include "watch/private.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "config/profile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SPARE_MS 1500

/* Outlives its check while the disk is asked: that cannot be told to stop. */
struct watch_landing {
    struct watch_check *check; /* NULL: nobody waits any more */
    struct storage *storage;
    struct net_loop *loop;
    bool asked;
};

static void landing_gone(void *user)
{
    struct watch_landing *landing = user;
    storage_free(&landing->storage);
    free(landing);
}

void watch_landing_free(struct watch_landing **landing_ptr)
{
    struct watch_landing *landing = *landing_ptr;
    *landing_ptr = NULL;
    if (landing == NULL)
        return;
    landing->check = NULL;
    if (!landing->asked)
        landing_gone(landing);
}

/* The disk is going to answer, whoever is there by then. */
static void asks(struct watch_landing *landing)
{
    landing->asked = true;
    net_loop_hold(landing->loop);
}

/* The disk has answered. NULL: nobody wants to know any more. */
static struct watch_check *answered(struct watch_landing *landing)
{
    landing->asked = false;
    net_loop_release(landing->loop);
    if (landing->check == NULL)
        net_loop_after(landing->loop, 0, landing_gone, landing);
    return landing->check;
}

/* --- access */

static void on_probe(void *user, const struct storage_reply *reply)
{
    struct watch_landing *landing = user;
    struct watch_check *check = answered(landing);
    char space[24];
    if (check == NULL)
        return;
    if (reply->err->code != ERR_OK) {
        watch_fail(check, reply->err);
        return;
    }
    base_text_bytes(reply->bytes_free, space);
    base_json_add_i64(watch_evidence(check), "bytes_free", reply->bytes_free);
    base_json_add_str(watch_evidence(check), "folder", storage_root(landing->storage));
    watch_end(check, WATCH_OK, NULL, "write, read, remove, create-if-absent");
}

static void probe_begin(struct watch_check *check)
{
    struct err err = ERR_INIT;
    struct watch_landing *landing = base_alloc_zero(1, sizeof *landing);
    landing->check = check;
    landing->loop = check->loop;
    landing->storage =
        storage_open(check->destination, check->seam, check->loop, on_probe, landing, &err);
    if (landing->storage == NULL) {
        free(landing);
        watch_fail(check, &err);
        return;
    }
    check->landing = landing;
    asks(landing);
}

struct there {
    char *path;
    int error;
    bool folder;
};

static void there_free(void *data)
{
    struct there *there = data;
    free(there->path);
    free(there);
}

static void there_work(void *data)
{
    struct there *there = data;
    struct stat st;
    there->error = stat(there->path, &st) == 0 ? 0 : errno;
    there->folder = there->error == 0 && S_ISDIR(st.st_mode);
}

static void on_there(void *user, void *data)
{
    struct watch_check *check = user;
    const struct there *there = data;
    struct err err = ERR_INIT;
    check->job = NULL;
    if (there->error == 0 && there->folder) {
        probe_begin(check);
        return;
    }
    base_json_add_str(watch_evidence(check), "folder", there->path);
    if (there->error == 0)
        base_err_set(&err, ERR_HOST_FS_UNFIT, "\"%s\" is no folder", there->path);
    else
        base_err_errno(&err, there->error, "\"%s\"", there->path);
    if (there->error == ENOENT)
        base_err_hint(&err, "Is the volume mounted? Else make it: mkdir -p '%s'", there->path);
    watch_fail(check, &err);
}

static void look_access(struct watch_check *check)
{
    struct err err = ERR_INIT;
    if (check->destination == NULL || check->destination[0] == '\0') {
        if (check->self->profile_err && check->self->profile_err->code != ERR_OK)
            watch_fail(check, check->self->profile_err);
        else
            watch_end(check, WATCH_NONE, NULL, "no destination is configured");
        return;
    }
    struct there *there = base_alloc_zero(1, sizeof *there);
    there->path = storage_folder(check->destination, &err);
    if (there->path == NULL) {
        free(there);
        watch_fail(check, &err);
        return;
    }
    check->job = watch_job_start(check->loop, there_work, on_there, there_free, there, check);
}

/* --- data */

static void table_next(struct watch_check *check);

static void table_broken(struct watch_check *check, const struct watch_whole *table,
                         const struct err *cause)
{
    if (check->table_bad++ > 0)
        return;
    char *name = model_name_text(&table->name);
    check->reach_err = *cause;
    base_json_add_str(watch_evidence(check), "first_broken", name);
    base_err_context(&check->reach_err, "%s", name);
    base_err_hint(&check->reach_err,
                  "aampe-console sync run %.100s --wait writes it anew; find out who touched it.",
                  name);
    free(name);
}

static void on_look(void *user, const struct storage_reply *reply)
{
    struct watch_check *check = answered(user);
    if (check == NULL)
        return;
    const struct watch_whole *table = &check->self->tables[check->table_at++];
    if (reply->err->code == ERR_OK)
        check->table_good++;
    else
        table_broken(check, table, reply->err);
    table_next(check);
}

/* published: to this destination. What was written to another one is whole there, as far as anybody
 * here knows, and comes here with its next sync. */
static void data_end(struct watch_check *check, size_t published, size_t away, const char *where)
{
    cJSON *evidence = watch_evidence(check);
    char more[160] = "";
    base_json_add_i64(evidence, "whole", (int64_t)check->table_good);
    base_json_add_i64(evidence, "published", (int64_t)published);
    base_json_add_i64(evidence, "total", (int64_t)check->self->table_count);
    if (away) {
        base_json_add_i64(evidence, "elsewhere", (int64_t)away);
        base_json_add_str(evidence, "first_elsewhere", where);
        snprintf(more, sizeof more, "; %zu not here yet: written to \"%.100s\"", away, where);
    }
    if (check->table_bad) {
        struct err err = check->reach_err;
        watch_end(check, WATCH_FAIL, &err, "%zu of %zu tables whole: %s", check->table_good,
                  published, err.message);
    } else if (!check->self->tables_known) {
        watch_end(check, WATCH_NONE, NULL, "not known what should be there: the state is not read");
    } else if (published == 0) {
        watch_end(check, WATCH_NONE, NULL, "nothing has been published %s%s",
                  away ? "to this destination yet" : "yet", more);
    } else if (check->table_at < check->self->table_count) {
        watch_end(check, WATCH_OK, NULL, "%zu tables whole, the others not looked at%s",
                  check->table_good, more);
    } else {
        watch_end(check, WATCH_OK, NULL, "%zu table%s whole%s", check->table_good,
                  check->table_good == 1 ? "" : "s", more);
    }
}

/* There is something of it to be looked at here. */
static bool is_here(const struct watch_whole *table)
{
    return table->run_seq > 0 && table->elsewhere == NULL;
}

static void table_next(struct watch_check *check)
{
    const struct watch_self *self = check->self;
    size_t published = 0, away = 0;
    const char *where = NULL;
    bool late = base_seam_mono_us(check->seam) - check->began_us >
                (int64_t)(WATCH_LAYER_MS - SPARE_MS) * 1000;
    /* What was read back and found damaged need not be looked at: its manifest may still fit. */
    for (; check->table_at < self->table_count; check->table_at++) {
        const struct watch_whole *table = &self->tables[check->table_at];
        if (is_here(table) && table->damage == NULL)
            break;
        if (is_here(table))
            table_broken(check, table, table->damage);
    }
    if (check->table_at < self->table_count && !late && check->landing) {
        const struct watch_whole *table = &self->tables[check->table_at];
        struct storage_identity id = {
            .run_seq = table->run_seq, .attempt = table->attempt, .table_path = table->table_path};
        memcpy(id.sync_uuid, table->sync_uuid, sizeof id.sync_uuid);
        asks(check->landing);
        storage_look(check->landing->storage, &id, on_look, check->landing);
        return;
    }
    for (size_t i = 0; i < self->table_count; i++) {
        published += is_here(&self->tables[i]);
        away += self->tables[i].elsewhere != NULL;
        where = where ? where : self->tables[i].elsewhere;
    }
    data_end(check, published, away, where);
}

static void look_data(struct watch_check *check)
{
    check->table_at = check->table_good = check->table_bad = 0;
    check->reach_err = ERR_INIT;
    table_next(check);
}

const struct watch_step watch_chain_destination[] = {
    {"access", look_access}, {"data", look_data}, {NULL, NULL}};
