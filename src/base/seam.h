/* The seams tests use to turn the clock, fix randomness and kill at a named point. One per process,
 * made in main, passed down; nothing else in the product asks the system for the time or for random
 * bytes.
 *
 * AAMPE_CLOCK_FILE=path  file with one decimal number of seconds added to the wall clock (re-read
 * when changed) AAMPE_CRASH_AT=P8[:n]  _exit by SIGKILL of ourselves the n-th time (default 1st)
 * the named point is passed
 * AAMPE_FAIL_AT=write:5[:n] the operation of that name fails with this error number (5 is EIO),
 * from its n-th time on (default 1st): write, fsync and read of files at the destination */
#ifndef AAMPE_BASE_SEAM_H
#define AAMPE_BASE_SEAM_H

#include <stddef.h>
#include <stdint.h>

struct base_seam;
struct base_seam *base_seam_new(void); /* reads the environment once */
void base_seam_free(struct base_seam **seam);

int64_t
base_seam_now_us(struct base_seam *seam); /* wall clock, microseconds since the epoch, turned */
/* For intervals; turned by the same amount; never 0 or less. */
int64_t base_seam_mono_us(struct base_seam *seam);
void base_seam_turn(struct base_seam *seam,
                    int64_t seconds); /* adds to the offset (sandbox, unit tests) */
void base_seam_random(struct base_seam *seam, void *out, size_t len); /* thread-safe */
/* Version 7 UUID: time-ordered; out needs 37 bytes. */
void base_seam_uuid(struct base_seam *seam, char out[37]);
/* Passing a named crash point (reliability.md (c)). Thread-safe. */
void base_seam_crash(struct base_seam *seam, const char *point);
/* The error number an operation is to fail with; 0: it goes ahead. Thread-safe. */
int base_seam_fail(struct base_seam *seam, const char *operation);

/* RFC 3339 UTC. out gets "2026-11-23T01:02:03Z", with ".mmm" or ".uuuuuu" only where not zero. 32
 * bytes. */
void base_time_format(int64_t us, char out[32]);
/* Accepts Z or +hh:mm, up to 9 fraction digits. 0 or -1. */
int base_time_parse(const char *text, int64_t *us);
/* Proleptic Gregorian days since 1970-01-01 <-> civil date. */
int64_t base_time_days(int year, int month, int day);
void base_time_civil(int64_t days, int *year, int *month, int *day);

#endif
