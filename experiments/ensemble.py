"""The ensemble over assumptions: every uncertainty drawn over its declared range, the same draws for every architecture.

Uncertainties only: levers and value judgements stay as the scenario has them (levers, if asked for, at the pessimistic
ends of their ranges in all draws), and so does a choice between rival submodels. Draws are a scrambled Sobol
sequence, which covers many ranges more evenly than independent draws do.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.stats import qmc

from donorlab import scenarios as catalogue
from donorlab.experiments.levers import WHOLE, without_effect
from donorlab.experiments.projects import expected_projects
from donorlab.experiments.runner import Job, Run
from donorlab.scenarios.parameters import ParameterRow, Value
from donorlab.sim.outcomes.waterfall import BARS, Waterfall
from donorlab.sim.scenario import Scenario
from donorlab.sim.setup import beneficiary_setup

SEED: Final = 20261124  # of the scrambling
DRAWS_MAXIMUM: Final = 10_000
PROJECTS_MAXIMUM: Final = 20_000  # expected in one run; beyond it the projects of a draw are made larger
RAISED: Final = "project_tasks_raised_by"


@dataclass(frozen=True)
class Plan:
    """What is drawn, and the draws.

    Attributes
    ----------
    varied : rows of the parameters that are drawn
    held : uncertainties that could be drawn but are fixed by the scenario or the user, with their values
    draws : a row a draw, indexed from 1: a column for each varied parameter, ``project_tasks_minimum``, and by how many
        tasks projects were made larger to keep their number within bounds
    levers : levers that are the same in all draws but not as in the scenario
    """

    varied: tuple[ParameterRow, ...]
    held: dict[str, Value]
    draws: pd.DataFrame
    levers: dict[str, Value] = field(default_factory=dict)

    def changes(self, draw: int) -> dict[str, Value]:
        """Return the parameter values of one draw."""
        return self.levers | _typed(self.draws.loc[draw].to_dict())


def drawable() -> tuple[ParameterRow, ...]:
    """Return the parameters that an ensemble draws: uncertainties with a range of numbers."""
    return tuple(
        row
        for row in catalogue.parameter_table()
        if row.kind == "uncertainty" and row.distribution in ("uniform", "log_uniform")
    )


def plan(
    scenario: Scenario, count: int, fixed: Collection[str] = (), levers: Mapping[str, Value] | None = None
) -> Plan:
    """Return ``count`` draws for a scenario.

    Parameters
    ----------
    scenario : parameters in which it differs from the defaults are held at its values
    count : number of draws
    fixed : names of further parameters to hold, because the user gave them
    levers : values of levers in all draws, where they are not the scenario's

    Notes
    -----
    Holding a parameter does not change the draws of the others, nor does a parameter that is added with a sequence of its
    own (``ranges.yaml``).
    """
    rows = drawable()
    defaults = catalogue.parameter_defaults()
    here = {row.name: getattr(scenario.parameters, row.name) for row in rows}
    held = {name: value for name, value in here.items() if name in fixed or value != defaults[name]}
    columns: dict[str, np.ndarray] = {}
    for sequence in sorted({row.sequence for row in rows}):
        own = [row for row in rows if row.sequence == sequence]
        cube = qmc.Sobol(len(own), scramble=True, rng=SEED + sequence - 1)
        points = cube.random_base2(max(0, math.ceil(math.log2(count))))[:count]
        columns |= {row.name: scaled(row, points[:, i]) for i, row in enumerate(own) if row.name not in held}
    draws = pd.DataFrame(columns, index=pd.RangeIndex(1, count + 1, name="draw"))
    varied = tuple(row for row in rows if row.name not in held)
    return Plan(varied, held, with_bounded_size(scenario, draws), dict(levers or {}))


def scaled(row: ParameterRow, unit: np.ndarray) -> np.ndarray:
    """Return draws from the unit interval on the range of a parameter, on its scale; whole where the parameter is."""
    assert row.range is not None
    low, high = float(row.range[0]), float(row.range[-1])
    if row.distribution == "log_uniform":
        values = np.exp(np.log(low) + unit * (np.log(high) - np.log(low)))
    else:
        values = low + unit * (high - low)
    values = np.clip(values, low, high)  # rounding may leave the range by a hair
    return np.asarray(np.rint(values).astype(np.int64) if row.name in WHOLE else values)


def with_bounded_size(scenario: Scenario, draws: pd.DataFrame) -> pd.DataFrame:
    """Add the smallest project, not larger than the largest; make projects larger where there would be too many."""
    p = scenario.parameters
    smallest = np.full(len(draws), p.project_tasks_minimum, dtype=np.int64)
    largest = np.maximum(smallest, draws.get("project_tasks_maximum", p.project_tasks_maximum))
    draws = draws.assign(project_tasks_maximum=largest, project_tasks_minimum=smallest, **{RAISED: 0})
    raised = np.array([_larger_by(scenario.replace(**changes)) for changes in map(_typed, draws.to_dict("records"))])
    for name in ("project_tasks_maximum", "project_tasks_minimum"):
        draws[name] += raised
    draws[RAISED] = raised
    return draws


def _larger_by(scenario: Scenario) -> int:
    """Return by how many tasks projects must grow so that there are not too many of them."""
    price = float(np.median(beneficiary_setup(scenario, 1).task_price))
    most = scenario.parameters.tasks_per_pillar - scenario.parameters.project_tasks_maximum
    more = 0
    while more < most and expected_projects(scenario.parameters, price, more) > PROJECTS_MAXIMUM:
        more += 1
    return more


def _typed(row: Mapping[Any, Any]) -> dict[str, Value]:
    """Return the parameters of a row as whole numbers and numbers."""
    return {str(k): int(v) if k in WHOLE else float(v) for k, v in row.items() if k != RAISED}


def idle(made: Plan, scenarios: Mapping[str, Scenario]) -> list[ParameterRow]:
    """Return what is drawn and can do nothing under any of the architectures."""
    return [row for row in made.varied if all(without_effect(one, [row.name]) for one in scenarios.values())]


# ---------------------------------------------------------------------- runs
def jobs(made: Plan, architectures: Sequence[str]) -> list[Job]:
    """Return one job a draw; its seed is the draw's number."""
    return [
        Job(f"draw {draw}", int(draw), tuple(architectures), made.changes(int(draw)), waterfall=True)
        for draw in made.draws.index
    ]


