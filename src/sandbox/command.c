#include "sandbox/command.h"

#include "sandbox/control.h"
#include "sandbox/fault.h"
#include "sandbox/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 5 };

struct words {
    const char *items[16];
    int count;
    const char *state; /* --state */
    const char *since; /* --since */
    bool json, help;
};

struct command {
    const char *name, *usage, *help;
    int min, max; /* words after the name */
    /* Fills the request from the words; false: they are wrong. */
    bool (*build)(const struct words *words, cJSON *request);
    void (*show)(const struct words *words, const cJSON *data);
};

static void show_json(const struct words *words, const cJSON *data)
{
    char *text = base_json_print(data);

    (void)words;
    puts(text);
    free(text);
}

static bool number(const char *text, int64_t *value)
{
    char *end;

    *value = strtoll(text, &end, 10);
    return end != text && !*end;
}

static void command_name(cJSON *request, const char *name)
{
    base_json_add_str(request, "command", name);
}

static bool build_fault(const struct words *words, cJSON *request)
{
    cJSON *options;

    if (strcmp(words->items[0], "list") == 0) {
        command_name(request, "fault_list");
        return words->count == 1;
    }
    if (strcmp(words->items[0], "clear") == 0) {
        command_name(request, "fault_clear");
        base_json_add_str(request, "kind", words->count > 1 ? words->items[1] : NULL);
        return words->count <= 2;
    }
    command_name(request, "fault");
    base_json_add_str(request, "kind", words->items[0]);
    options = base_json_add_object(request, "options");
    for (int i = 1; i < words->count; i++) {
        const char *equals = strchr(words->items[i], '=');
        char *key;

        if (!equals || equals == words->items[i])
            return false;
        key = base_strndup(words->items[i], (size_t)(equals - words->items[i]));
        base_json_add_str(options, key, equals + 1);
        free(key);
    }
    return true;
}

static bool build_change(const struct words *words, cJSON *request)
{
    int64_t count;

    command_name(request, "change");
    base_json_add_str(request, "table", words->items[0]);
    base_json_add_str(request, "operation", words->items[1]);
    if (strcmp(words->items[1], "retype") == 0) {
        base_json_add_str(request, "column", words->items[2]);
        return strchr(words->items[2], '=') != NULL;
    }
    if (!number(words->items[2], &count) || count <= 0)
        return false;
    base_json_add_i64(request, "count", count);
    return true;
}

static bool build_requests(const struct words *words, cJSON *request)
{
    int64_t since = 0;

    command_name(request, "requests");
    if (words->since && !number(words->since, &since))
        return false;
    base_json_add_i64(request, "since", since);
    return true;
}

static void show_requests(const struct words *words, const cJSON *data)
{
    const cJSON *item;

    if (words->json) {
        show_json(words, data);
        return;
    }
    cJSON_ArrayForEach(item, base_json_array(data, "requests"))
    {
        printf("%lld %s %s %s%s%s %lld %lld bytes %s\n",
               (long long)base_json_i64_or(item, "seq", 0), base_json_str_or(item, "time", ""),
               base_json_str_or(item, "method", ""), base_json_str_or(item, "path", ""),
               base_json_str(item, "query") ? "?" : "", base_json_str_or(item, "query", ""),
               (long long)base_json_i64_or(item, "status", 0),
               (long long)base_json_i64_or(item, "bytes", 0),
               base_json_str_or(item, "principal", "-"));
    }
}

static bool build_clock(const struct words *words, cJSON *request)
{
    const char *text = words->items[0];
    int64_t seconds;

    command_name(request, "clock");
    if (!number(text[0] == '+' ? text + 1 : text, &seconds))
        return false;
    base_json_add_i64(request, "seconds", seconds);
    return true;
}

static void grant_words(const struct words *words, cJSON *request)
{
    base_json_add_str(request, "principal", words->items[0]);
    base_json_add_str(request, "privilege", words->items[1]);
    base_json_add_str(request, "object", words->items[2]);
}

static bool build_grant(const struct words *words, cJSON *request)
{
    command_name(request, "grant");
    grant_words(words, request);
    return true;
}

static bool build_revoke(const struct words *words, cJSON *request)
{
    command_name(request, "revoke");
    grant_words(words, request);
    return true;
}

/* secret PRINCIPAL [list] | add [SECONDS] | end ID [SECONDS] | remove ID */
static bool build_secret(const struct words *words, cJSON *request)
{
    const char *operation = words->count > 1 ? words->items[1] : "list";
    bool names_id = strcmp(operation, "end") == 0 || strcmp(operation, "remove") == 0;
    int next = names_id ? 3 : 2;
    int64_t seconds;

    command_name(request, "secret");
    base_json_add_str(request, "principal", words->items[0]);
    base_json_add_str(request, "operation", operation);
    if (!names_id && strcmp(operation, "list") != 0 && strcmp(operation, "add") != 0)
        return false;
    if (names_id && words->count < 3)
        return false;
    if (names_id)
        base_json_add_str(request, "id", words->items[2]);
    if (words->count > next) {
        const char *text = words->items[next];

        if (!number(text[0] == '+' ? text + 1 : text, &seconds))
            return false;
        base_json_add_i64(request, "seconds", seconds);
    }
    return words->count <= next + 1;
}

static bool build_system(const struct words *words, cJSON *request)
{
    bool on = strcmp(words->items[1], "on") == 0;

    command_name(request, "system");
    base_json_add_str(request, "schema", words->items[0]);
    base_json_add_bool(request, "on", on);
    return on || strcmp(words->items[1], "off") == 0;
}

