#!/usr/bin/env python3
"""Functions of at most 80 lines, files of at most 800, headers of at most 250. Tables (*.def) are exempt."""
import os
import pathlib
import sys

FUNCTION_MAX, FILE_MAX, HEADER_MAX = 80, 800, 250


def functions(lines):
    """(line of the opening brace, lines from it to the closing one); both stand alone in column 0."""
    start = None
    for number, line in enumerate(lines, 1):
        if line.rstrip() == "{":
            start = number
        elif line.rstrip() == "}" and start:
            yield start, number - start + 1
            start = None


def main():
    root = pathlib.Path(os.environ.get("AAMPE_SRCDIR", "."))
    files = [f for top in ("src", "ui", "tests", "doc") for f in sorted((root / top).rglob("*"))
             if f.suffix in (".c", ".h", ".py", ".sh")]
    problems, count, longest = [], 0, 0
    for path in files:
        lines = path.read_text(encoding="utf-8").splitlines()
        limit = HEADER_MAX if path.suffix == ".h" else FILE_MAX
        name = path.relative_to(root)
        if len(lines) > limit:
            problems.append(f"{name}: {len(lines)} lines, at most {limit}")
        if path.suffix != ".c":
            continue
        for start, size in functions(lines):
            count += 1
            longest = max(longest, size)
            if size > FUNCTION_MAX:
                problems.append(f"{name}:{start}: function of {size} lines, at most {FUNCTION_MAX}")
    if not count:
        problems.append(f"no function found below '{root}'")
    print("\n".join(problems))
    print(f"sizes: {len(files)} files, {count} functions, longest {longest} lines, {len(problems)} too long")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
