/* 100 000 tables in 2 000 schemas, answered from functions: for everything that has to go fast or
 * stay readable when there is much of it. Comments, and a few names, are in many scripts; some
 * tables have 1 000 columns; the principal may read some, use some and only browse the rest. */
#include "sandbox/maker.h"
#include "sandbox/world.h"

#include <stdio.h>
#include <string.h>

#define SCHEMAS 500 /* of each catalog */
#define TABLES 50   /* of each schema */
#define WIDE 1000   /* columns */

static const char *const catalogs[] = {"lake_apac", "lake_eu", "lake_lab", "lake_us"};
static const char *const domains[] = {"billing", "crm",     "events", "finance", "growth",
                                      "logs",    "loyalty", "sales",  "stock",   "web"};
static const char *const owners[] = {"data-owners", "crm-team", "platform-admin", "finance-team",
                                     "growth-team"};
static const char *const nouns[] = {"accounts",  "baskets", "campaigns",  "devices",     "events",
                                    "favorites", "gifts",   "households", "invoices",    "journeys",
                                    "keywords",  "leads",   "members",    "newsletters", "orders",
                                    "payments",  "quotes",  "returns",    "sessions",    "tickets"};
static const char *const forms[] = {"daily", "history", "raw", "summary", "v2"};
/* What people write about their tables: wide, combining, right to left, joined, long. */
static const char *const comments[] = {
    "One row per day, loaded at 02:00 UTC",
    "\xd8\xb3\xd8\xac\xd9\x84 \xd8\xa7\xd9\x84\xd8\xb7\xd9\x84\xd8\xa8\xd8\xa7\xd8\xaa "
    "\xd8\xa7\xd9\x84\xd9\x8a\xd9\x88\xd9\x85\xd9\x8a\xd8\xa9",
    "\xd7\x98\xd7\x91\xd7\x9c\xd7\xaa \xd7\x94\xd7\x9c\xd7\xa7\xd7\x95\xd7\x97\xd7\x95\xd7\xaa "
    "(v2) \xd7\x9e\xd7\xa2\xd7\x95\xd7\x93\xd7\x9b\xd7\xa0\xd7\xaa",
    "\xe6\xaf\x8e\xe6\x97\xa5\xe3\x81\xae\xe6\xb3\xa8\xe6\x96\x87\xe3\x82\x92\xe9\x9b\x86\xe8\xa8"
    "\x88\xe3\x81\x97\xe3\x81\x9f\xe3\x83\x86\xe3\x83\xbc\xe3\x83\x96\xe3\x83\xab",
    "\xe5\xae\xa2\xe6\x88\xb7\xe8\xa1\xa8\xef\xbc\x9a\xe6\xaf\x8f\xe4\xbd\x8d\xe5\xae\xa2\xe6\x88"
    "\xb7\xe4\xb8\x80\xe8\xa1\x8c",
    "\xec\xa3\xbc\xeb\xac\xb8 \xeb\x82\xb4\xec\x97\xad (\xec\x9d\xbc\xeb\xb3\x84)",
    "\xe0\xa4\xa6\xe0\xa5\x88\xe0\xa4\xa8\xe0\xa4\xbf\xe0\xa4\x95 "
    "\xe0\xa4\xac\xe0\xa4\xbf\xe0\xa4\x95\xe0\xa5\x8d\xe0\xa4\xb0\xe0\xa5\x80",
    "\xe0\xb8\xa2\xe0\xb8\xad\xe0\xb8\x94\xe0\xb8\x82\xe0\xb8\xb2\xe0\xb8\xa2\xe0\xb8\xa3\xe0\xb8"
    "\xb2\xe0\xb8\xa2\xe0\xb8\xa7\xe0\xb8\xb1\xe0\xb8\x99",
    "\xf0\x9f\x9b\x92 baskets, \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91"
    "\xa7 households, \xf0\x9f\x87\xaa\xf0\x9f\x87\xba only \xe2\x9c\x85",
    "re\xcc\x81sume\xcc\x81s and nai\xcc\x88ve counts, "
    "Z\xcc\xb7\xcc\xa7"
    "a\xcc\xb7\xcc\xa1l\xcc\xb7\xcc\xa2g\xcc\xb7o\xcc\xb7",
    "\xce\xa0\xce\xb1\xcf\x81\xce\xb1\xce\xb3\xce\xb3\xce\xb5\xce\xbb\xce\xaf\xce\xb5\xcf\x82, "
    "\xd0\xb7\xd0\xb0\xd0\xba\xd0\xb0\xd0\xb7\xd1\x8b, Bestell\xc3\xbc"
    "bersicht",
    "Do not use. Kept for the auditors until 2031; ask in the channel before you read it, because "
    "the view over it is what everybody means, and the numbers here are before returns, before "
    "tax, before currency, and twice for the two weeks of the migration.",
    NULL};
