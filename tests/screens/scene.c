#include "tests/screens/scene.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/seam.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REST_MS 500   /* what waits that long for the keys to rest is shown */
#define TURNS_MAX 200 /* answers that ask again */
#define INCLUDES_MAX 8

struct sent {
    struct sent *next;
    uint64_t id;
    char *verb;
    cJSON *params;
};

struct scene {
    char *name;
    const cJSON *json;
    cJSON *answers; /* ours: each answer may be used up */
    struct scene_options options;
    struct base_seam *seam;
    struct console *console;
    struct draw_canvas *canvas;
    int64_t now_us;
    struct sent *sent;
    struct buf asked;
    bool held, failed;
    char *copied;
};

static __attribute__((noreturn, format(printf, 2, 3))) void die(const char *name, const char *fmt,
                                                                ...)
{
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "%s: ", name);
    vfprintf(stderr, fmt, args);
    fprintf(stderr, "\n");
    va_end(args);
    exit(1);
}

static char *file_read(const char *path)
{
    struct buf text;
    char piece[8192];
    size_t got;
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        die(path, "cannot be opened");
    base_buf_init(&text, 0);
    while ((got = fread(piece, 1, sizeof piece, file)) > 0)
        (void)base_buf_append(&text, piece, got);
    fclose(file);
    return base_buf_take(&text, NULL);
}

static cJSON *json_read(const char *folder, const char *name)
{
    char *path = base_printf("%s/%s.json", folder, name);
    char *text = file_read(path);
    const char *end = NULL;
    cJSON *json = cJSON_ParseWithOpts(text, &end, true);
    if (json == NULL) {
        int line = 1;
        for (const char *at = text; at < end; at++)
            line += *at == '\n';
        die(path, "line %d: not JSON", line);
    }
    free(text);
    free(path);
    return json;
}

/* Members the scene does not have come from what it includes; answers are put behind its own. */
static void include(cJSON *scene, const char *folder, const char *name, int depth)
{
    if (depth > INCLUDES_MAX)
        die(name, "includes itself");
    cJSON *other = json_read(folder, name), *item, *own = cJSON_GetObjectItem(scene, "answers");
    if (own == NULL)
        own = cJSON_AddArrayToObject(scene, "answers");
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(other, "answers"))
    {
        cJSON_AddItemToArray(own, cJSON_Duplicate(item, true));
    }
    cJSON_ArrayForEach(item, other)
    {
        if (strcmp(item->string, "include") == 0 && cJSON_IsArray(item)) {
            const cJSON *each;
            cJSON_ArrayForEach(each, item) include(scene, folder, each->valuestring, depth + 1);
        } else if (!cJSON_GetObjectItem(scene, item->string)) {
            cJSON_AddItemToObject(scene, item->string, cJSON_Duplicate(item, true));
        }
    }
    cJSON_Delete(other);
}

cJSON *scene_read(const char *folder, const char *name)
{
    const cJSON *each;
    cJSON *scene = json_read(folder, name);
    cJSON *included = cJSON_DetachItemFromObject(scene, "include");
    cJSON_ArrayForEach(each, included) include(scene, folder, each->valuestring, 0);
    cJSON_Delete(included);
    return scene;
}

static void on_send(void *user, uint64_t id, const char *verb, cJSON *take_params)
{
    struct scene *scene = user;
    struct sent *sent = base_alloc_zero(1, sizeof *sent), **end = &scene->sent;
    char *params = cJSON_PrintUnformatted(take_params);
    while (*end)
        end = &(*end)->next;
    *end = sent;
    *sent = (struct sent){NULL, id, base_strdup(verb), take_params};
    (void)base_buf_printf(&scene->asked, "%s %s\n", verb, params);
    free(params);
}

/* The doctor without an engine: the answer to doctor.show with {"offline":true}. */
static void on_doctor(void *user)
{
    cJSON *params = base_json_object();
    base_json_add_bool(params, "offline", true);
    on_send(user, 0, "doctor.show", params);
}

