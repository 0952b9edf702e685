#!/bin/sh
# Runs each program given under valgrind, as many at once as there are processors; a leak or an error is a failure.
# The figure comes last. Children that a test makes are silent: they are tested as programs of their own.
set -u
command -v valgrind >/dev/null || { echo "valgrind: not installed, skipped" >&2; exit 77; }

# One program: its verdict is the first word of PROGRAM.valgrind.verdict.
if [ "${1:-}" = --one ]; then
    program=$2 started=$(date +%s)
    case $program in
    *_mutate) echo "skipped $program: runs under the sanitizers" >"$program.valgrind.verdict"; exit 0 ;;
    esac
    valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,possible \
        --child-silent-after-fork=yes "./$program" >"$program.valgrind.log" 2>&1
    code=$?
    case $code in
    0) verdict=passed ;;
    77) verdict=skipped ;;
    *) verdict=failed ;;
    esac
    echo "$verdict $program: exit code $code, $(($(date +%s) - started)) s" >"$program.valgrind.verdict"
    exit 0
fi

for program in "$@"; do
    rm -f "$program.valgrind.verdict"
done
printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 /bin/sh "$0" --one
passed=0 failed=0 skipped=0
for program in "$@"; do
    verdict=$(cat "$program.valgrind.verdict" 2>/dev/null || echo "failed $program: no verdict")
    case $verdict in
    passed*) passed=$((passed + 1)) ;;
    skipped*) skipped=$((skipped + 1)); echo "valgrind: $verdict" ;;
    *) failed=$((failed + 1)); echo "valgrind: $verdict"; tail -n 30 "$program.valgrind.log" ;;
    esac
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