def table(made: Plan, runs: Sequence[Sequence[Run]], architectures: Sequence[str]) -> pd.DataFrame:
    """Return a row a draw and architecture: the parameters drawn, outcomes, shares of the waterfall.

    Parameters
    ----------
    made : the plan
    runs : of its jobs, in their order
    architectures : their order
    """
    rows = [
        {
            "architecture": run.architecture,
            "draw": int(draw),
            **parameters,
            **run.outcomes,
            **({} if run.waterfall is None else flat(run.waterfall)),
        }
        for draw, parameters, found in zip(made.draws.index, made.draws.to_dict("records"), runs, strict=True)
        for run in found
    ]
    frame = pd.DataFrame(rows)
    frame["architecture"] = pd.Categorical(frame["architecture"], categories=list(architectures))
    frame["relative_to_central"] = relative_to_central(frame, "draw")
    return frame


def flat(fall: Waterfall) -> dict[str, float]:
    """Return a waterfall as columns: ``to_BAR``, ``reverse_BAR`` and ``harm``."""
    return {
        **{f"to_{name}": fall.shares[name] for name, _ in BARS},
        **{f"reverse_{name}": fall.reverse[name] for name, _ in BARS},
        "harm": fall.harm,
    }


def relative_to_central(runs: pd.DataFrame, pair: str) -> pd.Series[float]:
    """Return each run's gain over that of the central run of its pair; NaN without one."""
    gain = (runs["welfare"] - runs["welfare_no_aid"]).astype("float64")
    central = gain[runs["architecture"] == "central"]
    by_pair = dict(zip(runs.loc[central.index, pair], central, strict=True))
    reference = runs[pair].map(by_pair).astype("float64")
    return gain / reference.where(reference != 0)


# ---------------------------------------------------------------------- what it says
@dataclass(frozen=True)
class Futures:
    """In how many draws an architecture differs from the first by what matters."""

    better: int
    same: int
    worse: int
    undefined: int

    @property
    def count(self) -> int:
        """Number of draws."""
        return self.better + self.same + self.worse + self.undefined


def differences(draws: pd.DataFrame, outcome: str = "efficiency") -> pd.DataFrame:
    """Return paired differences to the first architecture, a row a draw, a column for each other one."""
    names = [str(name) for name in draws["architecture"].cat.categories]
    wide = draws.pivot_table(index="draw", columns="architecture", values=outcome, dropna=False, observed=True)
    return wide[names[1:]].sub(wide[names[0]], axis=0)


def futures(difference: pd.Series[float], smallest: float) -> Futures:
    """Count draws by what their difference amounts to; ``smallest`` is the least that matters."""
    better, worse = int((difference >= smallest).sum()), int((difference <= -smallest).sum())
    undefined = int(difference.isna().sum())
    return Futures(better, len(difference) - better - worse - undefined, worse, undefined)


def span(draws: pd.DataFrame, outcome: str, architecture: str) -> tuple[float, float]:
    """Return the range over assumptions: 5% and 95% of the draws of an architecture."""
    own = draws.loc[draws["architecture"] == architecture, outcome].astype("float64")
    return float(own.quantile(0.05)), float(own.quantile(0.95))
