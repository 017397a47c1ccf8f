"""What a run gives back: outcomes at once, tables when asked for."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from donorlab.sim.architectures import get_architecture
from donorlab.sim.events import events_frame
from donorlab.sim.mechanisms.exposure import exposure
from donorlab.sim.model import Change, CoordinationModel
from donorlab.sim.outcomes.bound import Baseline
from donorlab.sim.outcomes.bound import baseline as make_baseline
from donorlab.sim.outcomes.credited import realised_credit
from donorlab.sim.outcomes.distribution import aid_matrix, aid_need_ratio, distribution_outcomes, need
from donorlab.sim.outcomes.duplication import duplication_outcomes
from donorlab.sim.outcomes.efficiency import efficiency_outcomes
from donorlab.sim.outcomes.exposure import exposure_outcomes
from donorlab.sim.outcomes.membership import members_now, membership_outcomes, membership_table
from donorlab.sim.outcomes.norms import norm_outcomes
from donorlab.sim.outcomes.tables import Payments, payments, sums
from donorlab.sim.outcomes.users import users_outcomes
from donorlab.sim.outcomes.waterfall import Waterfall, waterfall
from donorlab.sim.recording import CASH, EXPOSURE, HAVENS, LIVE, OVERHEAD, PROJECTS, WELFARE
from donorlab.sim.scenario import Scenario, ScenarioError
from donorlab.sim.state import (
    CONDITIONAL,
    FLOW_NAMES,
    FLOW_REAL,
    IMPOSED,
    JOINED,
    REFORM,
    REPORTED,
    STATUS_NAMES,
    WILLING,
)
from donorlab.sim.users import QUARTERS_A_YEAR
from donorlab.sim.value import bit_counts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from donorlab.sim.agents import Beneficiary, Donor

PROGRAMME_QUARTERS = 16  # projects of one donor, region and pillar in one block of quarters share a programme


class Result:
    """One finished run.

    Attributes
    ----------
    scenario : the scenario as passed; seed : its replication number
    outcomes : dict of name to number, see the functions in ``donorlab.sim.outcomes`` for unit and formula
    baseline : first tasks, no-aid run and bound that the run is measured against
    """

    def __init__(self, model: CoordinationModel, base: Baseline, trace: bool = False) -> None:
        self.scenario: Scenario = model.original
        self.seed: int = model.seed
        self.baseline = base
        self._model = model
        self._traced = trace
        price = self._paid.base_cost / np.maximum(1, self._paid.tasks)
        self.outcomes: dict[str, float] = {
            **efficiency_outcomes(model, base, self._paid),
            **duplication_outcomes(self._paid, price),
            **distribution_outcomes(model, self._paid),
            **membership_outcomes(model),
            **norm_outcomes(model),
            **users_outcomes(model, base),
            **exposure_outcomes(model),
        }

    @property
    def model(self) -> CoordinationModel:
        """The finished model: its arrays are the final state (reading only)."""
        return self._model

    @cached_property
    def _paid(self) -> Payments:
        return payments(self._model)

    @cached_property
    def steps(self) -> pd.DataFrame:
        """A row a quarter: welfare with its bounds, capacity by pillar (share of tasks), havens, money and projects."""
        model, base, paid = self._model, self.baseline, self._paid
        record, quarters = model.record, model.parameters.quarters
        cells = model.land.standing.shape[0] * model.parameters.tasks_per_pillar
        numbers, users = record.numbers[:quarters], model.land.users_by_year
        at = paid.quarter - 1

        def summed(values: np.ndarray) -> np.ndarray:
            return sums(at, values, quarters)

        income = np.where(np.arange(quarters) < model.parameters.horizon, model.giving.budget.sum() / 4.0, 0.0)
        frame = pd.DataFrame(
            {
                "quarter": np.arange(1, quarters + 1),
                "welfare": numbers[:, WELFARE],
                "welfare_no_aid": base.welfare_none,
                "welfare_bound": base.welfare_bound,
                "capacity": record.tasks[:quarters].sum(axis=1) / (cells * record.tasks.shape[1]),
                **{
                    f"capacity_{pillar}": record.tasks[:quarters, k] / cells
                    for k, pillar in enumerate(model.inputs.pillars)
                },
                "capacity_no_aid": base.standing_none.sum(axis=(1, 2)) / (cells * record.tasks.shape[1]),
                "users_m": users.sum(axis=1)[np.minimum(np.arange(1, quarters + 1) // QUARTERS_A_YEAR, len(users) - 1)],
                "safe_havens": numbers[:, HAVENS].astype(int),
                "exposure": numbers[:, EXPOSURE],
                "appropriated_m": income,
                "contracted_m": summed(paid.cost),
                "contracted_task_cost_m": summed(paid.base_cost),
                "duplicated_cost_m": summed(paid.duplicated_cost),
                "overhead_m": np.diff(numbers[:, OVERHEAD], prepend=0),
                "cash_m": numbers[:, CASH],
                "members": record.members[:quarters],
                "contracted_projects": np.diff(numbers[:, PROJECTS], prepend=0).astype(int),
                "live_projects": numbers[:, LIVE].astype(int),
            }
        )
        for i, name in enumerate(FLOW_NAMES):
            column = record.flow[:quarters, i]
            frame[name] = column if name in FLOW_REAL else column.astype(int)
        return frame

    @cached_property
    def projects(self) -> pd.DataFrame:
        """A row a project, in the order of contracts; money in EUR m; quarters from 1 (end 0: not ended)."""
        paid, inputs = self._paid, self._model.inputs
        states = inputs.beneficiaries
        names = np.array(states.ids, dtype=object)
        regions = np.array(states.regions, dtype=object)[paid.beneficiary]
        pillars = np.array(inputs.pillars, dtype=object)[paid.pillar]
        donors = np.array(inputs.donors.ids, dtype=object)[paid.donor]
        block = (paid.quarter - 1) // PROGRAMME_QUARTERS + 1
        programme = [f"{d}-{r}-{k}-{b}" for d, r, k, b in zip(donors, regions, pillars, block, strict=True)]

        def text(words: Sequence[object] | np.ndarray) -> pd.Series:
            return pd.Series(words, dtype="str")  # of nothing, pandas would not know that it is text

        return pd.DataFrame(
            {
                "donor": text(donors),
                "beneficiary": text(names[paid.beneficiary]),
                "pillar": text(pillars),
                "programme": text(programme),
                "tasks": paid.tasks,
                "delivered": paid.delivered,
                "spoiled": paid.spoiled,
                "duplicated": paid.duplicated,
                "duplicated_by_race": paid.race,
                "cost_m": paid.cost,
                "base_cost_m": paid.base_cost,
                "transaction_cost_m": paid.transaction_cost,
                "mismatch_cost_m": paid.mismatch_cost,
                "duplicated_cost_m": paid.duplicated_cost,
                "overhead_m": self._overhead(),
                "quarter": paid.quarter,
                "slot": paid.slot,
                "start": paid.start,
                "end": paid.end,
                "status": text(np.array(STATUS_NAMES, dtype=object)[paid.status]),
                "objective_overlap": paid.objective > 0,
                "joined": paid.flags & JOINED != 0,
                "reported": paid.flags & REPORTED != 0,
                "conditional": paid.flags & CONDITIONAL != 0,
                "reform": paid.flags & REFORM != 0,
                "willing": paid.flags & WILLING != 0,
                "imposed": paid.flags & IMPOSED != 0,
            }
        )

    def _overhead(self) -> np.ndarray:
        """Return each project's part of its donor's overhead and negotiation, in proportion to its cost, EUR m."""
        paid, state = self._paid, self._model.state
        contracted = sums(paid.donor, paid.cost, len(state.cash))
        rate = np.divide(state.overhead_paid, contracted, out=np.zeros(len(contracted)), where=contracted > 0)
        return np.asarray(paid.cost * rate[paid.donor])

    @cached_property
    def beneficiaries(self) -> pd.DataFrame:
        """Final state by beneficiary: need, aid, donors, tasks, capacity at the start and at the end, exposure."""
        model, paid, states = self._model, self._paid, self._model.inputs.beneficiaries
        land, state = model.land, model.state
        j, length = states.count, model.parameters.tasks_per_pillar
        aid = aid_matrix(model, paid)
        final = bit_counts(state.standing.ravel()).reshape(state.standing.shape)
        funded = bit_counts(state.funded.ravel()).reshape(state.standing.shape).sum(axis=1)

        def summed(values: np.ndarray) -> np.ndarray:
            return sums(paid.beneficiary, values, j)

        frame = pd.DataFrame(
            {
                "name": states.names,
                "region": states.regions,
                "subregion": states.subregions,
                "income_group": states.income_groups,
                "users_m": states.users_m,
                "users_final_m": land.users_by_year[-1],
                "need": need(model),
                "aid_m": aid.sum(axis=0),
                "aid_need_ratio": aid_need_ratio(model, aid),
                "donors": (aid > 0).sum(axis=0),
                "projects": summed(np.ones(len(paid.cost))).astype(int),
                "tasks_contracted": summed(paid.tasks).astype(int),
                "tasks_funded": funded,
                "own_effort_tasks": state.own_tasks.sum(axis=1),
                "tasks_lapsed": state.lapsed.sum(axis=1),
                "tasks_obsolete": state.obsolete.sum(axis=1),
                "base_cost_m": summed(paid.base_cost),
                "duplicated_cost_m": summed(paid.duplicated_cost),
                "capacity_initial": land.initial_count.mean(axis=1) / length,
                "capacity_final": final.mean(axis=1) / length,
                **{f"capacity_final_{pillar}": final[:, k] / length for k, pillar in enumerate(model.inputs.pillars)},
                "ownership_start": land.ownership,
                "haven": state.haven > 0,
                "exposure": exposure(model),
                "ownership": state.ownership,
                "norm_position_initial": land.norm_position,
                "norm_position_final": state.norm_position,
                "administration": land.administration,
            },
            index=pd.Index(states.ids, name="iso3"),
        )
        return frame

    @cached_property
    def donors(self) -> pd.DataFrame:
        """Final state by donor: budget, money, projects, what was duplicated, what it is credited with at the end."""
        model, paid, who = self._model, self._paid, self._model.inputs.donors
        d = who.count
        aid = aid_matrix(model, paid)

        def summed(values: np.ndarray) -> np.ndarray:
            return sums(paid.donor, values, d)

        return pd.DataFrame(
            {
                "name": who.names,
                "kind": who.kinds,
                "budget_m_a_year": model.giving.budget,
                "appropriated_m": model.state.appropriated,
                "cash_m": model.state.cash,
                "contracted_m": summed(paid.cost),
                "base_cost_m": summed(paid.base_cost),
                "transaction_cost_m": summed(paid.transaction_cost),
                "duplicated_cost_m": summed(paid.duplicated_cost),
                "projects": summed(np.ones(len(paid.cost))).astype(int),
                "beneficiaries": (aid > 0).sum(axis=1),
                "credited_welfare": realised_credit(model),
                "member": members_now(model),
                "membership": np.divide(
                    model.state.under_umbrella,
                    model.state.appropriated,
                    out=np.full(d, np.nan),
                    where=model.state.appropriated > 0,
                ),
                "norm_position": who.norm_position,
                "influence": model.state.influence,
            },
            index=pd.Index(who.ids, name="donor"),
        )

    @cached_property
    def memberships(self) -> pd.DataFrame:
        """A row a donor and year in which it decided whether to stay: what it had seen of both sides, and whether it moved."""
        return membership_table(self._model)

    @cached_property
    def waterfall(self) -> Waterfall:
        """Where each appropriated EUR went: shares by bar, summing to 1."""
        return waterfall(self._model, self.baseline, self._paid)

    @cached_property
    def events(self) -> pd.DataFrame:
        """Every event of the run, in order.

        Raises
        ------
        ScenarioError
            If the run was made without ``trace=True``.
        """
        if not self._traced:
            raise ScenarioError("events: this run was not traced; use simulate(scenario, seed, trace=True)")
        return events_frame(self._model)

    def __repr__(self) -> str:
        efficiency = self.outcomes["efficiency"]
        return f"Result({self.scenario.name!r}, {self.scenario.architecture!r}, seed={self.seed}, {efficiency=:.3f})"


def simulate(
    scenario: Scenario,
    seed: int = 1,
    trace: bool = False,
    baseline: Baseline | None = None,
    interventions: Sequence[tuple[int, Change]] = (),
    donors: Mapping[str, type[Donor]] | None = None,
    beneficiaries: Mapping[str, type[Beneficiary]] | None = None,
) -> Result:
    """Run one scenario to the end of its wind-down.

    Parameters
    ----------
    scenario : what is simulated
    seed : replication number; the same seed gives the same bits
    trace : keep every event (``result.events``)
    baseline : ``donorlab.sim.baseline(scenario, seed)``, to share it between architectures of one seed
    interventions : pairs (quarter, change): what happens at the start of a quarter, see ``donorlab.sim.interventions``
    donors, beneficiaries : classes of those whose decisions differ, by id

    Raises
    ------
    ScenarioError
        If something in the scenario cannot be simulated; the message says what and what would be right.
    """
    if baseline is None:
        baseline = make_baseline(scenario, seed)
    model = CoordinationModel(
        scenario,
        rng=seed,
        donors=donors,
        beneficiaries=beneficiaries,
        baseline=baseline,
        trace=trace,
        expected_accounts=expected_accounts(scenario, seed, baseline, changing=len(interventions) > 0),
    )
    for quarter, change in interventions:
        model.schedule(quarter, change)
    model.run()
    return Result(model, baseline, trace)


def expected_accounts(
    scenario: Scenario, seed: int, baseline: Baseline | None = None, changing: bool = False
) -> np.ndarray | None:
    """Return what donors can account for without members, (years, D), where budgets respond to it; else None.

    ``changing`` : whether something is scheduled in the run; then members may come later.
    """
    architecture = get_architecture(scenario.architecture, scenario.options)
    prepared = architecture.prepare(scenario)
    later = changing and scenario.parameters.budget_elasticity > 0
    if not later and architecture.design(prepared).budget_elasticity <= 0:
        return None
    apart = scenario.replace(architecture="fragmented")
    paired = CoordinationModel(apart, rng=seed, baseline=baseline, keep_accounts=True).run()
    known = {name: row for row, name in enumerate(paired.inputs.donors.ids)}
    accounts = np.array([*paired.accounts, paired.state.account])
    expected = np.zeros((len(accounts), prepared.donors.count))
    for row, name in enumerate(prepared.donors.ids):
        if name in known:
            expected[:, row] = accounts[:, known[name]]
    return expected


def profile(scenario: Scenario, seed: int = 1, repeat: int = 5) -> dict[str, float]:
    """Return the seconds that a run spends in each compiled part, medians over ``repeat`` warm runs.

    The parts are the baseline (first tasks, no-aid run, bound), the phases of all quarters, and the outcomes.
    """
    rows: list[dict[str, float]] = []
    for _ in range(repeat + 1):
        begun = time.perf_counter()
        shared = make_baseline(scenario, seed)
        spent = {"baseline": time.perf_counter() - begun}
        model = CoordinationModel(scenario, rng=seed, baseline=shared)
        spent.update(model.profile())
        begun = time.perf_counter()
        Result(model, shared)
        spent["outcomes"] = time.perf_counter() - begun
        rows.append(spent)
    return {name: float(np.median([row[name] for row in rows[1:]])) for name in rows[0]}
