#include "ui/view/secret.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/seam.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_US (INT64_C(3600) * 1000000)
#define DAY_US (24 * HOUR_US)
#define ROWS_MAX 64
#define LABEL 11

static int64_t time_of(const cJSON *json, const char *key)
{
    const char *text = base_json_str(json, key);
    int64_t us = 0;
    return text && base_time_parse(text, &us) == 0 ? us : 0;
}

static bool has_state(const cJSON *secret, const char *state)
{
    return strcmp(base_json_str_or(secret, "state", ""), state) == 0;
}

const char *view_secret_left(const cJSON *secret, int64_t now_us, char out[16])
{
    int64_t expires = time_of(secret, "expires"), left = expires - now_us;
    if (expires == 0)
        snprintf(out, 16, "%s",
                 has_state(secret, "endless") || base_json_bool_or(secret, "endless", false)
                     ? "never ends"
                     : "not known");
    else if (left <= 0)
        snprintf(out, 16, "EXPIRED");
    else if (left < DAY_US)
        snprintf(out, 16, "%lld h", (long long)(left / HOUR_US));
    else
        snprintf(out, 16, "%lld d", (long long)(left / DAY_US));
    return out;
}

static bool ours(const cJSON *secret)
{
    return strncmp(base_json_str_or(secret, "held", ""), "engine", 6) == 0;
}

const char *view_secret_holder(const cJSON *secret)
{
    const char *held = base_json_str_or(secret, "held", "");
    if (strcmp(held, "engine") == 0)
        return "this engine";
    if (strcmp(held, "engine_by_date") == 0)
        return "this engine?";
    return strcmp(held, "other") == 0 ? "somebody else" : "not known";
}

/* "2026-12-02 08:00Z" */
static const char *minute(const cJSON *secret, const char *key, char out[32])
{
    int64_t us = time_of(secret, key);
    if (us == 0)
        return snprintf(out, 32, "-"), out;
    base_time_format(us - us % (60 * INT64_C(1000000)), out);
    out[10] = ' ';
    memcpy(out + 16, "Z", 2);
    return out;
}

static int by_end(const void *a, const void *b)
{
    const cJSON *const *left = a, *const *right = b;
    int64_t x = time_of(*left, "expires"), y = time_of(*right, "expires");
    if (x == y)
        return strcmp(base_json_str_or(*left, "slot", ""), base_json_str_or(*right, "slot", ""));
    if (x == 0 || y == 0) /* what never ends comes last */
        return x == 0 ? 1 : -1;
    return x < y ? -1 : 1;
}

size_t view_secrets_rows(const cJSON *data, const cJSON *rows[], size_t max)
{
    size_t count = 0;
    const cJSON *each;
    cJSON_ArrayForEach(each, base_json_array(data, "workspace"))
    {
        if (count < max)
            rows[count++] = each;
    }
    qsort(rows, count, sizeof rows[0], by_end);
    return count;
}

char *view_secrets_slots(const cJSON *data)
{
    int used = cJSON_GetArraySize(base_json_array(data, "workspace"));
    if (data == NULL)
        return base_strdup("not loaded yet");
    if (base_json_str(data, "read") == NULL)
        return base_strdup("slots not known");
    return base_printf("%d of %lld slots used", used,
                       (long long)base_json_i64_or(data, "slots_max", 5));
}

static const char *state_words(const cJSON *secret, const cJSON *data)
{
    if (has_state(secret, "expired"))
        return "refused";
    if (ours(secret))
        return strcmp(base_json_str_or(data, "vault", ""), "plain") == 0 ? "in use, NOT sealed"
                                                                         : "in use, sealed";
    return has_state(secret, "expiring") ? "ends soon" : "valid";
}

static enum view_style row_style(const cJSON *secret)
{
    if (has_state(secret, "expired"))
        return STYLE_BAD;
    return has_state(secret, "expiring") ? STYLE_WARN : STYLE_PLAIN;
}

static void ids_add(struct view_page *page, const cJSON *data)
{
    const cJSON *principal = base_json_get(data, "principal");
    const char *application = base_json_str(principal, "application_id");
    if (application == NULL) {
        view_page_fact(page, LABEL, "principal", STYLE_WARN, "not set (9 Setup, principal)");
        return;
    }
    view_page_fact(page, LABEL, "principal", STYLE_PLAIN, "id %s",
                   base_json_str_or(principal, "id", "not known yet"));
    view_page_fact(page, LABEL, "", STYLE_PLAIN, "application id %s", application);
}

static void head_add(struct view_page *page)
{
    bool wide = page->width >= 76;
    view_page_line(page, STYLE_HEAD, "    ");
    view_page_cell(page, STYLE_HEAD, 5, "SLOT");
    view_page_cell(page, STYLE_HEAD, 15, "HELD BY");
    view_page_cell(page, STYLE_HEAD, 11, "LEFT");
    view_page_cell(page, STYLE_HEAD, 18, "ENDS");
    if (wide)
        view_page_cell(page, STYLE_HEAD, 11, "MADE");
    if (page->width >= 78)
        view_page_add(page, STYLE_HEAD, "STATE");
}

