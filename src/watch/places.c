/* Where rows come from and go to: the tables of the share, the folder of the destination. */
#include "watch/private.h"

#include "base/alloc.h"
#include "base/text.h"
#include "config/profile.h"
#include "databricks/catalog.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TABLES_MAX 200
#define NAMED_MAX 20
#define LOW_SPACE ((int64_t)1 << 30)

static void look_ticked(struct watch_check *check)
{
    struct err err = ERR_INIT;
    if (check->share.count == 0) {
        base_err_set(&err, ERR_CONFIG_MISSING, "no table is ticked yet");
        base_err_hint(&err, "Tick tables on 2 Browse with Space; `p` plans, `A` applies.");
        watch_end(check, WATCH_MISSING, &err, "no table is ticked yet");
    } else {
        watch_end(check, WATCH_OK, NULL, "%zu table%s", check->share.count,
                  check->share.count == 1 ? "" : "s");
    }
}

static void table_next(struct watch_check *check);

static void on_table(void *user, const struct err *err, struct databricks_table *table)
{
    struct watch_check *check = user;
    (void)table;
    check->ask = NULL;
    if (err == NULL) {
        check->table_good++;
    } else if (base_err_class(err->code) == ERR_CLASS_TRANS) {
        watch_end(check, WATCH_FAIL, err, "%s", err->message); /* not about tables */
        return;
    } else {
        if (check->table_bad++ == 0)
            check->reach_err = *err;
        if (check->table_bad <= NAMED_MAX) {
            char *name = model_name_text(&check->share.tables[check->table_at].name);
            watch_more(check, name, WATCH_FAIL, err, "%s", err->message);
            free(name);
        }
    }
    check->table_at++;
    table_next(check);
}

static void table_next(struct watch_check *check)
{
    size_t count = check->share.count < TABLES_MAX ? check->share.count : TABLES_MAX;
    bool late =
        base_seam_mono_us(check->seam) - check->began_us > (int64_t)(WATCH_LAYER_MS - 1500) * 1000;
    if (check->table_at < count && !late) {
        check->ask = databricks_table_get(check->db, DATABRICKS_PRINCIPAL,
                                          &check->share.tables[check->table_at].name, false,
                                          on_table, check);
        return;
    }
    if (check->table_bad)
        watch_end(check, WATCH_FAIL, &check->reach_err,
                  "%zu of %zu cannot be read by the principal", check->table_bad, check->table_at);
    else if (check->table_at < check->share.count)
        watch_end(check, WATCH_OK, NULL, "the first %zu; %zu not looked at now", check->table_at,
                  check->share.count - check->table_at);
    else
        watch_end(check, WATCH_OK, NULL, "%zu of %zu", check->table_good, check->share.count);
}

static void look_readable(struct watch_check *check)
{
    if (check->client_id == NULL || check->secret == NULL) {
        struct err err = ERR_INIT;
        base_err_set(&err, ERR_CONFIG_MISSING, "the service principal and its secret come first");
        watch_end(check, WATCH_MISSING, &err, "%s", err.message);
        return;
    }
    if (watch_workspace(check) == NULL)
        return;
    databricks_identity_oauth(check->db, DATABRICKS_PRINCIPAL, check->client_id, check->secret);
    table_next(check);
}

const struct watch_step watch_steps_tables[] = {
    {"ticked", look_ticked}, {"readable", look_readable}, {NULL, NULL}};

static void place_free(void *user)
{
    struct watch_place *place = user;
    storage_free(&place->storage);
    free(place);
}

/* Layers from one verdict: the probe stops at the first thing that does not work. */
static void on_probe(void *user, const struct storage_reply *reply)
{
    struct watch_place *place = user;
    struct watch_check *check = place->check;
    struct stat there;
    if (check) {
        const char *root = storage_root(place->storage);
        bool folder = stat(root, &there) == 0 && S_ISDIR(there.st_mode);
        check->reach_err = *reply->err;
        check->table_good = (size_t)reply->bytes_free;
        check->status = reply->inodes_free == 0;
        check->place = NULL;
        if (folder)
            watch_end(check, WATCH_OK, NULL, "%s", root);
        else
            watch_end(check, WATCH_FAIL, reply->err, "%s", reply->err->message);
    }
    net_loop_release(place->loop);
    net_loop_after(place->loop, 0, place_free, place);
}

static void look_url(struct watch_check *check)
{
    struct err err = ERR_INIT;
    if (check->destination == NULL || check->destination[0] == '\0') {
        base_err_set(&err, ERR_CONFIG_MISSING, "no destination has been given yet");
        base_err_hint(&err, "A folder on this host: file:///srv/aampe");
        watch_end(check, WATCH_MISSING, &err, "%s", err.message);
        return;
    }
    /* The rule of the setting itself. */
    struct config_profile *trial = config_profile_new();
    bool good = config_set(trial, CONFIG_DESTINATION_URL, check->destination, &err) == 0;
    if (good) {
        free(check->destination);
        check->destination = base_strdup(config_get(trial, CONFIG_DESTINATION_URL));
    }
    config_profile_free(&trial);
    if (good) {
        watch_end(check, WATCH_OK, NULL, "a folder on this host");
        return;
    }
    base_err_clear(&err);
    base_err_set(&err, ERR_CONFIG_INVALID, "\"%s\" is no destination this version knows",
                 check->destination);
    base_err_hint(&err, "A folder on this host: file:///srv/aampe");
    watch_end(check, WATCH_FAIL, &err, "neither a folder nor file:///");
}

static void look_folder(struct watch_check *check)
{
    struct err err = ERR_INIT;
    struct watch_place *place = base_alloc_zero(1, sizeof *place);
    place->check = check;
    place->loop = check->loop;
    place->storage =
        storage_open(check->destination, check->seam, check->loop, on_probe, place, &err);
    if (place->storage == NULL) {
        free(place);
        watch_end(check, WATCH_FAIL, &err, "%s", err.message);
    } else {
        check->place = place;
        net_loop_hold(place->loop);
    }
}

static void look_writable(struct watch_check *check)
{
    if (check->reach_err.code != ERR_OK && check->reach_err.code != ERR_HOST_FS_UNFIT)
        watch_end(check, WATCH_FAIL, &check->reach_err, "%s", check->reach_err.message);
    else
        watch_end(check, WATCH_OK, NULL, "wrote a file and made it durable");
}

static void look_rename(struct watch_check *check)
{
    if (check->reach_err.code != ERR_OK)
        watch_end(check, WATCH_FAIL, &check->reach_err, "%s", check->reach_err.message);
    else
        watch_end(check, WATCH_OK, NULL, "whole or not at all, also for a reader");
}

static void look_space(struct watch_check *check)
{
    struct err err = ERR_INIT;
    char free_bytes[24];
    int64_t bytes = (int64_t)check->table_good;
    base_text_bytes(bytes, free_bytes);
    if (bytes >= LOW_SPACE && !check->status) {
        watch_end(check, WATCH_OK, NULL, "%s", free_bytes);
        return;
    }
    base_err_set(&err, check->status ? ERR_HOST_INODES_FULL : ERR_HOST_DISK_FULL, "%s",
                 check->status ? "no inode is free" : "less than 1 GiB is free");
    watch_end(check, WATCH_WARN, &err, "%s", free_bytes);
}

const struct watch_step watch_steps_destination[] = {
    {"url shape", look_url},        {"folder", look_folder},    {"writable", look_writable},
    {"atomic rename", look_rename}, {"free space", look_space}, {NULL, NULL}};
