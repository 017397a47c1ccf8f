"""What becomes of results: opened lazily, run again, merged, packed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from donorlab.experiments import rerun, store
from donorlab.experiments.arguments import InputError
from donorlab.experiments.sweeps import parts
from experiments.conftest import Shell
from experiments.sweeping import SMALL, parts_of, runs_of, same

NUMBERS = ["point", "architecture", "seed", "failure", "efficiency", "id"]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sweeps `a` (seeds 1 to 10), `b` (seeds 6 to 12, another column as well) and a comparison `c`."""
    folder = tmp_path_factory.mktemp("archive")
    with contextlib.chdir(folder):
        shell = Shell(folder)
        for words in (
            ("sweep", *SMALL, "engine=serial", "chunk=0.05", "out=a"),
            ("sweep", *SMALL[:2], "replications=7", "seed=6", "engine=serial", "out=b"),
            (
                "sweep",
                "scenario=toy",
                "overhead=[0.05,0.1]",
                "failure=0.05",
                "replications=2",
                "engine=serial",
                "out=d",
            ),
            (
                "compare",
                "toy",
                "replications=3",
                "draws=0",
                "break_even=false",
                "values=false",
                "workers=1",
                "proposals=[lead-donors]",
                "architectures=[umbrella,fragmented]",
                "out=c",
            ),
        ):
            done = shell(*words)
            assert done.exit_code == 0, done.output
    return folder


