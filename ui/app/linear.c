#include "ui/app/linear.h"

#include "base/alloc.h"
#include "base/json.h"
#include "ui/view/linear.h"
#include "ui/view/words.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define HEARTBEAT_US (INT64_C(30) * 1000000)
#define TURN_MS 1000
#define LINE_MAX_BYTES ((size_t)64 << 10)

static int64_t mono(const struct linear *linear)
{
    return base_seam_mono_us(linear->cli->seam);
}

void linear_say(struct linear *linear, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = base_vprintf(fmt, args);
    va_end(args);
    view_line(linear->out, "%s", text);
    free(text);
    fflush(linear->out->text);
    linear->said_us = mono(linear);
}

void linear_error(struct linear *linear, const struct err *err)
{
    const char *hint = base_err_hint_text(err);
    linear_say(linear, "error: %s (%s)", err->message, base_err_name(err->code));
    if (hint && hint[0])
        linear_say(linear, "do: %s", hint);
}

struct view_page *linear_page_new(void)
{
    return view_page_new(1000);
}

void linear_page(struct linear *linear, struct view_page *take_page)
{
    view_page_print(take_page, linear->out);
    fflush(linear->out->text);
    linear->said_us = mono(linear);
    view_page_free(&take_page);
}

/* --- the engine --- */

static int link_open(struct linear *linear, struct err *err)
{
    static const char *const events[] = {"run.state", "run.progress", "setup.check", NULL};
    if (linear->link)
        return 0;
    linear->link = cli_link(linear->cli, err);
    if (linear->link == NULL)
        return -1;
    if (view_subscribe(linear->link, events, err) == 0)
        return 0;
    view_link_free(&linear->link);
    return -1;
}

static void link_lost(struct linear *linear, const struct err *err)
{
    view_link_free(&linear->link);
    linear_say(linear, "the engine is gone: %s; the next question looks for it again",
               err->message);
}

/* Events that have arrived, a line each. */
static void events_tell(struct linear *linear, void (*each)(void *user, const cJSON *event),
                        void *user)
{
    struct err err = ERR_INIT;
    cJSON *event = NULL;
    int got = 0;
    while (linear->link && (got = view_event(linear->link, 0, &event, &err)) > 0) {
        char *line = view_linear_event(linear->told, event, linear->percent_step);
        if (line)
            linear_say(linear, "%s", line);
        if (each)
            each(user, event);
        free(line);
        cJSON_Delete(event);
    }
    if (got < 0)
        link_lost(linear, &err);
}

static void heartbeat(struct linear *linear, const char *what)
{
    if (mono(linear) - linear->said_us >= HEARTBEAT_US)
        linear_say(linear, "%s", what);
}

int linear_call(struct linear *linear, const char *verb, cJSON *take_params, cJSON **result,
                struct err *err)
{
    int id = 0, got = 0;
    if (link_open(linear, err) != 0) {
        cJSON_Delete(take_params);
        return -1;
    }
    if (view_send(linear->link, verb, take_params, &id, err) != 0) {
        link_lost(linear, err);
        return -1;
    }
    while ((got = view_reply(linear->link, id, TURN_MS, result, err)) == 0) {
        if (*linear->cli->interrupted) {
            linear->over = true;
            return base_err_set(err, ERR_CANCELLED_BY_USER, "interrupted");
        }
        heartbeat(linear, "still waiting for the engine");
    }
    if (got < 0 && (err->code == ERR_ENGINE_UNREACHABLE || err->code == ERR_ENGINE_PROTOCOL))
        view_link_free(&linear->link);
    return got < 0 ? -1 : 0;
}

/* --- the user --- */

/* The next whole line of what was typed; NULL: not whole yet. Cut out of `typed`. */
static char *line_take(struct linear *linear)
{
    struct buf *typed = &linear->typed;
    char *end = typed->len ? memchr(typed->data, '\n', typed->len) : NULL;
    if (end == NULL)
        return NULL;
    size_t len = (size_t)(end - typed->data), from = 0, to = len;
    while (from < to && (unsigned char)typed->data[from] <= ' ')
        from++;
    while (to > from && (unsigned char)typed->data[to - 1] <= ' ')
        to--;
    char *line = base_strndup(typed->data + from, to - from);
    memmove(typed->data, end + 1, typed->len - len - 1);
    typed->len -= len + 1;
    return line;
}

/* Reads what can be read. False: there will be no more. */
static bool typed_read(struct linear *linear)
{
    char piece[512];
    ssize_t got = read(STDIN_FILENO, piece, sizeof piece);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return true;
    if (got <= 0 || base_buf_append(&linear->typed, piece, (size_t)got) != 0)
        return false;
    return true;
}

/* One turn of waiting: 1 something can be read from the user, 0 not, -1 it is over. */
static int turn(struct linear *linear, bool keys, int timeout_ms,
                void (*each)(void *user, const cJSON *event), void *user)
{
    struct pollfd fds[2] = {
        {.fd = keys ? STDIN_FILENO : -1, .events = POLLIN},
        {.fd = linear->link ? view_link_fd(linear->link) : -1, .events = POLLIN}};
    events_tell(linear, each, user);
    if (*linear->cli->interrupted) {
        linear->over = true;
        return -1;
    }
    int ready = poll(fds, 2, timeout_ms < TURN_MS ? timeout_ms : TURN_MS);
    if (ready > 0 && fds[1].revents)
        events_tell(linear, each, user);
    return ready > 0 && fds[0].revents ? 1 : 0;
}

