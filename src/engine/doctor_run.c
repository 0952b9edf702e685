/* One examination: settings, secrets and what the state remembers are gathered first, so that
 * nothing of it can change under the doctor. */
#include "engine/doctor.h"
#include "engine/observe.h"
#include "engine/runs.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/vec.h"
#include "store/look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLES_MAX 2000
#define HOSTS_MAX 8

struct doctor_run {
    struct engine *engine;
    struct doctor_listener listener;
    int64_t job;
    struct watch_self self;
    struct config_profile *profile; /* a copy; of a bad file what can be used */
    struct err profile_err, state_err;
    struct store_health health;
    struct watch_whole *tables;
    int64_t *good_runs; /* of the tables, in the same order: their run; 0: none */
    char *link_text, *helper_text, *key_file, *observer_id, *version;
    const char *link_hosts[32], *helper[16];
    char *hosts[HOSTS_MAX];
    struct secret *observer_secret;
    struct watch_doctor *doctor;
    struct doctor_record *record;
    bool disk_full;
};

/* --- what the state remembers */

/* The run readers of a table have, whose id is returned; 0, and run_seq 0, when there is none. */
static int64_t whole_fill(struct engine *engine, struct store_look *reader,
                          const struct model_name *name, struct watch_whole *out)
{
    struct store_look_table look;
    struct model_run run = {0};
    struct err err = ERR_INIT;
    out->name = model_name_dup(name);
    if (store_look_table(reader, name, &look, &err) != 0)
        return 0;
    int64_t good = look.good_run;
    store_look_table_free(&look);
    if (good == 0 || store_run_get(engine->state, good, &run, &err) != 0)
        return 0;
    out->table_path = store_run_destination(engine->state, good, &err);
    if (out->table_path) {
        memcpy(out->sync_uuid, run.sync_uuid, sizeof out->sync_uuid);
        out->run_seq = run.seq;
        out->attempt = run.attempt;
    }
    model_run_free(&run);
    return out->run_seq > 0 ? good : 0;
}

static void tables_fill(struct doctor_run *run)
{
    struct engine *engine = run->engine;
    const struct model_share *share = config_profile_share(run->profile);
    struct err err = ERR_INIT;
    struct store_look *reader = engine->state ? store_look_new(engine->state, &err) : NULL;
    if (reader == NULL)
        return;
    size_t count = share->count < TABLES_MAX ? share->count : TABLES_MAX;
    run->tables = base_alloc_zero(count, sizeof *run->tables);
    run->good_runs = base_alloc_zero(count, sizeof *run->good_runs);
    for (size_t i = 0; i < count; i++) {
        struct watch_whole *table = &run->tables[i];
        int64_t good = whole_fill(engine, reader, &share->tables[i].name, table);
        run->good_runs[i] = good;
        if (good)
            table->elsewhere = engine_run_elsewhere(
                engine, good, config_get(run->profile, CONFIG_DESTINATION_URL));
    }
    run->self.tables = run->tables;
    run->self.table_count = count;
    run->self.tables_known = true;
    store_look_free(&reader);
}

/* What the last reading back found damaged, and no run has replaced since. */
static void damage_fill(struct doctor_run *run)
{
    cJSON *check = run->tables ? engine_check_get(run->engine) : NULL;
    const cJSON *item;
    cJSON_ArrayForEach(item, base_json_array(check, "damaged"))
    {
        int64_t seen = base_json_i64_or(item, "run", 0);
        for (size_t i = 0; i < run->self.table_count; i++) {
            if (seen == 0 || run->good_runs[i] != seen || run->tables[i].damage)
                continue;
            run->tables[i].damage = base_alloc_zero(1, sizeof *run->tables[i].damage);
            base_err_from_json(run->tables[i].damage, item);
        }
    }
    cJSON_Delete(check);
}

static void hosts_fill(struct doctor_run *run, const cJSON *kept)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, base_json_array(kept, "hosts"))
    {
        if (cJSON_IsString(item) && run->self.result_host_count < HOSTS_MAX)
            run->hosts[run->self.result_host_count++] = base_strdup(item->valuestring);
    }
    run->self.result_hosts = (const char *const *)run->hosts;
}

/* --- what the settings say */

static size_t split(char *text, const char *separators, const char *out[], size_t max)
{
    size_t count = 0;
    char *save = NULL;
    for (char *word = strtok_r(text, separators, &save); word && count + 1 < max;
         word = strtok_r(NULL, separators, &save))
        out[count++] = word;
    out[count] = NULL;
    return count;
}

