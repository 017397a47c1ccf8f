"""Merged sweeps: what tells their runs apart, and which of them stand in several."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import donorlab.scenarios as catalogue
from donorlab.experiments import store
from donorlab.experiments.sweeps import doubles, parts
from experiments.conftest import Shell
from experiments.sweeping import runs_of, swept

FAILURES = ("scenario=toy", "failure=[0.05,0.1]", "replications=2", "architectures=[fragmented]")


def test_settings_that_differ_are_columns_and_points_of_other_worlds_have_other_numbers(shell: Shell) -> None:
    swept(shell, "poor", *FAILURES, "money=0.4")
    swept(shell, "plain", *FAILURES)
    swept(shell, "own", *FAILURES, "seeds=own", "mechanism.contract=ex_post")
    swept(shell, "drawn", "scenario=synthetic", "synthetic.donors=[3,4]", "synthetic.beneficiaries=6", "replications=1")
    done = shell("merge", "poor", "plain", "own", "drawn", "out=m")
    assert done.exit_code == 0, done.output
    runs = runs_of(shell.folder / "m")
    columns = [
        "scenario", "seeds", "failure", "synthetic.donors", "mechanism.contract", "money", "synthetic.beneficiaries",
    ]  # fmt: skip
    assert store.open("m").manifest["columns"] == columns
    assert list(runs.columns[4 : 4 + len(columns)]) == columns
    found = runs.drop_duplicates("point")[["point", *columns[:5], *columns[6:]]]
    drawn = ("synthetic", "same", 0.0)
    assert [tuple(None if pd.isna(value) else value for value in row) for row in found.itertuples(index=False)] == [
        (1, "toy", "same", 0.05, None, "ex_ante", None), (2, "toy", "same", 0.1, None, "ex_ante", None),
        (3, "toy", "same", 0.05, None, "ex_ante", None), (4, "toy", "same", 0.1, None, "ex_ante", None),
        (5, "toy", "own", 0.05, None, "ex_post", None), (6, "toy", "own", 0.1, None, "ex_post", None),
        (7, *drawn, 3, "ex_ante", 6), (8, *drawn, 4, "ex_ante", 6),
    ]  # fmt: skip
    assert runs.groupby("point")["money"].first().tolist()[:6] == [0.4, 0.4, 0.8, 0.8, 0.8, 0.8]
    assert runs["money"].notna().all()
    assert "16 runs again: the same numbers" in shell("rerun", "m", "run=all").stdout
    assert store.open("m").frame("runs", ["point"], [("money", "==", 0.4)])["point"].unique().tolist() == [1, 2]


def test_other_architectures_over_the_same_points_share_their_numbers(shell: Shell) -> None:
    swept(shell, "one", *FAILURES)
    swept(shell, "two", *FAILURES[:3], "architectures=[umbrella]")
    assert shell("merge", "one", "two", "out=m").exit_code == 0
    runs = runs_of(shell.folder / "m")
    assert store.open("m").manifest["columns"] == ["failure"]
    assert runs.groupby(["point", "seed"])["architecture"].nunique().tolist() == [2, 2, 2, 2]


def test_a_scenario_that_was_edited_is_another_world(shell: Shell) -> None:
    """Also where its name and all settings are the same: by the parameter that is another, or as another world."""
    text = (Path(catalogue.__file__).parent / "conf" / "scenario" / "toy.yaml").read_text(encoding="utf-8")
    for name, old, new in (("one", "", ""), ("two", "money: 0.8", "money: 0.6"), ("three", "users_m: 2", "users_m: 3")):
        assert old in text
        (shell.folder / "mine.yaml").write_text(text.replace(old, new, 1) if old else text, encoding="utf-8")
        swept(shell, name, "scenario=mine.yaml", *FAILURES[1:])
    (shell.folder / "mine.yaml").unlink()
    for others, column, values in (("two", "money", [0.8, 0.6]), ("three", "world", None)):
        out = f"with-{others}"
        assert shell("merge", "one", others, f"out={out}").exit_code == 0
        runs = runs_of(shell.folder / out)
        assert store.open(out).manifest["columns"] == ["failure", column]
        assert runs.groupby("point")[column].nunique().tolist() == [1, 1, 1, 1]
        assert runs[column].nunique() == 2
        assert values is None or runs[column].unique().tolist() == values
        assert "the same numbers to the last bit" in shell("rerun", out, "run=all").stdout


def test_equal_rows_of_a_table_are_all_kept_and_found_by_their_identity(shell: Shell) -> None:
    (shell.folder / "points.csv").write_text("failure\n0.1\n0.2\n0.1\n")
    table = ("scenario=toy", "design=table", "table=points.csv", "replications=2", "architectures=[fragmented]")
    swept(shell, "twice", *table)
    swept(shell, "once", *FAILURES)
    runs = runs_of(shell.folder / "twice")
    assert runs["id"].nunique() == 4
    identity = runs["id"][0]
    assert runs.loc[runs["id"] == identity, "run"].tolist() == [1, 5]
    assert "2 runs again: the same numbers" in shell("rerun", "twice", f"run={identity}").stdout
    done = shell("merge", "twice", "once", "out=m")
    assert "8 runs of 2 sweeps (2 runs stood in two of them and were the same)" in done.stdout
    assert runs_of(shell.folder / "m")["id"].value_counts().tolist() == [2, 2, 1, 1, 1, 1]
    assert "2 runs again: the same numbers" in shell("rerun", "m", f"run={identity}").stdout
    done = shell("merge", "once", "twice", "out=n")
    assert "6 runs of 2 sweeps (4 runs stood in two of them and were the same)" in done.stdout


def test_a_run_that_failed_in_one_of_two_sweeps_only_is_named(shell: Shell) -> None:
    root = swept(shell, "one", *FAILURES)
    shutil.copytree(root, shell.folder / "two")
    root = shell.folder / "two"
    part = parts.of_line((root / "index.jsonl").read_text().splitlines()[0])
    table = parts.read(root, part)
    place = table.schema.get_field_index("error")
    words = pa.array(["OSError: full"] + [None] * (table.num_rows - 1), pa.string())
    (root / "index.jsonl").unlink()
    (root / "runs" / part.name).unlink()
    digest = store.open(root).manifest["configuration_hash"]
    parts.write(root, digest, table.set_column(place, table.schema.field(place), words), part.spans, part.source)
    done = shell("merge", "one", "two", "out=m")
    assert done.exit_code == 2
    assert not Path("m").exists()
    told = done.stderr
    assert "run 1 is run 1 of" in told
    assert "failed in one of the two only" in told
    assert "retry_failed=true" in told


@given(
    sweeps=st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=9), min_size=1, max_size=4),
    block=st.integers(1, 5),
)
def test_doubles_are_what_an_earlier_sweep_has(
    sweeps: list[list[tuple[int, int]]], block: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever the identities, also ones that agree in one half, and wherever blocks of the search begin."""
    names = [[f"{high:016x}{low:016x}" for high, low in one] for one in sweeps]
    held = [
        (Path(str(number)), [parts.Part(str(start), ((start + 1, min(len(one), start + 2) + 1),), "", 0, 0, "")
         for start in range(0, len(one), 2)])
        for number, one in enumerate(names)
    ]  # fmt: skip

    def halves(root: Path, part: parts.Part) -> tuple[np.ndarray, np.ndarray]:
        ((first, end),) = part.spans
        both = np.array(
            [[int(name[:16], 16), int(name[16:], 16)] for name in names[int(root.name)][first - 1 : end - 1]]
        )
        return both[:, 0].astype(np.uint64), both[:, 1].astype(np.uint64)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doubles, "_halves", halves)
        patch.setattr(doubles, "_BLOCK", block)
        found = doubles.Doubles(held)
    expected, place, earlier = {}, 0, {}
    for one in names:
        seen_here = dict(earlier)
        for name in one:
            if name in earlier:
                expected[place] = earlier[name]
            seen_here.setdefault(name, place)
            place += 1
        earlier = seen_here
    assert dict(zip(found.places.tolist(), found.firsts.tolist(), strict=True)) == expected
