/* Where commands write. Text for people and the JSON envelope leave the program through here and
 * nowhere else, so that every foreign byte passes base_text_clean and stdout holds exactly one JSON
 * document with --json. */
#ifndef AAMPE_UI_VIEW_OUT_H
#define AAMPE_UI_VIEW_OUT_H

#include "base/buf.h"
#include "base/err.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

/* Exit codes of the program: a contract with scripts. */
enum view_exit {
    VIEW_EXIT_DONE = 0,
    VIEW_EXIT_FAILED = 1,
    VIEW_EXIT_USAGE = 2,    /* or missing answers */
    VIEW_EXIT_FINDINGS = 3, /* done, with findings, warnings or changes to make */
    VIEW_EXIT_DENIED = 4,   /* not permitted, not authenticated */
    VIEW_EXIT_NO_ENGINE = 5,
    VIEW_EXIT_INTERRUPTED = 6, /* will resume */
    VIEW_EXIT_USER = 130
};

enum view_style { STYLE_PLAIN, STYLE_HEAD, STYLE_GOOD, STYLE_WARN, STYLE_BAD, STYLE_FAINT };

struct view_out {
    FILE *text; /* stdout */
    FILE *diag; /* stderr */
    bool json;  /* one document on text; people's text is dropped */
    bool plain; /* tab-separated, no alignment */
    bool color, color_diag;
    bool ascii;
    bool diag_tty;  /* progress may be rewritten */
    bool json_done; /* the one document is out */
};

/* Colours after --color and NO_COLOR; when is NULL, "auto", "always" or "never" (else ERR_USAGE).
 */
int view_out_colors(struct view_out *out, const char *when, struct err *err) must_check;

/* One piece of a line: formatted, cleaned (a line feed inside shows as \n), styled. Nothing with
 * --json. */
__attribute__((format(printf, 3, 4))) void view_put(struct view_out *out, enum view_style style,
                                                    const char *fmt, ...);
void view_end(struct view_out *out); /* ends the line */
/* view_put and view_end. */
__attribute__((format(printf, 2, 3))) void view_line(struct view_out *out, const char *fmt, ...);
/* A line on stderr, cleaned, also with --json. */
__attribute__((format(printf, 2, 3))) void view_diag(struct view_out *out, const char *fmt, ...);
/* Paragraph of our own text, wrapped at 78 columns behind `indent` spaces. */
void view_wrap(struct view_out *out, int indent, const char *text);

/* With --json: prints {"ok":true,"data":...,"error":null} and frees data. Without: only frees. */
void view_json_ok(struct view_out *out, cJSON *take_data);
/* The error, for people on stderr, with --json also as the document (data, may be NULL, is freed).
 * Returns the exit code that belongs to it. */
int view_error(struct view_out *out, const struct err *err, cJSON *take_data);
enum view_exit view_exit_of(const struct err *err);

/* A text table: cells are cleaned and aligned; with plain tab-separated. */
struct view_table;
/* columns: names ended by NULL; a name starting with '>' is right-aligned. */
struct view_table *view_table_new(const char *const columns[]);
/* One row, as many cells as columns; NULL shows as "-". Copied. */
void view_table_row(struct view_table *table, enum view_style style, const char *const cells[]);
void view_table_print(struct view_table **table, struct view_out *out); /* frees */

#endif
