"""Many runs: the same numbers for any number of processes; failures are named; Ctrl-C leaves nothing."""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
import time
import weakref
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import donorlab.sim
from donorlab.experiments import engines, runner
from donorlab.experiments.arguments import InputError, RunError
from donorlab.experiments.calls import called_in_order
from donorlab.experiments.crew import Crew
from donorlab.experiments.runner import Job, in_order, run_jobs
from donorlab.sim.scenario import Scenario, ScenarioError

NAMES = ("fragmented", "umbrella_conditional")


def jobs(count: int) -> list[Job]:
    return [
        Job(f"draw {i}", i, NAMES, {"failure": 0.01 * i}, waterfall=True, tables=i % 2 == 1)
        for i in range(1, count + 1)
    ]


@pytest.fixture
def scenarios(toy: Scenario) -> dict[str, Scenario]:
    return {name: toy.replace(architecture=name) for name in NAMES}


def test_the_same_numbers_in_the_same_order_for_any_number_of_workers(scenarios: dict[str, Scenario]) -> None:
    ticks: list[int] = []
    one = run_jobs(scenarios, jobs(9), 1)
    two = run_jobs(scenarios, jobs(9), 2, lambda: ticks.append(1))
    assert len(ticks) == 18
    for mine, theirs in zip(one, two, strict=True):
        for a, b in zip(mine, theirs, strict=True):
            assert (a.architecture, a.seed) == (b.architecture, b.seed)
            pd.testing.assert_series_equal(pd.Series(a.outcomes), pd.Series(b.outcomes), check_exact=True)
            assert a.waterfall == b.waterfall
            assert a.tables.keys() == b.tables.keys()
            for name, frame in a.tables.items():
                assert frame.equals(b.tables[name])
    assert one[0][0].tables
    assert not one[1][0].tables


def test_jobs_are_handed_on_in_order_while_others_still_run(scenarios: dict[str, Scenario]) -> None:
    asked = jobs(9)
    with closing(in_order(scenarios, asked, 2)) as found:
        labels = [(runs[0].seed, [run.architecture for run in runs]) for runs in found]
    assert labels == [(job.seed, list(NAMES)) for job in asked]


def test_who_stops_listening_ends_the_workers(scenarios: dict[str, Scenario], monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[Any] = []
    kill = engines.kill
    monkeypatch.setattr(engines, "kill", lambda pool: (killed.append(pool), kill(pool)))
    with closing(in_order(scenarios, jobs(9), 2)) as found:
        for runs in found:
            if runs[0].seed == 4:
                break
    assert len(killed) == 1


def test_a_finished_run_is_forgotten_at_once(scenarios: dict[str, Scenario], monkeypatch: pytest.MonkeyPatch) -> None:
    models: list[weakref.ref[Any]] = []
    simulate = donorlab.sim.simulate

    def watched(*words: Any, **options: Any) -> Any:
        assert [model() for model in models] == [None] * len(models)
        result = simulate(*words, **options)
        models.append(weakref.ref(result._model))
        return result

    monkeypatch.setattr(donorlab.sim, "simulate", watched)
    runner.run_job(scenarios, Job("draw 1", 1, NAMES, tables=True))
    assert len(models) == 2
    assert models[-1]() is None


def test_large_runs_travel_one_job_at_a_time() -> None:
    large = [Job(f"replication {i}", i, NAMES, tables=True) for i in range(3)]
    small = [Job(f"draw {i}", i, NAMES) for i in range(40)]
    sizes = [len(task) for task in runner._tasks([*large, *small], 2)]
    assert sizes[:3] == [1, 1, 1]
    assert sum(sizes) == 43
    assert max(sizes) > 1


def test_little_work_starts_no_processes(scenarios: dict[str, Scenario], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_elsewhere", lambda *_: pytest.fail("must not start"))
    assert len(run_jobs(scenarios, jobs(5), None)) == 5


def test_a_failed_run_is_named(scenarios: dict[str, Scenario], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ScenarioError, match="draw 7 under fragmented: failure"):
        run_jobs(scenarios, [Job("draw 7", 7, NAMES, {"failure": 2.0})], 1)

    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("x")

    monkeypatch.setattr(donorlab.sim, "simulate", broken)
    with pytest.raises(RunError, match="draw 7 under fragmented failed: ZeroDivisionError: x"):
        run_jobs(scenarios, [Job("draw 7", 7, NAMES)], 1)


def test_a_failed_run_in_a_worker_is_named_too(scenarios: dict[str, Scenario]) -> None:
    bad = Job("draw 99", 99, NAMES, {"failure": 2.0})
    with pytest.raises(ScenarioError, match="draw 99 under fragmented: failure"):
        run_jobs(scenarios, [*jobs(2), bad], 2)


def test_workers_with_other_sources_are_refused(
    scenarios: dict[str, Scenario], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "_SOURCES", "0" * 64)
    with pytest.raises(RunError, match="sources of the model changed"):
        run_jobs(scenarios, jobs(3), 2)


def test_workers_are_a_number_or_auto() -> None:
    assert runner.checked_workers("auto") is None
    assert runner.checked_workers("3") == 3
    for text in ("0", "-1", "two", "999"):
        with pytest.raises(InputError, match="workers"):
            runner.checked_workers(text)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_ctrl_c_and_death_leave_no_workers_and_only_what_is_kept(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C in a terminal goes to the whole group; kill -9 only to the parent."""
    words = ["compare", "toy", "workers=2", "draws=3000", "replications=2", "out=answer"]
    process = subprocess.Popen(
        [sys.executable, "-m", "donorlab.experiments.command", *words],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs start deaf to it
    )  # fmt: skip
    try:
        children = wait_for(lambda: found if len(found := workers_of(process.pid)) >= 2 else None, 90)
        wait_for(lambda: list(tmp_path.glob(".kept-*/*.parquet")), 90)
        if number == signal.SIGINT:
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.kill()
        out, err = process.communicate(timeout=60)
        wait_for(lambda: not any(alive(pid) for pid in children), 60)
    finally:
        process.kill()
        process.wait()
    if number == signal.SIGINT:
        assert process.returncode == 130, err
        assert out == ""
        assert "Traceback" not in err
        assert re.fullmatch(
            r"donorlab: interrupted; [0-9,]+ runs are kept, and the same command goes on", err.splitlines()[-1]
        )
        assert [path.name[:14] for path in tmp_path.iterdir()] == [".kept-compare-"]


def workers_of(pid: int) -> list[int]:
    """Return the processes that a process has started, but for the one that watches over shared memory."""
    try:
        children = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return [child for child in children if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text()]
    except OSError:
        return []


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition: Any, seconds: float) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    pytest.fail("waited in vain")


def test_answers_of_processes_come_in_the_order_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [(float(n), 1.0) for n in range(6)]
    told: list[int] = []
    expected = [math.hypot(*words) for words in asked]
    for workers in (1, 2):
        assert called_in_order(math.hypot, asked, workers, lambda: told.append(1)) == expected
    assert len(told) == 12
    monkeypatch.setattr(Crew, "opened", lambda *_: pytest.fail("not worth while"))
    assert called_in_order(math.hypot, asked, None) == expected
    assert called_in_order(math.hypot, [], None) == []
