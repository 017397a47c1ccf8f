"""Numbers that were reported once: whatever moves them must be meant, and be told in the change log.

The file ``baseline.json`` is written anew by ``python tests/sim/test_baseline.py --write``.
"""

import json
import math
import sys
from pathlib import Path

import pytest

from donorlab.scenarios import load
from donorlab.sim import simulate

FILE = Path(__file__).with_name("baseline.json")
RUNS = [
    *(("toy", "fragmented", seed) for seed in (1, 2, 3)),
    ("synthetic", "fragmented", 1),
    *(("world", architecture, seed) for architecture in ("fragmented", "central") for seed in (1, 2)),
    *(
        ("world", architecture, 1)
        for architecture in ("umbrella", "conditional", "umbrella_conditional", "pledge", "credit")
    ),
]


def key(run):
    return "{} {} seed={}".format(*run)


def outcomes(run):
    scenario, architecture, seed = run
    found = simulate(load(scenario, [f"architecture={architecture}"]), seed).outcomes
    return {name: None if math.isnan(value) else float(value) for name, value in sorted(found.items())}


def write():
    numbers = {key(run): outcomes(run) for run in RUNS}
    FILE.write_text(json.dumps(numbers, indent=1) + "\n")
    print(f"{FILE}: {len(numbers)} runs of {len(next(iter(numbers.values())))} outcomes")


@pytest.mark.parametrize("run", RUNS, ids=key)
def test_outcomes_are_those_of_the_baseline(run):
    expected = json.loads(FILE.read_text())[key(run)]
    found = outcomes(run)
    moved = []
    for name in sorted(expected.keys() | found.keys()):
        before, now = expected.get(name, "absent"), found.get(name, "absent")
        numbers = isinstance(before, float) and isinstance(now, float)
        if not (math.isclose(before, now, rel_tol=1e-9, abs_tol=1e-9) if numbers else before == now):
            moved.append(f"{name}: {before} -> {now}")
    assert not moved, f"if this is meant: python {Path(__file__).name} --write; moved: " + "; ".join(moved)


def test_the_baseline_holds_these_runs_and_no_others():
    assert sorted(json.loads(FILE.read_text())) == sorted(key(run) for run in RUNS)


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python tests/sim/test_baseline.py --write")
    write()
