/* The shop's other schemas: loyalty, marketing, sales, finance, hr. */
#include "sandbox/shop.h"

#include "base/alloc.h"

#define TEXT(n, words)                                                                             \
    {                                                                                              \
        .name = n, .type = "string", .fill = sandbox_fill_vocabulary, .extra = words               \
    }
#define KEY(n, prefix)                                                                             \
    {                                                                                              \
        .name = n, .type = "string", .fill = sandbox_fill_label, .extra = prefix, .low = 1,        \
        .high = 7, .required = true                                                                \
    }
#define REFERENCE(n, prefix, count)                                                                \
    {                                                                                              \
        .name = n, .type = "string", .fill = sandbox_fill_label_of, .extra = prefix, .low = count, \
        .high = 7                                                                                  \
    }
#define MONEY(n, most)                                                                             \
    {                                                                                              \
        .name = n, .type = "decimal(10,2)", .fill = sandbox_fill_decimal, .low = 0, .high = most   \
    }
#define MOMENT(n, least, most)                                                                     \
    {                                                                                              \
        .name = n, .type = "timestamp", .fill = sandbox_fill_past_time, .low = least, .high = most \
    }
#define DAY(n, most)                                                                               \
    {                                                                                              \
        .name = n, .type = "date", .fill = sandbox_fill_past_date, .low = 0, .high = most          \
    }
#define NUMBER(n, most)                                                                            \
    {                                                                                              \
        .name = n, .type = "int", .fill = sandbox_fill_integer, .low = 0, .high = most             \
    }
#define FLAG(n, percent)                                                                           \
    {                                                                                              \
        .name = n, .type = "boolean", .fill = sandbox_fill_bool, .low = percent                    \
    }
