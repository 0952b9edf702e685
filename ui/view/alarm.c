#include "ui/view/alarm.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>

#define SECRET_DAYS 30

static int64_t count_of(const cJSON *status, const char *kind)
{
    const cJSON *item;
    int64_t count = 0;
    cJSON_ArrayForEach(item, base_json_array(status, "attention"))
    {
        if (strcmp(base_json_str_or(item, "kind", ""), kind) == 0)
            count += base_json_i64_or(item, "count", 1);
    }
    return count;
}

void view_alarm_of(const cJSON *item, struct view_alarm *alarm)
{
    const char *kind = base_json_str_or(item, "kind", "");
    *alarm = (struct view_alarm){.screen = 1, .style = STYLE_WARN};
    alarm->run = base_json_i64_or(item, "run", 0);
    if (alarm->run > 0)
        alarm->screen = 5;
    else if (strcmp(kind, "expires") == 0)
        alarm->screen = 6, alarm->secret = base_json_str(item, "secret");
    else if (strcmp(kind, "audit") == 0)
        alarm->screen = 7;
    else if (strcmp(kind, "doctor") == 0)
        alarm->screen = 8;
    else if (strcmp(kind, "blocked") == 0)
        alarm->screen = 9;
    else if (base_json_str(item, "table"))
        alarm->screen = 2, alarm->table = base_json_str(item, "table");
}

/* Text of the slot for the worst item; "" for what is not worth an alarm. */
static void text_of(const cJSON *status, const cJSON *item, struct view_alarm *alarm)
{
    const char *kind = base_json_str_or(item, "kind", "");
    long long count = (long long)count_of(status, kind);
    size_t size = sizeof alarm->text;
    if (strcmp(kind, "failed") == 0) {
        alarm->style = STYLE_BAD;
        snprintf(alarm->text, size, "! %lld failed", count);
    } else if (strcmp(kind, "damaged") == 0) {
        alarm->style = STYLE_BAD;
        snprintf(alarm->text, size, "! %lld damaged", count);
    } else if (strcmp(kind, "blocked") == 0) {
        snprintf(alarm->text, size, "! not ready");
    } else if (strcmp(kind, "doctor") == 0) {
        snprintf(alarm->text, size, "! doctor");
    } else if (strcmp(kind, "stalled") == 0) {
        snprintf(alarm->text, size, "! %lld stalled", count);
    } else if (strcmp(kind, "audit") == 0) {
        snprintf(alarm->text, size, "! %lld unexpected", count);
    } else if (strcmp(kind, "expires") == 0) {
        int64_t days = base_json_i64_or(item, "days", SECRET_DAYS + 1);
        if (days < 0)
            alarm->style = STYLE_BAD, snprintf(alarm->text, size, "! secret EXPIRED");
        else if (days <= SECRET_DAYS)
            snprintf(alarm->text, size, "! secret %lld d", (long long)days);
    } else if (strcmp(kind, "changed") == 0) {
        snprintf(alarm->text, size, "! %lld changed", count);
    }
}

void view_alarm(const cJSON *status, bool engine, struct view_alarm *alarm)
{
    const cJSON *item;
    *alarm = (struct view_alarm){0};
    if (!engine) {
        alarm->style = STYLE_BAD;
        alarm->screen = 1;
        snprintf(alarm->text, sizeof alarm->text, "no engine");
        return;
    }
    cJSON_ArrayForEach(item, base_json_array(status, "attention"))
    {
        view_alarm_of(item, alarm);
        text_of(status, item, alarm);
        if (alarm->text[0])
            return;
    }
    *alarm = (struct view_alarm){0};
}

cJSON *view_alarm_args(const struct view_alarm *alarm)
{
    if (alarm->run <= 0 && alarm->table == NULL && alarm->secret == NULL)
        return NULL;
    cJSON *args = base_json_object();
    if (alarm->run > 0)
        base_json_add_i64(args, "run", alarm->run);
    if (alarm->table)
        base_json_add_str(args, "table", alarm->table);
    if (alarm->secret)
        base_json_add_str(args, "secret", alarm->secret);
    return args;
}
