"""What a sweep survives: damaged parts, failed runs, poison, a full disk, Ctrl-C, other sources, somebody else in its folder."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from donorlab.experiments.arguments import InputError
from donorlab.experiments.sweeps import identity, parts, worker
from donorlab.experiments.sweeps.aside import INDEX
from donorlab.experiments.sweeps.diaries import DIARIES, Diary, deaths_in
from donorlab.experiments.sweeps.folder import SweepFolder
from donorlab.experiments.sweeps.held import LOCK
from experiments.conftest import Shell
from experiments.sweeping import SMALL, command, parts_of, runs_of, same, start, wait_for

HERE = (*SMALL, "engine=serial", "chunk=0.02", "out=s")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete sweep of 60 runs in several parts."""
    folder = tmp_path_factory.mktemp("kept")
    with contextlib.chdir(folder):
        assert Shell(folder)("sweep", *HERE).exit_code == 0
    assert len(parts_of(folder / "s")) > 2
    return folder / "s"


@pytest.fixture
def stored(kept: Path, shell: Shell) -> Path:
    """A copy that a test may damage, where the command runs."""
    shutil.copytree(kept, shell.folder / "s")
    return shell.folder / "s"


def again(shell: Shell, *words: str) -> str:
    result = shell("sweep", *HERE, *words)
    assert result.exit_code == 0, result.output
    return result.stdout


def truncate(path: Path) -> None:
    with path.open("rb+") as file:
        file.truncate(path.stat().st_size // 2)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0xFF
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [truncate, flip, Path.unlink])
@pytest.mark.parametrize("indexed", [True, False])
def test_a_damaged_part_is_found_and_done_again(
    kept: Path, stored: Path, shell: Shell, damage: Any, indexed: bool
) -> None:
    victim = parts_of(stored)[1]
    damage(victim)
    if not indexed:
        (stored / INDEX).unlink()
    out = again(shell)
    if indexed or (victim.exists() and damage is not Path.unlink):
        assert "damaged part, its runs are done again" in out
    assert "complete already" not in out
    same(runs_of(stored), runs_of(kept))


def test_an_index_that_was_torn_or_lost_loses_no_part(kept: Path, stored: Path, shell: Shell) -> None:
    lines = (stored / INDEX).read_text().splitlines(keepends=True)
    (stored / INDEX).write_text("".join(lines[:-1]) + lines[-1][:30])
    times = [path.stat().st_mtime_ns for path in parts_of(stored)]
    assert "complete already" in again(shell)
    assert [path.stat().st_mtime_ns for path in parts_of(stored)] == times
    index = [parts.of_line(line) for line in (stored / INDEX).read_text().splitlines()]
    assert [(one.name, one.sha256) for one in index] == [
        (one.name, one.sha256) for one in sorted(map(parts.of_line, lines), key=lambda one: one.name)
    ]


def test_parts_of_another_sweep_and_unfinished_files_are_no_results(
    kept: Path, stored: Path, shell: Shell, tmp_path: Path
) -> None:
    shell("sweep", "scenario=toy", "money=3", *SMALL[1:], "engine=serial", "out=other")
    stranger = parts_of(shell.folder / "other")[0]
    shutil.copy(stranger, parts_of(stored)[0].with_name("0000000000-0000000000-stranger.parquet"))
    (parts_of(stored)[0].parent / ".0000000001-abc.tmp").write_bytes(b"x")
    again(shell)
    same(runs_of(stored), runs_of(kept))
    assert not list((stored / "runs").glob("*/.*"))


# ---------------------------------------------------------------------- failed runs
def test_a_run_that_fails_is_a_row_and_can_be_tried_again(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, kept: Path
) -> None:
    honest = worker.run_one

    def fails(scenario: Any, label: str, seed: int, *rest: Any) -> Any:
        if seed == 3 and label == "umbrella":
            raise ZeroDivisionError("of a test")
        return honest(scenario, label, seed, *rest)

    monkeypatch.setattr(worker, "run_one", fails)
    out = again(shell)
    assert "3 runs failed; retry_failed=true runs them again" in out
    assert "(umbrella, seed 3): ZeroDivisionError: of a test" in out
    runs = runs_of(shell.folder / "s")
    assert len(runs) == 60
    bad = runs[runs["error"].notna()]
    assert set(zip(bad["architecture"], bad["seed"], strict=True)) == {("umbrella", 3)}
    assert bad["efficiency"].isna().all()
    assert bad["id"].str.len().eq(identity.LENGTH).all()
    assert json.loads((shell.folder / "s" / "manifest.json").read_text())["failed"] == 3
    monkeypatch.setattr(worker, "run_one", honest)
    assert "complete already" in again(shell)
    result = shell("sweep", *HERE, "--retry-failed")
    assert "3 runs in" in result.stdout
    same(runs_of(shell.folder / "s"), runs_of(kept))


