/* Small things worth remembering, kept in state.db by name as JSON. */
#include "engine/engine.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

cJSON *engine_fact_get(struct engine *engine, const char *key)
{
    struct err err = ERR_INIT;
    char *text = store_fact_get(engine->state, key, &err);
    cJSON *json = text ? base_json_parse(text, strlen(text), JSON_MAX_BYTES, NULL) : NULL;
    free(text);
    return json;
}

void engine_fact_put(struct engine *engine, const char *key, const cJSON *json)
{
    struct err err = ERR_INIT;
    char *text = base_json_print(json);
    if (store_fact_put(engine->state, key, text, &err) != 0)
        base_log_event(engine->log, LOG_WARN_, "fact.failed", "code", base_err_name(err.code),
                       NULL);
    free(text);
}
