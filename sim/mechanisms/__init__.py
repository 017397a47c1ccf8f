"""The submodels, one file each, chosen by name: a *phase* of the quarter maps to a function ``f(model, quarter)``.

A third party adds one through the entry-point group ``donorlab.mechanisms`` or ``register_mechanism``. Its own options
stand in a frozen dataclass, ``function.Options`` (see ``donorlab.sim.scenario.option``); the ones in force are
``model.options[phase]``, on the command line ``mechanism.PHASE.OPTION=value``. What a mechanism must do before donors plan is a
function of the same form, ``function.before_plan``: it is called at the end of each quarter's Observe.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from donorlab.sim.scenario import ScenarioError, suggest

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel

Phase = Callable[["CoordinationModel", int], None]

# phase -> name -> "module:function" of this package (imported when first used) or the function itself
_REGISTRY: dict[str, dict[str, str | Phase]] = {
    "planning": {"best_cell": "calendar:plan"},
    "contract": {
        "ex_ante": "contracts:contract",
        "ex_post": "selectivity:contract",
        "tournament": "tournament:contract",
    },
    "absorption": {"equal_shares": "absorption:deliver", "per_task": "absorption:deliver_per_task"},
    "effort": {"poisson": "effort:own_effort"},
    "lapse": {"exponential": "ownership:lapse", "ageing": "ownership:ageing", "after_exit": "ownership:after_exit"},
    "ownership": {"alignment": "alignment:alignment", "alignment_alone": "alignment:alignment_alone"},
    "norms": {"deliveries": "norms:norms"},
    "users": {"growth": "users:grow"},
    "turnover": {"replacement": "turnover:replace"},
    "exposure": {"havens": "exposure:havens"},
    "peers": {"neighbours": "peers:peers"},
}

# what happens in Evolve, in this order
EVOLVE = ("effort", "lapse", "ownership", "norms", "users", "turnover", "exposure", "peers")


def phases() -> list[str]:
    """Return the names of the phases that can be replaced."""
    return list(_REGISTRY)


def mechanism_names(phase: str) -> list[str]:
    """Return the names registered for a phase."""
    return sorted(_REGISTRY[phase])


def register_mechanism(phase: str, name: str, function: Phase) -> None:
    """Add a mechanism under a new name.

    Raises
    ------
    ScenarioError
        If the phase is unknown or the name is taken.
    """
    if phase not in _REGISTRY:
        raise ScenarioError(f"mechanism '{name}': unknown phase '{phase}'{suggest(phase, _REGISTRY)}")
    if name in _REGISTRY[phase] and _REGISTRY[phase][name] is not function:
        raise ScenarioError(f"mechanism.{phase}: the name '{name}' is taken")
    _REGISTRY[phase][name] = function


def get_mechanism(phase: str, name: str) -> Phase:
    """Return the function of a mechanism.

    Raises
    ------
    ScenarioError
        If there is none of that name.
    """
    names = _REGISTRY[phase]
    if name not in names:
        known = ", ".join(sorted(names))
        raise ScenarioError(f"mechanism.{phase}: unknown mechanism '{name}'{suggest(name, names)}; known: {known}")
    found = names[name]
    if isinstance(found, str):
        module, function = found.split(":")
        resolved: Phase = getattr(importlib.import_module(f"donorlab.sim.mechanisms.{module}"), function)
        return resolved
    return found
