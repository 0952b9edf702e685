/* Golden screens: plays every scene in scenes/ at three sizes in three forms and compares what is
 * on the screen with golden/SCENE/SIZE.FORM.txt. `driver --update` (make golden-update) writes them
 * anew; look at the difference before you keep it. `driver NAME...` plays only these; `driver
 * --show NAME` prints what is on an 80x24 screen after each step, and what was asked. `driver
 * --record NAME SOCKET` asks a real engine for what the scene has no answer to and writes it into
 * the scene; record.py starts one on a sandbox and does that.
 *
 * How to add a scene: write scenes/NAME.json,
 *   {"include": ["shop"],            scenes whose members and answers are used after its own
 *    "clock": "2026-11-23T02:12:00Z", "profile": "prod", "login": "oncall", "role": "admin",
 *    "read_only": false, "connect": true,
 *    "sizes": ["80x24"],             default: 80x24, 60x16, 200x50
 *    "answers": [{"verb": "runs.show", "params": {"id": 6503}, "times": 1, "result": {...}},
 *                {"verb": "preview", "error": {"code": "SRC_PERM_TABLE", "message": "..."}}],
 *    "sets": {"later": [answers that come first after "answers:later"]},
 *    "events": {"half": {"name": "run.progress", "payload": {...}}},
 *    "down": {"code": "ENGINE_UNREACHABLE", "message": "..."}, "snapshot": {...},
 *    "script": ["2 j j Space", "dump:ticked", "type:apply 2", "Enter", "dump:applied"]}
 * The first answer whose verb is the same and whose params (those given) are equal is taken; a
 * question without an answer fails the scene. Answers have the members the engine really sends:
 * take them from a real one (aampe-console COMMAND --json, or the socket) and edit the values.
 *
 * Steps of the script, one string each; what is asked is answered and painted after each:
 *   KEY KEY ...   names of actions.def: j 2 Space Enter Ctrl-D PgDn
 *   type:TEXT     characters      paste:TEXT    a bracketed paste
 *   fast:K K      keys typed before anything is painted
 *   dump:NAME     keeps the screen         expect:TEXT  absent:TEXT   on the screen now
 *   asked:TEXT    "verb {params}" was sent   unasked:TEXT   copied:TEXT
 *   event:NAME    answers:SET    clock:+60    resize:60x16    engine:down    engine:up
 *   hold          answers wait, until    release */
#include "tests/screens/scene.h"

#include "base/alloc.h"
#include "base/json.h"
#include "ipc/client.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct form {
    const char *name;
    enum draw_charset charset;
    bool attributes;
} forms[] = {{"utf8", DRAW_UTF8, false}, {"ascii", DRAW_ASCII, false}, {"mono", DRAW_ASCII, true}};

struct golden {
    struct buf text;
    bool attributes, unsound;
};

static void on_paint(struct scene *scene, const char *name, void *user)
{
    struct golden *golden = user;
    const struct draw_canvas *canvas = scene_canvas(scene);
    golden->unsound = golden->unsound || !draw_canvas_sound(canvas);
    if (name == NULL)
        return;
    char *dump = draw_canvas_dump(canvas, golden->attributes);
    (void)base_buf_printf(&golden->text, "=== %s\n%s", name, dump);
    free(dump);
}