static const char *on_copy(void *user, const char *text, size_t len)
{
    struct scene *scene = user;
    free(scene->copied);
    scene->copied = base_strndup(text, len);
    return "copied";
}

static void on_nothing(void *user)
{
    (void)user;
}

static void on_mouse(void *user, bool on)
{
    (void)user;
    (void)on;
}

static int64_t on_now(void *user)
{
    return ((struct scene *)user)->now_us;
}

/* Every member of `wanted` is in `given` with the same value. */
static bool fits(const cJSON *wanted, const cJSON *given)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, wanted)
    {
        if (!cJSON_Compare(item, cJSON_GetObjectItemCaseSensitive(given, item->string), true))
            return false;
    }
    return true;
}

static const cJSON *answer_find(struct scene *scene, const struct sent *sent)
{
    cJSON *item;
    cJSON_ArrayForEach(item, scene->answers)
    {
        cJSON *times = cJSON_GetObjectItem(item, "times");
        if (strcmp(base_json_str_or(item, "verb", ""), sent->verb) != 0 ||
            !fits(cJSON_GetObjectItem(item, "params"), sent->params) ||
            (times && times->valuedouble < 1))
            continue;
        if (times)
            cJSON_SetNumberValue(times, times->valuedouble - 1);
        return item;
    }
    return NULL;
}

/* Asks somebody else and keeps the answer. */
static const cJSON *answer_fetch(struct scene *scene, const struct sent *sent)
{
    struct err err = ERR_INIT;
    if (scene->options.ask == NULL || strcmp(sent->verb, "cancel") == 0)
        return NULL;
    cJSON *result = scene->options.ask(sent->verb, sent->params, &err, scene->options.user);
    cJSON *item = base_json_object();
    base_json_add_str(item, "verb", sent->verb);
    base_json_add_take(item, "params", cJSON_Duplicate(sent->params, true));
    base_json_add_take(item, result ? "result" : "error", result ? result : base_err_to_json(&err));
    cJSON_AddItemToArray(scene->answers, item);
    return item;
}

static void answer(struct scene *scene, const struct sent *sent)
{
    struct err err = ERR_INIT;
    const cJSON *found = answer_find(scene, sent);
    found = found ? found : answer_fetch(scene, sent);
    const cJSON *error = cJSON_GetObjectItem(found, "error");
    if (error) {
        base_err_from_json(&err, error);
    } else if (found == NULL && strcmp(sent->verb, "cancel") != 0) {
        char *params = cJSON_PrintUnformatted(sent->params);
        if (!scene->options.lenient) {
            fprintf(stderr, "%s: no answer for %s %s\n", scene->name, sent->verb, params);
            scene->failed = true;
        }
        free(params);
        base_err_set(&err, ERR_INTERNAL, "no answer was recorded for this");
    }
    if (sent->id == 0) { /* of a program that was started, not of the engine */
        cJSON *payload = base_json_object();
        if (err.code == ERR_OK)
            base_json_add_take(payload, "data",
                               cJSON_Duplicate(cJSON_GetObjectItem(found, "result"), true));
        else
            base_json_add_take(payload, "error", base_err_to_json(&err));
        console_event(scene->console, "doctor.offline", payload);
        cJSON_Delete(payload);
        return;
    }
    console_answer(scene->console, sent->id,
                   err.code == ERR_OK ? cJSON_GetObjectItem(found, "result") : NULL,
                   err.code == ERR_OK ? NULL : &err);
}

static void paint(struct scene *scene, const char *name)
{
    console_draw(scene->console, scene->canvas);
    (void)console_painted(scene->console);
    if (scene->options.paint)
        scene->options.paint(scene, name, scene->options.user);
}

