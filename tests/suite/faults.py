"""make faults: every error code that a fault can cause is caused, on a real sandbox with a real engine, and ends in that
code with evidence and a hint that can be acted on; nothing is half published; with the fault gone the next run succeeds.

FAULTS=short runs one case of each class; FAULTS=WORD,... runs the cases whose code or fault holds one of the words.
Last come the table code x fault x layer x verdict and the codes that no fault causes, with the reason. The causes of
doc/operations.md are checked against the cases: each is switched on, and the first screen must name it."""

import collections
import json
import multiprocessing
import os
import re
import subprocess
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import fault_cases
import fault_cases_data
import fault_cases_host
import fault_cases_none
import fault_cases_wire
import fault_lab
import harness

CASES = fault_cases_wire.book.cases + fault_cases.book.cases + fault_cases_data.book.cases + fault_cases_host.book.cases
CASE_SECONDS = 300


def operations():
    """slug -> (layer, code) of the table of causes."""
    path = os.path.join(fault_lab.SOURCE, "doc", "operations.md")
    found = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            cells = [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
            if len(cells) >= 4 and re.fullmatch(r"[a-z][a-z0-9-]+", cells[0]) and re.fullmatch(r"[A-Z][A-Z0-9_]+", cells[2]):
                found[cells[0]] = (cells[1], cells[2])
    return found


def lists_check(table, causes):
    """What is wrong with the lists themselves: sentences."""
    wrong = []
    caused = {case.code for case in CASES}
    none = fault_cases_none.WITHOUT
    wrong += [f"{code} has neither a case nor a reason" for code in table if code not in caused and code not in none]
    wrong += [f"{code} has a case and a reason for having none" for code in sorted(caused & set(none))]
    wrong += [f"{code} is not in errors.def" for code in sorted((caused | set(none)) - set(table))]
    named = {case.cause: case for case in CASES if case.cause}
    wrong += [f"operations.md: no case switches on \"{slug}\"" for slug in causes if slug not in named]
    wrong += [f"operations.md does not hold \"{slug}\"" for slug in named if slug not in causes]
    for slug, case in named.items():
        if slug in causes and causes[slug] != (case.layer, case.code):
            wrong.append(f"operations.md: \"{slug}\" is {causes[slug]}, the case {(case.layer, case.code)}")
    layers = "engine host state vault dns proxy tcp tls ip list token assignment entitlement warehouse unity catalog" \
             " result hosts access data"
    for layer in re.findall(r"ip list|unity catalog|result hosts|\w+", layers):
        if not any(layer == at for at, _ in causes.values()):
            wrong.append(f"operations.md has no cause at the layer {layer}")
    if len(causes) < 30:
        wrong.append(f"operations.md lists {len(causes)} causes, 30 are wanted")
    for code, (_, cause, fix) in table.items():
        if not cause or not fix or fault_lab.PLACEHOLDER.search(cause.replace(", ...", "") + " " + fix):
            wrong.append(f"errors.def: {code} lacks a cause or a fix, or has a placeholder in it")
    return wrong + explain_check(table)


def explain_check(table):
    """The offline page of every code says what errors.def says."""
    done = subprocess.run([harness.program("aampe-console"), "--json", "explain"], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60)
    pages = {page["code"]: page for page in json.loads(done.stdout)["data"]["codes"]}
    return [f"explain {code}: {pages.get(code)}" for code, (_, cause, fix) in table.items()
            if (pages.get(code, {}).get("cause"), pages.get(code, {}).get("fix")) != (cause, fix)]


def chosen():
    words = [word for word in os.environ.get("FAULTS", "").split(",") if word]
    if words == ["short"]:
        return [case for case in CASES if case.short]
    if words:
        return [case for case in CASES if any(word in repr(case) for word in words)]
    return list(CASES)


def work(tasks, results, folder):
    """A worker process: cases, one after the other, until there are no more."""
    table = fault_lab.errors_def()
    lab = fault_lab.Lab(folder)
    while True:
        index = tasks.get()
        if index is None:
            break
        began = time.monotonic()
        verdict, why = "ok", ""
        try:
            fault_lab.play(lab, CASES[index], table)
        except fault_lab.Skip as reason:
            verdict, why = "skipped", str(reason)
        except Exception as failure:  # whatever it is, it is this case's verdict
            verdict = "FAILED"
            last = traceback.extract_tb(failure.__traceback__)[-1]
            why = f"{type(failure).__name__}: {failure} ({os.path.basename(last.filename)}:{last.lineno})"
            lab.drop()
        lab.own_end()
        results.put((index, verdict, why, time.monotonic() - began))
    lab.close()
    results.put(None)


def run_all(cases, folder, workers):
    """index -> (verdict, why, seconds)"""
    tasks, results = multiprocessing.Queue(), multiprocessing.Queue()
    # Long ones first, so that the end is not one worker with a long one.
    for case in cases:
        tasks.put(CASES.index(case))
    processes = []
    for number in range(workers):
        tasks.put(None)
        room = os.path.join(folder, f"worker-{number}")
        os.mkdir(room)
        os.chmod(room, 0o755)
        processes.append(multiprocessing.Process(target=work, args=(tasks, results, room)))
        processes[-1].start()
    found, over = {}, 0
    while over < workers:
        item = results.get(timeout=CASE_SECONDS)
        if item is None:
            over += 1
            continue
        index, verdict, why, seconds = item
        found[index] = (verdict, why, seconds)
        print(f"  {verdict:8}{seconds:5.1f} s  {CASES[index]}" + (f"\n      {why[:3000]}" if why else ""), flush=True)
    for process in processes:
        process.join()
    return found


def table_print(cases, found):
    print()
    print(f"{'code':28}{'fault':52}{'layer':16}verdict")
    for case in sorted(cases, key=lambda case: (case.code, case.fault)):
        verdict = found.get(CASES.index(case), ("not run",))[0]
        print(f"{case.code:28}{case.fault[:50]:52}{case.layer:16}{verdict}")
    print()
    print("codes that no fault of this version causes:")
    for code, reason in sorted(fault_cases_none.WITHOUT.items()):
        print(f"  {code:28}{reason}")


def main():
    began = time.monotonic()
    table, causes = fault_lab.errors_def(), operations()
    wrong = lists_check(table, causes)
    cases = chosen()
    with harness.Folder("aampe-faults.") as folder:
        os.chmod(folder, 0o755)
        found = run_all(cases, folder, int(os.environ.get("FAULTS_WORKERS", "3")))
    table_print(cases, found)
    verdicts = collections.Counter(verdict for verdict, _, _ in found.values())
    print()
    for sentence in wrong:
        print(f"  lists: {sentence}")
    codes = {case.code for case in cases}
    print(f"faults: {len(cases)} cases of {len(codes)} codes: {verdicts['ok']} ok, {verdicts['FAILED']} failed, "
          f"{verdicts['skipped']} skipped; {len(fault_cases_none.WITHOUT)} codes without a fault; "
          f"{len(causes)} causes of operations.md; {len(wrong)} faults in the lists; {time.monotonic() - began:.0f} s")
    return 1 if verdicts["FAILED"] or wrong or len(found) != len(cases) else 0


if __name__ == "__main__":
    sys.exit(main())
