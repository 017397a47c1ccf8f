"""Kept work: a command that was killed goes on, to the last bit, and nothing wrong is ever taken for its work."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from donorlab.experiments import calls, crew, kept, runner
from donorlab.experiments.arguments import InputError, Stopped
from donorlab.experiments.crew import Crew
from donorlab.experiments.kept import Kept
from donorlab.experiments.runner import Job
from donorlab.experiments.sweeps import parts
from donorlab.sim.scenario import Scenario
from experiments.conftest import Shell
from experiments.sweeping import alive, wait_for, workers_of
from experiments.test_coded import alike

NAMES = ("fragmented", "umbrella")
ASKED = {"command": "compare", "draws": 3}
JOBS = [Job(f"draw {i}", i, NAMES, {"failure": 0.01 * i}, waterfall=True, tables=i < 3) for i in range(1, 9)]


@pytest.fixture
def both(toy: Scenario) -> dict[str, Scenario]:
    return {name: toy.replace(architecture=name) for name in NAMES}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a file for each piece of work."""
    monkeypatch.setattr(kept, "SECONDS", 0.0)


class HalfError(Exception):
    """Ends a command in the middle."""


def ended(keeping: Kept, error: BaseException, work: Callable[[], object]) -> None:
    """Do some work and end with an error, which is what a command does."""
    with keeping:
        work()
        raise error


def interrupted(folder: Path, both: dict[str, Scenario], count: int = 4) -> Path:
    """Run some of the jobs and end; return where they are kept."""
    keeping = Kept(folder / "r", ASKED, both)
    with pytest.raises(HalfError):
        ended(keeping, HalfError(), lambda: runner.run_jobs(both, JOBS[:count], Crew(1, kept=keeping)))
    assert len(list(keeping.folder.glob("*.parquet"))) == count
    return keeping.folder


def resumed(folder: Path, both: dict[str, Scenario], jobs: list[Job] = JOBS) -> tuple[list[Any], list[str], list[int]]:
    """Run all jobs; return their runs, what was said, and which seeds were run."""
    said: list[str] = []
    ran: list[int] = []
    honest = runner.run_job

    def watched(scenarios: Any, job: Job) -> Any:
        ran.append(job.seed)
        return honest(scenarios, job)

    with pytest.MonkeyPatch.context() as patch, Kept(folder / "r", ASKED, both, said.append) as keeping:
        watched.__module__, watched.__qualname__ = honest.__module__, honest.__qualname__
        patch.setattr(runner, "run_job", watched)
        found = list(runner.in_order(both, jobs, Crew(1, kept=keeping)))
    return found, said, ran


def test_only_what_is_missing_is_run_and_the_numbers_are_the_same(tmp_path: Path, both: dict[str, Scenario]) -> None:
    whole = runner.run_jobs(both, JOBS, 1)
    folder = interrupted(tmp_path, both)
    found, said, ran = resumed(tmp_path, both)
    assert said == ["went on: 8 of 16 runs were there"]
    assert ran == [5, 6, 7, 8]
    alike(found, whole)
    assert not folder.exists()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["truncate", "flip", "rename", "half a name"])
