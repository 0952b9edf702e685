/* doctor.run, doctor.show: one examination at a time; whoever asks meanwhile joins it. */
#include "engine/doctor.h"

#include "base/alloc.h"
#include "base/json.h"

#include <stdlib.h>

struct engine_doctor {
    struct doctor_run *run; /* under way; NULL: none */
    cJSON *kept;            /* of the last one; NULL: see the facts */
};

static cJSON *event_new(const struct engine *engine)
{
    cJSON *event = base_json_object();
    base_json_add_i64(event, "job", doctor_run_job(engine->doctor->run));
    return event;
}

static void on_layer(void *user, const char *chain, const cJSON *layer)
{
    struct engine *engine = user;
    cJSON *event = event_new(engine);
    base_json_add_str(event, "chain", chain);
    base_json_add_take(event, "layer", cJSON_Duplicate(layer, true));
    engine_event(engine, "doctor.layer", event);
}

/* What was seen is kept for the next engine too; but not at the cost of the reserve of a full disk:
 * an examination changes nothing. */
static void keep(struct engine *engine)
{
    struct engine_doctor *doctor = engine->doctor;
    cJSON_Delete(doctor->kept);
    doctor->kept = doctor_run_keep(doctor->run);
    if (!doctor_run_disk_full(doctor->run))
        engine_fact_put(engine, ENGINE_FACT_DOCTOR, doctor->kept);
}

static void on_done(void *user)
{
    struct engine *engine = user;
    cJSON *event = event_new(engine);
    base_json_add_bool(event, "done", true);
    keep(engine);
    doctor_run_free(&engine->doctor->run);
    engine_event(engine, "doctor.layer", event);
    engine_snapshot_soon(engine);
}

cJSON *engine_doctor_kept(struct engine *engine)
{
    if (engine->doctor && engine->doctor->kept)
        return cJSON_Duplicate(engine->doctor->kept, true);
    return engine->state ? engine_fact_get(engine, ENGINE_FACT_DOCTOR) : NULL;
}

void engine_doctor_free(struct engine *engine)
{
    if (engine->doctor == NULL)
        return;
    doctor_run_free(&engine->doctor->run);
    cJSON_Delete(engine->doctor->kept);
    base_free(&engine->doctor);
}

void engine_verb_doctor_run(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct doctor_listener listener = {on_layer, on_done, engine};
    struct err err = ERR_INIT;
    if (engine->doctor == NULL)
        engine->doctor = base_alloc_zero(1, sizeof *engine->doctor);
    struct engine_doctor *doctor = engine->doctor;
    if (doctor->run == NULL) {
        doctor->run = doctor_run_new(engine, NULL, NULL, false, base_json_str(params, "only"),
                                     engine->last_job + 1, &listener, &err);
        engine->last_job += doctor->run != NULL;
    }
    if (doctor->run == NULL) {
        engine_fail(engine, call, &err);
        return;
    }
    cJSON *json = base_json_object();
    base_json_add_i64(json, "job", doctor_run_job(doctor->run));
    engine_reply(engine, call, json);
}

/* Of the examination under way, or the last one, also of an engine before this; else the list of
 * what there is to look at. */
void engine_verb_doctor_show(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    (void)params;
    if (engine->doctor && engine->doctor->run) {
        const struct doctor_record *record = doctor_run_record(engine->doctor->run);
        engine_reply(engine, call, cJSON_Duplicate(doctor_record_json(record), true));
        return;
    }
    cJSON *kept = engine_doctor_kept(engine);
    cJSON *report = kept ? cJSON_DetachItemFromObjectCaseSensitive(kept, "report") : NULL;
    cJSON_Delete(kept);
    if (!cJSON_IsObject(report)) {
        struct doctor_record *record = doctor_record_new(engine->name, "engine", 0, 0, NULL, NULL);
        cJSON_Delete(report);
        report = cJSON_Duplicate(doctor_record_json(record), true);
        doctor_record_free(&record);
    }
    engine_reply(engine, call, report);
}
