/* The profile file and .databrickscfg. */
#include "base/alloc.h"
#include "base/file.h"
#include "config/databrickscfg.h"
#include "config/profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *temp_folder(void)
{
    char *path = base_strdup("/tmp/aampe-config-XXXXXX");

    assert_non_null(mkdtemp(path));
    return path;
}

static void drop_folder(char *path)
{
    struct err err = ERR_INIT;

    assert_int_equal(base_file_remove_tree(path, &err), 0);
    free(path);
}

static void set(struct config_profile *profile, const char *key, const char *value)
{
    struct err err = ERR_INIT;

    if (config_set(profile, config_setting_by_key(key), value, &err))
        fail_msg("%s: %s", key, err.message);
}

static void test_profile_round(void **state)
{
    struct config_profile *profile = config_profile_new(), *again;
    struct err err = ERR_INIT;
    char *text, *second;

    (void)state;
    assert_int_equal(config_profile_check(profile, &err), -1);
    assert_int_equal(err.code, ERR_CONFIG_MISSING);
    assert_non_null(strstr(err.message, "workspace.host"));
    set(profile, "workspace.host", "dbc-a1.cloud.databricks.com/?o=1");
    set(profile, "principal.client_id", "6F6C5A1E-0F65-4CF6-9A55-0C6E1F1D1F00");
    set(profile, "warehouse.id", "dd43ee29fedd958d");
    set(profile, "destination.url", "/srv/aampe/");
    set(profile, "memory_limit", "200 MiB");
    set(profile, "link_compression", "off");
    base_err_clear(&err);
    assert_int_equal(config_profile_check(profile, &err), 0);
    text = config_profile_print(profile);
    assert_non_null(strstr(text, "https://dbc-a1.cloud.databricks.com"));
    assert_non_null(strstr(text, "file:///srv/aampe"));
    again = config_profile_parse(text, strlen(text), &err);
    assert_non_null(again);
    second = config_profile_print(again);
    assert_string_equal(text, second);
    assert_int_equal(config_get_i64(again, CONFIG_MEMORY_LIMIT), 200 << 20);
    assert_false(config_get_bool(again, CONFIG_LINK_COMPRESSION));
    assert_int_equal(config_get_i64(again, CONFIG_PARALLEL_TABLES), 2);
    assert_string_equal(config_get(again, CONFIG_CODEC), "snappy");
    assert_false(config_is_set(again, CONFIG_CODEC));
    assert_string_equal(config_get(again, CONFIG_PRINCIPAL_CLIENT_ID),
                        "6f6c5a1e-0f65-4cf6-9a55-0c6e1f1d1f00");
    free(text);
    free(second);
    config_profile_free(&profile);
    config_profile_free(&again);
}

struct refused {
    const char *json, *names;
};

static const struct refused refused[] = {
    {"[]", "object"},
    {"{", ""},
    {"{\"nonsense\": 1}", "nonsense"},
    {"{\"workspace\": {\"hots\": \"x\"}}", "workspace.hots"},
    {"{\"workers\": \"many\"}", "workers"},
    {"{\"workers\": 1000}", "workers"},
    {"{\"workers\": 1.5}", "workers"},
    {"{\"codec\": \"gzip\"}", "codec"},
    {"{\"link_compression\": \"perhaps\"}", "link_compression"},
    {"{\"memory_limit\": \"1 KiB\"}", "memory_limit"},
    {"{\"destination\": {\"url\": \"s3://bucket/x\"}}", "destination.url"},
    {"{\"destination\": {\"url\": \"file:///a/../b\"}}", "destination.url"},
    {"{\"destination\": {\"url\": \"relative\"}}", "destination.url"},
    {"{\"workspace\": {\"host\": \"https://accounts.cloud.databricks.com\"}}", "workspace.host"},
    {"{\"workspace\": {\"proxy\": \"http://u:p@proxy:1\"}}", "workspace.proxy"},
    {"{\"workspace\": {\"ca_file\": \"ca.pem\"}}", "workspace.ca_file"},
    {"{\"principal\": {\"client_id\": \"not-a-uuid\"}}", "principal.client_id"},
    {"{\"principal\": {\"client_secret\": \"dose1\"}}", "principal.client_secret"},
    {"{\"warehouse\": {\"id\": \"\"}}", "warehouse.id"},
    {"{\"warehouse\": {\"id\": null}}", "warehouse.id"},
    {"{\"warehouse\": {\"id\": \"a\", \"id\": \"b\"}}", ""},
    {"{\"managed_by\": \"me\"}", "managed_by"},
    {"{\"version\": 2}", "version"},
    {"{\"share\": {}}", "share"},
};

