/* What repairs a layer: by whom, and the lines to run. Only lines all facts of which are known and
 * are plain words: what a foreign server has said is never put into a command as it came. */
#include "ui/view/doctor_page.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/layer.h"
#include "ui/view/explain.h"
#include "ui/view/status.h"

#include <stdlib.h>
#include <string.h>

#define LINES_MAX 4

#define FIND_PRINCIPAL                                                                             \
    "databricks service-principals list --filter 'applicationId eq \"{client_id}\"'"
#define PATCH_HEAD                                                                                 \
    "'{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:PatchOp\"],\"Operations\":"
#define CONSOLE "aampe-console --profile {profile} "

static const char by_workspace_admin[] = "an admin of the workspace";
static const char by_host[] = "whoever runs this host";
static const char by_network[] = "whoever runs the network between this host and the workspace";
static const char by_profile[] = "whoever set up this profile";

static const struct fix {
    enum err_code code;
    const char *who, *lines[LINES_MAX];
} fixes[] = {
    {ERR_SRC_IP_BLOCKED,
     "an admin of the workspace, from an address that is let in",
     {"databricks ip-access-lists list",
      "databricks ip-access-lists create --json "
      "'{\"label\":\"aampe\",\"list_type\":\"ALLOW\",\"ip_addresses\":[\"{address}/32\"]}'"}},
    {ERR_SRC_PRIVATE_LINK_ONLY, by_network, {"getent hosts {host}"}},
    {ERR_SRC_AUTH_CLIENT_INVALID,
     by_profile,
     {CONSOLE "config get principal.client_id", CONSOLE "secrets set principal"}},
    {ERR_SRC_AUTH_SECRET_EXPIRED, by_profile, {CONSOLE "secrets set principal"}},
    {ERR_SRC_TOKEN_ENDPOINT_WRONG, by_profile, {CONSOLE "config get workspace.host"}},
    {ERR_SRC_HOST_WRONG, by_profile, {CONSOLE "config get workspace.host"}},
    {ERR_SRC_SP_NOT_IN_WORKSPACE,
     "an account admin, or an admin of this workspace",
     {"databricks service-principals create --json '{\"applicationId\":\"{client_id}\"}'"}},
    {ERR_SRC_SP_DISABLED,
     "an account admin, or an admin of this workspace",
     {FIND_PRINCIPAL, "databricks service-principals patch {principal_id} --json " PATCH_HEAD
                      "[{\"op\":\"replace\",\"path\":\"active\",\"value\":true}]}'"}},
    {ERR_SRC_ENTITLEMENT_SQL,
     by_workspace_admin,
     {FIND_PRINCIPAL,
      "databricks service-principals patch {principal_id} --json " PATCH_HEAD
      "[{\"op\":\"add\",\"path\":\"entitlements\",\"value\":[{\"value\":\"databricks-sql-access\"}]"
      "}]}'"}},
    {ERR_SRC_WH_NOT_FOUND,
     by_profile,
     {"databricks warehouses list", CONSOLE "config get warehouse.id", CONSOLE "setup"}},
    {ERR_SRC_WH_NO_CAN_USE,
     "whoever has CAN MANAGE on the warehouse",
     {"databricks warehouses update-permissions {warehouse_id} --json "
      "'{\"access_control_list\":[{\"service_principal_name\":\"{client_id}\","
      "\"permission_level\":\"CAN_USE\"}]}'"}},
    {ERR_SRC_WH_STOPPED,
     "whoever has CAN USE on the warehouse",
     {"databricks warehouses start {warehouse_id}"}},
    {ERR_SRC_WH_START_DENIED,
     "whoever has CAN USE on the warehouse",
     {"databricks warehouses start {warehouse_id}", CONSOLE "config set warehouse.start true"}},
    {ERR_SRC_WH_START_FAILED,
     "whoever has CAN MANAGE on the warehouse",
     {"databricks warehouses get {warehouse_id}"}},
    {ERR_SRC_PERM_CATALOG,
     "the owner of the catalog, or who has MANAGE on it",
     {CONSOLE "share plan --sql"}},
    {ERR_SRC_PERM_SCHEMA,
     "the owner of the schema, or who has MANAGE on it",
     {CONSOLE "share plan --sql"}},
    {ERR_SRC_PERM_TABLE,
     "the owner of the table, or who has MANAGE on it",
     {CONSOLE "share plan --sql"}},
    {ERR_SRC_CATALOG_UNBOUND,
     "the owner of the catalog, or a metastore admin",
     {"databricks workspace-bindings update-bindings catalog {catalog} --json "
      "'{\"add\":[{\"workspace_id\":{workspace_id},\"binding_type\":\"BINDING_TYPE_READ_WRITE\"}]"
      "}'"}},
    {ERR_SRC_LINK_FORBIDDEN,
     "whoever runs the workspace's storage account",
     {"curl -sSI https://{storage_host}/"}},
    {ERR_SRC_LINK_HOST_UNREACHABLE, by_network, {"curl -sSI https://{storage_host}/"}},
    {ERR_NET_DNS, by_host, {"getent hosts {host}", "cat /etc/resolv.conf"}},
    {ERR_NET_CONNECT, by_network, {"curl -sSI https://{host}/"}},
    {ERR_TLS_UNKNOWN_CA,
     by_profile,
     {"openssl s_client -connect {host}:443 -showcerts", CONSOLE "config get workspace.ca_file"}},
    {ERR_TLS_HOST_MISMATCH, by_network, {"openssl s_client -connect {host}:443 -showcerts"}},
    {ERR_TLS_EXPIRED, by_host, {"timedatectl status"}},
    {ERR_PROXY_AUTH, by_profile, {CONSOLE "secrets set proxy"}},
    {ERR_PROXY_REFUSED, "whoever runs the proxy", {CONSOLE "config get workspace.proxy"}},
    {ERR_PROXY_HTML, "whoever runs the proxy", {CONSOLE "config get workspace.proxy"}},
    {ERR_HOST_DISK_FULL, by_host, {"df -h {path}", "du -xh {path} | sort -h | tail"}},
    {ERR_HOST_INODES_FULL, by_host, {"df -i {path}"}},
    {ERR_HOST_READONLY, by_host, {"findmnt -T {path}", "dmesg | tail -50"}},
    {ERR_HOST_IO_ERROR, by_host, {"dmesg | tail -50"}},
    {ERR_HOST_PERMISSION, by_host, {"namei -l {path}"}},
    {ERR_HOST_CLOCK, "root on this host", {"timedatectl set-ntp true", "timedatectl status"}},
    {ERR_HOST_SECRET_UNREADABLE,
     by_profile,
     {CONSOLE "engine reload", CONSOLE "secrets set principal"}},
    {ERR_HOST_SECRET_EXPOSED,
     by_host,
     {"chmod 600 {path}", CONSOLE "engine reload", CONSOLE "secrets set principal"}},
    {ERR_HOST_STATE_CORRUPT, by_host, {CONSOLE "engine stop", "ls -lt {folder}"}},
    {ERR_HOST_STATE_LOCKED, by_host, {CONSOLE "engine status", CONSOLE "engine stop"}},
    {ERR_DST_FILE_CORRUPT, by_host, {CONSOLE "sync verify", "dmesg | tail -50"}},
    {ERR_DEST_NOT_EMPTY, by_profile, {"ls -la {path}", CONSOLE "config get destination.url"}},
};