static bool build_set(const struct words *words, cJSON *request)
{
    const char *equals = strchr(words->items[0], '=');
    int64_t value;
    char *name;

    if (!equals || !number(equals + 1, &value))
        return false;
    name = base_strndup(words->items[0], (size_t)(equals - words->items[0]));
    command_name(request, "set");
    base_json_add_str(request, "name", name);
    base_json_add_i64(request, "value", value);
    free(name);
    return true;
}

static bool build_info(const struct words *words, cJSON *request)
{
    (void)words;
    command_name(request, "info");
    return true;
}

static bool build_stop(const struct words *words, cJSON *request)
{
    (void)words;
    command_name(request, "stop");
    return true;
}

static const struct command commands[] = {
    {"fault", "KIND [k=v...] | list | clear [KIND]", "switch failures on and off", 1, 16,
     build_fault, show_json},
    {"change", "TABLE insert|update|delete N | retype COLUMN=TYPE", "make a new version of a table",
     3, 3, build_change, show_json},
    {"requests", "[--json] [--since N]", "what was asked of it", 0, 0, build_requests,
     show_requests},
    {"clock", "+SECONDS", "turn its clock", 1, 1, build_clock, show_json},
    {"grant", "PRINCIPAL PRIVILEGE OBJECT",
     "give a privilege, SP_MANAGER on a service principal, or ACCOUNT_ADMIN on `account`", 3, 3,
     build_grant, show_json},
    {"revoke", "PRINCIPAL PRIVILEGE OBJECT", "take a privilege", 3, 3, build_revoke, show_json},
    {"secret", "PRINCIPAL [list] | add [SECONDS] | end ID [SECONDS] | remove ID",
     "OAuth secrets of a service principal: add one that lives so long (0: for ever), end one in "
     "so "
     "many seconds (none given: never)",
     1, 4, build_secret, show_json},
    {"system", "SCHEMA on|off", "enable or disable a system schema (access, query)", 2, 2,
     build_system, show_json},
    {"set", "NAME=VALUE", "change a setting of the first line", 1, 1, build_set, show_json},
    {"info", "", "print the first line again", 0, 0, build_info, show_json},
    {"stop", "", "end it", 0, 0, build_stop, show_json},
};

static const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < base_countof(commands); i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

bool sandbox_command_known(const char *name)
{
    return command_find(name) != NULL;
}

/* In lines of at most 100 columns, each name once. */
static void endpoints_help(void)
{
    const char *name, *last = "";
    size_t column = (size_t)printf("\nEndpoints:") - 1;

    for (size_t i = 0; (name = sandbox_route_endpoint(i)); i++) {
        if (strcmp(name, last) == 0)
            continue;
        if (column + strlen(name) + 1 > 100)
            column = (size_t)printf("\n ") - 1;
        column += (size_t)printf(" %s", name);
        last = name;
    }
    puts("");
}

static void faults_help(void)
{
    const char *name, *help;

    puts("\nFaults. Each can be limited by endpoint= (a name, or a path prefix), principal=, nth= "
         "(first call\n"
         "hit), every=, times=, and those about results by statement= (part of the SQL) and "
         "chunk=:");
    for (size_t i = 0; (help = sandbox_fault_help(i, &name)); i++)
        printf("  %-16s %s\n", name, help);
    endpoints_help();
}

/* Of one command: `aampe-sandbox fault --help`. */
static int command_help(const struct command *command)
{
    printf("usage: aampe-sandbox %s %s --state DIR\n\n%s\n", command->name, command->usage,
           command->help);
    if (command->build == build_fault)
        faults_help();
    return 0;
}

void sandbox_command_help(void)
{
    puts("\nCommands for a running one (each with --state DIR):");
    for (size_t i = 0; i < base_countof(commands); i++)
        printf("  %s %s\n      %s\n", commands[i].name, commands[i].usage, commands[i].help);
    faults_help();
}

static bool words_read(struct words *words, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;

        if (strcmp(argv[i], "--state") == 0 && more)
            words->state = argv[++i];
        else if (strcmp(argv[i], "--since") == 0 && more)
            words->since = argv[++i];
        else if (strcmp(argv[i], "--json") == 0)
            words->json = true;
        else if (strcmp(argv[i], "--help") == 0)
            words->help = true;
        else if (strncmp(argv[i], "--", 2) == 0 || words->count == (int)base_countof(words->items))
            return false;
        else
            words->items[words->count++] = argv[i];
    }
    return words->state != NULL || words->help;
}

int sandbox_command_main(int argc, char **argv)
{
    const struct command *command = command_find(argv[0]);
    struct words words = {.count = 0};
    struct err err = ERR_INIT;
    bool read = words_read(&words, argc, argv);

    if (read && words.help)
        return command_help(command);
    cJSON *request = base_json_object();
    cJSON *data;

    if (!read || words.count < command->min || words.count > command->max ||
        !command->build(&words, request)) {
        fprintf(stderr, "usage: aampe-sandbox %s %s --state DIR\n", command->name, command->usage);
        cJSON_Delete(request);
        return EXIT_USAGE;
    }
    data = sandbox_control_call(words.state, request, &err);
    if (!data) {
        fprintf(stderr, "aampe-sandbox: %s\n", err.message);
        return err.code == ERR_ENGINE_UNREACHABLE ? EXIT_UNREACHABLE
               : err.code == ERR_USAGE            ? EXIT_USAGE
                                                  : EXIT_FAILED;
    }
    command->show(&words, data);
    cJSON_Delete(data);
    return 0;
}
