/* What the files of this room share and nobody else sees. */
#ifndef AAMPE_WATCH_PRIVATE_H
#define AAMPE_WATCH_PRIVATE_H

#include "databricks/client.h"
#include "databricks/statement.h"
#include "databricks/warehouse.h"
#include "databricks/workspace.h"
#include "net/token.h"
#include "storage/storage.h"
#include "watch/check.h"
#include "watch/doctor.h"
#include "watch/job.h"

#include <cjson/cJSON.h>

#define WATCH_LAYER_MS 10000

/* A layer: begins to look, and ends with watch_end, now or later. */
struct watch_step {
    const char *name;
    void (*look)(struct watch_check *check);
};

/* A destination being tried: outlives its check, because the disk cannot be told to stop. */
struct watch_place {
    struct watch_check *check; /* NULL: nobody waits any more */
    struct storage *storage;
    struct net_loop *loop;
};

struct watch_check {
    enum watch_kind kind;
    struct watch_listener listener;
    struct net_loop *loop;
    struct base_seam *seam;
    const struct watch_step *steps;
    size_t count, at;
    int64_t began_us, took_us; /* of the layer; took_us < 0: from now */
    uint64_t timer;
    bool over;

    /* the target, copied */
    char *host, *origin, *url_workspace_id, *ca_file, *proxy, *user_agent, *client_id,
        *warehouse_id, *destination;
    struct secret *proxy_login, *secret;
    int64_t secret_expires_us;
    bool may_start, start;
    struct model_share share;
    struct base_log *log;
    struct net_limit *limit;

    /* what has been made on the way */
    struct databricks *db;
    struct net_token *token;
    struct net_token_wait *wait;
    struct net_call *call;
    struct databricks_call *ask;
    uint64_t again; /* timer of a layer that looks repeatedly */
    struct net_trace trace;
    struct err reach_err; /* of the connection */
    int status;
    struct databricks_warehouse warehouse;
    char workspace_id[32], application[128];
    bool is_service;
    size_t table_at, table_good, table_bad;
    struct watch_place *place;

    /* of the doctor's chains */
    const struct watch_self *self;
    cJSON *evidence; /* of the layer that is looked at */
    struct watch_job *job;
    struct databricks_me me;
    cJSON *warehouses; /* kept from `entitlement` for `warehouse` */
    char metastore_id[64];
    bool observed; /* the observer has been asked too */
    struct databricks_statement statement;
    struct watch_landing *landing;
    size_t host_at;
    enum watch_state host_state; /* the worst seen of the host */
    int64_t bytes_free, files;
};

extern const struct watch_step watch_steps_workspace[], watch_steps_principal[],
    watch_steps_secret[], watch_steps_warehouse[], watch_steps_tables[], watch_steps_destination[],
    watch_chain_here[], watch_chain_workspace[], watch_chain_destination[];

/* Ends the layer that is looked at, and goes on to the next or to the end. */
__attribute__((format(printf, 4, 5))) void watch_end(struct watch_check *check,
                                                     enum watch_state state, const struct err *err,
                                                     const char *fmt, ...);
/* An additional layer besides the one that is looked at. */
__attribute__((format(printf, 5, 6))) void watch_more(struct watch_check *check, const char *name,
                                                      enum watch_state state, const struct err *err,
                                                      const char *fmt, ...);
/* The workspace as typed calls with the principal's credentials as far as they are there; ends the
 * layer and returns NULL when that cannot be. */
struct databricks *watch_workspace(struct watch_check *check);
/* The same, but it ends nothing: NULL with err, or with ERR_OK when no address has been given. */
struct databricks *watch_workspace_try(struct watch_check *check, struct err *err);
/* Looked at by several checks. */
void watch_look_token(struct watch_check *check);
/* Ends the layer as MISSING: what has not been given. */
void watch_missing(struct watch_check *check, const char *what);

/* Facts of the layer that is looked at; made when first asked for. */
cJSON *watch_evidence(struct watch_check *check);
/* Ends the layer with an error, its message being the text. */
void watch_fail(struct watch_check *check, const struct err *err);
/* An anonymous GET of the workspace, tried once; fresh: with a connection of its own. */
void watch_send(struct watch_check *check, const char *path, bool fresh,
                void (*done)(void *, struct net_response *, const struct err *));
/* doctor.c: what the chains keep between layers. */
void watch_chain_forget(struct watch_check *check);

/* The layers of the chain to the workspace, by file: wire.c */
void watch_look_dns(struct watch_check *check);
void watch_look_proxy(struct watch_check *check);
void watch_look_tcp(struct watch_check *check);
void watch_look_tls(struct watch_check *check);
void watch_look_ip_list(struct watch_check *check);
/* rights.c */
void watch_look_sign_in(struct watch_check *check);
void watch_look_assignment(struct watch_check *check);
void watch_look_entitlement(struct watch_check *check);
void watch_look_warehouse(struct watch_check *check);
/* unity.c */
void watch_look_unity_catalog(struct watch_check *check);
/* hosts.c */
void watch_look_result_hosts(struct watch_check *check);
/* landing.c: the destination as the chain sees it; free ends it, at once or when its disk has
 * answered. */
void watch_landing_free(struct watch_landing **landing);

#endif