#define COMMENTS (sizeof comments / sizeof comments[0]) /* with the one that is none */
static const char *const foreign[] = {"\xe6\xb3\xa8\xe6\x96\x87",
                                      "\xc3\xbc"
                                      "bersicht",
                                      "\xd8\xb7\xd9\x84\xd8\xa8",
                                      "\xd0\xb7\xd0\xb0\xd0\xba\xd0\xb0"
                                      "\xd0\xb7",
                                      "\xf0\x9f\x9b\x92"};
static const char *const states[] = {"active", "paused", "closed", NULL};

static const struct sandbox_column_def columns[] = {
    {.name = "id", .type = "bigint", .fill = sandbox_fill_sequence, .required = true},
    {.name = "customer_id",
     .type = "string",
     .fill = sandbox_fill_label_of,
     .extra = "cust_",
     .low = 2000,
     .high = 6},
    {.name = "amount",
     .type = "decimal(12,2)",
     .fill = sandbox_fill_decimal,
     .low = 0,
     .high = 9999999,
     .null_every = 20},
    {.name = "quantity", .type = "int", .fill = sandbox_fill_integer, .low = 1, .high = 90},
    {.name = "state", .type = "string", .fill = sandbox_fill_vocabulary, .extra = states},
    {.name = "updated_at",
     .type = "timestamp",
     .fill = sandbox_fill_past_time,
     .low = 600,
     .high = 7776000},
};
/* Everything below lives as long as the program: a world is loaded once. */
struct big {
    struct sandbox_maker maker;
    struct sandbox_world *world;
    struct sandbox_table_def plain, wide;
    struct sandbox_column_def wide_columns[WIDE];
    char wide_names[WIDE][12];
};

static uint64_t number_of(const struct sandbox_securable *schema, size_t index)
{
    return (uint64_t)schema->number * TABLES + index;
}

static bool is_wide(uint64_t number)
{
    return number % 997 == 3;
}

static char *name(const struct sandbox_maker *maker, const struct sandbox_securable *schema,
                  size_t index)
{
    uint64_t number = number_of(schema, index);
    /* Ten nouns and five forms make the fifty, other nouns in other schemas. */
    const char *noun = nouns[(index % 10 + schema->number) % (sizeof nouns / sizeof nouns[0])];
    const char *form = forms[index / 10 % 5];
    (void)maker;
    if (number % 101 == 7)
        return base_printf("%s_%s_%s", foreign[number / 101 % 5], noun, form);
    return base_printf("%s_%s", noun, form);
}

static const struct sandbox_table_def *def_of(const struct big *big, uint64_t number)
{
    return is_wide(number) ? &big->wide : &big->plain;
}

static void fill(const struct sandbox_maker *maker, const struct sandbox_securable *schema,
                 size_t index, bool with_columns, struct sandbox_securable *out)
{
    const struct big *big = maker->user;
    uint64_t number = number_of(schema, index), hash = sandbox_gen_mix(number);
    const struct sandbox_table_def *def = def_of(big, number);
    int64_t day = (int64_t)86400 * 1000, t0 = sandbox_world_t0(big->world) / 1000;
    out->name = name(maker, schema, index);
    out->owner = base_strdup(hash % 4 ? schema->owner : owners[hash / 4 % 5]);
    out->comment = base_strdup(comments[hash / 32 % COMMENTS]);
    out->table_type = base_strdup(number % 13 == 4 ? "EXTERNAL" : "MANAGED");
    if (number % 211 == 11)
        out->row_filter_function = base_strdup("lake_eu.reference.own_region");
    out->updated_ms = t0 - (int64_t)(hash % 90) * day - (int64_t)(hash / 90 % 86400) * 1000;
    out->created_ms = t0 - (int64_t)(120 + hash % 900) * day;
    for (size_t i = 0; with_columns && i < def->column_count; i++) {
        const struct sandbox_column_def *column = &def->columns[i];
        sandbox_securable_column(out, column->name, column->type, !column->required,
                                 comments[(hash + i) % COMMENTS]);
    }
    if (with_columns && number % 307 == 19)
        out->columns.items[1].mask_function = base_strdup("lake_eu.reference.masked");
}