static void settle(struct scene *scene)
{
    for (int i = 0; i < TURNS_MAX && scene->sent && !scene->held; i++) {
        struct sent *sent = scene->sent;
        scene->sent = sent->next;
        answer(scene, sent);
        cJSON_Delete(sent->params);
        free(sent->verb);
        free(sent);
    }
    if (scene->sent && !scene->held)
        die(scene->name, "asks without end: %s", scene->sent->verb);
    console_tick(scene->console);
    paint(scene, NULL);
    int wait = console_wait_ms(scene->console);
    if (wait <= 0 || wait > REST_MS)
        return;
    scene->now_us += wait * INT64_C(1000); /* the keys rest */
    console_tick(scene->console);
    paint(scene, NULL);
}

static void canvas_size(struct scene *scene, int width, int height)
{
    draw_canvas_free(&scene->canvas);
    scene->canvas = draw_canvas_new(width, height, scene->options.variant.charset);
    console_resize(scene->console, width, height);
}

void scene_resize(struct scene *scene, int width, int height)
{
    canvas_size(scene, width, height);
    paint(scene, NULL);
}

static void key_send(struct scene *scene, struct term_key key)
{
    if (!console_over(scene->console))
        console_key(scene->console, &key);
}

static struct term_key key_of(struct scene *scene, const char *name)
{
    static const struct {
        const char *name;
        enum term_key_kind kind;
    } names[] = {
        {"Enter", TERM_KEY_ENTER},
        {"Esc", TERM_KEY_ESCAPE},
        {"Tab", TERM_KEY_TAB},
        {"BackTab", TERM_KEY_BACKTAB},
        {"Backspace", TERM_KEY_BACKSPACE},
        {"Delete", TERM_KEY_DELETE},
        {"Up", TERM_KEY_UP},
        {"Down", TERM_KEY_DOWN},
        {"Left", TERM_KEY_LEFT},
        {"Right", TERM_KEY_RIGHT},
        {"Home", TERM_KEY_HOME},
        {"End", TERM_KEY_END},
        {"PgUp", TERM_KEY_PAGE_UP},
        {"PgDn", TERM_KEY_PAGE_DOWN},
        {"F1", TERM_KEY_F1},
        {"F10", TERM_KEY_F10},
    };
    for (size_t i = 0; i < base_countof(names); i++)
        if (strcmp(names[i].name, name) == 0)
            return (struct term_key){.kind = names[i].kind};
    struct term_key key = {.kind = TERM_KEY_CHAR};
    if (strcmp(name, "Space") == 0)
        key.codepoint = ' ';
    else if (strncmp(name, "Ctrl-", 5) == 0 && name[5])
        key.codepoint = (uint32_t)(name[5] - '@');
    else if (name[0] && name[1] == '\0')
        key.codepoint = (uint32_t)name[0];
    else
        die(scene->name, "no key is called \"%s\"", name);
    return key;
}

static void type(struct scene *scene, const char *text)
{
    for (const char *at = text; *at;) {
        uint32_t point = 0;
        size_t size = base_text_utf8_decode(at, strlen(at), &point);
        key_send(scene, (struct term_key){.kind = TERM_KEY_CHAR, .codepoint = point});
        at += size ? size : 1;
    }
}

static void event_send(struct scene *scene, const char *name)
{
    const cJSON *event = cJSON_GetObjectItem(cJSON_GetObjectItem(scene->json, "events"), name);
    if (event == NULL)
        die(scene->name, "no event is called \"%s\"", name);
    console_event(scene->console, base_json_str_or(event, "name", ""),
                  cJSON_GetObjectItem(event, "payload"));
}

/* "answers:NAME": the ones of that set come first from now on. */
static void answers_take(struct scene *scene, const char *name)
{
    const cJSON *item, *set = cJSON_GetObjectItem(cJSON_GetObjectItem(scene->json, "sets"), name);
    cJSON *answers = cJSON_CreateArray(), *old;
    if (set == NULL)
        die(scene->name, "no set of answers is called \"%s\"", name);
    cJSON_ArrayForEach(item, set)
    {
        cJSON_AddItemToArray(answers, cJSON_Duplicate(item, true));
    }
    while ((old = cJSON_DetachItemFromArray(scene->answers, 0)))
        cJSON_AddItemToArray(answers, old);
    cJSON_Delete(scene->answers);
    scene->answers = answers;
}