def test_values_that_contradict_each_other_are_failed_runs(shell: Shell) -> None:
    words = ("scenario=toy", "project_tasks_minimum=[2,6]", "project_tasks_maximum=[4,8]", "replications=1", "out=s")
    out = shell("sweep", *words).stdout
    assert "2 runs failed" in out
    assert "ScenarioError: project_tasks_minimum: 6 is larger than project_tasks_maximum, 4" in out
    assert runs_of(shell.folder / "s")["error"].isna().sum() == 6


POISON = """
import os, signal
from donorlab.sim.mechanisms.ownership import lapse

def poison(model, quarter):
    if model.seed == 2 and model.parameters.failure > 0.15 and quarter == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    lapse(model, quarter)
"""


def test_a_run_that_kills_its_worker_is_named_after_three_tries_and_the_rest_is_done(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    info = tmp_path / "site" / "poison-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: poison\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[donorlab.mechanisms]\nlapse.poison = poison_of_a_test:poison\n")
    (tmp_path / "site" / "poison_of_a_test.py").write_text(POISON)
    words = (
        "scenario=toy",
        "failure=[0.1,0.2]",
        "architectures=[fragmented]",
        "replications=30",
        "mechanism.lapse=poison",
    )
    out, _ = command(
        "sweep", *words, "engine=dask", "workers=1", "out=s", cwd=tmp_path, PYTHONPATH=str(tmp_path / "site")
    )
    assert "1 run failed" in out
    assert "run 32 (fragmented, seed 2): WorkerDied: a worker process ended 3 times while it ran this run" in out
    runs = runs_of(tmp_path / "s")
    assert runs["run"].tolist() == list(range(1, 61))
    assert runs.loc[runs["error"].notna(), "run"].tolist() == [32]
    manifest = json.loads((tmp_path / "s" / "manifest.json").read_text())
    assert list(manifest["sources"][manifest["source"]]["plugins"]) == ["poison_of_a_test"]


def test_a_diary_tells_in_which_run_each_process_died(tmp_path: Path) -> None:
    path = tmp_path / "d" / "1"
    for begun in ([5, 6, 7], [], [5, 6], [5]):
        diary = Diary(path).__enter__()
        for run in begun:
            diary.begin(run)
        os.close(diary._file)  # died
    assert deaths_in(path) == [7, 6, 5]
    diary = Diary(path, ((6, 2),))
    assert diary.deaths == {7: 1, 6: 3, 5: 1}
    diary.__exit__(None, None)
    assert not path.exists()


# ---------------------------------------------------------------------- disk, keyboard, neighbours
@contextlib.contextmanager
def small_disk(path: Path, size: str) -> Iterator[None]:
    path.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)], capture_output=True)
    if done.returncode:
        pytest.skip("cannot mount")
    try:
        yield
    finally:
        subprocess.run(["umount", str(path)], check=True)


@pytest.mark.skipif(
    shutil.which("mount") is None or not hasattr(os, "geteuid") or os.geteuid() != 0, reason="must mount"
)
def test_a_full_disk_costs_nothing_that_was_complete(kept: Path, shell: Shell) -> None:
    disk = shell.folder / "disk"
    with small_disk(disk, "120k"):
        result = shell("sweep", *HERE[:-1], "out=disk/s")
        assert result.exit_code == 2
        assert (
            "No space left on device; the runs that are complete are kept, and the same command goes on"
            in result.stderr
        )
        assert result.stderr.count("\ndonorlab: ") + result.stderr.startswith("donorlab: ") == 1
        there = len(parts_of(disk / "s"))
        assert 0 < there < len(parts_of(kept))
        assert not list((disk / "s" / "runs").glob("*/.*"))
        subprocess.run(["mount", "-o", "remount,size=2m", str(disk)], check=True)
        result = shell("sweep", *HERE[:-1], "out=disk/s")
        assert result.exit_code == 0, result.output
        assert "of them done" in result.stdout
        same(runs_of(disk / "s"), runs_of(kept))


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    words = ("scenario=toy", "failure=[0.05,0.1,0.2]", "replications=2000", "engine=dask", "workers=2", "chunk=0.2")
    process = start("sweep", *words, "out=s", cwd=tmp_path)
    try:
        wait_for(lambda: len(parts_of(tmp_path / "s")) >= 2, 120)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith("donorlab: interrupted; ")
    assert err.splitlines()[-1].endswith("of 12,000 runs are kept in s; the same command goes on")
    assert not (tmp_path / "s" / DIARIES).exists()
    manifest = json.loads((tmp_path / "s" / "manifest.json").read_text())
    assert not manifest["complete"]
    assert 0 < manifest["sessions"][-1]["runs"] <= len(runs_of(tmp_path / "s"))


