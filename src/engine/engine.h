/* aampe-syncd: the one process that talks to the workspace and to the storage, and the only one
 * that opens the state. Private to the room: everything hangs on one struct engine, which lives on
 * the main loop. */
#ifndef AAMPE_ENGINE_ENGINE_H
#define AAMPE_ENGINE_ENGINE_H

#include "base/log.h"
#include "base/seam.h"
#include "catalog/catalog.h"
#include "catalog/ticks.h"
#include "config/profile.h"
#include "databricks/client.h"
#include "ipc/server.h"
#include "model/run.h"
#include "net/loop.h"
#include "storage/storage.h"
#include "store/cache.h"
#include "store/state.h"
#include "store/vault.h"
#include "sync/sync.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

/* Names of secrets in the vault. */
#define ENGINE_SECRET_PRINCIPAL "principal"
#define ENGINE_SECRET_PROXY "proxy"
#define ENGINE_SECRET_OBSERVER "observer"

#define ENGINE_VERBS_MAX 128

struct engine_paths {
    char *profile; /* file */
    char *state;   /* folder */
    char *socket, *log, *snapshot, *key_file;
};

struct engine_ask;
struct engine_secrets;
struct waiting_call;
struct engine_look;
struct engine_glances;
struct databricks_call;
struct engine_doctor;
struct storage_probe;

struct engine {
    struct base_seam *seam;
    struct net_loop *loop;
    struct net_limit *limit; /* of requests to the workspace, whoever makes them */
    struct base_log *log;
    char *name; /* of the profile */
    const char *version;
    struct engine_paths paths;
    int64_t started_us;

    struct config_profile *profile; /* never NULL */
    struct err profile_err;         /* the file could not be read: nothing of it is used */
    struct store_state *state;
    struct store_cache *cache;
    struct catalog_names *names; /* these two: never NULL while serving */
    struct catalog_ticks *ticks;
    struct store_vault *vault; /* NULL: see vault_err */
    struct err vault_err;

    struct ipc_server *server;
    int64_t calls[ENGINE_VERBS_MAX]; /* of each verb since the start, in the order of the table */
    uint64_t tick_timer, snapshot_timer, rebuild_timer;
    struct engine_ask *asks;

    /* What the settings allow; rebuilt when they change and nothing is under way. */
    struct databricks *db;
    struct catalog *catalog;
    struct storage *storage;
    struct err storage_err; /* verdict of the probe */
    bool storage_probing;
    struct storage_probe *probes; /* verdicts still to come, also of storages that are gone */
    struct waiting_call *waiting_storage; /* calls that want the verdict first */
    struct sync *sync;
    struct err connect_err; /* a setting is there but not usable */
    bool recovering, rebuild_wanted, stopping;
    bool parting; /* being taken apart, while the loop turns inside: nobody is served */
    struct engine_glances *glances; /* at tables of the tree and of plans; with db */
    struct engine_look *looks;      /* at tables of runs that failed; circumstance.c */
    struct engine_secrets *secrets; /* of the principal in the workspace; NULL: not looked yet */
    bool audit_reading;             /* the statement over the audit log is under way */
    struct {
        struct databricks_call *call;
        char *name, *state; /* NULL: not known */
        int64_t seen_us;
    } warehouse;                   /* live.c */
    int64_t snapshot_took_ms;      /* the last time */
    struct engine_setup *setup;    /* verdicts and checks of set-up; NULL: none yet */
    struct engine_doctor *doctor;  /* verbs_doctor.c; NULL: nobody has asked yet */
    int64_t refresh_job, last_job; /* the refresh of the catalog under way, 0 = none */
    int64_t refresh_next_us;       /* monotonic; not by itself before this moment */
};

/* engine.c. When opening fails what is open by then is still closed by engine_close. */
int engine_open(struct engine *engine, const char *profile, const char *version, bool foreground,
                bool verbose, struct err *err) must_check;
void engine_close(struct engine *engine);
/* Reads the profile file again. A bad file changes nothing. *changed may be NULL. */
int engine_reload(struct engine *engine, bool *changed, struct err *err) must_check;
/* Takes a changed profile: saves, applies. The old one stays on error. */
int engine_profile_replace(struct engine *engine, struct config_profile **take,
                           struct err *err) must_check;
