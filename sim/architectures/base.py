"""What an architecture of coordination is: one small class, found by name.

An architecture turns a scenario into the one that is simulated (who gives) and into a design (who is a member, what is
reported, who leads where, which contracts are conditional, what it costs). A third party adds one in one file:
subclass ``Architecture``, name it, override ``prepare`` or ``design`` or both, and announce it in the entry-point group
``donorlab.architectures`` (or call ``register_architecture``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from donorlab.sim.design import Design, nobody
from donorlab.sim.scenario import BoolArray, Donors, Scenario, ScenarioError, options_of, suggest
from donorlab.sim.setup import yearly_budgets


class Architecture:
    """Base class: donors act as the scenario describes them.

    Attributes
    ----------
    name : the name on the command line
    summary : one line in plain words
    source : where the idea comes from
    Options : frozen dataclass of the architecture's own options (``donorlab.sim.scenario.option``), or None; the ones
        in force are ``self.options``; on the command line ``architecture.NAME.OPTION=value``
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    source: ClassVar[str]
    Options: ClassVar[type | None] = None

    def __init__(self, options: Any = None) -> None:
        self.options = options if options is not None or self.Options is None else self.Options()

    def prepare(self, scenario: Scenario) -> Scenario:
        """Return the scenario that is simulated; must not change the one that is passed.

        Raises
        ------
        ScenarioError
            Here or in ``design``, in one line, if the architecture cannot be made of the scenario.
        """
        return scenario

    def design(self, scenario: Scenario) -> Design:
        """Return the design of coordination for a prepared scenario; by default none at all."""
        return Design(member=nobody(scenario), conditional=nobody(scenario), pledging=nobody(scenario))


def givers(scenario: Scenario) -> BoolArray:
    """Return (D,) which donors have a budget; all of them where there is no money at all (``money=0``: no aid)."""
    if scenario.parameters.money <= 0:
        return np.ones(scenario.donors.count, dtype=np.bool_)
    return yearly_budgets(scenario) > 0


def common_donor(scenario: Scenario, name: str, title: str, kind: str, who: BoolArray) -> Donors:
    """Return one donor, without a budget, that stands for ``who`` (D,): even mandate, no favourites, their mean skill.

    Means are weighted by budget (equal weights where all budgets are 0).
    """
    donors, pillars, budget = scenario.donors, len(scenario.pillars), yearly_budgets(scenario)
    weights = np.where(who, budget if budget[who].sum() > 0 else 1.0, 0.0)
    nothing = np.zeros(1)
    return Donors(
        ids=(name,),
        names=(title,),
        kinds=(kind,),
        budget_low=nothing,
        budget_central=nothing,
        budget_high=nothing,
        mandate=np.full((1, pillars), 1.0 / pillars),
        skill=(donors.skill * weights[:, None]).sum(axis=0, keepdims=True) / weights.sum(),
        affinity=np.ones((1, scenario.beneficiaries.count)),
        norm_position=(donors.norm_position * weights).sum(keepdims=True) / weights.sum(),
        rival=np.array([False]),
        conditional=np.array([False]),
    )


_REGISTRY: dict[str, type[Architecture]] = {}


def register_architecture(name: str, architecture: type[Architecture]) -> type[Architecture]:
    """Add an architecture under a new name and return it.

    Raises
    ------
    ScenarioError
        If the name is taken by another class.
    """
    if _REGISTRY.get(name, architecture) is not architecture:
        raise ScenarioError(f"architecture: the name '{name}' is taken")
    _REGISTRY[name] = architecture
    return architecture


def architecture_names() -> list[str]:
    """Return the names of all registered architectures."""
    return sorted(_REGISTRY)


def get_architecture(name: str, options: Mapping[str, Any] | None = None) -> Architecture:
    """Return a new instance of the architecture of that name, with the scenario's options for it.

    Raises
    ------
    ScenarioError
        If there is none, or an option is unknown or impossible.
    """
    if name not in _REGISTRY:
        known = ", ".join(architecture_names())
        raise ScenarioError(f"architecture: unknown architecture '{name}'{suggest(name, _REGISTRY)}; known: {known}")
    kind = _REGISTRY[name]
    return kind(options_of(kind.Options, options or {}, f"architecture.{name}."))
