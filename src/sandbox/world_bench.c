#include "sandbox/world.h"

static const char *const states[] = {"active", "paused", "never", "closed", "new", NULL};
static const char *const regions[] = {"eu-west",  "eu-north", "us-east", "us-west",
                                      "ap-south", "sa-east",  NULL};

static const struct sandbox_column_def narrow_columns[] = {
    {.name = "id", .type = "bigint", .fill = sandbox_fill_sequence, .required = true},
    {.name = "quantity",
     .type = "int",
     .fill = sandbox_fill_integer,
     .low = 1,
     .high = 100000,
     .null_every = 16},
    {.name = "score",
     .type = "double",
     .fill = sandbox_fill_double,
     .low = -1000,
     .high = 1000,
     .null_every = 32},
    {.name = "price",
     .type = "decimal(10,2)",
     .fill = sandbox_fill_decimal,
     .low = 0,
     .high = 99999999},
    {.name = "state", .type = "string", .fill = sandbox_fill_vocabulary, .extra = states},
    {.name = "token", .type = "string", .fill = sandbox_fill_hex, .high = 16, .null_every = 8},
    {.name = "at",
     .type = "timestamp",
     .fill = sandbox_fill_past_time,
     .low = 600,
     .high = 7776000},
    {.name = "flag", .type = "boolean", .fill = sandbox_fill_bool, .low = 30, .null_every = 10},
};

#define WIDE(n)                                                                                    \
    {.name = "i" #n, .type = "int", .fill = sandbox_fill_integer, .low = 0, .high = 1000 * (n)},   \
        {.name = "l" #n,                                                                           \
         .type = "bigint",                                                                         \
         .fill = sandbox_fill_integer,                                                             \
         .low = -1000000000000,                                                                    \
         .high = 1000000000000,                                                                    \
         .null_every = (n)},                                                                       \
        {.name = "d" #n, .type = "double", .fill = sandbox_fill_double, .low = 0, .high = (n)},    \
        {.name = "m" #n,                                                                           \
         .type = "decimal(18,4)",                                                                  \
         .fill = sandbox_fill_decimal,                                                             \
         .low = -1000000000000,                                                                    \
         .high = 1000000000000},                                                                   \
        {.name = "s" #n, .type = "string", .fill = sandbox_fill_vocabulary, .extra = regions},     \
        {.name = "h" #n,                                                                           \
         .type = "string",                                                                         \
         .fill = sandbox_fill_hex,                                                                 \
         .high = 8 * (n),                                                                          \
         .null_every = 5},                                                                         \
        {.name = "t" #n,                                                                           \
         .type = "timestamp",                                                                      \
         .fill = sandbox_fill_past_time,                                                           \
         .low = 0,                                                                                 \
         .high = 86400 * (n)},                                                                     \
        {.name = "b" #n, .type = "boolean", .fill = sandbox_fill_bool, .low = 10 * (n)},           \
    {                                                                                              \
        .name = "a" #n, .type = "date", .fill = sandbox_fill_past_date, .low = 0, .high = 400      \
    }

static const struct sandbox_column_def wide_columns[] = {
    {.name = "id", .type = "bigint", .fill = sandbox_fill_sequence, .required = true},
    WIDE(2),
    WIDE(3),
    WIDE(4),
    WIDE(5),
    WIDE(6),
};

static const struct sandbox_column_def plain_columns[] = {
    {.name = "id", .type = "bigint", .fill = sandbox_fill_sequence, .required = true},
    {.name = "a", .type = "bigint", .fill = sandbox_fill_integer, .low = 0, .high = 1000000000000},
    {.name = "b", .type = "int", .fill = sandbox_fill_integer, .low = 0, .high = 1000000},
};

#define COLUMNS(list) .columns = list, .column_count = sizeof list / sizeof list[0]
static const struct sandbox_table_def narrow = {.name = "narrow",
                                                COLUMNS(narrow_columns),
                                                .rows = 1000000,
                                                .by_rows = true,
                                                .comment = "Eight columns, half of them nullable"};
static const struct sandbox_table_def wide = {.name = "wide",
                                              COLUMNS(wide_columns),
                                              .rows = 1000000,
                                              .by_rows = true,
                                              .comment = "46 columns of nine types"};
static const struct sandbox_table_def plain = {.name = "plain",
                                               COLUMNS(plain_columns),
                                               .rows = 1000000,
                                               .by_rows = true,
                                               .comment = "Three numbers"};
static const struct sandbox_table_def *const tables[] = {&narrow, &wide, &plain, NULL};

static int load(struct sandbox_world *world, struct sandbox_workspace *workspace,
                const char *principal)
{
    struct sandbox_securable *bench = sandbox_world_catalog(workspace, "bench", "data-owners",
                                                            "Tables of any size, made on the fly");
    sandbox_world_schema(world, workspace, bench, "b", "data-owners", NULL, tables);
    sandbox_workspace_grant(workspace, bench, principal, "USE_CATALOG");
    sandbox_workspace_grant(workspace, bench, principal, "USE_SCHEMA");
    sandbox_workspace_grant(workspace, bench, principal, "SELECT");
    return 0;
}

const struct sandbox_world_def sandbox_world_bench = {"bench", load};