static struct sandbox_table *data(const struct sandbox_maker *maker,
                                  const struct sandbox_securable *table, size_t index)
{
    struct big *big = maker->user;
    big->world->tables++;
    return sandbox_table_new(big->world, table->full_name,
                             def_of(big, number_of(table->parent, index)));
}

static void wide_make(struct big *big)
{
    for (size_t i = 0; i < WIDE; i++) {
        struct sandbox_column_def *column = &big->wide_columns[i];
        *column = columns[i == 0 ? 0 : 1 + (i - 1) % (base_countof(columns) - 1)];
        snprintf(big->wide_names[i], sizeof big->wide_names[i], "c%04zu", i);
        column->name = big->wide_names[i];
    }
}

static void people(struct sandbox_workspace *workspace)
{
    const char *admin = sandbox_workspace_metastore(workspace)->owner;
    for (size_t i = 0; i < base_countof(owners); i++)
        if (!sandbox_workspace_find_principal(workspace, owners[i]))
            sandbox_workspace_principal(workspace, SANDBOX_GROUP, owners[i], owners[i]);
    if (admin)
        sandbox_workspace_group_add(workspace, "platform-admin", admin);
}

/* Of ten schemas the principal reads three, uses two, and only browses the rest; nothing of
 * lake_lab. */
static void schema_grant(struct sandbox_workspace *workspace, struct sandbox_securable *schema,
                         size_t number, const char *principal)
{
    if (number % 10 < 5)
        sandbox_workspace_grant(workspace, schema, principal, "USE_SCHEMA");
    if (number % 10 < 3)
        sandbox_workspace_grant(workspace, schema, principal, "SELECT");
}

static void catalog_make(struct big *big, struct sandbox_workspace *workspace, size_t which,
                         const char *principal)
{
    struct sandbox_securable *catalog = sandbox_world_catalog(
        workspace, catalogs[which], "data-owners", comments[which * 3 % (COMMENTS - 1)]);
    bool lab = strcmp(catalogs[which], "lake_lab") == 0;
    sandbox_workspace_grant(workspace, catalog, principal, "BROWSE");
    if (!lab)
        sandbox_workspace_grant(workspace, catalog, principal, "USE_CATALOG");
    for (size_t i = 0; i < SCHEMAS; i++) {
        char text[32];
        size_t number = which * SCHEMAS + i;
        snprintf(text, sizeof text, "%s_%03zu", domains[i % base_countof(domains)], i);
        struct sandbox_securable *schema = sandbox_workspace_add(
            workspace, catalog, 'S', text, owners[i / 3 % base_countof(owners)],
            comments[number % COMMENTS]);
        schema->maker = &big->maker;
        schema->number = number;
        if (!lab)
            schema_grant(workspace, schema, i / base_countof(domains), principal);
    }
}

static int load(struct sandbox_world *world, struct sandbox_workspace *workspace,
                const char *principal)
{
    static const struct sandbox_table_def calendar = {.name = "calendar",
                                                      .columns = columns,
                                                      .column_count = base_countof(columns),
                                                      .rows = 3650,
                                                      .comment = "One row a day, ten years"};
    static const struct sandbox_table_def *const stored[] = {&calendar, NULL};
    struct big *big = base_alloc_zero(1, sizeof *big);
    big->world = world;
    world->extra = big;
    wide_make(big);
    big->plain = (struct sandbox_table_def){
        .columns = columns, .column_count = base_countof(columns), .rows = 1000};
    big->wide =
        (struct sandbox_table_def){.columns = big->wide_columns, .column_count = WIDE, .rows = 100};
    big->maker = (struct sandbox_maker){TABLES, fill, name, data, big};
    people(workspace);
    for (size_t i = 0; i < base_countof(catalogs); i++)
        catalog_make(big, workspace, i, principal);
    sandbox_world_schema(world, workspace, sandbox_workspace_find(workspace, 'C', "lake_eu"),
                         "reference", "data-owners", "What everybody joins", stored);
    struct sandbox_securable *reference =
        sandbox_workspace_find(workspace, 'S', "lake_eu.reference");
    sandbox_workspace_grant(workspace, reference, principal, "USE_SCHEMA");
    sandbox_workspace_grant(workspace, reference, principal, "SELECT");
    return 0;
}

const struct sandbox_world_def sandbox_world_big = {"big", load};
