#!/bin/sh
# Runs each program given under valgrind; a leak or an error is a failure. The figure comes last.
set -u
command -v valgrind >/dev/null || { echo "valgrind: not installed, skipped" >&2; exit 77; }
passed=0 failed=0 skipped=0
for program in "$@"; do
    case $program in
    *_mutate) skipped=$((skipped + 1)); echo "valgrind: $program skipped (runs under the sanitizers)"; continue ;;
    esac
    if valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,possible \
        --child-silent-after-fork=yes "./$program" >"$program.valgrind.log" 2>&1; then
        passed=$((passed + 1))
    else
        code=$?
        if [ "$code" -eq 77 ]; then
            skipped=$((skipped + 1))
            echo "valgrind: $program skipped itself"
        else
            failed=$((failed + 1))
            echo "valgrind: $program failed ($code)"
            tail -n 30 "$program.valgrind.log"
        fi
    fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
