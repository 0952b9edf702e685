/* Prints the crash points a local full refresh passes, one a line, for tests/suite/kill_loop.py. */
#include "storage/storage.h"
#include "sync/sync.h"

#include <stdio.h>

int main(void)
{
    for (const char *const *point = sync_crash_points(); *point; point++)
        puts(*point);
    for (const char *const *point = storage_crash_points(); *point; point++)
        puts(*point);
    return 0;
}
