/* What must hold for every scene, not only where it looks right: at every size nothing is drawn
 * outside the canvas and the selected row stays selected; no two states differ by colour alone;
 * every action works by key and by palette, is in the help and in the manual, and is refused in
 * read-only mode when it is not LOOK; whatever the answers hold, cells hold only text. */
#define _GNU_SOURCE
#include "tests/screens/payloads.h"
#include "tests/screens/scene.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/map.h"
#include "base/text.h"
#include "ui/screen/palette.h"

#include <ctype.h>
#include <dirent.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

struct sweep {
    const char *folder;
    const char *name;
    const cJSON *json;
    int wrong, checks, begin;
    struct base_map *rows; /* plain text of a row -> its style letters */
    bool inside;           /* resizing within a paint */
    struct base_map *done; /* screens whose actions have been tried */
};

static __attribute__((format(printf, 2, 3))) void wrong(struct sweep *sweep, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (sweep->wrong++ < 20) {
        fprintf(stderr, "%s: ", sweep->name);
        vfprintf(stderr, fmt, args);
        fprintf(stderr, "\n");
    }
    va_end(args);
}

/* The text of a row; caller frees. letters: its styles, without those of selection and input. */
static char *row_text(const struct draw_canvas *canvas, int y, char **letters)
{
    struct draw_canvas row = {.width = canvas->width,
                              .height = 1,
                              .charset = canvas->charset,
                              .cells = canvas->cells + (size_t)y * (size_t)canvas->width};
    char *dump = draw_canvas_dump(&row, true);
    char *end = strchr(dump, '\n');
    *end = '\0';
    if (letters) {
        *letters = base_strndup(end + 1, strcspn(end + 1, "\n"));
        for (char *at = *letters; *at; at++)
            *at = *at == 'S' || tolower(*at) == 'i' ? '.' : (char)tolower(*at);
        for (size_t len = strlen(*letters); len > 0 && (*letters)[len - 1] == '.';)
            (*letters)[--len] = '\0';
    }
    return dump;
}

/* The row that is selected and says so with a mark; -1: none. */
static int selected_row(const struct draw_canvas *canvas)
{
    for (int y = 0; y < canvas->height; y++)
        for (int x = 0; x < canvas->width; x++)
            if (draw_canvas_at(canvas, x, y)->selected)
                return y;
    return -1;
}

static bool marked(const struct draw_canvas *canvas, int y)
{
    for (int x = 0; x < canvas->width; x++) {
        const struct draw_cell *cell = draw_canvas_at(canvas, x, y);
        if (cell->selected)
            return cell->len == 1 && cell->text[0] == '>';
    }
    return false;
}

/* A terminal's own idea of the widths. */
static void widths_check(struct sweep *sweep, const struct draw_canvas *canvas)
{
    size_t count = (size_t)canvas->width * (size_t)canvas->height;
    for (size_t i = 0; i < count; i++) {
        const struct draw_cell *cell = &canvas->cells[i];
        int width = 0;
        uint32_t point;
        for (size_t at = 0, size; at < cell->len; at += size) {
            size = base_text_utf8_decode(cell->text + at, cell->len - at, &point);
            int own = wcwidth((wchar_t)point);
            width += own > 0 ? own : 0;
            if (size == 0)
                break;
        }
        if (width > cell->width)
            wrong(sweep, "a cell of %d columns takes %d: %.*s", cell->width, width, cell->len,
                  cell->text);
    }
}

static void colour_check(struct sweep *sweep, const struct draw_canvas *canvas)
{
    for (int y = 1; y < canvas->height - 1; y++) {
        char *letters, *text = row_text(canvas, y, &letters);
        if (text[0] == '>')
            text[0] = ' ';
        const char *before = base_map_get(sweep->rows, text);
        if (before && strcmp(before, letters) != 0 && text[strspn(text, " ")])
            wrong(sweep, "two states differ by style alone: \"%s\" is %s and %s", text, before,
                  letters);
        else if (before == NULL)
            (void)base_map_put(sweep->rows, text, base_strdup(letters));
        free(letters);
        free(text);
        sweep->checks++;
    }
}