static void test_profile_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < base_countof(refused); i++) {
        struct err err = ERR_INIT;

        if (config_profile_parse(refused[i].json, strlen(refused[i].json), &err))
            fail_msg("taken: %s", refused[i].json);
        assert_int_not_equal(err.code, ERR_OK);
        if (!strstr(err.message, refused[i].names))
            fail_msg("%s: %s", refused[i].json, err.message);
    }
}

static void test_profile_save(void **state)
{
    static const char git[] = "{\"managed_by\": \"file\", \"share\": [{\"name\": \"a.b.c\"}]}";
    char *folder = temp_folder(), *path = base_file_join(folder, "P.json");
    struct config_profile *profile;
    char a[] = "a", b[] = "b", c[] = "c";
    struct model_name name = {a, b, c};
    struct err err = ERR_INIT;
    struct stat stat_;

    (void)state;
    assert_null(config_profile_load(path, &err));
    assert_int_equal(err.code, ERR_CONFIG_MISSING);
    base_err_clear(&err);
    assert_int_equal(base_file_write_atomic(path, git, strlen(git), 0600, &err), 0);
    profile = config_profile_load(path, &err);
    if (!profile)
        fail_msg("%s", err.message);
    assert_int_equal(config_profile_managed(profile), CONFIG_MANAGED_FILE);
    set(profile, "log_level", "debug");
    assert_int_equal(config_profile_save(profile, path, &err), 0);
    assert_int_equal(stat(path, &stat_), 0);
    assert_int_equal(stat_.st_mode & 0777, 0600);
    assert_true(model_share_remove(config_profile_share(profile), &name));
    assert_int_equal(config_profile_save(profile, path, &err), -1);
    assert_non_null(strstr(err.message, "managed by file"));
    base_err_clear(&err);
    config_profile_manage(profile, CONFIG_MANAGED_CONSOLE);
    assert_int_equal(config_profile_save(profile, path, &err), 0);
    config_profile_free(&profile);
    free(path);
    drop_folder(folder);
}

static const char ini_text[] = "; made by hand\r\n"
                               "host = https://default.example\r\n"
                               "\r\n"
                               "[DEFAULT]\r\n"
                               "token=dapi#123 # not part of it\r\n"
                               "[ Second ]\r\n"
                               "Host : https://second.example ; nor this\r\n"
                               "client_id = `a b`\r\n"
                               "client_id = \"last wins\"\r\n"
                               "empty =\r\n"
                               "[__settings__]\r\n"
                               "default_profile = Second\r\n";

static void test_ini_read(void **state)
{
    struct err err = ERR_INIT;
    struct config_ini *ini = config_ini_parse(ini_text, strlen(ini_text), &err);

    (void)state;
    assert_non_null(ini);
    assert_int_equal(config_ini_section_count(ini), 3);
    assert_string_equal(config_ini_get(ini, "DEFAULT", "host"), "https://default.example");
    assert_string_equal(config_ini_get(ini, "DEFAULT", "token"), "dapi#123");
    assert_string_equal(config_ini_get(ini, "Second", "Host"), "https://second.example");
    assert_null(config_ini_get(ini, "Second", "host"));
    assert_null(config_ini_get(ini, "Second", "token"));
    assert_string_equal(config_ini_get(ini, "Second", "client_id"), "last wins");
    assert_string_equal(config_ini_get(ini, "Second", "empty"), "");
    assert_string_equal(config_ini_get(ini, "__settings__", "default_profile"), "Second");
    config_ini_free(&ini);
    assert_null(config_ini_parse("[a]\nno delimiter\n", 17, &err));
    assert_non_null(strstr(err.message, "line 2"));
    base_err_clear(&err);
    assert_null(config_ini_parse("[a\n", 3, &err));
}

