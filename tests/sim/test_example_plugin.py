"""A third party's package: an architecture and a mechanism, each in one file, found by entry points."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "example_plugin"
ENTRY_POINTS = """[donorlab.architectures]
rotating_summit = donorlab_example.rotating_summit:RotatingSummit

[donorlab.mechanisms]
lapse.all_at_once = donorlab_example.all_at_once:all_at_once
"""


@pytest.fixture
def installed(tmp_path):
    """The folder of an installed distribution: what pip writes, without pip."""
    import tomllib

    data = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    declared = "".join(
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in points.items()) + "\n"
        for group, points in data["entry-points"].items()
    )
    assert declared.strip() == ENTRY_POINTS.strip()
    info = tmp_path / f"{data['name'].replace('-', '_')}-{data['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {data['name']}\nVersion: {data['version']}\n")
    (info / "entry_points.txt").write_text(declared)
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(EXAMPLE)]), "COLUMNS": "160"}


def donorlab(environment, *words):
    command = [sys.executable, "-c", "from donorlab.experiments.command import main; main()", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


def test_plugins_are_listed_with_their_origin(installed):
    shown = donorlab(installed, "list")
    assert shown.returncode == 0, shown.stderr
    assert "rotating_summit" in shown.stdout
    assert "all_at_once" in shown.stdout
    assert "donorlab-example 0.1" in shown.stdout


def test_plugins_run_with_options_of_their_own(installed, tmp_path):
    words = ["toy", "architectures=[fragmented,rotating_summit]", "mechanism.lapse=all_at_once", "replications=2", "draws=0",
             "break_even=false", "values=false", "mechanism.lapse.quarter=9",
             "architecture.rotating_summit.delegation_cost=0.001"]  # fmt: skip
    done = donorlab(installed, "compare", *words, f"out={tmp_path / 'result'}")
    assert done.returncode == 0, done.stderr
    assert "rotating summit" in done.stdout
    wrong = donorlab(installed, "compare", "toy", "architectures=[fragmented,rotating_summit]", "draws=0",
                     "architecture.rotating_summit.delegation_cots=1")  # fmt: skip
    assert wrong.returncode == 2
    assert wrong.stderr.count("\n") == 1
    assert "delegation_cost" in wrong.stderr


BATTERY = """
import copy, pickle
import numpy as np
from donorlab.scenarios import load
from donorlab.sim import CoordinationModel, baseline, simulate
for words in (["architecture=rotating_summit"], ["mechanism.lapse=all_at_once", "mechanism.lapse.quarter=7"]):
    scenario = load("toy", words)
    base = baseline(scenario, 3)
    one, two = simulate(scenario, 3, baseline=base), simulate(scenario, 3)
    assert one.outcomes == two.outcomes or all(
        a == b or (a != a and b != b) for a, b in zip(one.outcomes.values(), two.outcomes.values()))
    assert one.outcomes["efficiency"] <= 1 + 1e-9
    assert abs(sum(one.waterfall.shares.values()) - 1) < 1e-9
    model = CoordinationModel(scenario, rng=3)
    for _ in range(5):
        model.step()
    twin, third = pickle.loads(pickle.dumps(model)), copy.deepcopy(model)
    ends = [m.run().record.numbers for m in (model, twin, third)]
    assert (ends[0] == ends[1]).all() and (ends[0] == ends[2]).all()
    plain = CoordinationModel(load("toy"), rng=3)
    assert (plain.land.standing == CoordinationModel(scenario, rng=3).land.standing).all()
print("battery passed")
"""


def test_plugins_pass_the_battery(installed):
    done = subprocess.run([sys.executable, "-c", BATTERY], env=installed, capture_output=True, text=True, timeout=300)
    assert done.stdout.strip() == "battery passed", done.stderr
