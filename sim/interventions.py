"""Interventions: what can be made to happen at the start of a quarter of a run.

``model.schedule(24, cut_aid)`` or ``simulate(scenario, interventions=[(24, cut_aid)])``. Cutting all aid is the standard
test of ownership: what stands after the money stops (literature on conditionality and ownership, e.g. Killick 1998).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from donorlab.sim.architectures import get_architecture
from donorlab.sim.design import POOL
from donorlab.sim.recording import aid_ends
from donorlab.sim.scenario import ScenarioError, suggest

if TYPE_CHECKING:
    from donorlab.sim.model import Change, CoordinationModel

# What can be decided anew when an architecture comes into force. Not among them is what fixes who gives and when
# (pooled_fund, calendar) and what the bound of the whole run rests on (joint_programming, joiner_fixed_share,
# budget_elasticity): these are the scenario's.
ADOPTABLE: Final = (
    "register", "reporting_rate", "register_lag", "decision_lag", "division", "discipline", "pool_share", "credit",
    "overhead", "negotiation_cost", "voluntary_membership", "founding_share", "conditional_donors", "credibility",
    "credibility_rule", "opportunity_cost", "conditions_choice", "monitoring_cost", "shun_quarters",
    "linked_conditions", "pledge_strength", "pledge_focus",
)  # fmt: skip


def _withdraw(model: CoordinationModel, leaving: np.ndarray) -> None:
    """Let donors go: no income any more, cash withdrawn; what they have contracted goes on, since it is paid."""
    state = model.state
    state.withdrawn += np.where(leaving, state.cash, 0.0)
    state.cash[leaving] = 0.0
    model.present &= ~leaving
    model.income = np.where(leaving, 0.0, model.income)


def cut_aid(model: CoordinationModel) -> None:
    """Cut all aid: no donor gets or spends money any more; running projects, paid already, go on.

    The outcome ``sustained_share`` tells what of the tasks that projects own at that moment still stands at the end.
    """
    aid_ends(model)
    _withdraw(model, np.ones(len(model.giving.keys), dtype=np.bool_))


@dataclass(frozen=True)
class _DonorLeaves:
    donor: str

    def __call__(self, model: CoordinationModel) -> None:
        ids = model.inputs.donors.ids
        if self.donor == POOL and POOL not in model.original.donors.ids:
            raise ScenarioError(
                f"donor_leaves: {POOL} is the members' common fund, not a donor; name one of its members"
            )
        if self.donor not in ids:
            raise ScenarioError(f"donor_leaves: unknown donor '{self.donor}'{suggest(self.donor, ids)}")
        leaving = np.zeros(len(ids), dtype=np.bool_)
        leaving[ids.index(self.donor)] = True
        _withdraw(model, leaving)


@dataclass(frozen=True)
class _AdoptArchitecture:
    name: str
    parameters: Mapping[str, Any]

    def __call__(self, model: CoordinationModel) -> None:
        try:
            architecture = get_architecture(self.name, model.original.options)
            prepared = architecture.prepare(model.original.replace(**self.parameters))
            design = architecture.design(model.inputs.replace(**self.parameters))
        except ScenarioError as error:
            hint = '; its own parameters are given at adoption, as in adopt_architecture("credit", credit="marginal")'
            raise ScenarioError(f"adopt_architecture: {error}{'' if self.parameters else hint}") from None
        if prepared.donors.ids != model.inputs.donors.ids:
            raise ScenarioError(f"adopt_architecture: '{self.name}' needs other donors than this run began with")
        model.adopt(design)


def donor_leaves(donor: str) -> Change:
    """Return the change that one donor stops giving.

    Raises
    ------
    ScenarioError
        When it happens, if there is no donor of that id, or it is the common fund.
    """
    return _DonorLeaves(donor)


def adopt_architecture(name: str, **parameters: Any) -> Change:
    """Return the change that another architecture comes into force: an umbrella starts, or collapses.

    The donors stay who they are: a common fund can neither be founded nor dissolved in mid-run, and the planning
    calendar stays as it was at the start. Leads and pledges are agreed on in the quarter of adoption, as if a year
    began, and again in the first quarter of each year. Budgets that respond to accounts do so from the next year on;
    those of donors that cease to be members are the scenario's again at once.

    Parameters
    ----------
    name : of the architecture
    parameters : parameters of coordination that differ from the scenario's from now on, such as
        ``adopt_architecture("credit", credit="marginal")``: the configuration that gives an architecture its own when a
        scenario is loaded is not read in mid-run

    Raises
    ------
    ScenarioError
        At once if a parameter cannot change in mid-run; when it happens, if the architecture is unknown, cannot be made
        of the scenario with these parameters, or would need other donors than there are.
    """
    for key in parameters:
        if key not in ADOPTABLE:
            raise ScenarioError(
                f"adopt_architecture: '{key}' cannot change in mid-run{suggest(key, ADOPTABLE)}; what can is "
                f"{', '.join(ADOPTABLE)}"
            )
    return _AdoptArchitecture(name, parameters)
