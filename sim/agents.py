"""Donors and beneficiaries as Mesa agents: readable handles on a row of the arrays, with decisions to override."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

import mesa
import numpy as np

from donorlab.sim.mechanisms.answers import Contract, PlanningView
from donorlab.sim.mechanisms.calendar import propose
from donorlab.sim.mechanisms.contracts import ReformView, reform_rule
from donorlab.sim.scenario import FloatArray
from donorlab.sim.value import bit_count

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel


class Handle(mesa.Agent):  # type: ignore[misc]
    """A readable handle on one row of a table of the scenario, and of the model's arrays."""

    table: ClassVar[str]

    def __init__(self, model: CoordinationModel, row: int) -> None:
        super().__init__(model)
        self.row = row

    @property
    def id(self) -> str:
        """Id in the scenario."""
        return str(getattr(self.model.inputs, self.table).ids[self.row])

    @property
    def name(self) -> str:
        """Name in full."""
        return str(getattr(self.model.inputs, self.table).names[self.row])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r})"


class Donor(Handle):
    """An actor that gives. Override ``decide`` to change what it contracts.

    Attributes
    ----------
    id : str, the donor's id in the scenario
    row : int, its row in the model's arrays
    """

    table: ClassVar[str] = "donors"

    @property
    def cash(self) -> float:
        """EUR m at hand."""
        return float(self.model.state.cash[self.row])

    @property
    def budget(self) -> float:
        """EUR m a year."""
        return float(self.model.giving.budget[self.row])

    @property
    def live_projects(self) -> int:
        """Number of projects contracted and neither completed nor failed."""
        return int(self.model.state.own_running[self.row].sum())

    def decide(self, view: PlanningView) -> Iterable[Contract]:
        """Return the contracts of this slot, in order; by default the best value per EUR until cash is spent.

        Parameters
        ----------
        view : what the donor knows at the start of its slot (read-only arrays)
        """
        return propose(self.model, self.row, view.quarter)


class Beneficiary(Handle):
    """A state that receives.

    Attributes
    ----------
    id : str, the state's id in the scenario
    row : int, its row in the model's arrays
    """

    table: ClassVar[str] = "beneficiaries"

    @property
    def capacity(self) -> FloatArray:
        """Share of each pillar's tasks that stand, shape (K,)."""
        words = self.model.state.standing[self.row]
        share: FloatArray = np.array([bit_count(word) for word in words]) / self.model.parameters.tasks_per_pillar
        return share

    @property
    def wait(self) -> float:
        """Quarters of queue: tasks undelivered / room."""
        state = self.model.state
        return float(state.undelivered[self.row] / state.room[self.row])

    def decide_reform(self, view: ReformView) -> bool:
        """Return whether this state adopts the reforms of a project; by default by the rule of ``contracts``.

        Parameters
        ----------
        view : cost and benefit, and what is at stake
        """
        return reform_rule(view)


class Secretariat(mesa.Agent):  # type: ignore[misc]
    """The secretariat of an umbrella: there as long as the design in force has members. It decides nothing."""

    @property
    def members(self) -> tuple[str, ...]:
        """Ids of the donors under the umbrella, without its own fund."""
        design, ids = self.model.design, self.model.inputs.donors.ids
        return tuple(ids[row] for row in np.flatnonzero(design.member) if row != design.pool)

    @property
    def register(self) -> str:
        """What members report: ``none``, ``projects`` or ``plans``."""
        return str(self.model.design.register)

    @property
    def fund_cash(self) -> float:
        """EUR m at hand in the common fund; 0 without one."""
        pool = self.model.design.pool
        return float(self.model.state.cash[pool]) if pool >= 0 else 0.0

    @property
    def overhead_collected(self) -> float:
        """EUR m that members have paid for overhead and negotiation since the start of the run."""
        return float(self.model.state.overhead_paid.sum())

    def __repr__(self) -> str:
        return f"Secretariat({len(self.members)} members)"


def overrides(agent: Any, base: type, decision: str) -> bool:
    """Return whether this agent's decision differs from its base class's and must be asked for in Python."""
    return getattr(type(agent), decision) is not getattr(base, decision) or decision in vars(agent)
