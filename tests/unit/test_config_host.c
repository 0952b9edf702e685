#include "config/host.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

struct good {
    const char *pasted, *origin;
    enum config_cloud cloud;
    const char *workspace_id, *account_id;
};

static const struct good good[] = {
    {"https://dbc-a1b2c3d4-e5f6.cloud.databricks.com",
     "https://dbc-a1b2c3d4-e5f6.cloud.databricks.com", CONFIG_CLOUD_AWS, NULL, NULL},
    {"dbc-a1b2c3d4-e5f6.cloud.databricks.com", "https://dbc-a1b2c3d4-e5f6.cloud.databricks.com",
     CONFIG_CLOUD_AWS, NULL, NULL},
    {"https://dbc-a1.cloud.databricks.com/", "https://dbc-a1.cloud.databricks.com",
     CONFIG_CLOUD_AWS, NULL, NULL},
    {"https://dbc-a1.cloud.databricks.com/?o=6051921418418893",
     "https://dbc-a1.cloud.databricks.com", CONFIG_CLOUD_AWS, "6051921418418893", NULL},
    {"https://dbc-a1.cloud.databricks.com/browse?o=6051921418418893#notebook/1/command/2",
     "https://dbc-a1.cloud.databricks.com", CONFIG_CLOUD_AWS, "6051921418418893", NULL},
    {"https://dbc-a1.cloud.databricks.com/sql/warehouses/dd43ee29fedd958d?o=12&x=y",
     "https://dbc-a1.cloud.databricks.com", CONFIG_CLOUD_AWS, "12", NULL},
    {"https://dbc-a1.cloud.databricks.com?workspace_id=77", "https://dbc-a1.cloud.databricks.com",
     CONFIG_CLOUD_AWS, "77", NULL},
    {"https://dbc-a1.cloud.databricks.com/?w=78", "https://dbc-a1.cloud.databricks.com",
     CONFIG_CLOUD_AWS, "78", NULL},
    {"https://dbc-a1.cloud.databricks.com/?account_id=0d26daa6-5e44-4c97-a497-ef015f91254a",
     "https://dbc-a1.cloud.databricks.com", CONFIG_CLOUD_AWS, NULL,
     "0d26daa6-5e44-4c97-a497-ef015f91254a"},
    {"HTTPS://DBC-A1.Cloud.Databricks.COM/", "https://dbc-a1.cloud.databricks.com",
     CONFIG_CLOUD_AWS, NULL, NULL},
    {"https://dbc-a1.cloud.databricks.com:443/", "https://dbc-a1.cloud.databricks.com",
     CONFIG_CLOUD_AWS, NULL, NULL},
    {"https://dbc-a1.cloud.databricks.com./", "https://dbc-a1.cloud.databricks.com",
     CONFIG_CLOUD_AWS, NULL, NULL},
    {"  https://dbc-a1.cloud.databricks.com \n", "https://dbc-a1.cloud.databricks.com",
     CONFIG_CLOUD_AWS, NULL, NULL},
    {"<https://dbc-a1.cloud.databricks.com>", "https://dbc-a1.cloud.databricks.com",
     CONFIG_CLOUD_AWS, NULL, NULL},
    {"\"dbc-a1.cloud.databricks.com\",", "https://dbc-a1.cloud.databricks.com", CONFIG_CLOUD_AWS,
     NULL, NULL},
    {"http://dbc-a1.cloud.databricks.com", "https://dbc-a1.cloud.databricks.com", CONFIG_CLOUD_AWS,
     NULL, NULL},
    {"http://dbc-a1.cloud.databricks.com:80/", "https://dbc-a1.cloud.databricks.com",
     CONFIG_CLOUD_AWS, NULL, NULL},
    {"acme.cloud.databricks.us", "https://acme.cloud.databricks.us", CONFIG_CLOUD_AWS, NULL, NULL},
    {"https://databricks.acme.example", "https://databricks.acme.example", CONFIG_CLOUD_AWS, NULL,
     NULL},
    {"https://databricks.acme.example:8443/x", "https://databricks.acme.example:8443",
     CONFIG_CLOUD_AWS, NULL, NULL},
    {"https://adb-5555555555555555.19.azuredatabricks.net/?o=5555555555555555#",
     "https://adb-5555555555555555.19.azuredatabricks.net", CONFIG_CLOUD_AZURE, "5555555555555555",
     NULL},
    {"adb-5555555555555555.19.azuredatabricks.net",
     "https://adb-5555555555555555.19.azuredatabricks.net", CONFIG_CLOUD_AZURE, "5555555555555555",
     NULL},
    {"https://westeurope.azuredatabricks.net/?o=42", "https://westeurope.azuredatabricks.net",
     CONFIG_CLOUD_AZURE, "42", NULL},
    {"https://adb-1.2.databricks.azure.us", "https://adb-1.2.databricks.azure.us",
     CONFIG_CLOUD_AZURE, "1", NULL},
    {"https://adb-1.2.databricks.azure.cn/login.html", "https://adb-1.2.databricks.azure.cn",
     CONFIG_CLOUD_AZURE, "1", NULL},
    {"https://1234567890123456.7.gcp.databricks.com/?o=1234567890123456",
     "https://1234567890123456.7.gcp.databricks.com", CONFIG_CLOUD_GCP, "1234567890123456", NULL},
    {"http://127.0.0.1:8080", "http://127.0.0.1:8080", CONFIG_CLOUD_LOCAL, NULL, NULL},
    {"http://127.0.0.1:8080/api/2.0/x?o=9", "http://127.0.0.1:8080", CONFIG_CLOUD_LOCAL, "9", NULL},
    {"https://localhost:8443/", "https://localhost:8443", CONFIG_CLOUD_LOCAL, NULL, NULL},
    {"http://[::1]:9000/", "http://[::1]:9000", CONFIG_CLOUD_LOCAL, NULL, NULL},
    {"http://127.0.0.1:80", "http://127.0.0.1", CONFIG_CLOUD_LOCAL, NULL, NULL},
    {"https://10.1.2.3", "https://10.1.2.3", CONFIG_CLOUD_AWS, NULL, NULL},
};

