#include "ui/cli/cli.h"
#include "ui/view/words.h"

#include "base/json.h"
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define SECRET_MAX 65536

int cli_exec_secrets_list(struct cli *cli)
{
    cJSON *params = base_json_object();
    base_json_add_bool(params, "refresh", cli_flag(&cli->args, "refresh"));
    return cli_look(cli, "secrets.list", params, view_secrets_list);
}

/* Asks on the terminal itself, so that a redirected stdin or stdout changes nothing; echo is off
 * while it waits. */
static struct secret *secret_ask(struct cli *cli, const char *name, struct err *err)
{
    struct termios before, quiet;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || tcgetattr(fd, &before) != 0) {
        if (fd >= 0)
            close(fd);
        base_err_set(err, ERR_CONFIG_MISSING, "there is no terminal to ask for the secret \"%s\"",
                     name);
        base_err_hint(err, "aampe-console secrets set %s --from-fd N", name);
        return NULL;
    }
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
    tcsetattr(fd, TCSAFLUSH, &quiet);
    dprintf(fd, "secret \"%s\" (not shown): ", name);
    struct secret *secret = base_secret_read_fd(fd, SECRET_MAX, err);
    tcsetattr(fd, TCSAFLUSH, &before);
    dprintf(fd, "\n");
    close(fd);
    if (*cli->interrupted && secret == NULL) {
        *err = ERR_INIT;
        base_err_set(err, ERR_CANCELLED_BY_USER, "interrupted; nothing was changed");
    }
    return secret;
}

static struct secret *secret_get(struct cli *cli, const char *name, struct err *err)
{
    int64_t fd = -1;
    if (cli_number(&cli->args, "from-fd", -1, 0, 65535, &fd, err) != 0)
        return NULL;
    struct secret *secret =
        fd < 0 ? secret_ask(cli, name, err) : base_secret_read_fd((int)fd, SECRET_MAX, err);
    if (secret && base_secret_len(secret) == 0) {
        base_secret_free(&secret);
        base_err_set(err, ERR_USAGE, "the secret is empty");
    }
    return secret;
}

int cli_exec_secrets_set(struct cli *cli)
{
    struct err err = ERR_INIT;
    const char *name = cli->args.operands.items[0];
    cJSON *data = NULL;
    base_secret_harden_process();
    struct secret *secret = secret_get(cli, name, &err);
    if (secret == NULL)
        return view_error(cli->out, &err, NULL);
    struct view_link *link = cli_link(cli, &err);
    int rc = -1;
    if (link) {
        cJSON *params = base_json_object();
        base_json_add_str(params, "name", name);
        base_json_add_str(params, "secret", base_secret_peek(secret));
        rc = view_call(link, "secrets.set", params, &data, &err);
    }
    base_secret_free(&secret);
    view_link_free(&link);
    if (rc != 0)
        return view_error(cli->out, &err, NULL);
    if (!cli->out->json)
        view_secrets_set(cli->out, data);
    view_json_ok(cli->out, data);
    return VIEW_EXIT_DONE;
}