static void engine_set(struct scene *scene, bool up)
{
    if (up) {
        console_engine_up(scene->console, base_json_str_or(scene->json, "role", "admin"),
                          base_json_bool_or(scene->json, "started_by_us", false));
        return;
    }
    struct err err = ERR_INIT;
    const cJSON *why = cJSON_GetObjectItem(scene->json, "down");
    if (why)
        base_err_from_json(&err, why);
    while (scene->sent) { /* answered by the console itself */
        struct sent *sent = scene->sent;
        scene->sent = sent->next;
        cJSON_Delete(sent->params);
        free(sent->verb);
        free(sent);
    }
    console_engine_down(scene->console, why ? &err : NULL,
                        cJSON_GetObjectItem(scene->json, "snapshot"));
}

static void expect(struct scene *scene, const char *text, bool there)
{
    char *dump = draw_canvas_dump(scene->canvas, false);
    if (!scene->options.quiet && (strstr(dump, text) != NULL) != there) {
        fprintf(stderr, "%s at %dx%d: %s \"%s\" in\n%s", scene->name, scene->canvas->width,
                scene->canvas->height, there ? "there is no" : "there should be no", text, dump);
        scene->failed = true;
    }
    free(dump);
}

static void expect_asked(struct scene *scene, const char *text, bool there)
{
    bool found = scene->asked.len && strstr(scene->asked.data, text);
    if (!scene->options.quiet && found != there) {
        fprintf(stderr, "%s: %s \"%s\" was asked of the engine\n", scene->name,
                there ? "nothing like" : "unexpectedly", text);
        scene->failed = true;
    }
}

static void expect_copied(struct scene *scene, const char *text)
{
    if (!scene->options.quiet && (scene->copied == NULL || strstr(scene->copied, text) == NULL)) {
        fprintf(stderr, "%s: \"%s\" is not in what was copied: %s\n", scene->name, text,
                scene->copied ? scene->copied : "nothing");
        scene->failed = true;
    }
}

/* What stands behind "word:". NULL: another step. */
static const char *behind(const char *step, const char *word)
{
    size_t len = strlen(word);
    return strncmp(step, word, len) == 0 && step[len] == ':' ? step + len + 1 : NULL;
}

static void clock_turn(struct scene *scene, const char *seconds)
{
    scene->now_us += (int64_t)strtoll(seconds, NULL, 10) * 1000000;
    console_tick(scene->console);
}

static void keys_fast(struct scene *scene, const char *names)
{
    char copy[256];
    snprintf(copy, sizeof copy, "%s", names);
    for (char *name = strtok(copy, " "); name; name = strtok(NULL, " "))
        key_send(scene, key_of(scene, name));
}

/* Steps with an argument; false: it is none of them. */
static bool step_special(struct scene *scene, const char *step)
{
    const char *rest;
    int width, height;
    if ((rest = behind(step, "dump")))
        paint(scene, rest);
    else if ((rest = behind(step, "type")))
        type(scene, rest);
    else if ((rest = behind(step, "paste")))
        key_send(scene,
                 (struct term_key){.kind = TERM_KEY_PASTE, .text = rest, .len = strlen(rest)});
    else if ((rest = behind(step, "fast")))
        keys_fast(scene, rest);
    else if ((rest = behind(step, "event")))
        event_send(scene, rest);
    else if ((rest = behind(step, "answers")))
        answers_take(scene, rest);
    else if ((rest = behind(step, "clock")))
        clock_turn(scene, rest);
    else if ((rest = behind(step, "resize")) && sscanf(rest, "%dx%d", &width, &height) == 2)
        canvas_size(scene, scene->options.fixed ? scene->canvas->width : width,
                    scene->options.fixed ? scene->canvas->height : height);
    else if ((rest = behind(step, "expect")))
        expect(scene, rest, true);
    else if ((rest = behind(step, "absent")))
        expect(scene, rest, false);
    else if ((rest = behind(step, "asked")))
        expect_asked(scene, rest, true);
    else if ((rest = behind(step, "unasked")))
        expect_asked(scene, rest, false);
    else if ((rest = behind(step, "copied")))
        expect_copied(scene, rest);
    else if ((rest = behind(step, "engine")))
        engine_set(scene, strcmp(rest, "up") == 0);
    else if (strcmp(step, "hold") == 0 || strcmp(step, "release") == 0)
        scene->held = step[0] == 'h';
    else
        return false;
    return true;
}

