/* Giving the terminal back: when suspended, and when the program dies. */
#include "ui/term/private.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static void add(struct term *term, const char *sequence)
{
    size_t len = sequence && (intptr_t)sequence != -1 ? strlen(sequence) : 0;
    if (len == 0 || term->rescue_len + len > sizeof term->rescue)
        return;
    memcpy(term->rescue + term->rescue_len, sequence, len);
    term->rescue_len += len;
}

/* Made beforehand: in the handler of a fatal signal there is only write(2). */
void term_rescue_prepare(struct term *term)
{
    term->rescue_len = 0;
    if (strncmp(term->type, "vt", 2) != 0)
        add(term, "\033[?2004l\033[?1000l\033[?1006l");
    add(term, tigetstr("sgr0"));
    add(term, tigetstr("cnorm"));
    add(term, tigetstr("rmkx"));
    add(term, tigetstr("rmcup"));
    add(term, "\r\n");
}

void term_rescue(const struct term *term)
{
    /* Each step runs even when the one before failed. */
    ssize_t sent = write(term->out, term->rescue, term->rescue_len);
    (void)sent;
    tcsetattr(term->in, TCSANOW, &term->before);
}

void term_suspend(struct term *term)
{
    struct sigaction ours, standard = {.sa_handler = SIG_DFL};
    sigset_t stop, before;
    term_leave(term);
    sigemptyset(&standard.sa_mask);
    sigaction(SIGTSTP, &standard, &ours);
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    raise(SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &stop, &before); /* stops here, goes on with SIGCONT */
    sigprocmask(SIG_SETMASK, &before, NULL);
    sigaction(SIGTSTP, &ours, NULL);
    term_enter(term);
}