static void edit_is(const char *before, const char *section, const struct config_ini_value *values,
                    size_t count, const char *after)
{
    struct err err = ERR_INIT;
    struct buf out;

    base_buf_init(&out, 1 << 16);
    if (config_ini_edit(before, strlen(before), section, values, count, &out, &err))
        fail_msg("%s", err.message);
    assert_string_equal(out.len ? out.data : "", after);
    base_buf_free(&out);
}

#define VALUES(...)                                                                                \
    (const struct config_ini_value[])                                                              \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static void test_ini_edit(void **state)
{
    (void)state;
    edit_is("", "aampe", VALUES({"host", "https://x"}, {"token", "t"}), 2,
            "[aampe]\nhost = https://x\ntoken = t\n");
    edit_is("# mine\n[a]\nx=1\n", "b", VALUES({"y", "2"}), 1, "# mine\n[a]\nx=1\n\n[b]\ny = 2\n");
    edit_is("[a]\nx=1", "b", VALUES({"y", "2"}), 1, "[a]\nx=1\n\n[b]\ny = 2\n");
    /* Only the value moves: blanks, comments, other sections, line ends and order stay. */
    edit_is("[a]\r\n  x  =  1   # why\r\n\r\n[b]\r\nx=1\r\n", "a", VALUES({"x", "22"}), 1,
            "[a]\r\n  x  =  22   # why\r\n\r\n[b]\r\nx=1\r\n");
    edit_is("[a]\r\nx=1\r\n\r\n\r\n[b]\r\n", "a", VALUES({"y", "2"}), 1,
            "[a]\r\nx=1\r\ny = 2\r\n\r\n\r\n[b]\r\n");
    edit_is("[a]\nx=1\nx=2\ny=3\n", "a", VALUES({"x", NULL}), 1, "[a]\ny=3\n");
    edit_is("[a]\nx=1\nx=2\n", "a", VALUES({"x", "9"}), 1, "[a]\nx=1\nx=9\n");
    edit_is("[a]\nx=\n", "a", VALUES({"x", "9"}), 1, "[a]\nx= 9\n");
    edit_is("[a]\nx=\"old one\"\n", "a", VALUES({"x", "new"}), 1, "[a]\nx=new\n");
    edit_is("k=1\n[a]\nx=1\n", "DEFAULT", VALUES({"k", "2"}), 1, "k=2\n[a]\nx=1\n");
    edit_is("\xef\xbb\xbf[a]\nx=1\n", "a", VALUES({"x", "2"}), 1, "\xef\xbb\xbf[a]\nx=2\n");
    edit_is(ini_text, "Second", VALUES({"gone", NULL}), 1, ini_text);
}

static void test_ini_edit_refused(void **state)
{
    static const struct config_ini_value values[] = {{"x", "a\nb"},  {"x", " a"},  {"x", "a #b"},
                                                     {"x", "\"a\""}, {"x=y", "1"}, {"", "1"}};
    struct err err = ERR_INIT;
    struct buf out;

    (void)state;
    base_buf_init(&out, 1 << 16);
    for (size_t i = 0; i < base_countof(values); i++) {
        base_err_clear(&err);
        assert_int_equal(config_ini_edit("", 0, "a", &values[i], 1, &out, &err), -1);
        assert_int_equal(err.code, ERR_CONFIG_INVALID);
    }
    assert_int_equal(config_ini_edit("", 0, "__settings__", VALUES({"a", "b"}), 1, &out, &err), -1);
    assert_int_equal(config_ini_edit("", 0, "a]\n[b", VALUES({"a", "b"}), 1, &out, &err), -1);
    base_buf_free(&out);
}