#define TABLE(symbol, n, count, text)                                                              \
    const struct sandbox_table_def symbol = {.name = n,                                            \
                                             .columns = symbol##_columns,                          \
                                             .column_count = base_countof(symbol##_columns),       \
                                             .rows = count,                                        \
                                             .comment = text}

static const char *const tiers[] = {"none", "bronze", "silver", "gold", NULL};
static const char *const stores[] = {"Berlin", "Paris", "London", "Austin", "Toronto", NULL};
static const char *const channels[] = {"push", "email", "sms", NULL};
static const char *const states[] = {"open", "paid", "shipped", "delivered", "cancelled", NULL};
static const char *const reasons[] = {"too_small", "damaged", "late", "changed_mind", NULL};
static const char *const outcomes[] = {"sent", "delivered", "opened", "bounced", NULL};
static const char *const countries[] = {"US", "GB", "DE", "FR", "CA", "IN", "AU", "BR", NULL};
static const char *const departments[] = {"engineering", "logistics", "care", "finance", NULL};

static const struct sandbox_column_def shop_members_columns[] = {
    KEY("member_id", "M"),           REFERENCE("contact_id", "C", 2000),
    TEXT("country", countries),      TEXT("tier", tiers),
    DAY("tier_since", 700),          NUMBER("points", 20000),
    NUMBER("points_expiring", 800),  TEXT("home_store", stores),
    FLAG("marketing_opt_in", 60),    FLAG("card_issued", 80),
    DAY("joined_on", 1500),          MOMENT("last_earned_at", 600, 7776000),
    MONEY("lifetime_spend", 400000), MOMENT("updated_at", 60, 2592000)};
TABLE(shop_members, "members", 3400, "Members of the loyalty programme");

static const struct sandbox_column_def shop_members_history_columns[] = {
    {.name = "change_id",
     .type = "bigint",
     .fill = sandbox_fill_sequence,
     .low = 1,
     .required = true},
    REFERENCE("member_id", "M", 3400),
    TEXT("old_tier", tiers),
    TEXT("new_tier", tiers),
    MOMENT("changed_at", 600, 31536000)};
TABLE(shop_members_history, "members_history", 9000, "Every change of a tier");

static const struct sandbox_column_def shop_campaign_sends_columns[] = {
    {.name = "send_id", .type = "string", .fill = sandbox_fill_uuid, .required = true},
    REFERENCE("contact_id", "C", 2000),
    REFERENCE("campaign_id", "K", 412),
    TEXT("channel", channels),
    TEXT("event_name", outcomes),
    MOMENT("timestamp", 600, 7776000)};
TABLE(shop_campaign_sends, "campaign_sends", 8610, "One row a message sent");

static const struct sandbox_column_def shop_campaigns_columns[] = {
    KEY("campaign_id", "K"), TEXT("channel", channels), DAY("starts_on", 400),
    NUMBER("audience", 60000), FLAG("automated", 40)};
TABLE(shop_campaigns, "campaigns", 412, "Campaigns");

static const struct sandbox_column_def shop_sales_orders_columns[] = {
    KEY("order_id", "O"),
    REFERENCE("contact_id", "C", 2000),
    TEXT("status", states),
    MONEY("total", 50000),
    TEXT("store", stores),
    MOMENT("ordered_at", 600, 7776000),
    MOMENT("updated_at", 60, 2592000)};
TABLE(shop_sales_orders, "orders", 1904, "Orders");

static const struct sandbox_column_def shop_order_lines_columns[] = {
    KEY("line_id", "L"),
    REFERENCE("order_id", "O", 1904),
    REFERENCE("item_id", "P", 400),
    NUMBER("quantity", 4),
    MONEY("price", 20000),
    MONEY("discount", 500)};
TABLE(shop_order_lines, "order_lines", 4715, "Lines of orders");

static const struct sandbox_column_def shop_returns_columns[] = {
    KEY("return_id", "R"), REFERENCE("order_id", "O", 1904), TEXT("reason", reasons),
    MONEY("refund", 20000), MOMENT("returned_at", 600, 7776000)};
TABLE(shop_returns, "returns", 112, "Goods sent back");

static const struct sandbox_column_def shop_finance_orders_columns[] = {
    {.name = "booking_id",
     .type = "bigint",
     .fill = sandbox_fill_sequence,
     .low = 500000,
     .required = true},
    REFERENCE("order_id", "O", 1904),
    MONEY("net", 40000),
    MONEY("tax", 8000),
    DAY("booked_on", 365),
    TEXT("entity", countries)};
TABLE(shop_finance_orders, "orders", 3000, "Bookings");

static const struct sandbox_column_def shop_employees_columns[] = {{.name = "employee_id",
                                                                    .type = "int",
                                                                    .fill = sandbox_fill_sequence,
                                                                    .low = 1,
                                                                    .required = true},
                                                                   TEXT("department", departments),
                                                                   DAY("hired_on", 3000),
                                                                   MONEY("salary", 9000000),
                                                                   REFERENCE("badge", "E", 10000)};
TABLE(shop_employees, "employees", 60, "People who work here");

static const struct sandbox_column_def shop_users_old_columns[] = {
    {.name = "user_id", .type = "bigint", .fill = sandbox_fill_sequence, .low = 1},
    REFERENCE("contact_id", "C", 2000),
    TEXT("country", countries),
    TEXT("tier", tiers),
    MOMENT("created_at", 31536000, 94608000)};
TABLE(shop_users_old, "users_old", 500, "Users before Unity Catalog");

static const struct sandbox_column_def shop_active_users_columns[] = {
    {.name = "contact_id", .type = "string"},
    {.name = "country", .type = "string"},
    {.name = "language", .type = "string"},
    {.name = "lifetime_orders", .type = "int"},
    {.name = "lifetime_value", .type = "decimal(10,2)"}};
const struct sandbox_table_def shop_active_users = {
    .name = "v_active_users",
    .columns = shop_active_users_columns,
    .column_count = base_countof(shop_active_users_columns),
    .comment = "Users who may be written to",
    .view = "SELECT contact_id, country, language, lifetime_orders, lifetime_value FROM "
            "shop.aampe.users "
            "WHERE subscription_status = 'active'"};
