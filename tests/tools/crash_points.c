/* Prints the crash points a local full refresh passes, one a line, for tests/suite/kill_loop.py. */
#include "sync/sync.h"

#include <stdio.h>

int main(void)
{
    for (const char *const *point = sync_crash_points(); *point; point++)
        puts(*point);
    return 0;
}