static void vault_fill(struct doctor_run *run)
{
    const struct config_profile *profile = run->profile;
    struct store_vault_settings *vault = &run->self.vault;
    const char *key_file = config_get(profile, CONFIG_VAULT_KEY_FILE);
    const char *helper = config_get(profile, CONFIG_VAULT_HELPER);
    run->key_file = base_strdup(key_file ? key_file : run->engine->paths.key_file);
    run->helper_text = base_strdup(helper ? helper : "");
    *vault = (struct store_vault_settings){.folder = run->engine->paths.state,
                                           .credentials_directory = getenv("CREDENTIALS_DIRECTORY"),
                                           .key_file = run->key_file};
    if (store_vault_kind_parse(config_get(profile, CONFIG_VAULT_KIND), &vault->kind) != 0)
        vault->kind = VAULT_KEY_FILE;
    if (split(run->helper_text, " ", run->helper, base_countof(run->helper)) > 0)
        vault->helper = run->helper;
}

static void self_fill(struct doctor_run *run, const struct watch_engine *outside,
                      const struct err *state_err, bool in_use)
{
    struct engine *engine = run->engine;
    struct watch_self *self = &run->self;
    const char *hosts = config_get(run->profile, CONFIG_WORKSPACE_LINK_HOSTS);
    const struct secret *observer =
        engine->vault ? store_vault_peek(engine->vault, ENGINE_SECRET_OBSERVER) : NULL;
    self->version = engine->version;
    self->profile = engine->name;
    self->unit = strncmp(engine->paths.state, "/var/lib/aampe/", 15) == 0;
    self->started_us = engine->started_us;
    self->engine = outside;
    run->profile_err = engine->profile_err;
    self->profile_err = &run->profile_err;
    self->vault_err = engine->vault ? NULL : &engine->vault_err;
    self->state_folder = engine->paths.state;
    self->memory_limit = config_get_i64(run->profile, CONFIG_MEMORY_LIMIT);
    if (outside == NULL) {
        self->state = engine->state;
    } else if (state_err) {
        run->state_err = *state_err;
        self->state_err = &run->state_err;
    } else if (!in_use && engine->state &&
               store_health(engine->state, &run->health, &run->state_err) == 0) {
        self->health = &run->health;
    }
    run->link_text = base_strdup(hosts ? hosts : "");
    self->link_host_count =
        split(run->link_text, ", ", run->link_hosts, base_countof(run->link_hosts));
    self->link_hosts = run->link_hosts;
    run->observer_id = base_strdup(config_get(run->profile, CONFIG_OBSERVER_CLIENT_ID));
    run->observer_secret = observer ? base_secret_dup(observer) : NULL;
    self->observer_id = run->observer_id;
    self->observer_secret = run->observer_secret;
}

static struct watch_target target_of(struct doctor_run *run, const char *agent)
{
    struct engine *engine = run->engine;
    const struct config_profile *profile = run->profile;
    struct store_vault *vault = engine->vault;
    return (struct watch_target){
        .loop = engine->loop,
        .seam = engine->seam,
        .log = engine->log,
        .limit = engine->limit,
        .user_agent = agent,
        .host = config_get(profile, CONFIG_WORKSPACE_HOST),
        .ca_file = config_get(profile, CONFIG_WORKSPACE_CA_FILE),
        .proxy = config_get(profile, CONFIG_WORKSPACE_PROXY),
        .proxy_login = vault ? store_vault_peek(vault, ENGINE_SECRET_PROXY) : NULL,
        .client_id = config_get(profile, CONFIG_PRINCIPAL_CLIENT_ID),
        .secret = vault ? store_vault_peek(vault, ENGINE_SECRET_PRINCIPAL) : NULL,
        .secret_expires_us = engine_secrets_end_us(engine),
        .warehouse = config_get(profile, CONFIG_WAREHOUSE_ID),
        .may_start = config_get_bool(profile, CONFIG_WAREHOUSE_START),
        .share = config_profile_share(run->profile),
        .destination = config_get(profile, CONFIG_DESTINATION_URL),
        .self = &run->self};
}

/* --- the examination */

static void on_begin(void *user, size_t chain, const char *layer)
{
    struct doctor_run *run = user;
    const cJSON *json = doctor_record_begin(run->record, chain, layer);
    if (run->listener.layer)
        run->listener.layer(run->listener.user, watch_chain_id(chain), json);
}

/* Hosts that links have named are tried when no warehouse runs. */
static void hosts_take(struct doctor_run *run, const struct watch_layer *layer)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, base_json_array(layer->evidence, "hosts"))
    {
        const char *host = base_json_str(item, "host");
        bool there = host == NULL || run->self.result_host_count == HOSTS_MAX;
        for (size_t i = 0; i < run->self.result_host_count && !there; i++)
            there = strcmp(run->hosts[i], host) == 0;
        if (!there && base_json_bool_or(item, "reached", false))
            run->hosts[run->self.result_host_count++] = base_strdup(host);
    }
}

