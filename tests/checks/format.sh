#!/bin/sh
# Every C file is as clang-format writes it (`make format`). Without clang-format nothing can be said: skipped.
set -eu
cd "${AAMPE_SRCDIR:-.}"
if ! command -v clang-format >/dev/null 2>&1; then
    echo "format: SKIPPED, there is no clang-format here (Debian: apt-get install clang-format)"
    exit 77
fi
count=0
wrong=0
for file in $(find src ui tests doc -name '*.[ch]' | LC_ALL=C sort); do
    count=$((count + 1))
    if ! clang-format --dry-run -Werror "$file" >/dev/null 2>&1; then
        wrong=$((wrong + 1))
        echo "$file: not as clang-format writes it"
    fi
done
echo "format: $count files, $wrong to be formatted (make format)"
[ "$count" -gt 0 ] && [ "$wrong" -eq 0 ]
