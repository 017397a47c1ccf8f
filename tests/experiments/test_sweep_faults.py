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

import filelock
import pandas as pd
import pytest

from donorlab.experiments import sweep
from donorlab.experiments.arguments import InputError
from donorlab.experiments.sweeps import aside, identity, parts, worker
from donorlab.experiments.sweeps.aside import INDEX
from donorlab.experiments.sweeps.diaries import DIARIES, ONE_PROCESS, Diary, deaths_in, suspect_in
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
    real = parts_of(stored)[0].with_name(stranger.name)
    shutil.copy(stranger, real)
    content = stranger.read_bytes()
    out = again(shell)
    assert "2 parts of another sweep stood here: now in set-aside/foreign" in out
    assert "damaged" not in out
    same(runs_of(stored), runs_of(kept))
    assert not list((stored / "runs").glob("*/.*"))
    moved = sorted((stored / "set-aside" / "foreign").rglob("*.parquet"))
    assert [path.read_bytes() for path in moved] == [content, content]


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
    if model.seed == 2 and model.parameters.failure > 0.15 and quarter == 3 and not os.path.exists("mercy"):
        os.kill(os.getpid(), signal.SIGKILL)
    lapse(model, quarter)
"""


KILLS = (
    "scenario=toy",
    "failure=[0.1,0.2]",
    "architectures=[fragmented]",
    "replications=30",
    "mechanism.lapse=poison",
)
ALONE = ("sweep", *KILLS, "engine=serial", "out=s")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a plug-in in which run 32 of `KILLS` kills its process; while a file `mercy` is there it does not."""
    site = tmp_path_factory.mktemp("plug-in") / "site"
    info = site / "poison-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: poison\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[donorlab.mechanisms]\nlapse.poison = poison_of_a_test:poison\n")
    (site / "poison_of_a_test.py").write_text(POISON)
    return site


