"""The same numbers to the last bit, wherever and in whatever pieces a sweep is run."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import pandas as pd
import pytest

from donorlab.experiments.sweeps.diaries import DIARIES
from experiments.conftest import Shell
from experiments.sweeping import alive, children_of, parts_of, runs_of, same, start, wait_for

pytest.importorskip("distributed")
WORDS = ("scenario=toy", "failure=[0.05,0.1,0.2]", "project_tasks_maximum=[4,6]", "replications=100", "waterfall=true")
RUNS = 1200


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The sweep in one process, in chunks of some hundred runs."""
    folder = tmp_path_factory.mktemp("serial")
    with contextlib.chdir(folder):
        result = Shell(folder)("sweep", *WORDS, "engine=serial", "out=s")
    assert "1,200 runs" in result.stdout, result.output
    runs = runs_of(folder / "s")
    assert runs["run"].tolist() == list(range(1, RUNS + 1))
    assert runs["error"].isna().all()
    assert runs["id"].nunique() == RUNS
    assert "harm" in runs
    return runs


@pytest.mark.parametrize("workers", ["1", "2", "4"])
def test_dask_gives_the_same_as_one_process(whole: pd.DataFrame, shell: Shell, workers: str) -> None:
    result = shell("sweep", *WORDS, "engine=dask", f"workers={workers}", "chunk=0.2", "out=d")
    assert result.exit_code == 0, result.output
    assert len(parts_of(shell.folder / "d")) > 1
    same(runs_of(shell.folder / "d"), whole)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
def test_a_worker_that_is_killed_loses_nothing_and_a_parent_that_is_killed_little(
    whole: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers: one is killed; then the parent, with all its workers; then the same command with another chunk size."""
    folder = tmp_path / "k"
    process = start("sweep", *WORDS, "engine=dask", "workers=2", "chunk=0.1", "out=k", cwd=tmp_path)
    try:
        wait_for(lambda: len(parts_of(folder)) >= 1, 120)
        victim, *others = children_of(process.pid)
        os.kill(victim, signal.SIGKILL)
        now = len(parts_of(folder))
        wait_for(lambda: len(parts_of(folder)) >= now + 2 or process.poll() is not None, 60)
        assert process.poll() is None, "was done before it could be killed"
        others += [one for one in children_of(process.pid) if one != victim]
        process.kill()
        process.wait()
        wait_for(lambda: not any(map(alive, others)), 60)
    finally:
        process.kill()
        process.communicate()
    before = {path: path.stat().st_mtime_ns for path in parts_of(folder)}
    monkeypatch.chdir(tmp_path)
    shell = Shell(tmp_path)
    out = shell("sweep", *WORDS, "engine=serial", "chunk=0.7", "out=k").stdout
    assert "of them done" in out
    assert "damaged" not in out
    assert {path: path.stat().st_mtime_ns for path in before} == before, "parts that were there were done again"
    same(runs_of(folder), whole)
    assert not (folder / DIARIES).exists()
    assert "complete already" in shell("sweep", *WORDS, "out=k").stdout