def test_a_second_sweep_in_the_same_folder_is_refused_while_the_first_one_lives(shell: Shell, stored: Path) -> None:
    with SweepFolder(stored):
        line = shell.refused("sweep", *HERE)
        assert "another sweep is writing it" in line
        assert "Traceback" not in line
    assert (stored / LOCK).exists()
    assert "complete already" in again(shell)  # the lock is what is held, not its file


def test_a_lock_dies_with_its_process(shell: Shell, stored: Path) -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom donorlab.experiments.sweeps.folder import SweepFolder\n"
        "SweepFolder(Path(sys.argv[1])).__enter__()\nos.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(stored)])
    assert done.returncode == -signal.SIGKILL
    assert "complete already" in again(shell)


# ---------------------------------------------------------------------- other sources
def test_runs_of_other_sources_are_done_again_unless_mixing_was_asked_for(
    kept: Path, stored: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "_LOADED", "f" * 64)
    monkeypatch.setattr(identity, "source_hash", lambda: "f" * 64)
    extended = list(HERE)
    extended[2] = "replications=12"
    mixed = shell("sweep", *extended, "mix=true")
    assert "60 runs of other sources kept" in mixed.stdout
    runs = runs_of(stored)
    assert len(runs) == 72
    assert runs.groupby("source").size().sort_values().tolist() == [12, 60]
    assert runs["id"].nunique() == 72
    pure = shell("sweep", *extended)
    assert "60 runs of other sources set aside and done again" in pure.stdout
    runs = runs_of(stored)
    assert len(set(runs["source"])) == 1
    assert len(runs) == 72
    order = ["point", "seed", "architecture"]
    own, before = (
        one.sort_values(order, ignore_index=True).drop(columns=["id", "source", "run"])
        for one in (runs[runs["seed"] <= 10], runs_of(kept))
    )
    same(own, before)
    assert len(list((stored / "set-aside").rglob("*.parquet"))) == len(parts_of(kept))


def test_a_part_has_its_name_only_when_it_is_whole(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    flush = os.fsync

    def watched(handle: int) -> None:
        name = os.readlink(f"/proc/self/fd/{handle}")
        if name.endswith(".tmp") and "/runs/" in name:
            seen.append(os.fstat(handle).st_size)
            assert not any(path.stat().st_ino == os.fstat(handle).st_ino for path in parts_of(shell.folder / "s"))
        flush(handle)

    monkeypatch.setattr(os, "fsync", watched)
    assert "60 runs" in again(shell)
    assert sorted(seen) == sorted(path.stat().st_size for path in parts_of(shell.folder / "s"))


def test_a_part_knows_itself(kept: Path) -> None:
    path = parts_of(kept)[0]
    sweep = json.loads((kept / "manifest.json").read_text())["configuration_hash"]
    name = str(path.relative_to(kept / "runs"))
    known = next(part for part in map(parts.of_line, (kept / INDEX).read_text().splitlines()) if part.name == name)
    assert parts.found(kept, name, sweep) == dataclasses.replace(known, seconds=0.0, simulated=0.0)
    assert parts.found(kept, name, "another") is None
    assert parts.problem_of(kept, dataclasses.replace(known, spans=((1, 59),))) is not None
    with pytest.raises(ValueError, match=r"Expecting|no part|Unterminated"):
        parts.of_line('{"name"')


def test_a_folder_with_something_else_in_it_is_refused(shell: Shell) -> None:
    (shell.folder / "s").mkdir()
    (shell.folder / "s" / "letter.txt").write_text("dear")
    assert "holds something else (letter.txt)" in shell.refused("sweep", *HERE)
    with pytest.raises(InputError, match="holds something else"), SweepFolder(shell.folder / "s"):
        pass


def test_frames_are_compared_bit_by_bit() -> None:
    with pytest.raises(AssertionError):
        same(pd.DataFrame({"a": [0.1]}), pd.DataFrame({"a": [0.1 + 1e-17 * 2]}))