static void on_layer(void *user, size_t chain, const struct watch_layer *layer, bool known)
{
    struct doctor_run *run = user;
    const cJSON *json =
        doctor_record_layer(run->record, chain, layer, known, base_seam_now_us(run->engine->seam));
    run->disk_full |=
        layer->err.code == ERR_HOST_DISK_FULL || layer->err.code == ERR_HOST_INODES_FULL;
    if (strcmp(layer->name, "result_hosts") == 0)
        hosts_take(run, layer);
    if (run->listener.layer)
        run->listener.layer(run->listener.user, watch_chain_id(chain), json);
}

static void on_done(void *user)
{
    struct doctor_run *run = user;
    doctor_record_end(run->record, base_seam_now_us(run->engine->seam));
    run->listener.done(run->listener.user);
}

/* "https://host" -> "host" */
static const char *shown_host(const char *origin)
{
    const char *at = origin ? strstr(origin, "://") : NULL;
    return at ? at + 3 : origin;
}

struct doctor_run *doctor_run_new(struct engine *engine, const struct watch_engine *outside,
                                  const struct err *state_err, bool in_use, const char *only,
                                  int64_t job, const struct doctor_listener *listener,
                                  struct err *err)
{
    size_t asked[WATCH_CHAINS];
    char agent[64];
    if (watch_doctor_asked(only, asked, err) != 0)
        return NULL;
    struct doctor_run *run = base_alloc_zero(1, sizeof *run);
    run->engine = engine;
    run->listener = *listener;
    run->job = job;
    run->profile = engine->profile_err.code == ERR_OK
                       ? config_profile_dup(engine->profile)
                       : config_profile_salvage(engine->paths.profile);
    cJSON *kept = engine_doctor_kept(engine);
    self_fill(run, outside, state_err, in_use);
    vault_fill(run);
    tables_fill(run);
    damage_fill(run);
    hosts_fill(run, kept);
    const char *about[WATCH_CHAINS] = {NULL,
                                       shown_host(config_get(run->profile, CONFIG_WORKSPACE_HOST)),
                                       config_get(run->profile, CONFIG_DESTINATION_URL)};
    run->record =
        doctor_record_new(engine->name, outside ? "syncd" : "engine", job,
                          base_seam_now_us(engine->seam), about, base_json_get(kept, "known"));
    cJSON_Delete(kept);
    snprintf(agent, sizeof agent, "aampe-console/%s", engine->version);
    struct watch_target target = target_of(run, agent);
    struct watch_doctor_listener mine = {on_begin, on_layer, on_done, run};
    run->doctor = watch_doctor_new(&target, asked, &mine);
    return run;
}

void doctor_run_free(struct doctor_run **run_ptr)
{
    struct doctor_run *run = *run_ptr;
    if (run == NULL)
        return;
    watch_doctor_free(&run->doctor);
    doctor_record_free(&run->record);
    config_profile_free(&run->profile);
    for (size_t i = 0; i < run->self.table_count; i++) {
        model_name_free(&run->tables[i].name);
        free(run->tables[i].table_path);
        free(run->tables[i].damage);
        free(run->tables[i].elsewhere);
    }
    free(run->tables);
    free(run->good_runs);
    for (size_t i = 0; i < HOSTS_MAX; i++)
        free(run->hosts[i]);
    free(run->link_text);
    free(run->helper_text);
    free(run->key_file);
    free(run->observer_id);
    base_secret_free(&run->observer_secret);
    base_free(run_ptr);
}

int64_t doctor_run_job(const struct doctor_run *run)
{
    return run->job;
}

const struct doctor_record *doctor_run_record(const struct doctor_run *run)
{
    return run->record;
}

bool doctor_run_disk_full(const struct doctor_run *run)
{
    return run->disk_full;
}

cJSON *doctor_run_keep(const struct doctor_run *run)
{
    cJSON *json = base_json_object();
    base_json_add_take(json, "known", cJSON_Duplicate(doctor_record_known(run->record), true));
    cJSON *hosts = base_json_add_array(json, "hosts");
    for (size_t i = 0; i < run->self.result_host_count; i++)
        base_json_push_take(hosts, cJSON_CreateString(run->hosts[i]));
    base_json_add_take(json, "report", cJSON_Duplicate(doctor_record_json(run->record), true));
    return json;
}