static char *read_or_null(const char *path)
{
    struct buf text;
    int c;
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    base_buf_init(&text, 0);
    (void)base_buf_text(&text, "");
    while ((c = getc(file)) != EOF)
        (void)base_buf_byte(&text, (uint8_t)c);
    fclose(file);
    return base_buf_take(&text, NULL);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

/* The first line that differs. */
static void differ(const char *path, const char *was, const char *is)
{
    int line = 1;
    while (*was && *was == *is) {
        line += *was == '\n';
        was++;
        is++;
    }
    while (line > 1 && was[-1] != '\n')
        was--, is--;
    fprintf(stderr,
            "%s:%d differs (make golden-update writes it anew)\n  golden: %.*s\n  now:    %.*s\n",
            path, line, (int)strcspn(was, "\n"), was, (int)strcspn(is, "\n"), is);
}

static bool compare(const char *folder, const char *file, const char *text, bool update)
{
    char *path = base_printf("%s/%s", folder, file);
    char *was = read_or_null(path);
    bool same = was && strcmp(was, text) == 0;
    if (!same && update) {
        mkdir(folder, 0777);
        write_text(path, text);
        printf("written: %s\n", path);
    } else if (!same && was) {
        differ(path, was, text);
    } else if (!same) {
        fprintf(stderr, "%s does not exist (make golden-update writes it)\n", path);
    }
    free(was);
    free(path);
    return same || update;
}

static bool play(const char *source, const char *name, const cJSON *json, const char *size,
                 const struct form *form, bool update)
{
    struct golden golden = {.attributes = form->attributes};
    struct scene_options options = {
        .variant = {80, 24, form->charset, form->attributes}, .paint = on_paint, .user = &golden};
    if (sscanf(size, "%dx%d", &options.variant.width, &options.variant.height) != 2)
        return false;
    base_buf_init(&golden.text, 0);
    (void)base_buf_text(&golden.text, "");
    struct scene *scene = scene_open(name, json, &options);
    bool good = scene_play(scene);
    scene_close(&scene);
    char *folder = base_printf("%s/tests/screens/golden/%s", source, name);
    char *file = base_printf("%s.%s.txt", size, form->name);
    good = compare(folder, file, golden.text.data, update) && good;
    if (golden.unsound)
        fprintf(stderr, "%s at %s %s: a cell is not sound\n", name, size, form->name);
    free(file);
    free(folder);
    base_buf_free(&golden.text);
    return good && !golden.unsound;
}

static bool scene_all(const char *source, const char *name, bool update, int *screens)
{
    static const char *const usual[] = {"80x24", "60x16", "200x50"};
    char *folder = base_printf("%s/tests/screens/scenes", source);
    cJSON *json = scene_read(folder, name);
    const cJSON *sizes = base_json_array(json, "sizes");
    int count = sizes ? cJSON_GetArraySize(sizes) : (int)base_countof(usual);
    bool good = true;
    for (int i = 0; i < count && base_json_array(json, "script"); i++) {
        const char *size = sizes ? cJSON_GetArrayItem(sizes, i)->valuestring : usual[i];
        for (size_t f = 0; f < base_countof(forms); f++, ++*screens)
            good = play(source, name, json, size, &forms[f], update) && good;
    }
    cJSON_Delete(json);
    free(folder);
    return good;
}

static void on_paint_show(struct scene *scene, const char *name, void *user)
{
    (void)user;
    char *dump = draw_canvas_dump(scene_canvas(scene), false);
    printf("=== %s\n%s", name ? name : "", dump);
    free(dump);
}

static bool show(const char *source, const char *name)
{
    char *folder = base_printf("%s/tests/screens/scenes", source);
    cJSON *json = scene_read(folder, name);
    struct scene_options options = {
        .variant = {80, 24, DRAW_ASCII, false}, .lenient = true, .paint = on_paint_show};
    struct scene *scene = scene_open(name, json, &options);
    bool good = scene_play(scene);
    printf("=== asked\n%s", scene_asked(scene));
    scene_close(&scene);
    cJSON_Delete(json);
    free(folder);
    return good;
}

static cJSON *on_ask(const char *verb, const cJSON *params, struct err *err, void *user)
{
    cJSON *result = NULL;
    if (ipc_client_call(user, verb, cJSON_Duplicate(params, true), 60000, &result, err) != 0)
        return NULL;
    return result;
}

/* The clock stands where the answers were taken. */
static bool record(const char *source, const char *name, const char *socket)
{
    struct err err = ERR_INIT;
    struct ipc_client *client = ipc_client_connect(socket, "record", "1.0", 5000, &err);
    if (client == NULL) {
        fprintf(stderr, "%s: %s\n", socket, err.message);
        return false;
    }
    char *folder = base_printf("%s/tests/screens/scenes", source);
    char *path = base_printf("%s/%s.json", folder, name);
    cJSON *json = scene_read(folder, name);
    if (cJSON_GetObjectItem(json, "clock") == NULL) {
        struct base_seam *seam = base_seam_new();
        base_json_add_time(json, "clock", base_seam_now_us(seam));
        base_seam_free(&seam);
    }
    struct scene_options options = {
        .variant = {80, 24, DRAW_ASCII, false}, .ask = on_ask, .user = client};
    struct scene *scene = scene_open(name, json, &options);
    bool good = scene_play(scene);
    cJSON_DeleteItemFromObject(json, "answers");
    cJSON_AddItemToObject(json, "answers", cJSON_Duplicate(scene_answers(scene), true));
    char *text = base_json_print_pretty(json);
    write_text(path, text);
    free(text);
    scene_close(&scene);
    ipc_client_free(&client);
    cJSON_Delete(json);
    free(path);
    free(folder);
    return good;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_scene(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return len > 5 && strcmp(entry->d_name + len - 5, ".json") == 0;
}

int main(int argc, char *argv[])
{
    const char *source = getenv("AAMPE_SRCDIR");
    bool update = argc > 1 && strcmp(argv[1], "--update") == 0, good = true;
    int screens = 0, wrong = 0, first = update ? 2 : 1;
    source = source ? source : ".";
    if (argc == 3 && strcmp(argv[1], "--show") == 0)
        return show(source, argv[2]) ? 0 : 1;
    if (argc == 4 && strcmp(argv[1], "--record") == 0)
        return record(source, argv[2], argv[3]) ? 0 : 1;
    if (argc > first) {
        for (int i = first; i < argc; i++)
            good = scene_all(source, argv[i], update, &screens) && good;
    } else {
        struct dirent **found = NULL;
        char *folder = base_printf("%s/tests/screens/scenes", source);
        int count = scandir(folder, &found, is_scene, by_name);
        for (int i = 0; i < count; i++) {
            char *name = base_strndup(found[i]->d_name, strlen(found[i]->d_name) - 5);
            if (!scene_all(source, name, update, &screens))
                wrong++;
            free(name);
            free(found[i]);
        }
        free(found);
        free(folder);
        good = count > 0 && wrong == 0;
    }
    printf("golden screens: %d plays, %s\n", screens,
           good ? "all as they should be" : "NOT as they should be");
    return good ? 0 : 1;
}
