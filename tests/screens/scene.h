/* A scene: recorded answers of the engine, a clock that stands still, and a script of keys for the
 * console without terminal and socket. How to write one: driver.c. */
#ifndef AAMPE_TESTS_SCREENS_SCENE_H
#define AAMPE_TESTS_SCREENS_SCENE_H

#include "base/buf.h"
#include "ui/screen/console.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

struct scene_variant {
    int width, height;
    enum draw_charset charset;
    bool attributes;
};

struct scene;

/* Called after every painted step; name: of a dump, or NULL. */
typedef void scene_paint_fn(struct scene *scene, const char *name, void *user);

/* Where an answer comes from that was not recorded; NULL with err: it is an error. */
typedef cJSON *scene_ask_fn(const char *verb, const cJSON *params, struct err *err, void *user);

struct scene_options {
    struct scene_variant variant;
    bool read_only; /* besides what the scene says */
    bool lenient;   /* questions without an answer get an error instead of ending the test */
    bool quiet;     /* expectations are not checked (the answers were changed) */
    bool fixed;     /* the script's resizing is left out */
    scene_paint_fn *paint;
    scene_ask_fn *ask; /* NULL: it is missing */
    void *user;
};

/* The JSON of a scene with what it includes; path in messages. Exits on a mistake. */
cJSON *scene_read(const char *folder, const char *name);
/* Plays the whole script; scene_close afterwards. False: an expectation failed (said on stderr). */
struct scene *scene_open(const char *name, const cJSON *json, const struct scene_options *options);
bool scene_play(struct scene *scene);
void scene_close(struct scene **scene);

struct console *scene_console(struct scene *scene);
const struct draw_canvas *scene_canvas(const struct scene *scene);
const char *scene_name(const struct scene *scene);
/* Verbs that were asked, with their parameters, a line each. */
const char *scene_asked(const struct scene *scene);
const cJSON *scene_answers(const struct scene *scene); /* with those that were fetched */

/* For sweeps: one step of the script, answers what is asked, paints. False as scene_play. */
bool scene_step(struct scene *scene, const char *step);
/* Lays out and draws at another size. */
void scene_resize(struct scene *scene, int width, int height);

#endif