static void test_ini_edit_file(void **state)
{
    char *folder = temp_folder(), *path = base_file_join(folder, "cfg");
    char *link = base_file_join(folder, "link");
    struct err err = ERR_INIT;
    struct stat stat_;

    (void)state;
    assert_int_equal(config_ini_edit_file(path, "a", VALUES({"x", "1"}), 1, &err), 0);
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(config_ini_edit_file(link, "a", VALUES({"x", "2"}), 1, &err), 0);
    assert_int_equal(lstat(link, &stat_), 0);
    assert_true(S_ISLNK(stat_.st_mode));
    assert_int_equal(stat(path, &stat_), 0);
    assert_int_equal(stat_.st_mode & 0777, 0600);
    assert_int_equal(stat_.st_size, strlen("[a]\nx = 2\n"));
    free(path);
    free(link);
    drop_folder(folder);
}

/* An environment of "NAME=value" lines. */
static const char *look_up(void *user, const char *name)
{
    const char *const *entries = user;

    for (; *entries; entries++)
        if (strncmp(*entries, name, strlen(name)) == 0 && (*entries)[strlen(name)] == '=')
            return *entries + strlen(name) + 1;
    return NULL;
}

struct operator_case {
    const char *profile; /* asked for explicitly */
    const char *env[8];
    enum err_code code;
    enum config_auth auth;
    const char *secret, *host, *section;
};

static const char operators[] = "[DEFAULT]\nhost = https://d.example\ntoken = dapi-default\n"
                                "[m2m]\nhost = https://m.example\nclient_id = id\n"
                                "client_secret = dose-m2m\n"
                                "[azure]\nhost = https://z.example\nazure_tenant_id = t\n"
                                "azure_client_id = c\nazure_client_secret = s-azure\n"
                                "[both]\nhost = https://b.example\ntoken = dapi-b\n"
                                "client_id = id\nclient_secret = dose-b\n"
                                "[typed]\nhost = https://b.example\ntoken = dapi-b\n"
                                "client_id = id\nclient_secret = dose-t\nauth_type = oauth-m2m\n"
                                "[cli]\nhost = https://c.example\nauth_type = databricks-cli\n"
                                "[hostonly]\nhost = https://h.example\n";

