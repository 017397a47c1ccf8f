"""Paired runs under several architectures or proposals, kept by state and by donor: what each has in the end.

A state's *own value* is what stands there by the model's rule of value, from 0 (nothing) to 1 (every task of every pillar),
``sum_k pillar_weight_k * f(c_jk / L) / K``, whatever weight the state has in the sum of welfare; its *welfare* is its part of that
sum, ``state_weight_j * sum_k pillar_weight_k * f(c_jk / L)``: the parts of all states sum to the outcome ``welfare``.

What a donor gets out of a run is its account, the same as in ``membership`` (`coalitions`): what its projects deliver usefully,
weighted by what it wants itself. Money of a common fund is its payers', by what they paid.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from donorlab import sim
from donorlab.experiments import coalitions, ensemble
from donorlab.experiments.calls import called_in_order
from donorlab.experiments.crew import Workers
from donorlab.experiments.runner import telling_where
from donorlab.scenarios import plugins
from donorlab.scenarios.parameters import Value
from donorlab.sim import CoordinationModel
from donorlab.sim.outcomes.bound import Baseline
from donorlab.sim.outcomes.tables import sums
from donorlab.sim.outcomes.waterfall import USEFUL, payment_bins
from donorlab.sim.result import Result, expected_accounts
from donorlab.sim.scenario import Scenario
from donorlab.sim.setup import yearly_budgets
from donorlab.sim.state import DOMESTIC, DONOR, PRICE
from donorlab.sim.value import bit_counts

DEFAULT, FUTURE = "default", "future"
KEYS: Final = ("sample", "number", "architecture")

Who = Literal["iso3", "donor"]
Word = tuple[Mapping[str, Scenario], int, Mapping[str, Value], str]
"""Arguments of `measured`: scenarios, seed, changes, and how a failure names the job."""


@dataclass(frozen=True)
class Gains:
    """What each had in every run; ``sample`` is `DEFAULT` or `FUTURE`, ``number`` the seed or the draw.

    Attributes
    ----------
    states : a row a run and state, see `state_table`
    donors : a row a run and donor, see `donor_table`; without rows for an architecture in which donors do not act themselves
    runs : a row a run: efficiency, welfare, welfare_no_aid, welfare_bound
    state_ids, donor_ids : in the scenario's order
    """

    states: pd.DataFrame
    donors: pd.DataFrame
    runs: pd.DataFrame
    state_ids: tuple[str, ...]
    donor_ids: tuple[str, ...]


def words(scenarios: Mapping[str, Scenario], seeds: Sequence[int], plan: ensemble.Plan | None) -> list[Word]:
    """Return what is to be run: a job a seed at default values, then a job a draw, each under all architectures."""
    found: list[Word] = [(scenarios, seed, {}, f"replication {seed}") for seed in seeds]
    if plan is not None:
        found += [(scenarios, int(draw), plan.changes(int(draw)), f"draw {draw}") for draw in plan.draws.index]
    return found


def study(
    scenarios: Mapping[str, Scenario],
    seeds: Sequence[int],
    plan: ensemble.Plan | None = None,
    workers: Workers = 1,
    advance: Callable[[], None] = lambda: None,
) -> Gains:
    """Run everything and put it into tables.

    Parameters
    ----------
    scenarios : by name of architecture or proposal; the first is the reference; they share donors, states and seeds
    seeds : replications
    plan : of the ensemble; None for no futures
    workers : as in `runner.in_order`; the numbers do not depend on it
    advance : called for each run
    """
    jobs = words(scenarios, seeds, plan)

    def advance_job() -> None:
        for _ in scenarios:
            advance()

    done = called_in_order(measured, jobs, workers, advance_job)
    labels = [(DEFAULT, seed) for seed in seeds] + [(FUTURE, number) for _, number, *_ in jobs[len(seeds) :]]
    parts: tuple[list[pd.DataFrame], list[pd.DataFrame], list[dict[str, Any]]] = ([], [], [])
    for (sample, number), job in zip(labels, done, strict=True):
        for name, (states, donors, run) in zip(scenarios, job, strict=True):
            label: dict[str, Any] = dict(zip(KEYS, (sample, number, name), strict=True))
            for frame, kept in ((states, parts[0]), (donors, parts[1])):
                if frame is not None:
                    kept.append(frame.assign(**label)[[*KEYS, *frame.columns]])
            parts[2].append(label | run)
    donors = pd.concat(parts[1], ignore_index=True) if parts[1] else pd.DataFrame(columns=[*KEYS, "donor"])
    first = next(iter(scenarios.values()))
    return Gains(
        states=pd.concat(parts[0], ignore_index=True),
        donors=donors,
        runs=pd.DataFrame(parts[2]),
        state_ids=first.beneficiaries.ids,
        donor_ids=first.donors.ids,
    )


Measured = tuple[pd.DataFrame, pd.DataFrame | None, dict[str, float]]


def measured(scenarios: Mapping[str, Scenario], seed: int, changes: Mapping[str, Value], label: str) -> list[Measured]:
    """Run one seed under each scenario and return what each state and each donor has.

    Parameters
    ----------
    scenarios : by name; what the seed fixes is made once, of the first
    seed : replication number
    changes : parameter values that differ from the scenarios'
    label : how a failure names the job
    """
    plugins.register()
    found: list[Measured] = []
    base = None
    for name, scenario in scenarios.items():
        with telling_where(f"{label} under {name}"):
            world = scenario.replace(**changes) if changes else scenario
            if base is None:
                base = sim.baseline(world, seed)
            found.append(_one(world, seed, base))
    return found


def _one(world: Scenario, seed: int, base: Baseline) -> Measured:
    model = CoordinationModel(
        world, rng=seed, baseline=base, expected_accounts=expected_accounts(world, seed, base), keep_accounts=True
    ).run()
    result = Result(model, base)
    kept = ("efficiency", "welfare", "welfare_no_aid", "welfare_bound")
    return state_table(result), donor_table(result), {name: result.outcomes[name] for name in kept}


# ---------------------------------------------------------------------- tables of one run
def state_table(result: Result) -> pd.DataFrame:
    """Return a row a state of a finished run, in the order of the scenario.

    Returns
    -------
    pandas.DataFrame
        ``iso3``; ``value_no_aid`` of the run without aid; ``value`` (0 to 1) and ``welfare`` as above, ``capacity`` (share of all
        tasks that stand), the latter two by pillar too (``welfare_PILLAR``, ``capacity_PILLAR``); ``worth_m``, EUR m that the
        tasks standing cost at base prices; ``aid_m`` (EUR m of contracts in the whole run), ``aid_need_ratio``, ``donors``,
        ``projects``; ``own_tasks`` done by the state; ``funded_tasks`` that stand and a project owns; ``owned_tasks`` that
        projects owned when aid ended, ``sustained_tasks`` of these that still stand.
    """
    model, table = result.model, result.beneficiaries
    land, state, pillars = model.land, model.state, model.inputs.pillars
    final = bit_counts(state.standing.ravel()).reshape(state.standing.shape)
    parts = state.state_weight[:, None] * land.pillar_weight * land.value[final]
    alone = result.baseline.standing_none[model.parameters.quarters - 1]
    then = model.record.owner_when_aid_ended
    owned = np.zeros_like(state.owner, dtype=np.bool_) if then is None else then != DOMESTIC
    sustained = owned & (state.owner == then) if then is not None else owned
    return pd.DataFrame(
        {
            "iso3": table.index.to_numpy(),
            "value_no_aid": (land.pillar_weight * land.value[alone]).sum(axis=1) / len(pillars),
            "value": (land.pillar_weight * land.value[final]).sum(axis=1) / len(pillars),
            "welfare": parts.sum(axis=1),
            "capacity": table["capacity_final"].to_numpy(),
            **{f"welfare_{name}": parts[:, k] for k, name in enumerate(pillars)},
            **{f"capacity_{name}": table[f"capacity_final_{name}"].to_numpy() for name in pillars},
            "worth_m": final.sum(axis=1) * land.task_price,
            "aid_m": table["aid_m"].to_numpy(),
            "aid_need_ratio": table["aid_need_ratio"].to_numpy(),
            "donors": table["donors"].to_numpy(),
            "projects": table["projects"].to_numpy(),
            "own_tasks": table["own_effort_tasks"].to_numpy(),
            "funded_tasks": table["tasks_funded"].to_numpy(),
            "owned_tasks": owned.sum(axis=(1, 2)),
            "sustained_tasks": sustained.sum(axis=(1, 2)),
        }
    )


def donor_table(result: Result) -> pd.DataFrame | None:
    """Return a row a donor of the scenario, None where donors do not act themselves (one planner in the place of all).

    Returns
    -------
    pandas.DataFrame
        ``donor``; ``account`` (what it gets, a year); ``influence`` on norms; EUR m of the whole run: ``appropriated_m`` =
        ``overhead_m`` + ``contracted_m`` + ``idle_m``; of what it contracted ``base_cost_m`` for tasks, ``duplicated_m`` of that
        for what was paid for already, ``useful_m`` for tasks that stand at the end and are owed to it; ``projects``; ``budget_m`` a
        year. With a common fund projects are parts of projects.
    """
    model, ids = result.model, result.scenario.donors.ids
    if not set(ids) <= set(model.inputs.donors.ids):
        return None
    state, table = model.state, result.donors
    ledger = state.ledger
    useful = payment_bins(model)[:, USEFUL] * ledger.reals[: ledger.size, PRICE]
    by_donor = {
        "contracted_m": table["contracted_m"].to_numpy(),
        "idle_m": state.cash + state.withdrawn,
        "base_cost_m": table["base_cost_m"].to_numpy(),
        "duplicated_m": table["duplicated_cost_m"].to_numpy(),
        "useful_m": sums(ledger.whole[: ledger.size, DONOR].astype(np.int64), useful, len(table)),
        "projects": table["projects"].to_numpy(dtype=np.float64),
        "influence": state.influence,
    }
    rows = [model.inputs.donors.ids.index(name) for name in ids]
    return pd.DataFrame(
        {
            "donor": list(ids),
            "budget_m": yearly_budgets(result.scenario),
            "account": coalitions.accounts_of(model, ids),
            "appropriated_m": state.appropriated[rows],
            "overhead_m": state.overhead_paid[rows],
            **{name: coalitions.with_fund(model, ids, values) for name, values in by_donor.items()},
        }
    )


# ---------------------------------------------------------------------- pairs
def pairs(found: Gains, sample: str, who: Who, name: str, column: str) -> pd.DataFrame:
    """Return one column of the runs of one architecture, a row a seed or draw, a column a state or donor in the scenario's order.

    Parameters
    ----------
    found : the runs, their rows in any order
    sample : `DEFAULT` or `FUTURE`
    who : ``iso3`` for states, ``donor`` for donors
    name : of the architecture
    column : what is asked
    """
    table, ids = (found.states, found.state_ids) if who == "iso3" else (found.donors, found.donor_ids)
    own = table[(table["sample"] == sample) & (table["architecture"] == name)]
    wide = own.pivot_table(index="number", columns=who, values=column, dropna=False)
    return wide.reindex(columns=list(ids)).astype("float64")
