"""``donorlab sensitivity`` as it is called: what it writes and keeps, and mistakes in one line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from donorlab.experiments import sensitivity
from donorlab.experiments.arguments import InputError
from donorlab.experiments.studies import study
from donorlab.experiments.studies.factors import NOISE
from donorlab.experiments.studies.study import Study
from experiments.conftest import Shell

pytest.importorskip("SALib")
SMALL = (
    "toy",
    "horizon=6",
    "engine=serial",
    "trajectories=5",
    "outcomes=[efficiency]",
    "base_points=64",
    "factors=[failure,motive_need]",
    "rest=fixed",
)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("sensitivity")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        done = Shell(folder)("sensitivity", *SMALL, "out=found")
    assert done.exit_code == 0, done.output
    (folder / "screen.txt").write_text(done.stdout)
    return folder


def test_it_writes_tables_figures_and_words(here: Path) -> None:
    text = (here / "screen.txt").read_text()
    for part in ("Screening: which assumptions matter", "Indices: which share", "luck of the seed", "ettled: with 64 base points",
                 "rest=together measures it"):  # fmt: skip
        assert part in " ".join(text.split())
    found = here / "found"
    screening, indices, convergence = (
        pd.read_csv(found / f"{name}.csv") for name in ("screening", "indices", "convergence")
    )
    results = {"fragmented", "umbrella", "umbrella-fragmented"}
    assert set(screening["result"]) == set(indices["result"]) == results
    assert NOISE in set(screening["factor"])
    assert set(indices["factor"]) == {"failure", "motive_need", NOISE}
    assert set(convergence["base_points"]) == {16, 32, 64}
    figures = {path.name for path in (found / "figures").glob("*.png")}
    assert {
        "screening_efficiency_umbrella-fragmented.png",
        "indices_efficiency_umbrella-fragmented.png",
        "convergence_efficiency_umbrella-fragmented.png",
    } <= figures
    manifest = json.loads((found / "manifest.json").read_text())
    assert manifest["command"] == "sensitivity"
    assert len(manifest["runs_of"]) == 2
    assert manifest["configuration"]["kept"] == ["failure", "motive_need"]


def test_the_same_command_runs_nothing_and_a_smaller_one_neither(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Same numbers, no new run; fewer trajectories are the first of those that are there."""
    monkeypatch.chdir(here)
    sweeps = {path.name for path in (here / "results").glob("sweep-*")}
    assert len(sweeps) == 2
    again = Shell(here)("sensitivity", *SMALL, "out=again")
    assert again.exit_code == 0, again.output
    for name in ("screening.csv", "indices.csv", "convergence.csv"):
        assert (here / "again" / name).read_bytes() == (here / "found" / name).read_bytes()
    fewer = Shell(here)(
        "sensitivity", *(word.replace("trajectories=5", "trajectories=4") for word in SMALL), "out=fewer"
    )
    assert fewer.exit_code == 0, fewer.output
    assert set(pd.read_csv(here / "fewer" / "screening.csv")["trajectories"]) == {4}
    assert {path.name for path in (here / "results").glob("sweep-*")} == sweeps
    for sweep in (here / "results").glob("sweep-*"):
        sessions = json.loads((sweep / "manifest.json").read_text())["sessions"]
        assert [one["runs"] > 0 for one in sessions][:2] == [True, False]
        assert not any(one["runs"] for one in sessions[1:])