static const struct fix *fix_of(enum err_code code)
{
    for (size_t i = 0; i < base_countof(fixes); i++)
        if (fixes[i].code == code)
            return &fixes[i];
    return NULL;
}

static const char *who_of(enum err_code code)
{
    static const char *const by_class[] = {
        [ERR_CLASS_NONE] = "nobody",
        [ERR_CLASS_CFG] = by_profile,
        [ERR_CLASS_PERM] = by_workspace_admin,
        [ERR_CLASS_TRANS] = "nobody yet: it is tried again by itself",
        [ERR_CLASS_DATA] = by_profile,
        [ERR_CLASS_HOST] = by_host,
        [ERR_CLASS_CONF] = "whoever else writes there",
        [ERR_CLASS_SEC] = by_profile,
        [ERR_CLASS_INT] = "the makers of this program",
    };
    const struct fix *fix = fix_of(code);
    return fix ? fix->who : by_class[base_err_class(code)];
}

static enum err_code code_of(const struct view_doctor_layer *layer)
{
    return view_explain_code(base_json_str(layer->error, "code"));
}

/* Words a shell takes as they are. */
static bool is_plain(const char *text)
{
    static const char safe[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/@-";
    size_t len = strlen(text);
    return len > 0 && len < 256 && text[0] != '-' && strspn(text, safe) == len;
}

/* Where a fact of a line stands: in the evidence of which layer, under what name. */
#define OWN NULL
#define OWN_ERROR ""
static const struct place {
    const char *fact, *layer, *key;
} places[] = {
    {"address", OWN, "address"},
    {"host", "dns", "host"},
    {"storage_host", OWN_ERROR, "host"},
    {"client_id", "token", "application_id"},
    {"client_id", "assignment", "application_id"},
    {"principal_id", "assignment", "id"},
    {"principal_id", "entitlement", "id"},
    {"warehouse_id", "warehouse", "id"},
    {"workspace_id", "ip_list", "workspace_id"},
    {"workspace_id", "assignment", "workspace_id"},
    {"folder", "state", "folder"},
    {"path", OWN, "folder"},
    {"catalog", OWN, "first_unreadable"}, /* its first part */
};

/* A fact as text, malloc'd; NULL: not known or no plain word. */
static char *fact_in(const cJSON *facts, const char *name)
{
    const cJSON *value = base_json_get(facts, name);
    char *text = cJSON_IsString(value)   ? base_strdup(value->valuestring)
                 : cJSON_IsNumber(value) ? base_json_print(value)
                                         : NULL;
    if (text && !is_plain(text))
        base_free(&text);
    return text;
}

/* The folder on the volume with the least space left. */
static char *path_in(const cJSON *mounts)
{
    const cJSON *mount, *least = NULL;
    cJSON_ArrayForEach(mount, mounts)
    {
        if (least == NULL || base_json_i64_or(mount, "bytes_free", INT64_MAX) <
                                 base_json_i64_or(least, "bytes_free", INT64_MAX))
            least = mount;
    }
    return fact_in(least, "path");
}

static char *fact_of(const struct view_doctor *doctor, const struct view_doctor_layer *layer,
                     const char *name)
{
    char *text = NULL;
    if (strcmp(name, "profile") == 0)
        return is_plain(doctor->profile) ? base_strdup(doctor->profile) : NULL;
    if (strcmp(name, "path") == 0)
        text = path_in(base_json_array(layer->evidence, "mounts"));
    for (size_t i = 0; i < base_countof(places) && text == NULL; i++) {
        const struct place *place = &places[i];
        const struct view_doctor_layer *other = layer;
        if (strcmp(place->fact, name) != 0)
            continue;
        if (place->layer && place->layer[0])
            other = view_doctor_find(doctor, place->layer);
        if (other)
            text =
                fact_in(place->layer && !place->layer[0] ? base_json_get(other->error, "evidence")
                                                         : other->evidence,
                        place->key);
    }
    if (text && strcmp(name, "catalog") == 0)
        text[strcspn(text, ".")] = '\0';
    return text;
}

/* The line with its facts; NULL when one is missing. malloc'd. */
static char *line_fill(const struct view_doctor *doctor, const struct view_doctor_layer *layer,
                       const char *form)
{
    struct buf out;
    base_buf_init(&out, 4096);
    for (const char *at = form; *at;) {
        size_t len = *at == '{' ? strspn(at + 1, "abcdefghijklmnopqrstuvwxyz_") : 0;
        if (len == 0 || at[len + 1] != '}') {
            (void)base_buf_byte(&out, (uint8_t)*at++);
            continue;
        }
        char *name = base_strndup(at + 1, len), *value = fact_of(doctor, layer, name);
        free(name);
        if (value == NULL) {
            base_buf_free(&out);
            return NULL;
        }
        (void)base_buf_text(&out, value);
        free(value);
        at += len + 2;
    }
    return base_buf_take(&out, NULL);
}

struct lines {
    char *items[LINES_MAX + 1];
    size_t count;
};

static void lines_make(struct lines *lines, const struct view_doctor *doctor,
                       const struct view_doctor_layer *layer, bool unit)
{
    const struct fix *fix = fix_of(code_of(layer));
    const char *hint = base_json_str_or(layer->error, "hint", "");
    *lines = (struct lines){.count = 0};
    if (code_of(layer) == ERR_ENGINE_UNREACHABLE && is_plain(doctor->profile)) {
        lines->items[lines->count++] = view_status_commands(doctor->profile, unit);
        return;
    }
    if (strncmp(hint, "GRANT ", 6) == 0)
        lines->items[lines->count++] = base_strdup(hint);
    for (size_t i = 0; fix && i < LINES_MAX && fix->lines[i]; i++) {
        char *line = line_fill(doctor, layer, fix->lines[i]);
        if (line)
            lines->items[lines->count++] = line;
    }
}

static void lines_free(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        free(lines->items[i]);
}

bool view_doctor_fixable(const struct view_doctor_layer *layer)
{
    return layer && layer->error &&
           (layer->state == VIEW_DOCTOR_FAIL || layer->state == VIEW_DOCTOR_WARN);
}

void view_doctor_fix_page(struct view_page *page, const struct view_doctor *doctor,
                          const struct view_doctor_layer *layer, bool unit)
{
    enum err_code code = code_of(layer);
    const char *message = base_json_str_or(layer->error, "message", layer->text);
    const char *who = view_doctor_fix_who(layer);
    struct lines lines;
    lines_make(&lines, doctor, layer, unit);
    view_page_rule(page, "FIX  %s", layer->title);
    view_page_fact(page, 6, "broken", STYLE_BAD, "%s", message);
    view_page_fact(
        page, 6, "do", STYLE_PLAIN, "%s",
        base_json_str_or(layer->error, "hint", code == ERR_COUNT ? "" : base_err_fix(code)));
    if (who)
        view_page_fact(page, 6, "who", STYLE_PLAIN, "%s", who);
    if (lines.count > 0)
        view_page_rule(page, "TO COPY");
    for (size_t i = 0; i < lines.count; i++)
        for (char *save = NULL, *line = strtok_r(lines.items[i], "\n", &save); line;
             line = strtok_r(NULL, "\n", &save))
            view_page_fact(page, 1, strncmp(line, "GRANT ", 6) == 0 ? "" : "$", STYLE_PLAIN, "%s",
                           line);
    view_page_rule(page, "THEN");
    view_page_wrap(page, 2, STYLE_PLAIN,
                   "c runs the doctor again. Nothing has been changed by this page.");
    lines_free(&lines);
}

const char *view_doctor_fix_who(const struct view_doctor_layer *layer)
{
    enum err_code code = code_of(layer);
    return code == ERR_COUNT ? NULL : who_of(code);
}

char *view_doctor_fix_lines(const struct view_doctor *doctor, const struct view_doctor_layer *layer,
                            bool unit, bool lines_only)
{
    struct lines lines;
    struct buf text;
    lines_make(&lines, doctor, layer, unit);
    base_buf_init(&text, 1 << 16);
    for (size_t i = 0; i < lines.count; i++) {
        size_t len = strlen(lines.items[i]);
        bool ended = len > 0 && lines.items[i][len - 1] == '\n';
        (void)base_buf_printf(&text, "%s%s", lines.items[i], ended ? "" : "\n");
    }
    bool none = lines.count == 0;
    if (none && !lines_only)
        (void)base_buf_printf(&text, "%s\n", base_json_str_or(layer->error, "hint", layer->text));
    lines_free(&lines);
    if (none && lines_only) {
        base_buf_free(&text);
        return NULL;
    }
    return base_buf_take(&text, NULL);
}
