#!/bin/sh
# The manual pages must pass mandoc's lint, and every command and error code must stand in them.
set -u
src=${AAMPE_SRCDIR:-.} build=${AAMPE_BUILDDIR:-.} rc=0
if ! command -v mandoc >/dev/null; then
    echo "SKIPPED: mandoc is not installed, the manual was not checked"
    exit 77
fi
for page in aampe-console.1 aampe-sandbox.1 aampe-syncd.8 aampe.5; do
    mandoc -T lint -W warning "$build/doc/$page" || rc=1
done
for code in $(sed -n 's/^E(\([A-Z0-9_]*\),.*/\1/p' "$src/src/base/errors.def"); do
    grep -q "^.It Er $code\$" "$build/doc/aampe-console.1" || { echo "the manual lacks $code"; rc=1; }
done
for words in $(sed -n 's/^COMMAND([a-z_]*, "\([a-z ]*\)".*/\1/p' "$src/ui/cli/commands.def" | tr ' ' '_'); do
    words=$(echo "$words" | tr '_' ' ')
    grep -q "^.It Cm $words" "$build/doc/aampe-console.1" || { echo "the manual lacks $words"; rc=1; }
done
for key in $(sed -n 's/^S([A-Z0-9_]*, "\([a-z._]*\)".*/\1/p' "$src/src/config/settings.def"); do
    grep -q "^.It Va $key\$" "$build/doc/aampe.5" || { echo "the manual lacks $key"; rc=1; }
done
for fault in $(sed -n 's/^    {"\([a-z_]*\)", FAULT_.*/\1/p' "$src/src/sandbox/fault.c"); do
    grep -q "^.It Cm $fault" "$build/doc/aampe-sandbox.1" || { echo "the manual lacks the fault $fault"; rc=1; }
done
exit $rc
