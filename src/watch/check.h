/* A check: layers looked at one after the other, from near to far, each at most ten seconds. The
 * first that fails keeps the deeper ones from being reached. Nothing is changed by one, except that
 * the folder of a destination is made, and that a warehouse is started when that was asked for.
 * Set-up runs one for each of its steps; a doctor joins them into chains. */
#ifndef AAMPE_WATCH_CHECK_H
#define AAMPE_WATCH_CHECK_H

#include "base/log.h"
#include "model/share.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stdint.h>

enum watch_kind {
    WATCH_WORKSPACE,   /* url shape, dns, tcp, tls, is a workspace, workspace id */
    WATCH_PRINCIPAL,   /* application id, token, who it is, sql access */
    WATCH_SECRET,      /* in the vault, token, ends */
    WATCH_WAREHOUSE,   /* exists, can use, state, starts, runs a statement */
    WATCH_TABLES,      /* ticked, readable, then each that is not */
    WATCH_DESTINATION, /* url shape, folder, writable, atomic rename, free space */
    /* The doctor's chains; names of their layers are ids ("ip_list"). */
    WATCH_CHAIN_HERE,        /* engine host state vault */
    WATCH_CHAIN_WORKSPACE,   /* dns proxy tcp tls ip_list token assignment entitlement warehouse
                                unity_catalog result_hosts */
    WATCH_CHAIN_DESTINATION, /* access data */
    WATCH_KINDS
};

enum watch_state {
    WATCH_OK,
    WATCH_FAIL,
    WATCH_WARN,    /* does not stand in the way */
    WATCH_MISSING, /* not there yet; nothing is broken */
    WATCH_NOT_REACHED,
    WATCH_NONE /* nothing of the kind is configured */
};
const char *watch_state_name(enum watch_state state); /* "ok", "FAIL", ..., "not reached" */
/* As programs read it: "ok", "fail", ..., "not_reached", "none". MISSING is a "fail". */
const char *watch_state_id(enum watch_state state);

struct cJSON;
struct watch_self;
struct watch_layer {
    const char *name;
    enum watch_state state;
    const char *text; /* what was seen; cleaned */
    int64_t ms;
    struct err err; /* of FAIL, MISSING and WARN; ERR_OK otherwise or when there is no code */
    const struct cJSON *evidence; /* facts seen, an object; NULL: none */
};

/* What is looked at; borrowed during watch_check_new only. NULL members have not been given. */
struct watch_target {
    struct net_loop *loop;
    struct base_seam *seam;
    struct base_log *log;
    struct net_limit *limit; /* of requests to the workspace; NULL: one of its own */
    const char *host;        /* as pasted */
    const char *ca_file, *proxy, *user_agent;
    const struct secret *proxy_login;
    const char *client_id;
    const struct secret *secret;
    int64_t secret_expires_us; /* 0: not known */
    const char *warehouse;
    bool may_start, start; /* the settings allow it; it is asked for now */
    const struct model_share *share;
    const char *destination;
    const struct watch_self *self; /* of the doctor's chains; must outlive the check */
    size_t layers;                 /* only so many are looked at; 0 = all */
};

/* The layers of a kind, in order; NULL behind the last. */
const char *watch_layer_name(enum watch_kind kind, size_t index);

struct watch_check;
struct watch_listener {
    /* Each layer as it is known, in order. */
    void (*layer)(void *user, const struct watch_layer *layer);
    /* Once, after the last layer, unless freed before; the check may be freed in it. */
    void (*done)(void *user);
    void *user;
    /* A layer is being looked at from now on; may be NULL. */
    void (*begin)(void *user, const char *name);
};
/* Nothing is called from inside. */
struct watch_check *watch_check_new(enum watch_kind kind, const struct watch_target *target,
                                    const struct watch_listener *listener);
/* Also while it runs: then it is cancelled. */
void watch_check_free(struct watch_check **check);

#endif