int engine_vault_open(struct engine *engine, struct err *err) must_check;
/* Opens a closed vault if that can be done by now; where its key is lost, begins a new one and
 * keeps the old file, which *aside names (the caller's; NULL: none). */
int engine_vault_renew(struct engine *engine, char **aside, struct err *err) must_check;

/* connect.c: from settings to workspace, storage and sync. */
void engine_connect(struct engine *engine);
void engine_disconnect(struct engine *engine);
/* At the very end, when no verdict can come any more. */
void engine_probes_free(struct engine *engine);
/* Settings or secrets changed: connects anew at once, or as soon as nothing is under way. */
void engine_reconnect(struct engine *engine);
/* Something has ended: if a reconnect waited for it, it comes on the next turn of the loop. */
void engine_idle_check(struct engine *engine);
/* What a verb needs; the error names the first thing that is missing. */
/* The destination failed its probe earlier: it is tried again before a verb that needs it gives up.
 * True: go on; false: the call has been taken, and `again` is called with it once the new verdict
 * is in. */
bool engine_storage_ready(struct engine *engine, struct ipc_call *call, const cJSON *params,
                          void (*again)(struct engine *engine, struct ipc_call *call,
                                        const cJSON *params));
enum engine_need { ENGINE_NEED_WORKSPACE, ENGINE_NEED_WAREHOUSE, ENGINE_NEED_SYNC };
int engine_need(struct engine *engine, enum engine_need need, struct err *err) must_check;

/* serve.c: the socket, the verbs, the events. */
int engine_serve(struct engine *engine, struct err *err) must_check;
void engine_event(struct engine *engine, const char *name, cJSON *take_payload);

/* Adds "requests": how fast the workspace is asked; "calls": how often each verb was called. */
void engine_requests_add(const struct engine *engine, cJSON *json);
void engine_calls_add(const struct engine *engine, cJSON *json);

/* A verb that answers later. Embedded as the first member of what the verb keeps. */
struct engine_ask {
    struct engine *engine;
    struct ipc_call call;
    void (*free)(struct engine_ask *ask); /* frees what the verb added; may be NULL */
    /* The caller waits no longer: cancels what costs, if something does. The answer comes all the
     * same, as CANCELLED_BY_USER; may be NULL. */
    void (*stop)(struct engine_ask *ask);
    bool stopped;
    void (*running)(struct engine_ask *ask, const struct err *err); /* see engine_ask_running */
    struct engine_ask *next, **link;
};
/* size bytes, zeroed, with the call moved into it. */
void *engine_ask_new(struct engine *engine, struct ipc_call *call, size_t size,
                     void (*free_fn)(struct engine_ask *ask));
/* Both answer and free. */
void engine_ask_reply(struct engine_ask *ask, cJSON *take_result);
void engine_ask_fail(struct engine_ask *ask, const struct err *err);
/* True: it was stopped, and is answered so now. Between two steps of a verb. */
bool engine_ask_stopped(struct engine_ask *ask);
/* Calls done with SRC_WH_STOPPED when a statement would have to start the warehouse first. */
void engine_ask_running(struct engine_ask *ask,
                        void (*done)(struct engine_ask *ask, const struct err *err));
/* Frees without an answer; the call is given back. */
void engine_ask_end(struct engine_ask *ask, struct ipc_call *call);

/* A verb: answers exactly once, now or through an ask. params is an object or NULL. */
typedef void engine_verb_fn(struct engine *engine, struct ipc_call *call, const cJSON *params);
/* fact.c: what is remembered by name; the caller's, NULL: nothing. A failed write is logged. */
cJSON *engine_fact_get(struct engine *engine, const char *key);
void engine_fact_put(struct engine *engine, const char *key, const cJSON *json);

/* Short answers. */
void engine_reply(struct engine *engine, struct ipc_call *call, cJSON *take_result);
void engine_fail(struct engine *engine, struct ipc_call *call, const struct err *err);
/* The member "table" (or key) of params as a name. */
int engine_param_name(const cJSON *params, const char *key, struct model_name *out,
                      struct err *err) must_check;

/* Verbs, one file per family. */
engine_verb_fn engine_verb_status, engine_verb_engine_status, engine_verb_engine_stop,
    engine_verb_engine_reload, engine_verb_engine_log;