static void sizes_check(struct sweep *sweep, struct scene *scene)
{
    static const int wide[] = {1, 19, 20, 21, 40, 59, 60, 61, 80, 81, 132, 200};
    static const int high[] = {1, 4, 5, 6, 8, 9, 12, 15, 16, 24, 25, 60};
    const struct draw_canvas *canvas = scene_canvas(scene);
    int width = canvas->width, height = canvas->height, at = selected_row(canvas);
    char *before = at >= 0 ? row_text(canvas, at, NULL) : NULL;
    bool lost = false;
    for (size_t w = 0; w < base_countof(wide); w++) {
        for (size_t h = 0; h < base_countof(high); h++) {
            scene_resize(scene, wide[w], high[h]);
            canvas = scene_canvas(scene);
            int row = selected_row(canvas);
            if (!draw_canvas_sound(canvas))
                wrong(sweep, "a cell is not sound at %dx%d", wide[w], high[h]);
            if (at >= 0 && row < 0 && wide[w] >= 20 && high[h] >= 5 && !lost) {
                wrong(sweep, "the selection is lost at %dx%d of: %s", wide[w], high[h], before);
                lost = true; /* the others are like it */
            }
            if (row >= 0 && !marked(canvas, row))
                wrong(sweep, "the selected row has no mark at %dx%d", wide[w], high[h]);
            sweep->checks++;
        }
    }
    scene_resize(scene, width, height);
    canvas = scene_canvas(scene);
    int row = selected_row(canvas);
    char *after = row >= 0 ? row_text(canvas, row, NULL) : NULL;
    /* of a grid that scrolls sideways the frozen column is the row's name */
    size_t name = before && strchr(before, '|') ? strcspn(before, "|") : SIZE_MAX;
    if (before && (after == NULL || strncmp(before, after, name) != 0))
        wrong(sweep, "the selection did not survive resizing: \"%s\" became \"%s\"", before,
              after ? after : "nothing");
    free(before);
    free(after);
}

static void on_paint(struct scene *scene, const char *name, void *user)
{
    struct sweep *sweep = user;
    if (sweep->inside || name == NULL)
        return;
    sweep->inside = true;
    colour_check(sweep, scene_canvas(scene));
    sizes_check(sweep, scene);
    sweep->inside = false;
}

static struct scene *open_scene(struct sweep *sweep, const cJSON *json, struct scene_options more)
{
    more.lenient = more.quiet = more.fixed = true;
    if (more.variant.width == 0)
        more.variant = (struct scene_variant){80, 24, DRAW_UTF8, false};
    return scene_open(sweep->name, json, &more);
}

static void sizes_sweep(struct sweep *sweep)
{
    struct scene *scene =
        open_scene(sweep, sweep->json, (struct scene_options){.paint = on_paint, .user = sweep});
    sweep->rows = base_map_new();
    (void)scene_play(scene);
    if (!console_over(scene_console(scene)))
        on_paint(scene, "end", sweep);
    scene_close(&scene);
    base_map_free(&sweep->rows, free);
}

/* The scene's end, seen with fresh eyes. */
static struct scene *played(struct sweep *sweep, bool read_only, int width, int height)
{
    struct scene_options options = {.variant = {width, height, DRAW_ASCII, false},
                                    .read_only = read_only};
    struct scene *scene = open_scene(sweep, sweep->json, options);
    (void)scene_play(scene);
    if (!console_over(scene_console(scene))) {
        (void)scene_step(scene, "Esc");
        (void)scene_step(scene, "Esc");
    }
    return scene;
}

static char *dump_of(struct scene *scene)
{
    return console_over(scene_console(scene)) ? base_strdup("over\n")
                                              : draw_canvas_dump(scene_canvas(scene), false);
}

