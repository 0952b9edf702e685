/* The clipboard of the machine the user sits at, through whatever lies between. */
#define _GNU_SOURCE
#include "ui/term/private.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "base/process.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void term_copy_end(struct term *term)
{
    if (term->copy_pid > 0)
        (void)waitpid(term->copy_pid, NULL, WNOHANG);
    if (term->copy_fd > 0)
        close(term->copy_fd);
    term->copy_pid = 0;
    term->copy_fd = 0;
}

/* tmux does not take OSC 52 from a program unless it is told to; load-buffer -w always passes it
 * on. The text lies in a memory file: tmux reads it when it gets to it. */
static bool copy_tmux(struct term *term, const char *text, size_t len)
{
    struct err err = ERR_INIT;
    char *program = base_process_find("tmux");
    char *path = NULL;
    bool done = false;
    term_copy_end(term);
    term->copy_fd = memfd_create("copy", MFD_CLOEXEC);
    if (program && term->copy_fd > 0 && write(term->copy_fd, text, len) == (ssize_t)len) {
        path = base_printf("/proc/%d/fd/%d", (int)getpid(), term->copy_fd);
        const char *argv[] = {program, "load-buffer", "-w", path, NULL};
        done = base_process_start(argv, -1, NULL, false, &term->copy_pid, &err) == 0;
    }
    free(path);
    free(program);
    return done;
}

static void copy_osc52(struct term *term, const char *text, size_t len)
{
    struct buf out;
    bool screen = getenv("STY") != NULL; /* GNU screen passes on what it is told to pass on */
    base_buf_init(&out, 4 * TERM_COPY_MAX);
    (void)base_buf_text(&out, screen ? "\033P\033]52;c;" : "\033]52;c;");
    (void)base_base64_encode(text, len, &out);
    (void)base_buf_text(&out, screen ? "\007\033\\" : "\007");
    term_send(term, out.data, out.len);
    base_buf_free(&out);
}

const char *term_copy(struct term *term, const char *text, size_t len)
{
    if (len > TERM_COPY_MAX)
        return "too long to copy; e writes it to a file";
    if (getenv("TMUX") && copy_tmux(term, text, len))
        return "copied to the buffer of tmux and, where it may, to the clipboard";
    copy_osc52(term, text, len);
    return "copied (if the terminal allows it: OSC 52)";
}