static void row_add(struct view_page *page, const cJSON *secret, const cJSON *data, int64_t now_us,
                    int target)
{
    enum view_style style = row_style(secret);
    bool wide = page->width >= 76;
    char left[16], ends[32], made[32];
    minute(secret, "created", made);
    made[10] = '\0';
    view_page_line(page, style, style == STYLE_PLAIN ? "    " : " !  ");
    view_page_cell(page, STYLE_PLAIN, 5, base_json_str_or(secret, "slot", "-"));
    view_page_cell(page, STYLE_PLAIN, 15, view_secret_holder(secret));
    view_page_cell(page, style, 11, view_secret_left(secret, now_us, left));
    view_page_cell(page, STYLE_PLAIN, 18, minute(secret, "expires", ends));
    if (wide)
        view_page_cell(page, STYLE_PLAIN, 11, made);
    if (page->width >= 78)
        view_page_add(page, style, "%s", state_words(secret, data));
    view_page_target(page, target);
}

/* --- what ends when --- */

static const cJSON *our_row(const cJSON *const rows[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ours(rows[i]))
            return rows[i];
    return NULL;
}

static void forecast_ours(struct view_page *page, const char *label, const cJSON *secret,
                          int64_t now_us)
{
    char left[16], ends[32];
    const char *slot = base_json_str_or(secret, "slot", "-");
    if (time_of(secret, "expires") == 0)
        view_page_fact(page, LABEL, label, STYLE_PLAIN,
                       "%s, held by this engine, never ends: it was made before secrets had an "
                       "end.",
                       slot);
    else if (has_state(secret, "expired"))
        view_page_fact(page, LABEL, label, STYLE_BAD,
                       "%s ended %s: this engine gets no token any more, and nothing syncs. Enter "
                       "a new one: aampe-console secrets set principal",
                       slot, minute(secret, "expires", ends));
    else
        view_page_fact(page, LABEL, label, STYLE_PLAIN,
                       "%s ends %s, in %s; this engine's syncs stop then.", slot,
                       minute(secret, "expires", ends), view_secret_left(secret, now_us, left));
}

static void forecast_other(struct view_page *page, const char *label, const cJSON *secret,
                           const cJSON *mine, int64_t now_us)
{
    char left[16], ends[32];
    const char *slot = base_json_str_or(secret, "slot", "-");
    bool known = strcmp(base_json_str_or(secret, "held", ""), "other") == 0;
    if (has_state(secret, "expired"))
        view_page_fact(page, LABEL, label, STYLE_BAD,
                       "%s ended %s; whoever holds it cannot read any more.", slot,
                       minute(secret, "expires", ends));
    else
        view_page_fact(page, LABEL, label, STYLE_PLAIN,
                       "%s ends %s, in %s; whoever holds it stops reading then.", slot,
                       minute(secret, "expires", ends), view_secret_left(secret, now_us, left));
    if (!known)
        view_page_fact(page, LABEL, "", STYLE_PLAIN,
                       "Whether it is this engine's is not known: enter ours again to find out.");
    else if (mine)
        view_page_fact(page, LABEL, "", STYLE_PLAIN,
                       "This engine is not affected: it holds its own secret, %s.",
                       base_json_str_or(mine, "slot", "-"));
}

static void forecast_add(struct view_page *page, const cJSON *const rows[], size_t count,
                         int64_t now_us)
{
    const cJSON *mine = our_row(rows, count);
    const char *label = "forecast";
    if (count == 0)
        return;
    view_page_blank(page);
    if (!ours(rows[0]) && time_of(rows[0], "expires")) {
        forecast_other(page, label, rows[0], mine, now_us);
        label = "";
    }
    if (mine)
        forecast_ours(page, label, mine, now_us);
    else if (label[0])
        view_page_fact(page, LABEL, label, STYLE_PLAIN, "No secret of this principal ends.");
    if (mine && strcmp(base_json_str_or(mine, "held", ""), "engine_by_date") == 0)
        view_page_fact(page, LABEL, "", STYLE_FAINT, "That %s is ours follows from its date alone.",
                       base_json_str_or(mine, "slot", "-"));
}