# ---------------------------------------------------------------------- opened
def test_only_what_is_asked_for_is_read(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = store.open(kept / "a")
    assert opened.tables == ("design", "runs")
    frame = opened.frame(
        "runs", columns=["efficiency", "seed"], where=[("architecture", "==", "umbrella"), ("seed", "<=", 2)]
    )
    assert list(frame.columns) == ["efficiency", "seed"]
    assert frame["seed"].tolist() == [1, 2, 1, 2, 1, 2]
    whole = runs_of(kept / "a")
    assert whole["run"].is_monotonic_increasing
    same(
        frame,
        whole[(whole["architecture"] == "umbrella") & (whole["seed"] <= 2)][["efficiency", "seed"]].reset_index(
            drop=True
        ),
    )
    same(opened.frame(where=ds.field("run") == 7), whole[whole["run"] == 7].reset_index(drop=True))
    same(opened.frame("design"), pd.DataFrame({"failure": [0.05, 0.1, 0.2]}))
    monkeypatch.setattr(pd, "read_parquet", lambda *_, **__: pytest.fail("all at once"))
    assert opened.dataset().count_rows() == 60


def test_other_folders_are_opened_too(kept: Path) -> None:
    opened = store.open(kept / "c")
    assert {"runs", "projects", "steps"} <= set(opened.tables)
    assert opened.frame("steps", ["capacity"], [("seed", "==", 1), ("quarter", "==", 1)]).shape == (3, 1)


def test_what_is_not_there_is_named(kept: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape("has no table 'run' (did you mean 'runs'?)")):
        store.open(kept / "a").frame("run")
    with pytest.raises(InputError, match=re.escape("has no column 'eficiency' (did you mean 'efficiency'?)")):
        store.open(kept / "a").frame(columns=["eficiency"])
    with pytest.raises(InputError, match="holds no results"):
        store.open(tmp_path)


def test_duckdb_queries_the_folder_as_it_is(kept: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    text = (Path(__file__).parents[2] / "experiments" / "README.md").read_text()
    query = re.search(r"```sql\n(.*?)```", text, re.DOTALL)
    assert query is not None
    sql = query.group(1).replace("results/sweep-world-46553127", str(kept / "a")).replace("overhead", "failure")
    found = duckdb.sql(sql).df()
    runs = runs_of(kept / "a")
    expected = runs.groupby(["failure", "architecture"])["efficiency"].mean()
    assert len(found) == len(expected)
    for row in found.to_dict("records"):
        assert row["efficiency"] == pytest.approx(expected[row["failure"], row["architecture"]])


def test_duckdb_queries_extended_and_merged_folders_too(kept: Path, shell: Shell) -> None:
    duckdb = pytest.importorskip("duckdb")
    longer = (*SMALL[:2], "engine=serial", "out=longer")
    assert shell("sweep", *longer, "replications=1").exit_code == 0
    assert shell("sweep", *longer, "replications=2").exit_code == 0
    assert shell("merge", str(kept / "d"), "longer", "out=m").exit_code == 0
    for name in ("longer", "m"):
        sql = f"SELECT overhead, count(*) AS runs FROM '{name}/runs/*/*.parquet' GROUP BY ALL ORDER BY ALL"
        sql = sql if name == "m" else sql.replace("overhead", "failure AS overhead")
        found = duckdb.sql(sql).fetchall()
        frame = runs_of(Path(name))
        expected = frame.groupby("overhead" if name == "m" else "failure").size()
        assert found == list(expected.items())
        assert len(found) > 1


# ---------------------------------------------------------------------- again
def test_any_run_can_be_made_again_from_the_manifest_alone(kept: Path, shell: Shell) -> None:
    shutil.copytree(kept / "a", shell.folder / "a")
    for words in ((), ("run=all",), ("run=17",), (f"run={runs_of(kept / 'a')['id'][4][:20]}",)):
        done = shell("rerun", "a", *words)
        assert done.exit_code == 0, done.output
        assert "the same numbers to the last bit" in done.stdout
    assert "1 run again" in shell("rerun", "a", "run=17").stdout
    assert "10 runs again" in shell("rerun", "a").stdout


def test_runs_of_a_comparison_too(kept: Path, shell: Shell) -> None:
    shutil.copytree(kept / "c", shell.folder / "c")
    done = shell("rerun", "c", "run=all")
    assert done.exit_code == 0, done.output
    assert "9 runs again: the same numbers to the last bit" in done.stdout


def test_another_number_is_found(kept: Path, shell: Shell) -> None:
    shutil.copytree(kept / "a", shell.folder / "a")
    path = parts_of(shell.folder / "a")[0]
    table = pq.read_table(path)
    values = table.column("efficiency").to_pylist()
    values[0] += 1e-15
    pq.write_table(table.set_column(table.schema.get_field_index("efficiency"), "efficiency", [values]), path)
    done = shell("rerun", "a", "run=1")
    assert done.exit_code == 1
    assert "run 1: efficiency was " in done.stdout
    assert "1 with OTHER numbers" in done.stdout
    assert shell("rerun", "a", "run=2").exit_code == 0


def test_a_folder_without_such_a_run(kept: Path, shell: Shell) -> None:
    shutil.copytree(kept / "a", shell.folder / "a")
    assert "has no run '61'" in shell.refused("rerun", "a", "run=61")
    assert "name a result folder" in shell.refused("rerun")
    assert "holds no results" in shell.refused("rerun", "b")
    assert rerun.same(float("nan"), float("nan"))
    assert not rerun.same(0.1, 0.1 + 1e-16 * 2)


# ---------------------------------------------------------------------- together
def test_merged_sweeps_hold_each_run_once_and_can_be_run_again(kept: Path, shell: Shell) -> None:
    for name in "abd":
        shutil.copytree(kept / name, shell.folder / name)
    done = shell("merge", "a", "b", "d", "out=m")
    assert done.exit_code == 0, done.output
    assert "76 runs of 3 sweeps (34 runs stood in two of them and were the same)" in done.stdout
    merged = runs_of(shell.folder / "m")
    assert merged["id"].is_unique
    assert merged["run"].is_unique
    both = pd.concat([runs_of(kept / "a"), runs_of(kept / "b")]).drop_duplicates("id")
    own = merged[merged["overhead"] == 0.05]
    order = ["point", "seed", "architecture"]
    same(
        own.sort_values(order)[NUMBERS].reset_index(drop=True), both.sort_values(order)[NUMBERS].reset_index(drop=True)
    )
    assert set(merged[merged["overhead"] != 0.05]["point"]) == {5}  # point 4 has the default overhead: runs of `a`
    assert merged["failure"].notna().all()
    assert "76 runs again: the same numbers" in shell("rerun", "m", "run=all").stdout
    for words, message in (
        (("sweep", *SMALL, "out=m"), "cannot go on"),
        (("merge", "m", "a", "out=n"), "was merged already"),
    ):
        done = shell(*words)
        assert done.exit_code == 2
        assert message in done.stderr


def test_a_sample_of_runs_with_gaps_in_their_numbers_is_of_all_of_them(kept: Path, shell: Shell) -> None:
    """Of two sweeps that overlap each run stands once, so that numbers are missing."""
    assert shell("merge", str(kept / "a"), str(kept / "b"), "out=gaps").exit_code == 0
    numbers = runs_of(Path("gaps"))["run"]
    assert numbers.max() > len(numbers)
    text = shell("rerun", "gaps").stdout
    assert "10 runs again: the same numbers" in text
    assert "run: is empty" in shell.refused("rerun", "gaps", "run=")


def test_merging_leaves_a_damaged_part_where_it_is_and_says_so(kept: Path, shell: Shell) -> None:
    shutil.copytree(kept / "a", "mine")
    first = parts_of(Path("mine"))[0]
    first.write_bytes(first.read_bytes()[:100])
    before = {path: path.read_bytes() for path in Path("mine").rglob("*") if path.is_file()}
    told = shell.refused("merge", "mine", str(kept / "b"), "out=both")
    assert "100 bytes in place of" in told
    assert "run it again first" in told
    assert {path: path.read_bytes() for path in Path("mine").rglob("*") if path.is_file() and path in before} == before
    assert not Path("both").exists()


def test_sweeps_that_disagree_are_not_merged(kept: Path, shell: Shell) -> None:
    shutil.copytree(kept / "a", shell.folder / "a")
    shutil.copytree(kept / "a", shell.folder / "b")
    root = shell.folder / "b"
    first, *others = (root / "index.jsonl").read_text().splitlines(keepends=True)
    part = parts.of_line(first)
    (root / "index.jsonl").write_text("".join(others))
    rows = parts.read(root, part)
    other = rows.set_column(rows.schema.get_field_index("efficiency"), "efficiency", [[0.5] * rows.num_rows])
    (root / "runs" / part.name).unlink()
    parts.write(root, store.open(root).manifest["configuration_hash"], other, part.spans, part.source)
    done = shell("merge", "a", "b", "out=m")
    assert done.exit_code == 2
    assert "stands in another folder with other numbers" in done.stderr
    assert not (shell.folder / "m").exists()
    assert "name two folders or more" in shell.refused("merge", "a", "out=m")
    assert "named twice" in shell.refused("merge", "a", "./a", "out=m")
    assert "is no folder of a sweep" in shell.refused("merge", "a", "c", "out=m")


# ---------------------------------------------------------------------- packed
@pytest.mark.parametrize("name", ["a", "c"])
def test_a_bundle_holds_all_that_a_reader_needs(kept: Path, shell: Shell, name: str) -> None:
    shutil.copytree(kept / name, shell.folder / name)
    assert shell("bundle", name).exit_code == 0
    assert shell("bundle", name, "out=again.zip").exit_code == 0
    assert (shell.folder / f"{name}.zip").read_bytes() == (shell.folder / "again.zip").read_bytes()
    with zipfile.ZipFile(f"{name}.zip") as file:
        file.extractall("out")
    out = shell.folder / "out"
    sums = dict(line.split("  ")[::-1] for line in (out / "SHA256SUMS").read_text().splitlines())
    found = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert set(sums) == found - {"SHA256SUMS"}
    assert all(hashlib.sha256((out / file).read_bytes()).hexdigest() == sum_ for file, sum_ in sums.items())
    assert {"CITATION.cff", "LICENSE", "LICENCES.md", "README.txt", "environment.txt", "results/manifest.json"} <= found
    assert not any("/." in file for file in found)
    environment = (out / "environment.txt").read_text()
    assert re.search(r"^numba==\d", environment, re.MULTILINE)
    assert "//" not in environment
    assert "@" not in environment
    same(runs_of(out / "results"), runs_of(kept / name))
    assert json.loads((out / "results" / "manifest.json").read_text())["command"] in ("sweep", "compare")
    assert "the same numbers to the last bit" in shell("rerun", "out/results").stdout


def test_a_bundle_overwrites_nothing(kept: Path, shell: Shell) -> None:
    shutil.copytree(kept / "a", shell.folder / "a")
    (shell.folder / "a.zip").write_text("dear")
    assert "exists already" in shell.refused("bundle", "a")
    assert "must end with .zip" in shell.refused("bundle", "a", "out=a.tar")
    assert "holds no results" in shell.refused("bundle", "b")
    assert "is not understood" in shell.refused("bundle", "a", "into=b")