engine_verb_fn engine_verb_config_get, engine_verb_config_set, engine_verb_config_dump,
    engine_verb_config_diff;
engine_verb_fn engine_verb_setup_list, engine_verb_setup_check, engine_verb_setup_cancel,
    engine_verb_warehouses_list;
engine_verb_fn engine_verb_tree_rows, engine_verb_tree_search, engine_verb_catalog_refresh;
engine_verb_fn engine_verb_draft_show, engine_verb_draft_tick, engine_verb_draft_undo,
    engine_verb_draft_clear;
engine_verb_fn engine_verb_secrets_list, engine_verb_secrets_set, engine_verb_secrets_check,
    engine_verb_audit_list;
engine_verb_fn engine_verb_show, engine_verb_show_history, engine_verb_show_count,
    engine_verb_preview, engine_verb_cancel;
engine_verb_fn engine_verb_share_list, engine_verb_share_add, engine_verb_share_remove,
    engine_verb_share_plan, engine_verb_share_apply;
engine_verb_fn engine_verb_sync_plan, engine_verb_sync_run, engine_verb_sync_report,
    engine_verb_sync_verify;
engine_verb_fn engine_verb_runs_live, engine_verb_runs_check, engine_verb_batches_list;
engine_verb_fn engine_verb_runs_list, engine_verb_runs_show, engine_verb_runs_log,
    engine_verb_runs_retry, engine_verb_runs_cancel;

/* verbs_setup.c: ends the checks and forgets what they saw; before the loop goes. */
void engine_setup_free(struct engine *engine);
/* verbs_table.c: parts that show and preview share. A statement over one table, malloc'd. */
char *engine_table_sql(const struct model_name *name, const char *before, const char *after,
                       struct err *err);
struct databricks_query;
struct databricks_warehouse;
cJSON *engine_versions_json(const struct databricks_query *query); /* of DESCRIBE HISTORY */
cJSON *engine_warehouse_json(const struct databricks_warehouse *warehouse);

/* cells.c: adds "rows" (NULL, "" and values stay apart; masked: shapes), "folds" of nested columns
 * ({"3":["[2]",null]}), "cut_cells" ([row, column, characters]), "open_columns" (shown whole though
 * masked) and "cut" (there were more rows than fit). */
void engine_cells_add(cJSON *json, const struct databricks_query *query, bool reveal);

/* snapshot.c: the state as data, for `status` and for the file. */
cJSON *engine_snapshot(struct engine *engine);
/* Writes snapshot.json soon (several events make one write). */
void engine_snapshot_soon(struct engine *engine);
void engine_snapshot_write(struct engine *engine);

/* attention.c: what needs a person, worst first, collected in "attention" of a snapshot. */
struct store_look_table;
void engine_attention_failed(struct engine *engine, cJSON *snapshot,
                             const struct store_look_table *look);
void engine_attention_stalled(struct engine *engine, cJSON *snapshot,
                              const struct store_look_table *look);
/* The rest of it, from what the snapshot says by now; sorts. */
void engine_attention_add(struct engine *engine, cJSON *snapshot);
/* The last time files were read back at the destination: kept from the report of a verify, and
 * added as "check". more: a further page of the same check. */
void engine_check_keep(struct engine *engine, const cJSON *report, bool more);
void engine_check_add(struct engine *engine, cJSON *snapshot);
/* "audit": when Aampe itself last read, as far as the audit log was read. */
void engine_audit_add(struct engine *engine, cJSON *snapshot);
/* model_run_to_json with the word for people, as events and verbs send it. */
cJSON *engine_run_json(const struct model_run *run);
/* live.c */
cJSON *engine_progress_json(const struct sync_progress *progress);
void engine_warehouse_forget(struct engine *engine);

/* report.c: what a batch did, table by table; params {"batch","offset","limit"}. NULL with err. */
cJSON *engine_report(struct engine *engine, const cJSON *params, struct err *err);
/* Of the run that is at the destination of the sync of this one; and of tables of the share: params
 * {"tables" or all,"offset"}. */
cJSON *engine_report_good(struct engine *engine, const struct model_run *run, struct err *err);
cJSON *engine_report_last(struct engine *engine, const cJSON *params, struct err *err);

#endif
