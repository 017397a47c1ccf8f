"""What can be switched off: each mechanism with the parameters that do it, and their values when off and on.

No value is written here but words. *Off* is the end of a parameter's hard limits at which the mechanism is absent, its
lowest value (or a word that is named). *On* is what the scenario has, if that is not off; else the default, if that is
not off; else the middle of the range in ``ranges.yaml``.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from donorlab import scenarios as catalogue
from donorlab.experiments.levers import WHOLE
from donorlab.scenarios.parameters import ParameterRow, Value
from donorlab.sim.scenario import Scenario


@dataclass(frozen=True)
class Switch:
    """One mechanism.

    Attributes
    ----------
    name : as it is typed
    words : what it is, in plain words
    keys : parameters that are all set to switch it
    off : the word that means off, of a parameter of words; None: the lowest value of the hard limits
    needs : other switches that are on on both sides, because it does nothing without them
    """

    name: str
    words: str
    keys: tuple[str, ...]
    off: str | None = None
    needs: tuple[str, ...] = ()


SWITCHES: Final = (
    Switch("narrative", "donors share motives and mandates", ("narrative_coherence",)),
    Switch("herding", "donors follow each other", ("herding",)),
    Switch("salience", "attention after incidents", ("salience",), needs=("havens",)),
    Switch("impatience", "donors mind the queue", ("impatience",)),
    Switch("havens", "safe havens", ("haven_threshold",)),
    Switch("user_growth", "growth of users", ("user_growth",)),
    Switch("turnover", "tasks that go out of date", ("turnover",)),
    Switch("norms", "deliveries draw states to donors' norms", ("norm_pull",)),
    Switch("peers", "states learn from peers", ("peer_discount",)),
    Switch("oversight", "projects eat administration", ("oversight_per_project", "presence_oversight")),
    Switch("poaching", "donors hire administrators away", ("poaching",)),
    Switch("failure", "projects fail half way", ("failure",)),
    Switch("methods", "methods that do not take", ("method_failure",)),
    Switch("learning", "donors follow methods that took", ("method_learning",), needs=("methods",)),
    Switch("ownership", "ownership that moves", ("ownership_rate",)),
    Switch("mistrust", "imposed aid costs ownership", ("mistrust_cost",), needs=("ownership",)),
    Switch("imposed", "imposed reforms lapse faster", ("imposed_lapse",)),
    Switch("lapse", "what nobody owns is lost", ("lapse",)),
    Switch("own_effort", "states' own work", ("own_effort",)),
    Switch("crowding", "aid crowds out own work", ("crowding_out",), needs=("own_effort",)),
    Switch("budgets", "budgets follow what can be shown", ("budget_elasticity",)),
    Switch("promise", "endogenous credibility", ("credibility_rule",), off="given"),
    Switch("demands", "donors choose how many reforms", ("conditions_choice",), off="off"),
    Switch("linkage", "all conditional aid at stake", ("linked_conditions",), off="off"),
)
BY_NAME: Final = {one.name: one for one in SWITCHES}


@functools.cache
def _rows() -> dict[str, ParameterRow]:
    return {row.name: row for row in catalogue.parameter_table()}


def is_lever(one: Switch) -> bool:
    """Return whether it is something that an architecture chooses."""
    return all(_rows()[key].kind == "lever" for key in one.keys)


def off_values(one: Switch) -> dict[str, Value]:
    """Return the values at which the mechanism is absent."""
    return {key: _off(one, key) for key in one.keys}


def _off(one: Switch, key: str) -> Value:
    if one.off is not None:
        return one.off
    low = _rows()[key].hard_low
    assert low is not None
    assert math.isfinite(low), key
    return int(low) if key in WHOLE else low


def on_values(one: Switch, scenario: Scenario) -> dict[str, Value]:
    """Return the values at which the mechanism acts: the scenario's own, else the default, else the middle of the range."""
    found: dict[str, Value] = {}
    for key in one.keys:
        off = _off(one, key)
        own: tuple[Value, ...] = (getattr(scenario.parameters, key), _rows()[key].default)
        found[key] = next((value for value in own if value != off), None) or middle(_rows()[key], off)
    return found


def is_on(one: Switch, scenario: Scenario) -> bool:
    """Return whether the scenario has the mechanism."""
    return any(getattr(scenario.parameters, key) != value for key, value in off_values(one).items())


def middle(row: ParameterRow, off: Value) -> Value:
    """Return the middle of a range, on the scale on which it is drawn; of words the first that is not ``off``."""
    assert row.range is not None, row.name
    if row.choices:
        return next(word for word in row.range if word != off)
    low, high = float(row.range[0]), float(row.range[-1])
    value = math.sqrt(low * high) if row.distribution == "log_uniform" else (low + high) / 2
    return round(value) if row.name in WHOLE else value


def needed(one: Switch, scenario: Scenario) -> dict[str, Value]:
    """Return the values of what it needs, where the scenario does not have it."""
    found: dict[str, Value] = {}
    for name in one.needs:
        other = BY_NAME[name]
        if not is_on(other, scenario):
            found |= needed(other, scenario) | on_values(other, scenario)
    return found


def all_on(scenario: Scenario, levers: bool = False) -> dict[str, Value]:
    """Return the values with which every mechanism acts; levers too, if asked for."""
    return _joined({one.name: on_values(one, scenario) for one in SWITCHES if levers or not is_lever(one)})


def all_off(levers: bool = False) -> dict[str, Value]:
    """Return the values with which none acts; levers too, if asked for."""
    return _joined({one.name: off_values(one) for one in SWITCHES if levers or not is_lever(one)})


def _joined(parts: Mapping[str, Mapping[str, Value]]) -> dict[str, Value]:
    return {key: value for part in parts.values() for key, value in part.items()}