static char *line_wait(struct linear *linear)
{
    char *line = NULL;
    while (!linear->over && (line = line_take(linear)) == NULL) {
        if (turn(linear, true, TURN_MS, NULL, NULL) > 0 && !typed_read(linear)) {
            /* A last line without its end counts. */
            if (linear->typed.len == 0 || base_buf_byte(&linear->typed, '\n') != 0)
                linear->over = true;
        }
    }
    return line;
}

/* One answer, whatever it is. */
static const char *answer_wait(struct linear *linear, const char *prompt)
{
    view_put(linear->out, STYLE_PLAIN, "%s: ", prompt);
    fflush(linear->out->text);
    free(linear->answer);
    linear->answer = line_wait(linear);
    if (!isatty(STDIN_FILENO) || linear->answer == NULL)
        view_end(linear->out); /* nobody else ends the line of the prompt */
    linear->said_us = mono(linear);
    return linear->answer;
}

const char *linear_ask(struct linear *linear, const char *prompt, const char *hint)
{
    const char *answer;
    while ((answer = answer_wait(linear, prompt)) != NULL && strcmp(answer, "?") == 0)
        linear_say(linear, "%s",
                   hint ? hint : "type an answer and press Enter; an empty line goes back");
    return answer;
}

struct secret *linear_ask_secret(struct linear *linear, const char *prompt)
{
    struct termios before, quiet;
    bool tty = tcgetattr(STDIN_FILENO, &before) == 0;
    if (tty) {
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
        tcsetattr(STDIN_FILENO, TCSADRAIN, &quiet);
    }
    view_put(linear->out, STYLE_PLAIN, "%s (not shown): ", prompt);
    fflush(linear->out->text);
    char *line = line_wait(linear);
    if (tty)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
    view_end(linear->out);
    linear->said_us = mono(linear);
    struct secret *secret = line && line[0] ? base_secret_new(line, strlen(line)) : NULL;
    if (line)
        base_secret_wipe(line, strlen(line));
    free(line);
    return secret;
}

static void choices_say(struct linear *linear, const struct linear_choice choices[], size_t count,
                        const char *back, bool hints)
{
    for (size_t i = 0; i < count; i++)
        linear_say(linear, "%zu %s%s%s", i + 1, choices[i].label,
                   hints && choices[i].hint ? ": " : "",
                   hints && choices[i].hint ? choices[i].hint : "");
    linear_say(linear, "0 %s", back);
}

int linear_choose(struct linear *linear, const char *title, const struct linear_choice choices[],
                  size_t count, const char *back)
{
    /* Said again only when other choices have been said since. */
    if (linear->choices != choices)
        choices_say(linear, choices, count, back, false);
    linear->choices = choices;
    for (;;) {
        char *end = NULL;
        const char *answer = answer_wait(linear, title);
        if (answer == NULL)
            return 0;
        if (strcmp(answer, "?") == 0) {
            choices_say(linear, choices, count, back, true);
            continue;
        }
        unsigned long number = strtoul(answer, &end, 10);
        if (answer[0] == '\0')
            continue;
        if (*end == '\0' && number <= count)
            return (int)number;
        linear_say(linear, "\"%s\" is none of the numbers 0 to %zu; ? says what they do", answer,
                   count);
    }
}

bool linear_confirm(struct linear *linear, const char *question, const char *word)
{
    char *prompt = base_printf("%s Type %s to go ahead", question, word);
    const char *answer = linear_ask(linear, prompt, "anything else changes nothing");
    bool yes = answer && strcmp(answer, word) == 0;
    if (answer && !yes)
        linear_say(linear, "nothing was changed");
    free(prompt);
    return yes;
}

bool linear_wait(struct linear *linear, int timeout_ms,
                 void (*each)(void *user, const cJSON *event), void *user)
{
    int64_t end = mono(linear) + (int64_t)timeout_ms * 1000;
    bool keys = isatty(STDIN_FILENO);
    for (;;) {
        int64_t left = (end - mono(linear)) / 1000;
        int got = linear->over ? -1 : turn(linear, keys, left > 0 ? (int)left : 0, each, user);
        if (got != 0)
            return false;
        if (left <= 0)
            return true;
        heartbeat(linear, "still waiting; Enter stops watching");
    }
}

void linear_drop_line(struct linear *linear)
{
    if (isatty(STDIN_FILENO))
        free(line_wait(linear));
}

bool linear_wanted(const struct cli *cli)
{
    const char *accessible = getenv("ACCESSIBLE"), *type = getenv("TERM");
    bool setup = cli->args.command && cli->args.command->id == CLI_ID_setup &&
                 cli_value(&cli->args, "answers") == NULL;
    if ((cli->args.command != NULL && !setup) || cli->out->json)
        return false;
    if (cli_flag(&cli->args, "linear"))
        return true;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return false;
    return (accessible && accessible[0]) || (type && strcmp(type, "dumb") == 0);
}

int linear_run(struct cli *cli, bool setup)
{
    struct linear linear = {.cli = cli, .out = cli->out, .percent_step = 10};
    linear.read_only = cli_flag(&cli->args, "read-only");
    linear.out->plain = true;
    linear.told = view_linear_told_new();
    base_buf_init(&linear.typed, LINE_MAX_BYTES);
    if (setup)
        linear_setup(&linear);
    if (!linear.over)
        linear_main(&linear);
    int code = *cli->interrupted ? VIEW_EXIT_USER : VIEW_EXIT_DONE;
    view_link_free(&linear.link);
    view_linear_told_free(&linear.told);
    base_buf_free(&linear.typed);
    free(linear.answer);
    return code;
}
