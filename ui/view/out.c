#include "ui/view/out.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES ((size_t)1 << 20)

int view_out_colors(struct view_out *out, const char *when, struct err *err)
{
    const char *no_color = getenv("NO_COLOR");
    bool wanted = (no_color == NULL || no_color[0] == '\0') && !out->plain;
    out->diag_tty = isatty(fileno(out->diag)) == 1;
    if (when == NULL || strcmp(when, "auto") == 0) {
        out->color = wanted && isatty(fileno(out->text)) == 1;
        out->color_diag = wanted && out->diag_tty;
    } else if (strcmp(when, "always") == 0) {
        out->color = out->color_diag = true;
    } else if (strcmp(when, "never") == 0) {
        out->color = out->color_diag = false;
    } else {
        return base_err_set(err, ERR_USAGE, "\"--color\" is auto, always or never, not \"%s\"",
                            when);
    }
    return 0;
}

static const char *style_start(enum view_style style)
{
    static const char *const starts[] = {"",         "\x1b[1m",    "\x1b[32m",
                                         "\x1b[33m", "\x1b[1;31m", "\x1b[2m"};
    return starts[style];
}

/* Characters beyond ASCII become the escapes the text filter also uses. */
static void ascii_escape(struct buf *clean)
{
    struct buf out;
    base_buf_init(&out, LINE_MAX_BYTES * 8);
    for (size_t i = 0; i < clean->len;) {
        uint32_t point = 0;
        size_t len = base_text_utf8_decode(clean->data + i, clean->len - i, &point);
        if (len <= 1)
            (void)base_buf_byte(&out, (uint8_t)clean->data[i]);
        else
            (void)base_buf_printf(&out, "\\u{%x}", point);
        i += len ? len : 1;
    }
    base_buf_free(clean);
    *clean = out;
}

__attribute__((format(printf, 5, 0))) static void write_clean(const struct view_out *out,
                                                              FILE *file, bool color,
                                                              enum view_style style,
                                                              const char *fmt, va_list args)
{
    char *text = base_vprintf(fmt, args);
    struct buf clean;
    base_buf_init(&clean, LINE_MAX_BYTES * 8);
    (void)base_text_clean(text, strlen(text), &clean);
    if (out->ascii)
        ascii_escape(&clean);
    bool styled = color && style != STYLE_PLAIN;
    if (styled)
        fputs(style_start(style), file);
    fwrite(clean.data, 1, clean.len, file);
    if (styled)
        fputs("\x1b[0m", file);
    base_buf_free(&clean);
    free(text);
}

void view_put(struct view_out *out, enum view_style style, const char *fmt, ...)
{
    if (out->json)
        return;
    va_list args;
    va_start(args, fmt);
    write_clean(out, out->text, out->color, style, fmt, args);
    va_end(args);
}

void view_end(struct view_out *out)
{
    if (!out->json)
        fputc('\n', out->text);
}

void view_line(struct view_out *out, const char *fmt, ...)
{
    if (out->json)
        return;
    va_list args;
    va_start(args, fmt);
    write_clean(out, out->text, out->color, STYLE_PLAIN, fmt, args);
    va_end(args);
    fputc('\n', out->text);
}

void view_diag(struct view_out *out, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    write_clean(out, out->diag, false, STYLE_PLAIN, fmt, args);
    va_end(args);
    fputc('\n', out->diag);
    fflush(out->diag);
}

void view_wrap(struct view_out *out, int indent, const char *text)
{
    int width = 78 - indent;
    while (*text != '\0') {
        size_t len = strlen(text), cut = len;
        if (len > (size_t)width) {
            cut = (size_t)width;
            while (cut > 0 && text[cut] != ' ')
                cut--;
            if (cut == 0)
                cut = strcspn(text, " ");
        }
        view_line(out, "%*s%.*s", indent, "", (int)cut, text);
        text += cut;
        text += strspn(text, " ");
    }
}

static void document_print(struct view_out *out, bool ok, cJSON *take_data, cJSON *take_error)
{
    if (out->json_done)
        bug("a second JSON document on stdout");
    cJSON *root = base_json_object();
    base_json_add_bool(root, "ok", ok);
    base_json_add_take(root, "data", take_data ? take_data : cJSON_CreateNull());
    base_json_add_take(root, "error", take_error ? take_error : cJSON_CreateNull());
    char *text = base_json_print(root);
    fputs(text, out->text);
    fputc('\n', out->text);
    fflush(out->text);
    out->json_done = true;
    free(text);
    cJSON_Delete(root);
}

void view_json_ok(struct view_out *out, cJSON *take_data)
{
    if (out->json)
        document_print(out, true, take_data, NULL);
    else
        cJSON_Delete(take_data);
}

enum view_exit view_exit_of(const struct err *err)
{
    switch (err->code) {
    case ERR_OK:
        return VIEW_EXIT_DONE;
    case ERR_USAGE:
    case ERR_CONFIG_MISSING:
    case ERR_CONFIG_INVALID:
        return VIEW_EXIT_USAGE;
    case ERR_ENGINE_UNREACHABLE:
    case ERR_ENGINE_PROTOCOL:
        return VIEW_EXIT_NO_ENGINE;
    case ERR_HOST_INTERRUPTED:
        return VIEW_EXIT_INTERRUPTED;
    case ERR_NOT_PERMITTED:
        return VIEW_EXIT_DENIED;
    default:
        return base_err_class(err->code) == ERR_CLASS_PERM ? VIEW_EXIT_DENIED : VIEW_EXIT_FAILED;
    }
}

int view_error(struct view_out *out, const struct err *err, cJSON *take_data)
{
    const char *hint = base_err_hint_text(err);
    view_diag(out, "aampe-console: %s (%s)", err->message, base_err_name(err->code));
    if (hint && hint[0])
        view_diag(out, "  %s", hint);
    if (out->json)
        document_print(out, false, take_data, base_err_to_json(err));
    else
        cJSON_Delete(take_data);
    return view_exit_of(err);
}
