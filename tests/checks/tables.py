#!/usr/bin/env python3
"""The table of errors is whole, and words the code must not hold do not stand in it: unsafe calls, reads of the
environment outside a short list, sleeps in tests."""
import ast
import os
import pathlib
import re
import sys

ENTRY = re.compile(r'E\(\s*(\w+)\s*,\s*(\w+)\s*,\s*(\w+)\s*,\s*((?:"(?:[^"\\]|\\.)*"\s*)+),\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\)')
CLASSES = {"NONE", "CFG", "PERM", "TRANS", "DATA", "HOST", "CONF", "SEC", "INT"}
RETRIES = {"NO", "YES", "UNKNOWN"}
BANNED = re.compile(r"(?<![\w.>])(abort|system|popen|sprintf|vsprintf|strcpy|strcat|gets|strtok|tmpnam|mktemp)\s*\(")
GETENV = re.compile(r'(?<!\w)(?:secure_)?getenv\s*\(\s*(?:"(\w+)"|(\w+))')
# Rooms that may read the environment, and what: base seams, XDG homes and the list of what a helper inherits ("kept"), where the .databrickscfg lies, the
# operator's and the proxy's variables, what a terminal can do.
ENVIRONMENT = {
    "src/base": re.compile(r"AAMPE_CRASH_AT|AAMPE_FAIL_AT|AAMPE_CLOCK_FILE|HOME|PATH|XDG_\w+|variable|kept"),
    "src/config": re.compile(r"AAMPE_\w+|DATABRICKS_\w+|HOME|XDG_\w+"),
    "src/net": re.compile(r"(?i:https?_proxy|no_proxy|all_proxy)|SSL_CERT_(FILE|DIR)|names?"),
    "src/engine": re.compile(r"RUNTIME_DIRECTORY|STATE_DIRECTORY|CREDENTIALS_DIRECTORY|NOTIFY_SOCKET|AAMPE_\w+|TMPDIR"),
    "src/sandbox": re.compile(r"AAMPE_\w+|TMPDIR"),
    "ui/term": re.compile(r"TERM|ESCDELAY|STY|TMUX|COLORTERM|LANG|LC_\w+|NO_COLOR|COLUMNS|LINES"),
    "ui/view": re.compile(r"TERM|COLORTERM|LANG|LC_\w+|NO_COLOR|AAMPE_\w+"),
    "ui/cli": re.compile(r"DATABRICKS_\w+|AAMPE_\w+|TMPDIR|HOME|USER"),
    "ui/app": re.compile(r"ACCESSIBLE|TERM|COLORTERM|LANG|LC_\w+|NO_COLOR|AAMPE_\w+|TMPDIR|DATABRICKS_\w+"),
}
C_SLEEP = re.compile(r"(?<!\w)(u?sleep|nanosleep|clock_nanosleep)\s*\(")
SH_SLEEP = re.compile(r"(^|[;&|(]|\bdo\b|\bthen\b)\s*sleep\s+[\d$]")


def code_only(text, keep_strings=False):
    """The C text with comments (and strings) blanked, line numbers kept."""
    def blank(match):
        piece = match.group(0)
        if keep_strings and piece[0] in "\"'":
            return piece
        return re.sub(r"[^\n]", " ", piece) if piece[0] == "/" else piece[0] + piece[-1]
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'', blank, text, flags=re.S)


def check_errors(root, problems):
    text = code_only((root / "src/base/errors.def").read_text(encoding="utf-8"), keep_strings=True)
    entries = ENTRY.findall(text)
    wanted = len(re.findall(r"^E\(", text, re.M))
    if wanted != len(entries) or not entries:
        problems.append(f"errors.def: {wanted} lines begin with E( but {len(entries)} are whole entries")
    seen = set()
    for code, kind, retry, cause, fix in entries:
        cause, fix = ("".join(re.findall(r'"((?:[^"\\]|\\.)*)"', part)).strip() for part in (cause, fix))
        if code in seen:
            problems.append(f"errors.def: {code} appears twice")
        seen.add(code)
        if kind not in CLASSES or retry not in RETRIES:
            problems.append(f"errors.def: {code} has class {kind}, retry {retry}")
        if not cause:
            problems.append(f"errors.def: {code} has no cause")
        if not fix or re.search(r"<[a-z]+>|\.\.\.|^-$|^\(handled\)$", fix):
            problems.append(f"errors.def: {code} tells nobody what to do")
    return seen


def check_source(root, path, codes, problems):
    name = path.relative_to(root).as_posix()
    raw = path.read_text(encoding="utf-8")
    room = "/".join(name.split("/")[:2])
    code = code_only(raw)
    for number, line in enumerate(code.splitlines(), 1):
        match = BANNED.search(line)
        if match and room != "src/base":
            problems.append(f"{name}:{number}: {match.group(1)}() is not used here")
        for used in re.findall(r"\bERR_([A-Z0-9][A-Z0-9_]*)\b", line):
            if used not in codes and not re.match(r"OK$|COUNT$|CLASS_|RETRY_|INIT$", used):
                problems.append(f"{name}:{number}: ERR_{used} is not in errors.def")
    for number, line in enumerate(code_only(raw, keep_strings=True).splitlines(), 1):
        for match in GETENV.finditer(line):
            variable = match.group(1) or match.group(2)
            allowed = ENVIRONMENT.get(room)
            if not allowed or not allowed.fullmatch(variable):
                problems.append(f"{name}:{number}: {room} may not read {variable} from the environment")


def python_sleeps(path):
    """Lines of time.sleep outside functions whose name begins with wait: those look for a condition in between."""
    def walk(node, waiting):
        for child in ast.iter_child_nodes(node):
            inside = waiting
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                inside = waiting or child.name.lstrip("_").startswith("wait")
            if isinstance(child, ast.Call) and not inside:
                called = child.func
                if getattr(called, "attr", getattr(called, "id", "")) == "sleep":
                    yield child.lineno
            yield from walk(child, inside)
    yield from walk(ast.parse(path.read_text(encoding="utf-8")), False)


def check_tests(root, path, problems):
    name = path.relative_to(root).as_posix()
    lines = []
    if path.suffix == ".py":
        lines = list(python_sleeps(path))
    elif path.suffix in (".c", ".h", ".sh"):
        text = path.read_text(encoding="utf-8")
        pattern = SH_SLEEP if path.suffix == ".sh" else C_SLEEP
        text = text if path.suffix == ".sh" else code_only(text)
        lines = [n for n, line in enumerate(text.splitlines(), 1) if pattern.search(line)]
    problems.extend(f"{name}:{n}: a test waits for a condition, it does not sleep" for n in lines)


def main():
    root = pathlib.Path(os.environ.get("AAMPE_SRCDIR", "."))
    problems = []
    codes = check_errors(root, problems)
    sources = [f for top in ("src", "ui") for f in sorted((root / top).rglob("*")) if f.suffix in (".c", ".h", ".def")]
    tests = [f for f in sorted((root / "tests").rglob("*")) if f.is_file()]
    if not sources or not tests:
        problems.append(f"no sources or no tests below '{root}'")
    for path in sources:
        check_source(root, path, codes, problems)
    for path in tests:
        check_tests(root, path, problems)
    print("\n".join(problems))
    print(f"tables: {len(codes)} codes, {len(sources)} sources, {len(tests)} test files, {len(problems)} wrong")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