static const char *line_of(char *dump, int line)
{
    while (line-- > 0 && *dump)
        dump += strcspn(dump, "\n") + (dump[strcspn(dump, "\n")] != '\0');
    return dump;
}

/* Presses Down until the palette's selected row is that action. */
static bool palette_find(struct scene *scene, enum view_action action)
{
    char key[16];
    const struct view_action_info *info = view_action_info(action);
    view_action_key(action, key, sizeof key);
    for (int i = 0; i < 80; i++) {
        char *row = row_text(scene_canvas(scene), selected_row(scene_canvas(scene)), NULL);
        size_t len = strlen(info->words);
        const char *behind = row + 2 + len;
        bool found = strlen(row) > len + 2 && memcmp(row + 2, info->words, len) == 0;
        behind += found ? strspn(behind, " ") : 0;
        found = found && strncmp(behind, key, strlen(key)) == 0 && behind[strlen(key)] == ' ';
        free(row);
        if (found)
            return true;
        (void)scene_step(scene, "Down");
        if (selected_row(scene_canvas(scene)) < 0)
            break;
    }
    return false;
}

/* What the screens have written: they run in a folder of their own. */
static void files_gone(void)
{
    DIR *folder = opendir(".");
    for (struct dirent *each; folder && (each = readdir(folder));)
        if (each->d_name[0] != '.')
            (void)unlink(each->d_name);
    if (folder)
        closedir(folder);
}

static void both_ways(struct sweep *sweep, enum view_action action)
{
    char key[16], *step;
    struct scene *by_key = played(sweep, false, 80, 24), *by_palette = played(sweep, false, 80, 24);
    view_action_key(action, key, sizeof key);
    if (!console_over(scene_console(by_key)) && action != VIEW_ACTION_PALETTE &&
        action != VIEW_ACTION_EXPORT) { /* the second file has another name */
        (void)scene_step(by_key, key);
        (void)scene_step(by_palette, ":");
        step = base_printf("type:%s", view_action_info(action)->words);
        (void)scene_step(by_palette, step);
        free(step);
        char *left = dump_of(by_key);
        if (!palette_find(by_palette, action)) {
            wrong(sweep, "the palette does not find %s", view_action_info(action)->words);
        } else {
            files_gone(); /* so that both write a file of the same name */
            (void)scene_step(by_palette, "Enter");
            char *right = dump_of(by_palette);
            if (strcmp(left, right) != 0)
                wrong(sweep, "%s by key and by palette differ:\n%s\n%s",
                      view_action_info(action)->id, left, right);
            free(right);
        }
        free(left);
    }
    scene_close(&by_key);
    scene_close(&by_palette);
    sweep->checks++;
}

static void refused(struct sweep *sweep, enum view_action action)
{
    char key[16];
    struct scene *scene = played(sweep, true, 80, 24);
    view_action_key(action, key, sizeof key);
    if (!console_over(scene_console(scene))) {
        size_t asked = strlen(scene_asked(scene));
        (void)scene_step(scene, key);
        char *dump = dump_of(scene);
        if (strncmp(line_of(dump, 22), key, strlen(key)) != 0 ||
            strstr(line_of(dump, 22), "read-only") == NULL)
            wrong(sweep, "%s is not refused in read-only mode:\n%s", view_action_info(action)->id,
                  dump);
        const char *more = scene_asked(scene) + asked;
        if (*more && strncmp(more, "status ", 7) != 0)
            wrong(sweep, "%s in read-only mode asks: %s", view_action_info(action)->id, more);
        free(dump);
    }
    scene_close(&scene);
    sweep->checks++;
}

/* Another scene has ended on this screen before. */
static bool tried(struct sweep *sweep, struct scene *scene)
{
    char *row = row_text(scene_canvas(scene), 0, NULL);
    char *end = strstr(row, "  ");
    if (end)
        *end = '\0';
    bool before = base_map_put(sweep->done, row, sweep->done) != NULL;
    free(row);
    return before;
}

