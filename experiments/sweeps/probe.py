"""How long a run takes, before any was run."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Final

import click

from donorlab import sim
from donorlab.experiments.engines import Died, Processes
from donorlab.experiments.runner import run_one
from donorlab.experiments.sweeps.asked import Asked
from donorlab.sim.compiled import cache_folder
from donorlab.sim.scenario import Scenario

_SECONDS: Final = 1.5  # for finding it out
_SHORTEST: Final = 1e-4
_GUESS: Final = 1.0  # if the process that tried it died


def seconds_a_run(wanted: Asked) -> float:
    """Return the seconds that a run takes, measured on each label's own values; compiles what all workers need.

    Compiling takes much memory, which a process keeps: where the model has to be compiled first, another process does it and
    ends. Points are not tried here, for one might end the process.
    """
    task = (dict(wanted.scenarios), wanted.plan.seed, wanted.plan.waterfall)
    if any(cache_folder().glob("**/*.nbi")):
        return measured(task)
    click.echo("the model is compiled first: about a minute, once", err=True)
    with Processes(1) as child:
        ((_, answer),) = list(child.unordered(measured, [task]))
    return _GUESS if isinstance(answer, Died) else answer


def measured(task: tuple[Mapping[str, Scenario], int, bool]) -> float:
    """Return the mean of some runs' seconds, the first of each label left out.

    Parameters
    ----------
    task : scenarios by label, seed, whether where the money went is kept
    """
    scenarios, seed, waterfall = task
    spent: list[float] = []
    begun = time.perf_counter()
    for turn in ("compile", "measure", "measure"):
        for label, scenario in scenarios.items():
            first = time.perf_counter()
            with contextlib.suppress(Exception):  # a run that fails will be told where it stands
                run_one(scenario, label, seed, sim.baseline(scenario, seed), waterfall)
            if turn == "measure":
                spent.append(time.perf_counter() - first)
            else:
                begun = time.perf_counter()
        if spent and time.perf_counter() - begun > _SECONDS:
            break
    return max(_SHORTEST, sum(spent) / len(spent))