def test_a_damaged_file_is_done_again(tmp_path: Path, both: dict[str, Scenario], damage: str) -> None:
    victim = sorted(interrupted(tmp_path, both).glob("*.parquet"))[1]
    data = bytearray(victim.read_bytes())
    if damage == "truncate":
        victim.write_bytes(data[: len(data) // 2])
    elif damage == "flip":
        data[len(data) // 3] ^= 0xFF
        victim.write_bytes(data)
    elif damage == "rename":
        victim.rename(victim.with_name("000002-0123456789abcdef.parquet"))
    else:
        victim.rename(victim.with_name(".000002-abc.tmp"))
    found, said, ran = resumed(tmp_path, both)
    assert ran == [2, 5, 6, 7, 8]
    assert said[-1] == "went on: 6 of 16 runs were there"
    assert (damage == "half a name") == (len(said) == 1)
    alike(found, runner.run_jobs(both, JOBS, 1))


def test_other_work_is_not_taken_for_it(tmp_path: Path, both: dict[str, Scenario]) -> None:
    interrupted(tmp_path, both)
    others = [Job("", 1, NAMES, {"failure": 0.01000001}), Job("", 1, ("umbrella",), {"failure": 0.01})]
    assert resumed(tmp_path, both, others)[1:] == ([], [1, 1])
    interrupted(tmp_path, both)
    changed = {**both, "umbrella": both["umbrella"].replace(overhead=0.07)}
    assert resumed(tmp_path, changed)[2] == list(range(1, 9))


@pytest.mark.parametrize("package", ["sim", "donorlab.experiments"])
def test_an_edited_file_means_another_folder(
    tmp_path: Path, both: dict[str, Scenario], monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    before = Kept(tmp_path / "r", ASKED, both).folder
    assert before == Kept(tmp_path / "2026-01-01-r", dict(ASKED), both).folder
    assert before != Kept(tmp_path / "r", {**ASKED, "draws": 4}, both).folder
    honest = crew.made_by
    monkeypatch.setattr(kept, "made_by", lambda scenarios: {**honest(scenarios), package: "edited"})
    assert package in honest(both)
    assert before != Kept(tmp_path / "r", ASKED, both).folder


def test_calls_are_kept_too(tmp_path: Path) -> None:
    asked = [(i, 2) for i in range(6)]
    keeping = Kept(tmp_path / "r", ASKED, {})
    with pytest.raises(HalfError):
        ended(keeping, HalfError(), lambda: calls.called_in_order(pow, asked[:3], Crew(1, kept=keeping)))
    said: list[str] = []
    with Kept(tmp_path / "r", ASKED, {}, said.append) as keeping:
        assert calls.called_in_order(pow, asked, Crew(1, kept=keeping), unit="rows") == [i**2 for i in range(6)]
        assert said == ["went on: 3 of 6 rows were there"]
        assert calls.called_in_order(divmod, asked[:1], Crew(1, kept=keeping)) == [(0, 0)]
        assert len(said) == 1


def test_little_work_leaves_nothing(tmp_path: Path, both: dict[str, Scenario], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "SECONDS", 1000.0)
    keeping = Kept(tmp_path / "r", ASKED, both)
    with pytest.raises(HalfError):
        ended(keeping, HalfError(), lambda: runner.run_jobs(both, JOBS, Crew(1, kept=keeping)))
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------------- neighbours, disk, keyboard
def test_a_second_one_at_the_same_time_keeps_nothing(tmp_path: Path, both: dict[str, Scenario]) -> None:
    folder = interrupted(tmp_path, both)
    with Kept(tmp_path / "r", ASKED, both):
        found, said, ran = resumed(tmp_path, both)
        assert said == ["the same command is at work already and keeps what it has done; this one keeps nothing"]
        assert ran == list(range(1, 9))
        assert len(found) == 8
        assert len(list(folder.glob("*.parquet"))) == 4
    assert not folder.exists()


def test_a_full_disk_costs_only_what_would_be_kept(
    tmp_path: Path, both: dict[str, Scenario], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(parts, "write_whole", full)
    found, said, _ = resumed(tmp_path, both)
    assert said == ["further work will not be kept (No space left on device)"]
    assert len(found) == 8
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_at_the_end_says_that_the_work_is_kept(tmp_path: Path, both: dict[str, Scenario]) -> None:
    keeping = Kept(tmp_path / "r", ASKED, both)
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "x")
    with pytest.raises(InputError, match="x: No space left on device; 16 runs are kept, and the same command goes on"):
        ended(keeping, full, lambda: runner.run_jobs(both, JOBS, Crew(1, kept=keeping)))


def test_ctrl_c_says_what_is_kept(tmp_path: Path, both: dict[str, Scenario]) -> None:
    keeping = Kept(tmp_path / "r", ASKED, both)
    with pytest.raises(Stopped, match="interrupted; 16 runs are kept, and the same command goes on"):
        ended(keeping, KeyboardInterrupt(), lambda: runner.run_jobs(both, JOBS, Crew(1, kept=keeping)))


def test_what_nobody_comes_back_for_is_removed_after_a_month(tmp_path: Path, both: dict[str, Scenario]) -> None:
    for name, days in (("old", 31), ("young", 29), ("held", 31)):
        folder = tmp_path / f".kept-compare-{name}"
        folder.mkdir()
        (folder / "a.parquet").write_text("")
        (folder / ".lock").touch()
        for path in (*folder.iterdir(), folder):
            os.utime(path, (time.time() - days * 86400,) * 2)
    held = kept.filelock.FileLock(tmp_path / ".kept-compare-held" / ".lock")
    with held, Kept(tmp_path / "r", ASKED, both):
        assert sorted(path.name for path in tmp_path.iterdir()) == [".kept-compare-held", ".kept-compare-young"]


# ---------------------------------------------------------------------- the whole command
WORDS = (
    "compare", "toy", "architectures=[fragmented,umbrella]", "replications=3", "draws=100", "break_even=false", "values=false",
)  # fmt: skip
OFTEN = (
    "from donorlab.experiments import kept; kept.SECONDS = 0.1\n"
    "import sys; from donorlab.experiments.command import program; program.main(sys.argv[1:])"
)


def begin(*words: str, cwd: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", OFTEN, *words],
        cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, env=os.environ | environment,
    )  # fmt: skip


def same_tables(one: Path, other: Path) -> None:
    names = sorted(path.name for path in one.glob("*.parquet"))
    assert names == [f"{name}.parquet" for name in ("beneficiaries", "donors", "ensemble", "projects", "runs", "steps")]
    for name in names:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_compare_is_the_same_by_processes_by_dask_and_after_kill_9(shell: Shell) -> None:
    assert shell(*WORDS, "engine=serial", "out=serial").exit_code == 0
    process = begin(*WORDS, "workers=2", "out=killed", cwd=shell.folder)
    try:
        wait_for(lambda: list(shell.folder.glob(".kept-*/*.parquet")), 120)
        workers = workers_of(process.pid)
        process.kill()
        process.wait()
        wait_for(lambda: not any(map(alive, workers)), 60)
    finally:
        process.kill()
        process.communicate()
    assert not (shell.folder / "killed").exists()
    again = shell(*WORDS, "workers=2", "out=killed")
    assert again.exit_code == 0, again.output
    there = re.search(r"went on: (\d+) of 206 runs were there", again.stderr)
    assert there is not None, again.stderr
    assert 0 < int(there[1]) < 206
    same_tables(shell.folder / "serial", shell.folder / "killed")
    assert [name for name in shell.left() if name.startswith(".")] == []
    pytest.importorskip("distributed")
    assert shell(*WORDS, "engine=dask", "workers=2", "out=dask").exit_code == 0
    same_tables(shell.folder / "serial", shell.folder / "dask")
    pd.testing.assert_frame_equal(
        pd.read_csv(shell.folder / "serial" / "summary.csv"), pd.read_csv(shell.folder / "dask" / "summary.csv")
    )


POISON = """
import os, signal
from donorlab.sim.mechanisms.ownership import lapse

def poison(model, quarter):
    if model.seed == 17 and quarter == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    lapse(model, quarter)
"""


def test_a_job_that_always_kills_its_worker_is_named(tmp_path: Path) -> None:
    info = tmp_path / "site" / "poison-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: poison\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[donorlab.mechanisms]\nlapse.poison = poison_of_kept:poison\n")
    (tmp_path / "site" / "poison_of_kept.py").write_text(POISON)
    words = (*WORDS[:2], "architectures=[fragmented]", "replications=2", "draws=30", "break_even=false", "values=false")
    process = begin(
        *words, "mechanism.lapse=poison", "workers=2", "out=p", cwd=tmp_path, PYTHONPATH=str(tmp_path / "site")
    )
    _, err = process.communicate(timeout=300)
    assert process.returncode == 1
    assert "donorlab: draw 17: 3 workers in a row ended unexpectedly with it; workers=1 does without them" in err
    assert "Traceback" not in err
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("command", [("compare", "toy"), ("validate",)])
@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("engine=dusk",), "engine: 'dusk' is not one of auto, serial, dask (did you mean 'dask'?)"),
        (("engine=serial", "scheduler=tcp://127.0.0.1:1"), "engine=serial uses no workers"),
        (("scheduler=tcp://10.0.0.7:8786",), "is another host"),
        (("insecure=true",), "go with an address"),
        (("scheduler=tls://127.0.0.1:1", "tls_ca=x"), "give all three, or none"),
        (("workers=none",), "neither auto nor a number"),
    ],
)
def test_keys_of_engines_are_checked_before_anything_is_done(
    shell: Shell, command: tuple[str, ...], words: tuple[str, ...], part: str
) -> None:
    assert part in shell.refused(*command, *words)


def test_validate_goes_on_too(shell: Shell) -> None:
    words = ("validate", "quick=true", "only=[T5,T6,T7]", "engine=serial")
    honest = kept.Kept.put

    def ends(self: Kept, *answer: Any) -> None:
        honest(self, *answer)
        if len(list(self.folder.glob("*.parquet"))) == 2:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept.Kept, "put", ends)
        stopped = shell(*words, "out=v")
    assert stopped.exit_code == 130
    assert stopped.stderr.splitlines()[-1] == "donorlab: interrupted; 2 rows are kept, and the same command goes on"
    done = shell(*words, "out=v")
    assert done.exit_code == 0, done.output
    assert "went on: 2 of 3 rows were there" in done.stderr
    assert len(pd.read_csv(shell.folder / "v" / "validation.csv")) == 3
    assert [name for name in shell.left() if name.startswith(".")] == []
