#!/usr/bin/env python3
"""The release tarball holds every file that git holds (but .gitignore), and nothing that git does not know, except what
autotools make. Read from the lists of the Makefile, so that no tarball need be built. Outside a checkout: skipped."""
import os
import pathlib
import re
import subprocess
import sys

# Not shipped, because they only say something to git.
GIT_ONLY = {".gitignore"}
# Made by autoreconf.
GENERATED = re.compile(r"^(aclocal\.m4|configure|config\.h\.in|Makefile\.in|build-aux/.*|m4/.*)$")


def tracked(root):
    """What git lists, or None where `root` is not the top of a checkout."""
    if not (root / ".git").exists():
        return None
    try:
        done = subprocess.run(["git", "-c", f"safe.directory={root}", "-C", str(root), "ls-files", "-z"],
                              capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    if done.returncode != 0:
        print(done.stderr, end="")
        return None
    # A file that was removed but not yet committed is no loss to the tarball.
    return {name for name in done.stdout.split("\0") if name and (root / name).exists()}


def shipped(build):
    """The Makefile's own list of what `make dist` copies, relative to the top of the tree."""
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run([os.environ.get("MAKE", "make"), "-s", "--no-print-directory", "-C", str(build), "dist-list"],
                          capture_output=True, text=True, check=True, env=environment)
    return {os.path.normpath(name) for name in done.stdout.split()}


def main():
    root = pathlib.Path(os.environ.get("AAMPE_SRCDIR", ".")).resolve()
    build = pathlib.Path(os.environ.get("AAMPE_BUILDDIR", "build")).resolve()
    known = tracked(root)
    if known is None:
        print(f"dist: SKIPPED, {root} is not a git checkout")
        return 77
    files = shipped(build)
    if not known or not files:
        print(f"dist: git lists {len(known)} files, the Makefile {len(files)}: one of the lists is empty")
        return 1
    problems = [f"{name}: in git, not in the tarball (name it in a local.mk)" for name in sorted(known - files - GIT_ONLY)]
    problems += [f"{name}: in the tarball, not in git" for name in sorted(files - known) if not GENERATED.match(name)]
    print("\n".join(problems))
    print(f"dist: {len(known)} files in git, {len(files)} in the tarball, {len(problems)} wrong")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
