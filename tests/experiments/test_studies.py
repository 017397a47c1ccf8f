"""The runs that an analysis rests on: made by a sweep or read from sweeps, nothing dropped in silence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from donorlab.experiments import setting
from donorlab.experiments.arguments import Arguments, InputError
from donorlab.experiments.studies import factors, study
from donorlab.experiments.studies.factors import NOISE


def asked(*names: str) -> Arguments:
    keys = {"scenario": "toy", "architectures": list(names), "proposals": [], "engine": "serial"}
    return Arguments(keys, (), frozenset(["scenario", "engine"]))


@pytest.fixture(scope="module")
def given() -> Arguments:
    return asked("fragmented", "umbrella")


@pytest.fixture(scope="module")
def made(given: Arguments, tmp_path_factory: pytest.TempPathFactory) -> study.Study:
    points, _ = factors.futures(given, setting.load_each(given, "discover"), 6)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("study"))
        found = study.made(given, points, 2)
        return study.opened([found.folders[0].resolve()])


def test_futures_are_those_of_a_comparison(given: Arguments) -> None:
    """Draw i has seed i and the values that `donorlab compare` draws; what can do nothing here is no factor."""
    from donorlab.experiments import ensemble

    loaded = setting.load_each(given, "discover")
    points, able = factors.futures(given, loaded, 6)
    draws = ensemble.plan(loaded["fragmented"], 6).draws
    assert list(points["seed"]) == [1, 2, 3, 4, 5, 6]
    for name in able.names:
        assert (points[name].to_numpy() == draws[name].to_numpy()).all()
    assert "membership_term" not in able.names
    assert factors.futures(given, loaded, 3, replications=10)[0]["seed"].tolist() == [1, 11, 21]


def test_a_study_holds_what_the_sweep_holds(made: study.Study) -> None:
    assert made.labels == ("fragmented", "umbrella")
    assert made.replications == 2
    assert made.asked == len(made.points) == 6
    each = made.each("efficiency")
    assert each.shape == (12, 2)
    assert not each.isna().to_numpy().any()
    difference = made.difference("efficiency", "umbrella", "fragmented")
    by_hand = made.runs.groupby(["point", "architecture"])["efficiency"].mean().unstack()  # noqa: PD010
    assert np.allclose(difference, by_hand["umbrella"] - by_hand["fragmented"], atol=1e-14)
    own = made.runs[made.runs["architecture"] == "umbrella"].groupby("point")["efficiency"].var().mean()
    assert made.noise("efficiency", "umbrella") == pytest.approx(own)


def test_failed_runs_are_told_and_their_points_set_apart(made: study.Study, tmp_path: Path) -> None:
    """A run that failed takes its whole point with it, under every architecture, and is counted."""
    import pyarrow.parquet as pq

    (tmp_path / "runs" / "0").mkdir(parents=True)
    for part in made.folders[0].glob("runs/*/*.parquet"):
        table = pq.read_table(part).to_pandas()
        table.loc[table["run"] == 3, "error"] = "ValueError: planted"
        table.loc[table["run"] == 3, "efficiency"] = np.nan
        table.to_parquet(tmp_path / "runs" / "0" / part.name, index=False)
    (tmp_path / "manifest.json").write_text((made.folders[0] / "manifest.json").read_text())
    found = study.opened([tmp_path])
    assert found.asked == 6
    assert len(found.points) == 5
    assert 1 not in found.points.index
    assert len(found.failed) == 1
    (line,) = found.told_failures()
    assert "1 run failed" in line
    assert "planted" in line
    assert made.told_failures() == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"command": "compare"}, "needs a sweep"),
        ({"complete": False}, "is not complete"),
        ({"merged": []}, "was merged"),
    ],
)
def test_other_folders_are_refused(made: study.Study, tmp_path: Path, change: dict[str, object], words: str) -> None:
    manifest = json.loads((made.folders[0] / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps(manifest | change))
    with pytest.raises(InputError, match=words):
        study.opened([tmp_path])


def test_versions_are_not_mixed_in_silence(made: study.Study, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    (tmp_path / "runs" / "0").mkdir(parents=True)
    (tmp_path / "manifest.json").write_text((made.folders[0] / "manifest.json").read_text())
    for part in made.folders[0].glob("runs/*/*.parquet"):
        table = pq.read_table(part).to_pandas()
        table["source"] = "0123456789abcdef"
        table["seed"] += 1000  # other futures: the same ones are counted once
        table.to_parquet(tmp_path / "runs" / "0" / part.name, index=False)
    with pytest.raises(InputError, match="mix=true"):
        study.opened([made.folders[0], tmp_path])
    both = study.opened([made.folders[0], tmp_path], mix=True)
    assert len(both.points) == 12
    assert len(both.sources) == 2


def test_the_same_futures_are_counted_once_and_told(made: study.Study) -> None:
    """Twice the same futures would halve all uncertainty, and stand on both sides of a split."""
    both = study.opened([made.folders[0], made.folders[0]])
    assert len(both.points) == both.asked == 6
    assert both.twice == 6
    pd.testing.assert_frame_equal(both.runs, made.runs)
    (line,) = both.told_failures()
    assert "6 points of further sweeps are in an earlier one too" in line


def test_sweeps_of_other_worlds_are_not_taken_together(made: study.Study, tmp_path: Path) -> None:
    manifest = json.loads((made.folders[0] / "manifest.json").read_text())
    manifest["plan"]["worlds"][0][0] = "0" * 64
    manifest["plan"]["configuration"]["settings"] = ["money=20"]
    shutil.copytree(made.folders[0], tmp_path / "other")
    (tmp_path / "other" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(InputError, match=r"of another world .*toy money=20, and toy"):
        study.opened([made.folders[0], tmp_path / "other"])


def test_too_few_points_are_refused_with_the_number_that_would_do(made: study.Study) -> None:
    with pytest.raises(InputError, match="6 points are too few; it needs 50: futures=50"):
        study.enough(made, 50, "PRIM", "futures")
    with pytest.raises(InputError, match="sweeps with 50 points or more"):
        study.enough(made, 50, "PRIM", None)
    assert study.would_do(49, 50, 50, "futures") == "futures=52"  # one of 50 failed: 50 would not do again


def test_the_unit_cube_becomes_values_and_seeds(given: Arguments) -> None:
    loaded = setting.load_each(given, "sensitivity")
    able = factors.uncertainties(given, loaded)
    assert able.names[-1] == NOISE
    assert able.problem["num_vars"] == len(able.names)
    low, high = np.zeros(len(able.names)), np.ones(len(able.names))
    points = able.points(np.array([low, high]), loaded["fragmented"])
    for row in able.rows:
        assert row.range is not None
        if row.name not in factors.SIZES:
            assert points[row.name].tolist() == pytest.approx([row.range[0], row.range[-1]])
    assert points["seed"].tolist() == [1, factors.SEEDS]
