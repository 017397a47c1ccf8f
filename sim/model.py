"""The model: one quarter is one ``step``."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import mesa
import numpy as np
import numpy.typing as npt

from donorlab.sim import recording
from donorlab.sim.agents import Beneficiary, Donor, Secretariat, overrides
from donorlab.sim.architectures import get_architecture
from donorlab.sim.credit import RULES
from donorlab.sim.design import Design
from donorlab.sim.events import Trace
from donorlab.sim.mechanisms import EVOLVE, appropriation, get_mechanism, membership, methods, motives, offers
from donorlab.sim.mechanisms.calendar import score_factor
from donorlab.sim.mechanisms.information import observe
from donorlab.sim.mechanisms.ownership import FORMS, LapseForm
from donorlab.sim.mechanisms.steering import renew_wishes, steer
from donorlab.sim.outcomes.bound import Baseline
from donorlab.sim.scenario import FloatArray, Scenario, ScenarioError, checked_seed, options_of, suggest
from donorlab.sim.setup import beneficiary_setup, donor_setup
from donorlab.sim.state import State, initial_state


@dataclass(eq=False)
class Scratch:
    """Working memory of compiled phases; holds nothing between quarters."""

    best: npt.NDArray[np.int64]
    best_pillar: npt.NDArray[np.int64]
    best_tasks: npt.NDArray[np.int64]
    tasks_added: npt.NDArray[np.int64]
    projects_added: npt.NDArray[np.int64]
    counts_added: npt.NDArray[np.int64]
    settled: npt.NDArray[np.bool_]
    fresh: FloatArray
    present_gain: FloatArray
    draw: FloatArray
    present: npt.NDArray[np.int64]
    member: npt.NDArray[np.int64]
    hired: npt.NDArray[np.int64]
    limits: FloatArray
    parts: FloatArray
    grants: FloatArray
    promised: npt.NDArray[np.int64]
    cells: npt.NDArray[np.int64]
    contracts: npt.NDArray[np.int64]
    exposure: FloatArray

    @staticmethod
    def sized(donors: int, states: int, pillars: int, cells: int = 0) -> Scratch:
        """Return scratch for D donors, J states, K pillars and so many best cells of a donor (0: nobody asks)."""
        best, best_pillar, best_tasks, tasks_added, projects_added = np.zeros((5, states), dtype=np.int64)
        return Scratch(
            best=best,
            best_pillar=best_pillar,
            best_tasks=best_tasks,
            tasks_added=tasks_added,
            projects_added=projects_added,
            counts_added=np.zeros((states, pillars), dtype=np.int64),
            settled=np.zeros(states, dtype=np.bool_),
            fresh=np.zeros((states, pillars)),
            present_gain=np.zeros((states, pillars)),
            draw=np.zeros(donors),
            present=np.zeros(donors, dtype=np.int64),
            member=np.zeros(0, dtype=np.int64),
            hired=np.zeros(donors, dtype=np.int64),
            limits=np.zeros(0),
            parts=np.zeros(0),
            grants=np.zeros(0),
            promised=np.zeros(states if cells else 0, dtype=np.int64),
            cells=np.zeros((3, cells), dtype=np.int64),
            contracts=np.zeros((3, states), dtype=np.int64),
            exposure=np.zeros(states),
        )

    def delivery(self, projects: int) -> tuple[npt.NDArray[Any], ...]:
        """Return member, limits, parts, grants (P,), present and hired (D,), grown with the ledger."""
        if len(self.member) < projects:
            self.member = np.zeros(projects, dtype=np.int64)
            self.limits, self.parts, self.grants = (np.zeros(projects) for _ in range(3))
        return self.member, self.limits, self.parts, self.grants, self.present, self.hired


Change = Callable[["CoordinationModel"], None]


class CoordinationModel(mesa.Model):  # type: ignore[misc]
    """Donors and beneficiaries over a number of quarters: a plain Mesa model.

    Parameters
    ----------
    scenario : what is simulated
    rng : seed, the replication number of all addressed draws
    donors, beneficiaries : classes of those whose decisions differ, by id
    baseline : what the scenario and seed fix for all architectures (its own part is computed when absent)
    trace : keep every event in ``model.trace.rows``
    expected_accounts : (years, D) what donors could account for in the paired run without members, for a budget
        response (``None``: budgets stay)
    keep_accounts : keep the accounts that a paired run expects

    Raises
    ------
    ScenarioError
        If the seed cannot be addressed, or a donor, architecture or mechanism is unknown.

    Notes
    -----
    All draws are addressed (see ``streams``): neither Mesa's ``random`` nor its ``rng`` is used by the model.
    """

    def __init__(
        self,
        scenario: Scenario,
        rng: int = 1,
        donors: Mapping[str, type[Donor]] | None = None,
        beneficiaries: Mapping[str, type[Beneficiary]] | None = None,
        baseline: Baseline | None = None,
        trace: bool = False,
        expected_accounts: FloatArray | None = None,
        keep_accounts: bool = False,
    ) -> None:
        seed = checked_seed(rng)
        super().__init__(rng=seed)
        self.seed = seed
        self.original = scenario
        self.architecture = get_architecture(scenario.architecture, scenario.options)
        self.inputs = self.architecture.prepare(scenario)
        self.parameters = self.inputs.parameters
        if baseline is not None and baseline.seed != seed:
            raise ScenarioError(f"baseline: made for seed {baseline.seed}, used with seed {seed}")
        self.land = baseline.land if baseline is not None else beneficiary_setup(scenario, seed)
        self.giving = donor_setup(self.inputs, seed)
        self.state: State = initial_state(self.parameters, seed, self.land, self.giving)
        self.quarter = 0
        self.next_row = 0  # of the ledger: where the donor that is being asked writes
        self.first_row = 0  # of the ledger: the first contract of this quarter
        self.income = self.giving.budget / 4.0
        self.present = np.ones(len(self.giving.keys), dtype=np.bool_)  # donors that still give
        self.accounts: list[FloatArray] = []  # of the years that are over, where budgets may respond
        self.expected_accounts = expected_accounts
        self.keep_accounts = keep_accounts
        self.changes: dict[int, list[Change]] = {}
        self.membership: membership.Membership | None = None  # there where it is voluntary

        p = self.parameters
        self.project_size = np.array([p.project_tasks_minimum, p.project_tasks_maximum], dtype=np.int64)
        states, pillars = self.land.standing.shape
        self.secretariat: Secretariat | None = None  # there while the design has members
        self.wish = self.promise = np.zeros((0, 0, 0))  # omega0, where something uses it (see steering)
        self.preferences = np.zeros((0, 0))
        self.agreed = False  # whether leads and pledges of the design in force were agreed on
        self.scratch = Scratch.sized(
            len(self.giving.keys), states, pillars, p.choice_cells if p.ownership_rate > 0 else 0
        )
        names = self.inputs.mechanisms
        self.phases = {
            item.name: get_mechanism(item.name, getattr(names, item.name)) for item in dataclasses.fields(names)
        }
        self.options = {
            phase: options_of(getattr(function, "Options", None), scenario.options, f"mechanism.{phase}.")
            for phase, function in self.phases.items()
        }
        self.wants_moved = True  # whether what draws donors is to be made anew
        self.phases["exposure"](self, 0)  # from the first tasks
        self.phases["peers"](self, 0)  # prices of the first quarter
        self.adopt(self.architecture.design(self.inputs))
        self.factor = score_factor(self)
        self.record = recording.Record.sized(p.quarters, pillars)
        self.lapse_form = FORMS.get(names.lapse, LapseForm())
        if self.lapse_form.after_exit:  # a clock for each donor
            self.state.hazard = np.zeros((len(self.giving.keys), states))
        self.trace = Trace(self) if trace else None
        self._people(donors or {}, beneficiaries or {})

    def adopt(self, design: Design) -> None:
        """Put a design of coordination in force, now and until the next one; where membership is voluntary, with its founders."""
        self.adopt_members(membership.found(self, design))

    def adopt_members(self, design: Design) -> None:
        """Put a design in force as it stands, also one that differs by its members alone.

        Budgets of those who are no members (any more) are the scenario's again; members' follow at the next beginning of
        a year. Leads and pledges are agreed on in this quarter, whatever quarter of the year it is.
        """
        p, giving, state, land = self.parameters, self.giving, self.state, self.land
        self.design = design
        self.agreed = False
        self.income = np.where(self.present & ~design.member, giving.budget / 4.0, self.income)
        # credit stands in place of visibility, where the design says so
        who = design.member if design.member.any() else np.ones_like(design.member)
        moved = np.where(who & (design.credit != "none"), giving.visibility, 0.0)
        nothing = np.zeros_like(moved)
        self.need = giving.need + (moved if design.credit == "marginal" else nothing)
        self.visible = giving.visibility - moved
        self.credited = moved if design.credit != "marginal" else nothing
        self.credit_kind = RULES[design.credit].kind if design.credit in RULES else -1
        self.wants_moved = True
        motives.refresh(self)
        # what a project costs each donor beside its tasks, and when it may start
        self.monitoring = np.where(design.conditional, design.monitoring_cost, 0.0)
        self.fixed = p.fixed_cost + self.monitoring
        self.relation = p.relation_cost
        reporter = design.member if design.reporter is None else design.member & design.reporter
        self.reporting = np.where(reporter, design.reporting_rate, 0.0)
        self.joiner_share = design.joiner_fixed_share if design.joint else -1.0
        self.least_fixed = p.fixed_cost * (design.joiner_fixed_share if design.joint else 1.0)
        self.lag = np.where(design.member, design.decision_lag, 0).astype(np.int64)
        # of a project's cost, mismatch raises at least this share: a bound for the planner's first look
        cheapest = float(land.task_price.min()) * (1.0 - p.peer_discount)
        share = cheapest / (float(self.fixed.max()) + p.relation_cost + cheapest)
        self.promise_mandate = giving.mandate / (1.0 + (giving.price_factor - 1.0) * share)
        # leads, pledges, accounts: arrays only where they are used
        shape = (len(giving.keys), *land.standing.shape)
        expecting = self.expected_accounts is not None  # then accounts are kept throughout: members may come later
        voluntary = self.membership is not None
        self.accounting = self.keep_accounts or expecting or voluntary or design.budget_elasticity > 0
        renew_wishes(self)
        state.agreed = np.ones(shape if design.steers else (0, 0, 0))
        state.weight = state.agreed  # until a mechanism puts another in its place
        if design.conditional.any() and not len(state.shun_until):
            state.shun_until = np.zeros(shape[:2], dtype=np.int32)
        if design.member.any() and self.secretariat is None:
            self.secretariat = Secretariat(self)
        elif self.secretariat is not None and not design.member.any():
            self.secretariat.remove()
            self.secretariat = None

    def schedule(self, quarter: int, change: Change) -> None:
        """Let something happen at the start of a quarter: ``change(model)``, see ``donorlab.sim.interventions``.

        Raises
        ------
        ScenarioError
            If the quarter is over already, is none of the run or no whole number, or the change cannot be called.
        """
        last = self.parameters.quarters
        if isinstance(quarter, bool) or not isinstance(quarter, (int, np.integer)):
            raise ScenarioError(
                f"schedule: quarter {quarter!r} is not a whole number; the run has quarters 1 to {last}"
            )
        if quarter <= self.quarter:
            raise ScenarioError(f"schedule: quarter {quarter} is over; the next one is {self.quarter + 1}")
        if quarter > last:
            raise ScenarioError(f"schedule: quarter {quarter} is after the end of the run; its last quarter is {last}")
        if not callable(change):
            raise ScenarioError(f"schedule: {change!r} is no change; give one such as cut_aid or donor_leaves('EU')")
        self.changes.setdefault(int(quarter), []).append(change)

    def _people(self, special: Mapping[str, type[Donor]], special_states: Mapping[str, type[Beneficiary]]) -> None:
        ids = self.inputs.donors.ids
        for name in special:
            if name not in ids:
                raise ScenarioError(f"donors: unknown donor '{name}'{suggest(name, ids)}")
        self.donor_agents = [special.get(name, Donor)(self, row) for row, name in enumerate(ids)]
        states = self.inputs.beneficiaries.ids
        for name in special_states:
            if name not in states:
                raise ScenarioError(f"beneficiaries: unknown beneficiary '{name}'{suggest(name, states)}")
        self.beneficiary_agents = [special_states.get(name, Beneficiary)(self, row) for row, name in enumerate(states)]
        self.python_donors = {agent.row for agent in self.donor_agents if overrides(agent, Donor, "decide")}
        self.python_beneficiaries = {
            agent.row for agent in self.beneficiary_agents if overrides(agent, Beneficiary, "decide_reform")
        }

    def step(self) -> None:
        """Simulate one quarter.

        1. Appropriate: budgets arrive.
        2. Observe: the register shows what is due (beliefs are derived); once a year, wishes, leads and pledges.
        3. Plan: donors choose and contract, slot by slot of the planning calendar.
        4. Contract: states decide whether to reform.
        5. Deliver: projects start, work as administration allows, finish or fail.
        6. Evolve: what is nobody's project, in the order of ``EVOLVE``: own effort, lapse of what is not owned,
           ownership, norms, growth of users, items that go out of date, safe havens and incidents, prices.
        7. Record.
        """
        self._begin()
        self.appropriate()
        self.observe()
        self.plan()
        self.contract()
        self.deliver()
        self.evolve()
        recording.record(self)

    def _begin(self) -> None:
        """Begin a quarter; what is scheduled for it happens first."""
        self.quarter += 1
        self.state.flow[:] = 0.0
        self.state.delivered[self.quarter % len(self.state.delivered)] = 0
        for change in self.changes.pop(self.quarter, ()):
            change(self)

    def appropriate(self) -> None:
        """Let budgets arrive: a quarter of the year's in each quarter up to the horizon."""
        if self.quarter <= self.parameters.horizon:
            appropriation.appropriate(self)

    def observe(self) -> None:
        """Bring the register up to date; agree on leads and pledge, once a year and when a design comes into force."""
        observe(self, self.quarter)
        if self.quarter % 4 == 1:
            renew_wishes(self)
        if self.design.steers:
            steer(self, self.quarter)
        for function in self.phases.values():
            if hasattr(function, "before_plan"):
                function.before_plan(self, self.quarter)

    def plan(self) -> None:
        """Let donors plan and contract."""
        self.first_row = self.state.ledger.size
        motives.refresh(self)
        offers.begin(self)
        motives.see_others(self)
        methods.refresh(self)
        self.phases["planning"](self, self.quarter)
        offers.mark_chosen(self)
        if self.trace:
            self.trace.after_plan(self)

    def contract(self) -> None:
        """Let states decide on the reforms of this quarter's contracts."""
        self.phases["contract"](self, self.quarter)
        if self.trace:
            self.trace.after_contract(self)

    def deliver(self) -> None:
        """Let projects work."""
        self.phases["absorption"](self, self.quarter)
        if self.trace:
            self.trace.after_deliver(self)

    def evolve(self) -> None:
        """Let everything that is nobody's project move: see ``EVOLVE`` in ``mechanisms``."""
        for phase in EVOLVE:
            self.phases[phase](self, self.quarter)
            if self.trace:
                self.trace.after(phase, self)

    def run(self) -> CoordinationModel:
        """Simulate to the end of the wind-down and return the model."""
        while self.quarter < self.parameters.quarters:
            self.step()
        return self

    def profile(self) -> dict[str, float]:
        """Run to the end and return the seconds spent in each phase."""
        parts: list[tuple[str, Callable[..., Any]]] = [
            ("appropriate", self.appropriate),
            ("observe", self.observe),
            ("plan", self.plan),
            ("contract", self.contract),
            ("deliver", self.deliver),
            ("evolve", self.evolve),
            ("record", lambda: recording.record(self)),
        ]
        spent = dict.fromkeys((name for name, _ in parts), 0.0)
        while self.quarter < self.parameters.quarters:
            self._begin()
            for name, part in parts:
                begun = time.perf_counter()
                part()
                spent[name] += time.perf_counter() - begun
        return spent