struct bad {
    const char *pasted;
    enum err_code code;
};

static const struct bad bad[] = {
    {"", ERR_SRC_HOST_WRONG},
    {"   ", ERR_SRC_HOST_WRONG},
    {"https://", ERR_SRC_HOST_WRONG},
    {"https:///path", ERR_SRC_HOST_WRONG},
    {"ftp://dbc.cloud.databricks.com", ERR_SRC_HOST_WRONG},
    {"file:///etc/passwd", ERR_SRC_HOST_WRONG},
    {"https://user:pw@dbc.cloud.databricks.com", ERR_SRC_HOST_WRONG},
    {"https://dbc.cloud.databricks.com@evil.example", ERR_SRC_HOST_WRONG},
    {"https://dbc.cloud.databricks.com:99999", ERR_SRC_HOST_WRONG},
    {"https://dbc.cloud.databricks.com:12ab", ERR_SRC_HOST_WRONG},
    {"https://dbc .cloud.databricks.com", ERR_SRC_HOST_WRONG},
    {"https://dbc\\.cloud.databricks.com", ERR_SRC_HOST_WRONG},
    {"https://d\xc3\xa4.cloud.databricks.com", ERR_SRC_HOST_WRONG},
    {"https://-..-", ERR_SRC_HOST_WRONG},
    {"https://a..b", ERR_SRC_HOST_WRONG},
    {"https://[::1", ERR_SRC_HOST_WRONG},
    {"https://[::gg]/", ERR_SRC_HOST_WRONG},
    {"https://2130706433/", ERR_SRC_HOST_WRONG},
    {"https://127.1/", ERR_SRC_HOST_WRONG},
    {"dbc-a1b2c3d4", ERR_SRC_HOST_WRONG},
    {"https://www.databricks.com/", ERR_SRC_HOST_WRONG},
    {"https://login.databricks.com/", ERR_SRC_HOST_WRONG},
    {"https://portal.azure.com/#home", ERR_SRC_HOST_WRONG},
    {"https://accounts.cloud.databricks.com", ERR_SRC_TOKEN_ENDPOINT_WRONG},
    {"accounts.azuredatabricks.net", ERR_SRC_TOKEN_ENDPOINT_WRONG},
    {"https://accounts.gcp.databricks.com/login?account_id=1", ERR_SRC_TOKEN_ENDPOINT_WRONG},
    {"https://accounts-dod.cloud.databricks.us", ERR_SRC_TOKEN_ENDPOINT_WRONG},
};

static void same(const char *got, const char *want)
{
    if (!want)
        assert_null(got);
    else
        assert_string_equal(got, want);
}

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < base_countof(good); i++) {
        struct config_host host;
        struct err err = ERR_INIT;

        if (config_host_parse(good[i].pasted, &host, &err))
            fail_msg("\"%s\": %s", good[i].pasted, err.message);
        assert_string_equal(host.origin, good[i].origin);
        assert_int_equal(host.cloud, good[i].cloud);
        same(host.workspace_id, good[i].workspace_id);
        same(host.account_id, good[i].account_id);
        config_host_free(&host);
    }
}

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < base_countof(bad); i++) {
        struct config_host host;
        struct err err = ERR_INIT;

        if (!config_host_parse(bad[i].pasted, &host, &err))
            fail_msg("\"%s\" was taken as %s", bad[i].pasted, host.origin);
        if (err.code != bad[i].code)
            fail_msg("\"%s\": %s", bad[i].pasted, base_err_name(err.code));
        assert_true(*err.message);
        config_host_free(&host);
    }
}

/* What comes out goes in again and stays. */
static void test_stable(void **state)
{
    (void)state;
    for (size_t i = 0; i < base_countof(good); i++) {
        struct config_host host, again;
        struct err err = ERR_INIT;

        assert_int_equal(config_host_parse(good[i].pasted, &host, &err), 0);
        assert_int_equal(config_host_parse(host.origin, &again, &err), 0);
        assert_string_equal(host.origin, again.origin);
        config_host_free(&host);
        config_host_free(&again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_stable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
