#!/usr/bin/env python3
"""No global mutable state: the libraries of the rooms hold no writable data. Programs (their main files are in no
library) may. Constant tables with pointers lie in .data.rel.ro, which is made read-only before main."""
import os
import pathlib
import re
import subprocess
import sys

WRITABLE = re.compile(r"^(\.data|\.bss|\.tdata|\.tbss|\.sdata|\.sbss|COMMON|\*COM\*)")
READ_ONLY = re.compile(r"^\.data\.rel\.ro")
SANITIZERS = re.compile(r"^(__odr_asan|__asan|__ubsan|__gcov|__llvm)")


def main():
    build = pathlib.Path(os.environ.get("AAMPE_BUILDDIR", "build"))
    libraries = sorted(build.glob("src/*.a")) + sorted(build.glob("ui/**/*.a"))
    problems, symbols = [], 0
    for library in libraries:
        output = subprocess.run(["nm", "--format=sysv", str(library)], check=True, capture_output=True,
                                text=True).stdout
        member = "?"
        for line in output.splitlines():
            if line.startswith("Symbols from"):
                member = line.split("[")[-1].rstrip("]:")
            fields = [field.strip() for field in line.split("|")]
            if len(fields) != 7 or fields[0] == "Name":
                continue
            symbols += 1
            name, section = fields[0], fields[6]
            if WRITABLE.match(section) and not READ_ONLY.match(section) and not SANITIZERS.match(name):
                problems.append(f"{library.relative_to(build)}({member}): '{name}' is writable ({section})")
    if not symbols:
        problems.append(f"no symbols in the libraries below '{build}'")
    print("\n".join(problems))
    print(f"globals: {len(libraries)} libraries, {symbols} symbols, {len(problems)} writable")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
