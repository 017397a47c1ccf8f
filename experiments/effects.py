"""What each mechanism does: the same seeds and the same futures with it off and on, all else equal.

At default values all else is as the scenario has it. In a future everything uncertain is drawn at once, so that *on* is
what the future draws where the mechanism is drawn at all. An effect is an outcome with the mechanism on less the outcome
with it off; for an architecture other than the first, of its difference to the first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import pandas as pd

from donorlab.experiments import ensemble, switches
from donorlab.experiments.runner import Job, Run
from donorlab.experiments.switches import Switch
from donorlab.experiments.tables import standard_error, sure
from donorlab.scenarios.parameters import Value
from donorlab.sim.scenario import Scenario

DEFAULT, FUTURE = "default", "future"
SIDES: Final = ("off", "on")
_KEYS: Final = ("mechanism", "side", "sample", "architecture", "number")

Verdict = Literal["inert", "elsewhere", "unclear", "small", "moves"]


@dataclass(frozen=True)
class Plan:
    """All runs, none of them twice.

    Attributes
    ----------
    jobs : what is run
    uses : (mechanism, side, sample, number) -> place of its job
    chosen : the switches
    """

    jobs: tuple[Job, ...]
    uses: Mapping[tuple[str, str, str, int], int]
    chosen: tuple[Switch, ...]

    @property
    def runs(self) -> int:
        """Number of runs."""
        return sum(len(job.architectures) for job in self.jobs)


def plan(
    scenarios: Mapping[str, Scenario], chosen: Sequence[Switch], seeds: Sequence[int], drawn: ensemble.Plan | None
) -> Plan:
    """Return the runs: each mechanism off and on, on the seeds and in the futures.

    Parameters
    ----------
    scenarios : by architecture; they differ in nothing else
    chosen : what is switched
    seeds : replications at default values
    drawn : futures; None for none
    """
    names = tuple(scenarios)
    places: dict[tuple[str, int, tuple[tuple[str, Value], ...]], int] = {}
    jobs: list[Job] = []
    uses: dict[tuple[str, str, str, int], int] = {}
    samples = [(DEFAULT, number, dict[str, Value]()) for number in seeds]
    if drawn is not None:
        samples += [(FUTURE, int(draw), drawn.changes(int(draw))) for draw in drawn.draws.index]
    for one in chosen:
        for side in SIDES:
            for sample, number, changes in samples:
                wanted = changes | _side(one, side, scenarios, changes)
                wanted = {key: value for key, value in wanted.items() if not _has(scenarios, key, value)}
                key = (sample, number, tuple(sorted(wanted.items())))
                if key not in places:
                    places[key] = len(jobs)
                    what = "replication" if sample == DEFAULT else "draw"
                    jobs.append(Job(f"{what} {number} with {one.name} {side}", number, names, wanted))
                uses[one.name, side, sample, number] = places[key]
    return Plan(tuple(jobs), uses, tuple(chosen))


def _side(one: Switch, side: str, scenarios: Mapping[str, Scenario], drawn: Mapping[str, Value]) -> dict[str, Value]:
    """Return the values of one side; what a future draws is on as it is drawn."""
    first = next(iter(scenarios.values()))
    rest = {key: value for key, value in switches.needed(one, first).items() if key not in drawn}
    if side == "off":
        return rest | switches.off_values(one)
    return rest | {key: value for key, value in switches.on_values(one, first).items() if key not in drawn}


def _has(scenarios: Mapping[str, Scenario], key: str, value: Value) -> bool:
    return all(getattr(scenario.parameters, key) == value for scenario in scenarios.values())


def table(made: Plan, runs: Sequence[Sequence[Run]]) -> pd.DataFrame:
    """Return a row a mechanism, side, sample, architecture and number (seed or draw), with all outcomes."""
    rows: list[dict[str, Any]] = []
    for (name, side, sample, number), place in made.uses.items():
        for run in runs[place]:
            label = {"mechanism": name, "side": side, "sample": sample, "architecture": run.architecture}
            rows.append({**label, "number": number, **run.outcomes})
    return pd.DataFrame(rows)


# ---------------------------------------------------------------------- what they say
def outcome_names(frame: pd.DataFrame) -> list[str]:
    """Return the outcomes of a table of runs."""
    return [str(name) for name in frame.columns if name not in _KEYS]


def inert(frame: pd.DataFrame, mechanism: str, sample: str = DEFAULT, architecture: str | None = None) -> bool:
    """Return whether off and on are the same in every outcome, to the last bit; under one architecture or all."""
    own = frame[(frame["mechanism"] == mechanism) & (frame["sample"] == sample)]
    if architecture is not None:
        own = own[own["architecture"] == architecture]
    sides = [
        own[own["side"] == side].sort_values(["architecture", "number"])[outcome_names(frame)].reset_index(drop=True)
        for side in SIDES
    ]
    return bool(sides[0].equals(sides[1]))


def summary(frame: pd.DataFrame, smallest: float) -> pd.DataFrame:
    """Return a row a mechanism, architecture and outcome.

    Returns
    -------
    DataFrame
        mechanism, architecture, outcome; ``against`` (empty for the first architecture, of which levels are told; its
        name for the others, of which differences to it are told); off, on, change (means at default values),
        standard_error (of change), seeds, moved (whether it changes by a bit in any seed), inert (both architectures, all
        outcomes, at default values); future_off, future_on, future_change (medians), future_low, future_high (5% and 95% of
        the change); for efficiency of the others better, same, worse in the futures with each side
    """
    rows: list[dict[str, Any]] = []
    first = str(frame["architecture"].iloc[0])
    for mechanism in frame["mechanism"].unique():
        own = frame[frame["mechanism"] == mechanism]
        still = {name: inert(own, mechanism, DEFAULT, name) for name in own["architecture"].unique()}
        wide = {
            (str(sample), str(side)): part.drop(columns=["mechanism", "side", "sample"]).pivot_table(
                index="number", columns="architecture", dropna=False
            )
            for (sample, side), part in own.groupby(["sample", "side"], sort=False)
        }
        for outcome in outcome_names(frame):
            for name in still:
                values = {key: _of(part[outcome], name, first) for key, part in wide.items()}
                row: dict[str, Any] = {"mechanism": mechanism, "architecture": name, "outcome": outcome}
                row |= {"against": "" if name == first else first, "inert": still[name] and still[first]}
                rows.append(row | _effect(values, outcome == "efficiency" and name != first, smallest))
    return pd.DataFrame(rows)


def _of(wide: pd.DataFrame, name: str, first: str) -> pd.Series[float]:
    """Return the level of the first architecture, or the difference of another to it."""
    level: pd.Series[float] = wide[name].astype("float64")
    return level if name == first else level - wide[first].astype("float64")


def _effect(values: Mapping[tuple[str, str], pd.Series[float]], counted: bool, smallest: float) -> dict[str, float]:
    """Return the numbers of one row of the summary."""
    off, on = values[DEFAULT, "off"], values[DEFAULT, "on"]
    change = on - off
    found = {"off": float(off.mean(skipna=False)), "on": float(on.mean(skipna=False))}
    found |= {"change": float(change.mean(skipna=False)), "standard_error": standard_error(change)}
    found |= {"seeds": len(change), "moved": not off.equals(on)}
    if (FUTURE, "off") not in values:
        return found
    off, on = values[FUTURE, "off"], values[FUTURE, "on"]
    change = on - off
    found |= {
        "future_off": float(off.median()),
        "future_on": float(on.median()),
        "future_change": float(change.median()),
    }
    found |= {"future_low": float(change.quantile(0.05)), "future_high": float(change.quantile(0.95))}
    if counted:
        for side, series in (("off", off), ("on", on)):
            count = ensemble.futures(series, smallest)
            found |= {f"better_{side}": count.better, f"same_{side}": count.same, f"worse_{side}": count.worse}
    return found


def verdict(row: Mapping[Any, Any], smallest: float) -> Verdict:
    """Return what an effect at default values amounts to.

    *Inert*: no outcome moves by a bit. *Elsewhere*: others do, this one does not. *Unclear*: the mean change is not told from
    0, that is, not more than `tables.sure` standard errors away from it (Student's t, 95%); with one seed nothing is. *Small*: it
    is, and below ``smallest``. *Moves*: neither.
    """
    if row["inert"]:
        return "inert"
    if not row["moved"]:
        return "elsewhere"
    change, seeds = abs(float(row["change"])), int(row["seeds"])
    if seeds < 2 or math.isnan(change) or change <= sure(seeds) * float(row["standard_error"]):
        return "unclear"
    return "moves" if change >= smallest else "small"
