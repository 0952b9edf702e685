/* aampe-syncd: starts, serves one profile, stops. */
#include "engine/doctor.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/secret.h"
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_TAKEN = 5 };

struct options {
    const char *profile, *only;
    bool foreground, verbose, doctor;
};

static void usage(FILE *file)
{
    fputs("usage: aampe-syncd [--profile P] [--foreground] [--verbose]\n"
          "       aampe-syncd --doctor [--profile P] [--only LAYER|CHAIN]\n"
          "       aampe-syncd --help | --version\n"
          "The background engine of one profile; see aampe-syncd(8).\n",
          file);
}

static bool profile_valid(const char *profile)
{
    size_t len = strlen(profile);
    return len > 0 && len <= 32 && profile[0] != '-' &&
           strspn(profile, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

/* -1: go on; else the exit code. */
static int options_parse(int argc, char *const argv[], struct options *options)
{
    const char *profile = getenv("AAMPE_PROFILE");
    *options = (struct options){.profile = profile && profile[0] ? profile : "default"};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--profile") == 0 && i + 1 < argc) {
            options->profile = argv[++i];
        } else if (strcmp(argv[i], "--foreground") == 0) {
            options->foreground = true;
        } else if (strcmp(argv[i], "--verbose") == 0) {
            options->verbose = true;
        } else if (strcmp(argv[i], "--doctor") == 0) {
            options->doctor = true;
        } else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
            options->only = argv[++i];
        } else if (strcmp(argv[i], "--help") == 0) {
            usage(stdout);
            return EXIT_FINE;
        } else if (strcmp(argv[i], "--version") == 0) {
            puts("aampe-syncd " PACKAGE_VERSION);
            return EXIT_FINE;
        } else {
            fprintf(stderr, "aampe-syncd: \"%s\" is not understood\n", argv[i]);
            usage(stderr);
            return EXIT_USAGE;
        }
    }
    if (options->only && !options->doctor) {
        fputs("aampe-syncd: --only belongs to --doctor\n", stderr);
        return EXIT_USAGE;
    }
    if (profile_valid(options->profile))
        return -1;
    fputs("aampe-syncd: a profile is named with a-z, 0-9, _ and -, at most 32\n", stderr);
    return EXIT_USAGE;
}

/* Blocked before any thread is made, so that signals arrive as reads on the loop. */
static int signals_block(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit of file sizes is an error of the write, not our end */
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void on_signal(void *user, int fd, int events)
{
    struct engine *engine = user;
    struct signalfd_siginfo info;
    struct err err = ERR_INIT;
    (void)events;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo != SIGHUP) {
            engine->stopping = true;
            net_loop_stop(engine->loop);
        } else if (engine_reload(engine, NULL, &err) != 0) {
            base_log_event(engine->log, LOG_ERROR_, "engine.reload", "code",
                           base_err_name(err.code), "message", err.message, NULL);
            base_err_clear(&err);
        }
    }
}

/* The one line that whoever started us waits for. */
static void line_print(cJSON *take)
{
    char *text = base_json_print(take);
    puts(text);
    fflush(stdout);
    free(text);
    cJSON_Delete(take);
}

static void ready_say(const struct engine *engine)
{
    cJSON *json = base_json_object();
    base_json_add_bool(json, "ready", true);
    base_json_add_str(json, "profile", engine->name);
    base_json_add_i64(json, "pid", getpid());
    base_json_add_str(json, "socket", engine->paths.socket);
    line_print(json);
}

static int failure_say(const struct err *err)
{
    cJSON *json = base_json_object();
    base_json_add_take(json, "error", base_err_to_json(err));
    line_print(json);
    fprintf(stderr, "aampe-syncd: %s (%s)\n  %s\n", err->message, base_err_name(err->code),
            base_err_hint_text(err));
    return err->code == ERR_HOST_STATE_LOCKED ? EXIT_TAKEN : EXIT_FAILED;
}

int main(int argc, char *argv[])
{
    struct options options;
    struct engine engine;
    struct err err = ERR_INIT;
    base_secret_harden_process();
    int code = options_parse(argc, argv, &options);
    if (code >= 0)
        return code;
    if (options.doctor) {
        signal(SIGPIPE, SIG_IGN);
        return engine_doctor_offline(options.profile, PACKAGE_VERSION, options.only);
    }
    int fd = signals_block();
    if (fd < 0) {
        perror("aampe-syncd: signalfd");
        return EXIT_FAILED;
    }
    code = EXIT_FINE;
    if (engine_open(&engine, options.profile, PACKAGE_VERSION, options.foreground, options.verbose,
                    &err) == 0) {
        net_loop_watch(engine.loop, fd, NET_READ, on_signal, &engine);
        ready_say(&engine);
        net_loop_run(engine.loop);
        net_loop_unwatch(engine.loop, fd);
    } else {
        code = failure_say(&err);
    }
    engine_close(&engine);
    close(fd);
    return code;
}