/* Why there is no list, and what changes that. */
static void unread_add(struct view_page *page, const cJSON *data)
{
    const cJSON *error = base_json_get(data, "not_readable");
    bool observer = base_json_bool_or(data, "observer", false);
    if (error) {
        bool denied = strcmp(base_json_str_or(error, "code", ""), "SRC_PERM_DENIED") == 0;
        view_page_fact(page, LABEL, "workspace", STYLE_WARN, "%s: %s",
                       base_json_str(data, "read") ? "not read again" : "not readable",
                       base_json_str_or(error, "message", ""));
        view_page_fact(page, LABEL, "", STYLE_PLAIN, "%s",
                       !denied ? base_json_str_or(error, "hint", "")
                       : observer
                           ? "The observer needs the role Service Principal Manager on the "
                             "principal, or to be a workspace admin."
                           : "An observer with the role Service Principal Manager could read it: "
                             "aampe-console config set observer.client_id, then secrets set "
                             "observer");
    } else if (base_json_str(data, "read") == NULL) {
        view_page_fact(page, LABEL, "workspace", STYLE_FAINT,
                       "not read yet; r reads it (one or two calls, no warehouse)");
    } else if (cJSON_GetArraySize(base_json_array(data, "workspace")) == 0) {
        view_page_fact(page, LABEL, "workspace", STYLE_WARN,
                       "the principal has no secret in the workspace");
    }
}

static void vault_add(struct view_page *page, const cJSON *data, int64_t now_us)
{
    const cJSON *each;
    view_page_blank(page);
    view_page_rule(page, "HELD HERE");
    if (cJSON_GetArraySize(base_json_array(data, "secrets")) == 0)
        view_page_line(page, STYLE_FAINT, "    nothing; secrets set principal enters the first");
    cJSON_ArrayForEach(each, base_json_array(data, "secrets"))
    {
        char made[32], left[16], ends[32];
        view_page_line(page, STYLE_PLAIN, "    ");
        view_page_cell(page, STYLE_PLAIN, 11, base_json_str_or(each, "name", "-"));
        view_page_add(page, STYLE_PLAIN, "fingerprint %s  entered %s",
                      base_json_str_or(each, "fingerprint", "-"), minute(each, "created", made));
        if (page->width >= 76 && base_json_str(each, "expires"))
            view_page_add(page, STYLE_PLAIN, "  ends %.10s", minute(each, "expires", ends));
        else if (base_json_bool_or(each, "endless", false))
            view_page_add(page, STYLE_PLAIN, "  %s", view_secret_left(each, now_us, left));
    }
    view_page_fact(page, LABEL, "vault", STYLE_PLAIN, "%s",
                   strcmp(base_json_str_or(data, "vault", ""), "plain") == 0
                       ? "plain: NOT sealed, by an explicit yes"
                   : strcmp(base_json_str_or(data, "vault", ""), "credential") == 0
                       ? "systemd credential, opens at boot without a person"
                   : strcmp(base_json_str_or(data, "vault", ""), "helper") == 0
                       ? "sealed; a helper command gives the key"
                       : "sealed with a key file that lies apart from it");
}

struct view_page *view_secrets_page(const cJSON *data, int64_t now_us, int width)
{
    struct view_page *page = view_page_new(width);
    const cJSON *rows[ROWS_MAX];
    size_t count = view_secrets_rows(data, rows, ROWS_MAX);
    char read[32];
    ids_add(page, data);
    view_page_blank(page);
    if (count)
        head_add(page);
    for (size_t i = 0; i < count; i++)
        row_add(page, rows[i], data, now_us, (int)i + 1);
    unread_add(page, data);
    if (count)
        view_page_line(page, STYLE_FAINT, "    read as %s, %s",
                       base_json_str_or(data, "read_as", "-"), minute(data, "read", read));
    forecast_add(page, rows, count, now_us);
    vault_add(page, data, now_us);
    return page;
}

void view_secrets_list(struct view_out *out, const cJSON *data)
{
    struct view_page *page = view_secrets_page(data, time_of(data, "time"), 100);
    view_page_print(page, out);
    view_page_free(&page);
}

char *view_secret_why(const cJSON *secret, int64_t now_us)
{
    char left[16], made[32];
    const char *slot = base_json_str_or(secret, "slot", "-");
    minute(secret, "created", made);
    made[10] = '\0';
    if (has_state(secret, "expired"))
        return base_printf("%s is past its end: the workspace refuses it", slot);
    if (time_of(secret, "expires") == 0)
        return base_printf("%s, made %s, never ends; secrets made today end after 730 d at most",
                           slot, made);
    return base_printf("%s, made %s, held by %s: %s left", slot, made, view_secret_holder(secret),
                       view_secret_left(secret, now_us, left));
}

char *view_secret_check(const cJSON *result)
{
    const cJSON *error = base_json_get(result, "error");
    const char *name = base_json_str_or(result, "name", "");
    if (base_json_bool_or(result, "good", false))
        return base_printf("%s: the workspace gave a token for the secret (%lld ms)", name,
                           (long long)base_json_i64_or(result, "ms", 0));
    return base_printf("%s: NO token: %s", name, base_json_str_or(error, "message", "refused"));
}
