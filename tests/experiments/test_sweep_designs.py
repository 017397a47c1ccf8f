"""Points of a sweep: each design by what defines it, the user's table as data, mistakes in one line."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from donorlab.experiments import ensemble
from donorlab.experiments.arguments import InputError
from donorlab.experiments.sweeps import designs
from donorlab.experiments.sweeps.columns import Column, column, over_its_range, rows
from donorlab.experiments.sweeps.designs import Design, of_table


def frame(design: Design) -> pd.DataFrame:
    return pd.concat([block.to_pandas() for block in design.blocks()], ignore_index=True)


NUMBERS = (
    column("observation_probability", [0, 0.6], "x"),
    column("project_tasks_maximum", [2, 9], "x"),
    column("money", [100, 500], "x"),
    column("value_concavity", [1, 2], "x"),
    column("mechanism.contract", ["ex_ante", "ex_post", "tournament"], "x"),
)


def test_a_grid_has_every_value_with_every_other_once_and_the_last_changes_fastest() -> None:
    levels = {"failure": [0.1, 0.2], "mechanism.lapse": ["ageing", "exponential"], "horizon": [4, 8, 12]}
    columns = tuple(column(name, some, "x") for name, some in levels.items())
    points = frame(Design("grid", columns, designs.grid_points(columns)))
    assert list(points.itertuples(index=False, name=None)) == list(itertools.product(*levels.values()))
    assert points.dtypes.astype(str).tolist()[0::2] == ["float64", "int64"]


def test_a_hypercube_has_one_point_in_each_slice_of_each_range() -> None:
    points = frame(Design("latin", NUMBERS, 50, seed=3))
    slices = np.floor(points["observation_probability"] / 0.6 * 50)
    assert sorted(slices) == list(range(50))
    by_log = np.floor(np.log(points["money"] / 100) / math.log(5) * 50)  # the range spans more than a factor 4
    assert sorted(by_log) == list(range(50))
    assert points["mechanism.contract"].value_counts().between(16, 17).all()
    assert set(points["project_tasks_maximum"]) <= set(range(2, 10))
    assert not points.equals(frame(Design("latin", NUMBERS, 50, seed=4)))


def test_a_sequence_that_is_made_longer_keeps_its_points(monkeypatch: pytest.MonkeyPatch) -> None:
    short, long = frame(Design("sobol", NUMBERS, 100)), frame(Design("sobol", NUMBERS, 333))
    pd.testing.assert_frame_equal(short, long.head(100))
    monkeypatch.setattr(designs, "BLOCK", 7)
    pd.testing.assert_frame_equal(long, frame(Design("sobol", NUMBERS, 333)))
    halves = (long.head(256)["observation_probability"] < 0.3).sum()
    assert halves == 128  # what makes it more even than draws


def test_declared_ranges_are_those_of_the_table_of_parameters() -> None:
    row = rows()["lapse"]
    assert over_its_range("lapse", "sobol", 5, "vary").values == row.range  # noqa: PD011
    levels = over_its_range("lapse", "grid", 5, "vary").values  # noqa: PD011
    assert len(levels) == 5
    np.testing.assert_allclose([levels[0], levels[-1]], np.array(row.range, dtype=float))
    np.testing.assert_allclose(levels, ensemble.scaled(row, np.linspace(0, 1, 5)))
    assert over_its_range("credit", "grid", 5, "vary").values == rows()["credit"].range  # noqa: PD011
    with pytest.raises(InputError, match="wind_down is fixed"):
        over_its_range("wind_down", "grid", 5, "vary")


def test_a_table_is_data(tmp_path: Path) -> None:
    lapses = ["ageing", "exponential", "ageing"]
    columns_of = {
        "failure": [0.1, 0.2, 0.1],
        "horizon": [4, 8, 12],
        "mechanism.lapse": lapses,
        "synthetic.donors": [5, 5, 6],
    }
    data = pd.DataFrame(columns_of)
    data.to_csv(tmp_path / "points.csv", index=False)
    data.to_parquet(tmp_path / "points.parquet")
    for name in ("points.csv", "points.parquet"):
        columns, points = of_table(tmp_path / name)
        assert points == 3
        assert [(one.name, one.kind, one.composed) for one in columns] == [
            ("failure", "float", False), ("horizon", "int", False),
            ("mechanism.lapse", "word", False), ("synthetic.donors", "int", True),
        ]  # fmt: skip
        design = Design("table", columns, points, table=str(tmp_path / name))
        pd.testing.assert_frame_equal(frame(design), data, check_dtype=False)
        assert list(designs.variants(design)) == [{"synthetic.donors": 5}, {"synthetic.donors": 6}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("faliure\n0.1\n", "unknown parameter 'faliure' (did you mean 'failure'?)"),
        ("failure\n0.1\n3\n", "row 2: failure: 3.0 is impossible; it must lie between 0 and 1"),
        ("failure,horizon\n0.1,4\n,8\n", "row 2: failure is empty"),
        ("failure\nmany\n", "column failure holds something that is no number"),
        ("horizon\n4.5\n", "column horizon holds something that is no whole number"),
        ("failure\n", "holds no points"),
        ("register\nplans\nsecret\n", "row 2: register: secret is impossible; it is one of none, projects, plans"),
        ("mechanism.lapse\n__import__('os')\n", "mechanism.lapse"),
        ("architecture\ncentral\n", "architectures=[fragmented,umbrella]"),
        ("failure,failure\n0.1,0.2\n", "column failure stands twice"),
    ],
)
def test_mistakes_in_a_table_are_told_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "points.csv").write_text(text)
    with pytest.raises(InputError) as caught:
        of_table(tmp_path / "points.csv")
    assert message in str(caught.value.message)
    assert "\n" not in caught.value.message


def test_other_files_are_no_tables(tmp_path: Path) -> None:
    (tmp_path / "points.pkl").write_bytes(b"\x80\x04")
    (tmp_path / "points.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(InputError, match=r"ends with \.csv or \.parquet"):
        of_table(tmp_path / "points.pkl")
    with pytest.raises(InputError, match="is no table"):
        of_table(tmp_path / "points.parquet")
    with pytest.raises(InputError, match="cannot be read"):
        of_table(tmp_path / "absent.csv")


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("failure", [0.1, 0.1], "stands twice"),
        ("failure", [0.1, 7], "impossible"),
        ("planning_slots", [1.5], "be whole"),
        ("decision_lag", [-1], "must lie between"),
        ("mechanism.contract", ["ex_anti"], "did you mean 'ex_ante'"),
        ("oberhead", [0.1], "did you mean 'overhead'"),
        ("mechanism", ["standard"], "mechanism.contract"),
    ],
)
def test_impossible_values_are_refused_before_anything_runs(name: str, values: list[Any], message: str) -> None:
    with pytest.raises((InputError, Exception)) as caught:
        column(name, values, name)
    assert message in str(getattr(caught.value, "message", caught.value))


def test_the_word_serial_is_the_number_of_slots_that_it_stands_for() -> None:
    assert column("planning_slots", ["serial", 1], "x") == Column("planning_slots", "int", (0, 1))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("failure\n0.1\n".encode("utf-16"), "is UTF-16; save it as CSV in UTF-8"),
        ("failure\n0.1\n".encode("utf-16-be"), "is no text in UTF-8 (line 1)"),
        (b"failure\n0.1\n0.2\xff\n", "is no text in UTF-8 (line 3)"),
        (b"mechanism.lapse\nagein\xe9\n", "is no text in UTF-8 (line 2)"),
        (b"fail\xffure\n0.1\n", "is no text in UTF-8 (line 1)"),
        (bytes(range(256)) * 9, "is no text in UTF-8"),
        (b"failure,horizon\n0.1,4\n0.2\n", "row 2: 1 values for 2 names"),
        (b"failure,horizon\n0.1,4\n0.2,4,4\n", "row 2: 3 values for 2 names"),
        (b"failure;horizon\n0.1;4\n", "its columns are parted by semicolons"),
        (b"failure\thorizon\n0.1\t4\n", "its columns are parted by tabs"),
        (b"", "is no table"),
    ],
)
def test_files_that_are_no_csv_are_told_in_one_line(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "points.csv").write_bytes(data)
    with pytest.raises(InputError) as caught:
        of_table(tmp_path / "points.csv")
    assert message in str(caught.value.message)
    assert "\n" not in caught.value.message


def test_a_csv_of_a_spreadsheet_is_read_with_its_mark_at_the_beginning(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_bytes(b"\xef\xbb\xbffailure\r\n0.1\r\n")
    assert of_table(tmp_path / "points.csv") == ((Column("failure", "float"),), 1)