static void actions_sweep(struct sweep *sweep)
{
    struct scene *scene = played(sweep, false, 200, 60);
    char *text = base_strdup("");
    bool over = console_over(scene_console(scene)) || tried(sweep, scene);
    for (int i = 0; i < 4 && !over; i++) {
        (void)scene_step(scene, i == 0 ? "?" : "PgDn");
        char *dump = dump_of(scene), *longer = base_printf("%s%s", text, dump);
        free(dump);
        free(text);
        text = longer;
    }
    scene_close(&scene);
    for (int i = 1; i < VIEW_ACTION_COUNT && !over; i++) {
        enum view_action action = (enum view_action)i;
        if (strstr(text, view_action_info(action)->help) == NULL)
            wrong(sweep, "%s is not in the help", view_action_info(action)->id);
        both_ways(sweep, action);
        if (view_action_info(action)->class != VIEW_LOOK)
            refused(sweep, action);
    }
    free(text);
}

/* Members whose values the console reads as words of the protocol. */
static bool structural(const char *key)
{
    static const char *const keys[] = {
        "verb",    "kind",     "state",    "phase",   "access", "tick",    "word",  "code",
        "class",   "level",    "action",   "role",    "time",   "since",   "began", "ended",
        "started", "finished", "whole_to", "expires", "key",    "verdict", "last",  "type"};
    for (size_t i = 0; key && i < base_countof(keys); i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

static void poison(cJSON *json, const char *payload, bool all, const char *key)
{
    cJSON *item;
    if (cJSON_IsString(json) && (all || !structural(key))) {
        char *text = all ? base_strdup(payload) : base_printf("%s%s", json->valuestring, payload);
        cJSON_free(json->valuestring);
        json->valuestring = text;
    }
    cJSON_ArrayForEach(item, json)
    {
        if (item->string == NULL || strcmp(item->string, "params") != 0)
            poison(item, payload, all, item->string ? item->string : key);
    }
}

static void on_paint_hostile(struct scene *scene, const char *name, void *user)
{
    struct sweep *sweep = user;
    (void)name;
    if (!draw_canvas_sound(scene_canvas(scene)))
        wrong(sweep, "a cell is not sound");
    widths_check(sweep, scene_canvas(scene));
    sweep->checks++;
}

static void poison_answers(cJSON *answers, const char *payload, bool all)
{
    cJSON *item;
    cJSON_ArrayForEach(item, answers)
    {
        poison(cJSON_GetObjectItem(item, "result"), payload, all, NULL);
        poison(cJSON_GetObjectItem(item, "error"), payload, all, NULL);
        poison(cJSON_GetObjectItem(item, "payload"), payload, all, NULL);
    }
}

static void hostile_sweep(struct sweep *sweep)
{
    static const struct scene_variant variants[] = {{80, 24, DRAW_UTF8, false},
                                                    {60, 16, DRAW_ASCII, false}};
#ifdef __SANITIZE_ADDRESS__
    const int step = 7; /* each of them in one scene or another */
#else
    const int step = 1;
#endif
    for (int i = sweep->begin++ % step; i < 2 * PAYLOADS; i += step) {
        cJSON *json = cJSON_Duplicate(sweep->json, true), *set;
        const char *payload = payloads[i / 2];
        poison_answers(cJSON_GetObjectItem(json, "answers"), payload, i % 2);
        poison_answers(cJSON_GetObjectItem(json, "events"), payload, i % 2);
        poison(cJSON_GetObjectItem(json, "snapshot"), payload, i % 2, NULL);
        cJSON_ArrayForEach(set, cJSON_GetObjectItem(json, "sets"))
            poison_answers(set, payload, i % 2);
        struct scene_options options = {
            .variant = variants[i / 2 % 2], .paint = on_paint_hostile, .user = sweep};
        struct scene *scene = open_scene(sweep, json, options);
        (void)scene_play(scene);
        scene_close(&scene);
        cJSON_Delete(json);
    }
}

/* The palette takes the words of every command. */
static void commands_check(struct sweep *sweep)
{
    static const char *const words[] = {
#define COMMAND(id, words, arguments, class, brief, more) words,
#define OPTION(id, name, argument, brief)
#define GLOBAL(name, argument, brief)
#include "ui/cli/commands.def"
#undef COMMAND
#undef OPTION
#undef GLOBAL
    };
    sweep->name = "palette";
    for (size_t i = 0; i < base_countof(words); i++) {
        const char *rest;
        const struct palette_word *found = palette_words_of(words[i], &rest);
        bool action = false;
        for (int k = 1; k < VIEW_ACTION_COUNT; k++)
            action = action || strcmp(view_action_info((enum view_action)k)->words, words[i]) == 0;
        if ((found == NULL || rest[0]) && !action)
            wrong(sweep, "does not know the command %s", words[i]);
    }
}

/* The manual has every key with what it does. */
static void manual_check(struct sweep *sweep)
{
    const char *build = getenv("AAMPE_BUILDDIR");
    char *path = base_printf("%s/doc/aampe-console.1", build ? build : ".");
    FILE *file = fopen(path, "r");
    struct buf text;
    int c;
    sweep->name = path;
    base_buf_init(&text, 0);
    while (file && (c = getc(file)) != EOF)
        if (c != '\\' && c != '&')
            (void)base_buf_byte(&text, (uint8_t)(c == '\n' ? ' ' : c));
    for (int i = 1; i < VIEW_ACTION_COUNT; i++)
        if (text.len == 0 || strstr(text.data, view_action_info((enum view_action)i)->help) == NULL)
            wrong(sweep, "%s is not in the manual", view_action_info((enum view_action)i)->id);
    if (file)
        fclose(file);
    base_buf_free(&text);
    free(path);
}

static int is_scene(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return len > 5 && strcmp(entry->d_name + len - 5, ".json") == 0;
}

static void scene_sweep(struct sweep *sweep, const char *name)
{
    cJSON *json = scene_read(sweep->folder, name);
    sweep->name = name;
    sweep->json = json;
    if (base_json_array(json, "script")) {
        sizes_sweep(sweep);
        actions_sweep(sweep);
        hostile_sweep(sweep);
    }
    cJSON_Delete(json);
}

int main(int argc, char *argv[])
{
    const char *source = getenv("AAMPE_SRCDIR");
    struct sweep sweep = {0};
    struct dirent **found = NULL;
    manual_check(&sweep);
    commands_check(&sweep);
    char *relative = base_printf("%s/tests/screens/scenes", source ? source : ".");
    char *folder = realpath(relative, NULL), own[] = "/tmp/aampe-sweep-XXXXXX";
    free(relative);
    if (folder == NULL || mkdtemp(own) == NULL || chdir(own) != 0) {
        perror("sweep");
        return 1;
    }
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
        fprintf(stderr, "sweep: no C.UTF-8 here, widths are not compared\n");
    sweep.folder = folder;
    sweep.done = base_map_new();
    int count = argc > 1 ? argc - 1 : scandir(folder, &found, is_scene, alphasort);
    for (int i = 0; i < count; i++) {
        char *name = argc > 1 ? base_strdup(argv[i + 1])
                              : base_strndup(found[i]->d_name, strlen(found[i]->d_name) - 5);
        scene_sweep(&sweep, name);
        free(name);
        if (found)
            free(found[i]);
    }
    files_gone();
    (void)rmdir(own);
    base_map_free(&sweep.done, NULL);
    free(found);
    free(folder);
    printf("screens: %d checks over %d scenes, %d wrong\n", sweep.checks, count, sweep.wrong);
    return sweep.wrong == 0 && count > 0 ? 0 : 1;
}
