"""Interventions: what can be made to happen at the start of a quarter of a run.

``model.schedule(24, cut_aid)`` or ``simulate(scenario, interventions=[(24, cut_aid)])``. Cutting all aid is the standard
test of ownership: what stands after the money stops (literature on conditionality and ownership, e.g. Killick 1998).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from donorlab.sim.architectures import get_architecture
from donorlab.sim.scenario import ScenarioError, suggest

if TYPE_CHECKING:
    from donorlab.sim.model import Change, CoordinationModel


def _withdraw(model: CoordinationModel, leaving: np.ndarray) -> None:
    """Let donors go: no income any more, cash withdrawn; what they have contracted goes on, since it is paid."""
    state = model.state
    state.withdrawn += np.where(leaving, state.cash, 0.0)
    state.cash[leaving] = 0.0
    model.present &= ~leaving
    model.income = np.where(leaving, 0.0, model.income)


def cut_aid(model: CoordinationModel) -> None:
    """Cut all aid: no donor gets or spends money any more; running projects, paid already, go on."""
    _withdraw(model, np.ones(len(model.giving.keys), dtype=np.bool_))


@dataclass(frozen=True)
class _DonorLeaves:
    donor: str

    def __call__(self, model: CoordinationModel) -> None:
        ids = model.inputs.donors.ids
        if self.donor not in ids:
            raise ScenarioError(f"donor_leaves: unknown donor '{self.donor}'{suggest(self.donor, ids)}")
        leaving = np.zeros(len(ids), dtype=np.bool_)
        leaving[ids.index(self.donor)] = True
        _withdraw(model, leaving)


@dataclass(frozen=True)
class _AdoptArchitecture:
    name: str

    def __call__(self, model: CoordinationModel) -> None:
        architecture = get_architecture(self.name, model.original.options)
        if architecture.prepare(model.original).donors.ids != model.inputs.donors.ids:
            raise ScenarioError(f"adopt_architecture: '{self.name}' needs other donors than this run began with")
        model.adopt(architecture.design(model.inputs))


def donor_leaves(donor: str) -> Change:
    """Return the change that one donor stops giving.

    Raises
    ------
    ScenarioError
        When it happens, if there is no donor of that id.
    """
    return _DonorLeaves(donor)


def adopt_architecture(name: str) -> Change:
    """Return the change that another architecture comes into force: an umbrella starts, or collapses.

    The donors stay who they are: a common fund can neither be founded nor dissolved in mid-run, and the planning
    calendar stays as it was at the start.

    Raises
    ------
    ScenarioError
        When it happens, if the architecture is unknown or would need other donors than there are.
    """
    return _AdoptArchitecture(name)