bool scene_step(struct scene *scene, const char *step)
{
    if (step_special(scene, step)) {
        if (!console_over(scene->console) && !behind(step, "dump"))
            settle(scene);
        return !scene->failed;
    }
    char copy[1024];
    char *save = NULL;
    snprintf(copy, sizeof copy, "%s", step);
    for (char *name = strtok_r(copy, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
        key_send(scene, key_of(scene, name));
        if (!console_over(scene->console))
            settle(scene);
    }
    return !scene->failed;
}

struct scene *scene_open(const char *name, const cJSON *json, const struct scene_options *options)
{
    struct scene *scene = base_alloc_zero(1, sizeof *scene);
    scene->name = base_strdup(name);
    scene->json = json;
    scene->options = *options;
    scene->answers = cJSON_Duplicate(cJSON_GetObjectItem(json, "answers"), true);
    if (scene->answers == NULL)
        scene->answers = cJSON_CreateArray();
    scene->seam = base_seam_new();
    base_buf_init(&scene->asked, 0);
    if (base_time_parse(base_json_str_or(json, "clock", "2026-11-23T02:12:00Z"), &scene->now_us))
        die(name, "clock is no time");
    const struct console_config config = {
        .profile = base_json_str_or(json, "profile", "prod"),
        .version = "1.0",
        .login = base_json_str_or(json, "login", "oncall"),
        .read_only = options->read_only || base_json_bool_or(json, "read_only", false),
        .seam = scene->seam,
        .now = on_now,
        .send = on_send,
        .copy = on_copy,
        .suspend = on_nothing,
        .repaint = on_nothing,
        .mouse = on_mouse,
        .doctor = on_doctor,
        .user = scene,
    };
    scene->console = console_new(&config);
    canvas_size(scene, options->variant.width, options->variant.height);
    console_tick(scene->console);
    paint(scene, NULL);
    if (base_json_bool_or(json, "connect", true))
        engine_set(scene, true);
    else if (cJSON_GetObjectItem(json, "down"))
        engine_set(scene, false);
    return scene;
}

bool scene_play(struct scene *scene)
{
    const cJSON *step;
    settle(scene);
    cJSON_ArrayForEach(step, cJSON_GetObjectItem(scene->json, "script"))
    {
        (void)scene_step(scene, cJSON_IsString(step) ? step->valuestring : "");
    }
    return !scene->failed;
}

void scene_close(struct scene **scene)
{
    if (*scene == NULL)
        return;
    console_free(&(*scene)->console);
    draw_canvas_free(&(*scene)->canvas);
    base_seam_free(&(*scene)->seam);
    cJSON_Delete((*scene)->answers);
    while ((*scene)->sent) {
        struct sent *sent = (*scene)->sent;
        (*scene)->sent = sent->next;
        cJSON_Delete(sent->params);
        free(sent->verb);
        free(sent);
    }
    base_buf_free(&(*scene)->asked);
    free((*scene)->copied);
    free((*scene)->name);
    base_free(scene);
}

struct console *scene_console(struct scene *scene)
{
    return scene->console;
}

const struct draw_canvas *scene_canvas(const struct scene *scene)
{
    return scene->canvas;
}

const char *scene_name(const struct scene *scene)
{
    return scene->name;
}

const cJSON *scene_answers(const struct scene *scene)
{
    return scene->answers;
}

const char *scene_asked(const struct scene *scene)
{
    return scene->asked.len ? scene->asked.data : "";
}
