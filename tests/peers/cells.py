"""What the cells share: the context they are given and the lines they print (tests/suite/check_peers.py reads them)."""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, os.pardir, "suite"), os.path.join(HERE, os.pardir, "e2e")]

LONGEST_WHY = 600


class Cell:
    """One peer's checks. Its fields are those of CONTEXT.json; `finish` gives the exit code."""

    def __init__(self, arguments=None):
        with open((arguments or sys.argv)[1], encoding="utf-8") as file:
            self.__dict__.update(json.load(file))
        self.differs = 0

    def say(self, check, about, result, count=0, why=None):
        self.differs += result == "differs"
        print(json.dumps({"check": check, "with": about, "result": result, "count": count,
                          "why": why if why is None else str(why)[:LONGEST_WHY]}), flush=True)

    def equal(self, check, about, got, wanted, count=None):
        """Says whether two values are equal; where not, what is where they part."""
        if count is None:
            count = len(wanted) if isinstance(wanted, (list, dict, tuple, set)) else 1
        self.say(check, about, "equal" if got == wanted else "differs", count,
                 None if got == wanted else parting(got, wanted))
        return got == wanted

    def skip(self, check, about, why):
        self.say(check, about, "skipped", 0, why)

    def attempt(self, check, about, call):
        """Runs part of a cell: what it raises is a difference of that part, the other parts still run."""
        try:
            return call()
        except Exception as error:  # whatever a foreign client raises
            self.say(check, about, "differs", 0, f"{type(error).__name__}: {error}")
            return None

    def finish(self):
        return 1 if self.differs else 0


def parting(got, wanted):
    """Where two values part, in words."""
    if isinstance(got, list) and isinstance(wanted, list):
        for index, (one, other) in enumerate(zip(got, wanted)):
            if one != other:
                return f"item {index}: the peer has {one!r}, we have {other!r}"
        longer = max(got, wanted, key=len)
        return f"the peer has {len(got)}, we have {len(wanted)}; over are {longer[min(len(got), len(wanted)):][:5]!r}"
    if isinstance(got, dict) and isinstance(wanted, dict):
        keys = [key for key in {**got, **wanted} if got.get(key) != wanted.get(key)]
        return "; ".join(f"{key}: the peer has {got.get(key)!r}, we have {wanted.get(key)!r}" for key in keys[:4])
    return f"the peer has {got!r}, we have {wanted!r}"