def test_the_first_points_of_a_sweep_that_was_interrupted_are_enough(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four trajectories of five are there: four can be looked at without another run; five cannot."""
    monkeypatch.chdir(here)
    (root,) = (
        path for path in (here / "results").glob("sweep-*") if len(pd.read_parquet(path / "design.parquet")) < 300
    )
    manifest = (root / "manifest.json").read_text()
    (root / "manifest.json").write_text(json.dumps(json.loads(manifest) | {"complete": False}))
    points = len(pd.read_parquet(root / "design.parquet"))
    try:
        assert study.opened([root], upto=points).asked == points
        assert study.opened([root], upto=points - 1).asked == points - 1
        with pytest.raises(InputError, match="is not complete"):
            study.opened([root], upto=points + 1)
        with pytest.raises(InputError, match="is not complete"):
            study.opened([root])
    finally:
        (root / "manifest.json").write_text(manifest)


def _failing(made: Any, point: int) -> Any:
    """Return what makes runs, of which one failed."""

    def failing(*given: Any) -> Study:
        found: Study = made(*given)
        gone = pd.DataFrame(
            {"point": [point], "architecture": ["umbrella"], "seed": [1], "error": ["ValueError: planted"]}
        )
        left = found.runs[found.runs["point"] != point].reset_index(drop=True)
        return replace(found, runs=left, points=found.points.drop(point), failed=gone)

    return failing


def test_a_failed_run_takes_its_whole_block_with_it_and_is_told(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here)
    monkeypatch.setattr(sensitivity, "made", _failing(sensitivity.made, 17))
    done = Shell(here)("sensitivity", *SMALL[:5], "method=morris", "out=failed")
    assert done.exit_code == 0, done.output
    text = " ".join(done.stdout.split())
    assert "1 run failed; the first: point 17 under umbrella: ValueError: planted. retry_failed=true" in text
    assert "Efficiency under fragmented: 1 of 5 trajectories is left out in whole" in text
    assert set(pd.read_csv(here / "failed" / "screening.csv")["trajectories"]) == {4}
    few = Shell(here)("sensitivity", *SMALL, "out=few")
    assert few.exit_code == 2
    assert (
        "base_points: 63 of 64 are whole for Efficiency under fragmented; indices need 64; retry_failed=true"
        in few.stderr
    )
    assert not (here / "few").exists()


def test_points_of_a_table_have_the_same_columns_however_many_there_are(here: Path) -> None:
    """The smallest project is a column always: else a sweep could not be made longer once a project had to grow."""
    for path in (here / "results").glob("sweep-*/design.parquet"):
        names = set(pd.read_parquet(path).columns)
        assert ("project_tasks_maximum" in names) == ("project_tasks_minimum" in names)
        assert "seed" in names


def test_the_luck_changes_the_seed_alone(here: Path) -> None:
    """In a trajectory the seed changes once; in a block of indices only where the luck moves, and in B."""
    designs = [pd.read_parquet(path) for path in (here / "results").glob("sweep-*/design.parquet")]
    screening, blocks = sorted(designs, key=len)
    size = len(screening) // 5
    for first in range(0, len(screening), size):
        seeds = screening["seed"].to_numpy()[first : first + size]
        assert (np.diff(seeds) != 0).sum() == 1
    seeds = blocks["seed"].to_numpy().reshape(64, 5)
    assert (seeds[:, 1] == seeds[:, 0]).all()
    assert (seeds[:, 2] == seeds[:, 0]).all()
    assert (seeds[:, 3] == seeds[:, 4]).all()
    assert (seeds[:, 3] != seeds[:, 0]).all()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("trajectories=3",), "trajectories: 3 are too few for a screening; it needs 4: trajectories=4"),
        (("base_points=32",), "base_points: 32 are too few for Sobol indices; they need 64: base_points=64"),
        (("base_points=100",), "write 128"),
        (("method=sobol",), "factors: method=sobol has no screening to choose them"),
        (("method=moris",), "did you mean 'morris'"),
        (("method=morris", "base_points=128"), "base_points: does nothing with method=morris"),
        (("factors=[failure]", "keep=3"), "keep: does nothing with factors="),
        (("factors=[failur]",), "did you mean 'failure'"),
        (
            ("factors=[failure]", "failure=0.1"),
            "'failure' is no uncertainty that can act here and that you did not set",
        ),
        (("factors=[failure,failure]",), "given twice"),
        (("outcomes=[eficiency]",), "did you mean 'efficiency'"),
        (("outcomes=[efficiency,efficiency]",), "given twice"),
        (("rest=gone",), "rest: 'gone' is not one of together, fixed"),
        (("from=[results/sweep-toy-1a2b3c4d]",), "from: a screening and indices need points in an order of their own"),
        (("smallest_difference=2",), "smallest_difference: 2 is out of range"),
        (("architectures=[nobody]",), "there is no architecture 'nobody'"),
        (("keep=0",), "keep: 0 is out of range"),
        (("replications=3",), "replications"),
    ],
)
def test_mistakes_are_one_line(shell: Shell, words: tuple[str, ...], told: str) -> None:
    assert told in shell.refused("sensitivity", "toy", *words)


def test_without_salib_the_extra_is_named(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "SALib", None)
    assert "pip install 'donorlab[analysis]'" in shell.refused("sensitivity", "toy")
