/* The commands that act on a running sandbox. Private to the room. */
#ifndef AAMPE_SANDBOX_COMMAND_H
#define AAMPE_SANDBOX_COMMAND_H

#include <stdbool.h>

bool sandbox_command_known(const char *name);
/* argv[0] is the command. Returns the exit code of design §6. */
int sandbox_command_main(int argc, char **argv);
void sandbox_command_help(void);

#endif
