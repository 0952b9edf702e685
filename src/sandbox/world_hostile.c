/* Names and comments made to break whoever prints them, quotes them or builds paths from them. */
#include "sandbox/world.h"

#define ESCAPES                                                                                    \
    "\x1b[31mred\x1b[0m\x1b]0;title\a \r\n\t\xc2\x9b"                                              \
    "2J"
#define BIDI                                                                                       \
    "\xe2\x80\xae"                                                                                 \
    "gpj.exe\xe2\x80\xac"
#define TEN(x) x x x x x x x x x x
#define LONG TEN(TEN("l")) TEN(TEN("o")) TEN("ngname") /* 260 characters */

static const char *const cells[] = {"plain", ESCAPES, "'; DROP TABLE users; --",
                                    "\1",    BIDI,    "../../etc/passwd"};

#define COLUMN(n)                                                                                  \
    {                                                                                              \
        .name = n, .type = "string", .fill = sandbox_fill_cells, .extra = cells,                   \
        .comment = "comment " ESCAPES BIDI                                                         \
    }

static const struct sandbox_column_def columns[] = {
    {.name = "id", .type = "bigint", .fill = sandbox_fill_sequence, .required = true},
    COLUMN("back`tick"),
    COLUMN("qu'ote \"double\""),
    COLUMN("a/b\\c"),
    COLUMN("..dots"),
    COLUMN("esc\x1b[2J"),
    COLUMN("bidi" BIDI),
    COLUMN("\xf0\x9f\x9b\x92\xf0\x9f\x94\xa5"),
    COLUMN("select"),
    COLUMN("new\nline"),
    COLUMN(" leading and trailing "),
    COLUMN("ze\xe2\x80\x8bro-width"),
    COLUMN("100%_;--"),
};

#define TABLE(symbol, n, text)                                                                     \
    static const struct sandbox_table_def symbol = {.name = n,                                     \
                                                    .columns = columns,                            \
                                                    .column_count =                                \
                                                        sizeof columns / sizeof columns[0],        \
                                                    .rows = 6,                                     \
                                                    .comment = text}

TABLE(plain, "plain", "comment with " ESCAPES " and " BIDI);
TABLE(backtick, "back`tick", "`");
TABLE(quotes, "qu'ote \"double\"", "'\"");
TABLE(slash, "a/b", "../../..");
TABLE(parent, "..", "parent");
TABLE(climb, "../../../tmp/escape", "climbs");
TABLE(escapes, "esc\x1b[31mred\x1b[0m", ESCAPES);
TABLE(bidi, BIDI, BIDI);
TABLE(long_name, LONG, LONG);
TABLE(emoji, "\xf0\x9f\x9b\x92\xf0\x9f\x94\xa5", "\xf0\x9f\x98\x80");
TABLE(option, "-rf", "--help");
TABLE(newline, "new\nline", "two\nlines");
TABLE(spaces, " sp ace ", " ");
TABLE(keyword, "select", "a keyword");
TABLE(percent, "%s%n$HOME$(id)", "%s%n");

static int load(struct sandbox_world *world, struct sandbox_workspace *workspace,
                const char *principal)
{
    static const struct sandbox_table_def *const tables[] = {
        &plain,     &backtick, &quotes, &slash,   &parent, &climb,   &escapes, &bidi,
        &long_name, &emoji,    &option, &newline, &spaces, &keyword, &percent, NULL};
    static const struct sandbox_table_def *const one[] = {&plain, NULL};
    struct sandbox_securable *catalog =
        sandbox_world_catalog(workspace, "hostile", "data-owners", "comment " ESCAPES BIDI);
    sandbox_world_schema(world, workspace, catalog, "names", "data-owners", "comment " ESCAPES,
                         tables);
    sandbox_world_schema(world, workspace, catalog, "sch`ema/\x1b[31m" BIDI, "data-owners", ESCAPES,
                         one);
    sandbox_workspace_grant(workspace, catalog, principal, "USE_CATALOG");
    sandbox_workspace_grant(workspace, catalog, principal, "USE_SCHEMA");
    sandbox_workspace_grant(workspace, catalog, principal, "SELECT");
    return 0;
}

const struct sandbox_world_def sandbox_world_hostile = {"hostile", load};