static const struct operator_case cases[] = {
    {NULL, {NULL}, ERR_OK, CONFIG_AUTH_PAT, "dapi-default", "https://d.example", "DEFAULT"},
    {"m2m", {NULL}, ERR_OK, CONFIG_AUTH_OAUTH_M2M, "dose-m2m", "https://m.example", "m2m"},
    {"azure", {NULL}, ERR_OK, CONFIG_AUTH_AZURE_SECRET, "s-azure", "https://z.example", "azure"},
    {"typed", {NULL}, ERR_OK, CONFIG_AUTH_OAUTH_M2M, "dose-t", "https://b.example", "typed"},
    {"both", {NULL}, ERR_CONFIG_INVALID, CONFIG_AUTH_NONE, NULL, NULL, NULL},
    {"cli", {NULL}, ERR_CONFIG_INVALID, CONFIG_AUTH_NONE, NULL, NULL, NULL},
    {"hostonly", {NULL}, ERR_OK, CONFIG_AUTH_NONE, NULL, "https://h.example", "hostonly"},
    {"absent", {NULL}, ERR_CONFIG_INVALID, CONFIG_AUTH_NONE, NULL, NULL, NULL},
    {"__settings__", {NULL}, ERR_CONFIG_INVALID, CONFIG_AUTH_NONE, NULL, NULL, NULL},
    {NULL,
     {"DATABRICKS_CONFIG_PROFILE=m2m"},
     ERR_OK,
     CONFIG_AUTH_OAUTH_M2M,
     "dose-m2m",
     "https://m.example",
     "m2m"},
    /* The environment says enough: the file is not read. */
    {NULL,
     {"DATABRICKS_HOST=https://e.example", "DATABRICKS_TOKEN=dapi-env"},
     ERR_OK,
     CONFIG_AUTH_PAT,
     "dapi-env",
     "https://e.example",
     NULL},
    {NULL,
     {"DATABRICKS_HOST=https://e.example"},
     ERR_OK,
     CONFIG_AUTH_NONE,
     NULL,
     "https://e.example",
     NULL},
    /* A named profile fills what the environment leaves open. */
    {"DEFAULT",
     {"DATABRICKS_HOST=https://e.example"},
     ERR_OK,
     CONFIG_AUTH_PAT,
     "dapi-default",
     "https://e.example",
     "DEFAULT"},
    {"m2m", {"DATABRICKS_TOKEN=dapi-env"}, ERR_CONFIG_INVALID, CONFIG_AUTH_NONE, NULL, NULL, NULL},
    {"m2m",
     {"DATABRICKS_TOKEN=dapi-env", "DATABRICKS_AUTH_TYPE=pat"},
     ERR_OK,
     CONFIG_AUTH_PAT,
     "dapi-env",
     "https://m.example",
     "m2m"},
    {NULL,
     {"DATABRICKS_AUTH_TYPE=oauth-m2m"},
     ERR_CONFIG_INVALID,
     CONFIG_AUTH_NONE,
     NULL,
     NULL,
     NULL},
    {NULL,
     {"DATABRICKS_USERNAME=u", "DATABRICKS_PASSWORD=p"},
     ERR_CONFIG_INVALID,
     CONFIG_AUTH_NONE,
     NULL,
     NULL,
     NULL},
};

static void check_operator(const struct operator_case *one, const char *home)
{
    const char *env[10] = {home};
    struct config_operator found;
    struct err err = ERR_INIT;

    for (size_t i = 0; one->env[i]; i++)
        env[i + 1] = one->env[i];
    (void)!config_operator_find(one->profile, look_up, env, &found, &err);
    if (err.code != one->code)
        fail_msg("%s: %s: %s", one->profile, base_err_name(err.code), err.message);
    assert_int_equal(found.auth, one->auth);
    if (one->secret)
        assert_string_equal(base_secret_peek(found.secret), one->secret);
    else
        assert_null(found.secret);
    if (one->host)
        assert_string_equal(found.host, one->host);
    if (one->section)
        assert_string_equal(found.profile, one->section);
    else
        assert_null(found.profile);
    config_operator_free(&found);
}

static void test_operator(void **state)
{
    char *folder = temp_folder(), *path = base_file_join(folder, ".databrickscfg");
    char *home = base_printf("HOME=%s", folder);
    struct err err = ERR_INIT;
    struct config_operator found;

    (void)state;
    /* Without a file nothing is found, and that is no error. */
    assert_int_equal(
        config_operator_find(NULL, look_up, (const char *[]){home, NULL}, &found, &err), 0);
    assert_int_equal(found.auth, CONFIG_AUTH_NONE);
    config_operator_free(&found);
    assert_int_equal(base_file_write_atomic(path, operators, strlen(operators), 0600, &err), 0);
    for (size_t i = 0; i < base_countof(cases); i++)
        check_operator(&cases[i], home);
    free(home);
    free(path);
    drop_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profile_round), cmocka_unit_test(test_profile_refused),
        cmocka_unit_test(test_profile_save),  cmocka_unit_test(test_ini_read),
        cmocka_unit_test(test_ini_edit),      cmocka_unit_test(test_ini_edit_refused),
        cmocka_unit_test(test_ini_edit_file), cmocka_unit_test(test_operator),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