@pytest.fixture(scope="module")
def ended_thrice(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a sweep without workers was started three times, and ended by its run 32 each time."""
    folder = tmp_path_factory.mktemp("thrice")
    for _ in range(3):
        command(*ALONE, cwd=folder, status=-signal.SIGKILL, PYTHONPATH=str(site))
    return folder


def test_a_run_that_kills_its_worker_is_named_after_three_tries_and_the_rest_is_done(
    tmp_path: Path, site: Path
) -> None:
    pytest.importorskip("distributed")
    out, _ = command("sweep", *KILLS, "engine=dask", "workers=1", "out=s", cwd=tmp_path, PYTHONPATH=str(site))
    assert "1 run failed" in out
    assert "run 32 (fragmented, seed 2): WorkerDied: a worker process ended 3 times while it ran this run" in out
    runs = runs_of(tmp_path / "s")
    assert runs["run"].tolist() == list(range(1, 61))
    assert runs.loc[runs["error"].notna(), "run"].tolist() == [32]
    manifest = json.loads((tmp_path / "s" / "manifest.json").read_text())
    assert list(manifest["sources"][manifest["source"]]["plugins"]) == ["poison_of_a_test"]


@pytest.mark.parametrize("kills", [True, False])
def test_a_run_in_which_one_process_ended_three_times_is_tried_apart_and_that_decides(
    tmp_path: Path, site: Path, ended_thrice: Path, kills: bool
) -> None:
    """Without workers the run ends the sweep itself; a user who ended it there three times has done no harm to a healthy run."""
    shutil.copytree(ended_thrice, tmp_path, dirs_exist_ok=True)
    if not kills:
        (tmp_path / "mercy").touch()
    out, _ = command(*ALONE, cwd=tmp_path, PYTHONPATH=str(site))
    runs = runs_of(tmp_path / "s")
    assert runs["run"].tolist() == list(range(1, 61))
    assert runs.loc[runs["error"].notna(), "run"].tolist() == ([32] if kills else [])
    assert ("run 32 (fragmented, seed 2): WorkerDied" in out) == kills
    assert not (tmp_path / "s" / DIARIES).exists()


def left_behind(folder: Path, name: str, *begun: int) -> None:
    """Leave the diary of a process that ended in the last of these runs."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("-\n" + "".join(f"{run}\n" for run in begun))


def test_only_three_ends_in_a_row_in_the_same_run_make_a_suspect(tmp_path: Path) -> None:
    folder = tmp_path / DIARIES
    assert suspect_in(folder) is None
    for run in (7, 7, 9, 7, 7):  # of three ends at any moments nobody is accused
        left_behind(folder, f"{ONE_PROCESS}a-1", 5, run)
        assert suspect_in(folder) is None
    left_behind(folder, f"{ONE_PROCESS}b-1", 7)
    assert suspect_in(folder) == 7
    left_behind(folder, f"{ONE_PROCESS}c-1", 7)
    assert suspect_in(folder) == 7, "ended once more, maybe while it was tried apart"
    assert suspect_in(folder) is None, "a start that ended in no run"
    left_behind(folder, f"{ONE_PROCESS}d-1", 7)
    assert suspect_in(folder) is None


@pytest.mark.parametrize("prefix", ["", ONE_PROCESS])
def test_diaries_of_a_parent_that_ended_name_no_run(stored: Path, kept: Path, shell: Shell, prefix: str) -> None:
    """Workers die with their parent, in whatever run they are: three such ends of one run are no poison."""
    parts_of(stored)[1].unlink()
    missing = int(parts_of(kept)[1].name[:10])
    for end in range(3):
        left_behind(stored / DIARIES, f"{prefix}{end}-1", missing)
    assert "failed" not in again(shell)
    same(runs_of(stored), runs_of(kept))


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
@pytest.mark.parametrize(
    ("number", "status", "begins", "engine"),
    [
        (signal.SIGINT, 130, "interrupted; ", "dask"),
        (signal.SIGTERM, 143, "told to end (SIGTERM); ", "dask"),
        (signal.SIGTERM, 143, "told to end (SIGTERM); ", "serial"),
    ],
)
def test_ctrl_c_and_sigterm_stop_cleanly_and_say_how_to_go_on(
    tmp_path: Path, number: int, status: int, begins: str, engine: str
) -> None:
    pytest.importorskip("distributed")
    words = (
        "scenario=toy",
        "failure=[0.05,0.1,0.2]",
        "replications=2000",
        f"engine={engine}",
        "workers=2",
        "chunk=0.2",
    )
    process = start("sweep", *words, "out=s", cwd=tmp_path)
    index = tmp_path / "s" / INDEX
    try:
        wait_for(lambda: index.exists() and index.read_text().count("\n") >= 2, 120)
        if engine == "dask":
            os.killpg(process.pid, number)
        else:
            os.kill(process.pid, number)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == status, err
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith(f"donorlab: {begins}")
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


def test_a_lock_whose_file_was_removed_by_its_maker_is_not_taken_for_the_folders(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One process removes the folder that it made as another one opens the lock, and a third one makes it anew."""
    place = shell.folder / "s"
    place.mkdir()
    honest = filelock.FileLock.acquire
    third = filelock.FileLock(place / LOCK)
    turns: list[int] = []

    def late(self: Any, **words: Any) -> Any:
        if turns:
            return honest(self, **words)
        turns.append(1)
        taken = honest(self, **words)
        (place / LOCK).unlink()  # what the first one did while it held it
        honest(third, blocking=False)
        return taken

    monkeypatch.setattr(filelock.FileLock, "acquire", late)
    with pytest.raises(InputError, match="another sweep is writing it"), SweepFolder(place):
        pass
    third.release()


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


def other_sources(monkeypatch: pytest.MonkeyPatch, digit: str) -> None:
    monkeypatch.setattr(identity, "_LOADED", digit * 64)
    monkeypatch.setattr(identity, "source_hash", lambda: digit * 64)


def test_dry_says_what_the_command_would_do_and_touches_nothing(
    stored: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        other_sources(patch, "e")
        before = {path: path.stat().st_mtime_ns for path in stored.rglob("*")}
        out = shell("sweep", *HERE, "dry=true").stdout
        assert "60 runs of other sources would be set aside and done again" in out
        assert "60 runs\n" in out
        assert "of them done" not in out
        mixed = shell("sweep", *HERE, "dry=true", "mix=true").stdout
        assert "60 runs, 60 of them done" in mixed
        assert "a part that is damaged is found when the sweep goes on" in mixed
        assert {path: path.stat().st_mtime_ns for path in stored.rglob("*")} == before
        again(shell)
    out = shell("sweep", *HERE, "dry=true").stdout
    assert "60 runs of other sources would be set aside" in out
    assert "60 runs that these sources made before would be taken back" in out
    assert "60 runs, 60 of them done" in out


def test_parts_come_back_when_their_sources_return(
    kept: Path, stored: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        other_sources(patch, "e")
        again(shell)
    index = (kept / INDEX).read_text().splitlines()
    out = again(shell)
    assert "60 runs of other sources set aside" in out
    assert "60 runs that these sources made before taken back" in out
    assert "complete already" in out
    same(runs_of(stored), runs_of(kept))
    assert sorted((stored / INDEX).read_text().splitlines()) == sorted(index), "what was known of them, too"


def test_much_work_is_not_set_aside_without_a_word_before(
    stored: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    honest = aside.put
    monkeypatch.setattr(sweep, "_MUCH", 0.001)
    monkeypatch.setattr(aside, "put", lambda *words: (seen.append(1), honest(*words)))
    source = json.loads((stored / "manifest.json").read_text())["source"]
    told: list[int] = []
    monkeypatch.setattr(sweep.told, "leaving", lambda *words: told.append(len(seen)))
    other_sources(monkeypatch, "e")
    again(shell)
    assert told == [0], "once, before"
    monkeypatch.undo()
    monkeypatch.chdir(shell.folder)
    monkeypatch.setattr(sweep, "_MUCH", 0.001)
    out = again(shell)
    assert "60 runs (" in out
    assert "of other sources (" in out
    assert "mix=true would keep them here" in out
    assert source not in out.split("they go to")[0]


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


def test_a_part_of_unknown_time_does_not_make_runs_look_fast(stored: Path) -> None:
    manifest = json.loads((stored / "manifest.json").read_text())
    with SweepFolder(stored) as folder:
        assert folder.plan is not None
        before = folder.look(folder.plan, manifest["source"], False)
        lines = (stored / INDEX).read_text().splitlines(keepends=True)
        (stored / INDEX).write_text(lines[0])
        after = folder.look(folder.plan, manifest["source"], False)
    assert (after.done.total, after.adopted) == (60, len(lines) - 1)
    first = parts.of_line(lines[0])
    assert before.each is not None
    assert after.each == pytest.approx(first.seconds / first.rows)


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
