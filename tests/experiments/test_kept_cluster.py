"""`compare` on somebody else's scheduler: scenarios travel once a worker, a worker is killed, and the numbers are the same."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator

import pytest

from donorlab.experiments import crew, runner
from donorlab.experiments.arguments import InputError
from donorlab.experiments.crew import Crew
from donorlab.experiments.runner import Job
from donorlab.sim.scenario import Scenario
from experiments.conftest import Shell
from experiments.test_coded import alike
from experiments.test_sweep_cluster import cluster

pytest.importorskip("distributed")
NAMES = ("fragmented", "umbrella")
JOBS = [Job(f"draw {i}", i, NAMES, {"failure": 0.01 * i}, waterfall=True, tables=i < 3) for i in range(1, 31)]


@pytest.fixture
def both(toy: Scenario) -> dict[str, Scenario]:
    return {name: toy.replace(architecture=name) for name in NAMES}


def test_a_worker_that_is_killed_loses_nothing(shell: Shell, both: dict[str, Scenario]) -> None:
    with cluster(shell.folder, 2) as (address, (first, _)):
        found = runner.in_order(both, JOBS, Crew(engine="dask", scheduler=address))
        assert isinstance(found, Generator)
        done = [next(found)]
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        done += found
    alike(done, runner.run_jobs(both, JOBS, 1))


def test_a_worker_with_other_sources_is_refused(both: dict[str, Scenario], monkeypatch: pytest.MonkeyPatch) -> None:
    crew.take("same", crew.digest_of(crew.made_by(both)), both)
    with crew.taken("same") as found:
        assert found == both
    forget = crew.take("other", "0" * 64, both)
    with pytest.raises(InputError, match="a worker has other sources"), crew.taken("other"):
        pass
    forget()
    assert "other" not in crew._shared
    crew._shared.clear()
