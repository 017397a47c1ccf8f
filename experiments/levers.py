"""Which architecture uses which lever, designs in words, and settings that contradict each other."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any, Final, Literal

import numpy as np

from donorlab import scenarios as catalogue
from donorlab.experiments.arguments import InputError
from donorlab.experiments.words import counted
from donorlab.scenarios.parameters import Value
from donorlab.sim.architectures import get_architecture
from donorlab.sim.design import Design
from donorlab.sim.scenario import Mechanisms, Parameters, Scenario, ScenarioError

WHOLE: Final = frozenset(item.name for item in dataclasses.fields(Parameters) if item.type == "int")
"""Parameters that are whole numbers."""

_NEEDS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "reporting_rate": ("register", ("plans", "projects")),
    "register_lag": ("register", ("projects",)),
    "discipline": ("division", ("cell", "beneficiary")),
    "joiner_fixed_share": ("joint_programming", ("on",)),
    "pool_share": ("pooled_fund", ("on",)),
    "credibility": ("credibility_rule", ("given",)),
    "opportunity_cost": ("credibility_rule", ("endogenous",)),
    "founding_share": ("voluntary_membership", ("on",)),
    "membership_term": ("voluntary_membership", ("on",)),
    "membership_memory": ("voluntary_membership", ("on",)),
    "membership_similarity": ("voluntary_membership", ("on",)),
    "membership_curiosity": ("voluntary_membership", ("on",)),
}
"""A parameter that acts only where another one has one of these values."""

WORSE_END: Final[dict[str, tuple[Literal["low", "high"], str]]] = {
    "overhead": ("high", "money that pays for no task"),
    "negotiation_cost": ("high", "money that pays for no task"),
    "decision_lag": ("high", "members' projects start later"),
    "reporting_rate": ("low", "members see no more than others do"),
    "register_lag": ("high", "what is reported is known late"),
    "discipline": ("low", "agreed leads are not kept"),
    "joiner_fixed_share": ("high", "joining a project saves less"),
    "credibility": ("low", "refusing a condition has no consequence"),
    "opportunity_cost": ("low", "withheld money is lost to the donor, so that threats are empty"),
    "monitoring_cost": ("high", "money that pays for no task"),
    "pledge_strength": ("low", "a pledge binds nobody"),
}
"""Which end of its range is worse for coordination, and why; levers that are a choice of design have no such end."""

NOT_OF_A_DESIGN: Final = ("narrative_target",)
"""Levers that act on donors as such, under any architecture."""


def composition(scenario: Scenario) -> dict[str, Any]:
    """Return what the scenario's architecture makes of it, as plain data that can be compared.

    Parts of a design that are switched off by other parts are left out, so that two compositions are equal exactly
    if they run alike.

    Raises
    ------
    ScenarioError
        If the architecture cannot be made of the scenario.
    """
    architecture = get_architecture(scenario.architecture, scenario.options)
    prepared = architecture.prepare(scenario)
    design = architecture.design(prepared)
    plain: dict[str, Any] = {
        "donors": prepared.donors.ids,
        "planning_slots": prepared.parameters.planning_slots,
        **{item.name: getattr(design, item.name) for item in dataclasses.fields(Design)},
    }
    for name in _idle(design):
        del plain[name]
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in plain.items()}


def in_words(scenario: Scenario) -> str:
    """Return what the scenario's architecture is here, in one sentence without its name."""
    made = composition(scenario)
    parts = [*_of_members(made), *_of_conditions(made)]
    if any(made["pledging"]):
        text = (
            f"a pledge of {counted(sum(made['pledging']), 'donor')} to concentrate on {100 * made['pledge_focus']:g}% "
        )
        parts.append(f"{text}of their favourite states, of strength {made['pledge_strength']:g}")
    if made["credit"] != "none" and not any(made["member"]):
        parts.append(f"donors who act apart, with {made['credit']} credit in place of visibility")
    return "; ".join(parts) or get_architecture(scenario.architecture, scenario.options).summary


def free_members(scenario: Scenario) -> bool:
    """Return whether those invited are free to stay outside the scenario's architecture."""
    return bool(composition(scenario).get("voluntary", False))


def _of_members(made: Mapping[str, Any]) -> list[str]:
    """Return who coordinates, how, and at what cost; nothing where nobody does."""
    if not any(made["member"]):
        return []
    known = f", known after {counted(made['register_lag'], 'quarter')}" if made["register"] == "projects" else ""
    parts = [f"register of {made['register']}{known}" if made["register"] != "none" else "no register"]
    if "reporting_rate" in made:
        parts.append(f"{100 * made['reporting_rate']:g}% reported")
    leads = {"none": "no leads", "cell": "leads by cell", "beneficiary": "leads by state"}[made["division"]]
    parts.append(leads + (f" (discipline {made['discipline']:g})" if "discipline" in made else ""))
    parts.append("joint programming" if made["joint"] else "no joint programming")
    parts.append(f"a fund of {100 * made['pool_share']:g}% of members' money" if made["pool"] >= 0 else "no fund")
    parts.append("one plans after the other" if made["planning_slots"] == 0 else "own calendar")
    if made["credit"] != "none":
        parts.append(f"{made['credit']} credit")
    fund = int(made["pool"] >= 0)  # a row among the donors, but nobody who joins
    verb = "are invited" if made["voluntary"] else "are members"
    who = f"{sum(made['member']) - fund} of {counted(len(made['member']) - fund, 'donor')} {verb}"
    if "founding_share" in made:
        who += f", {100 * made['founding_share']:g}% of them found it, and each stays, joins or leaves by what it sees"
    cost = f"costs {100 * made['overhead']:g}% and {counted(made['decision_lag'], 'quarter')}"
    return [", ".join(parts), who, f"{cost}, and EUR {made['negotiation_cost']:g}m a pair of members and year"]


def _of_conditions(made: Mapping[str, Any]) -> list[str]:
    """Return who sets conditions, and how much they are worth; nothing where nobody does."""
    if not any(made["conditional"]):
        return []
    linked = " (linked)" if made["linked"] else ""
    chosen = ", who choose how many" if made["conditions_choice"] == "on" else ""
    if "credibility" in made:
        threat = f"in {100 * made['credibility']:g}% of refusals"
    else:
        threat = f"where that is better for the donor (money is worth {100 * made['opportunity_cost']:g}% of its value elsewhere)"
    text = f"conditions{linked} set by {counted(sum(made['conditional']), 'donor')}{chosen}, aid withheld {threat}"
    return [f"{text}, costs EUR {made['monitoring_cost']:g}m a project"]


def _idle(design: Design) -> set[str]:
    """Return the parts of a design that do nothing because of others."""
    off: set[str] = set()
    if not design.member.any():
        off |= {
            "register",
            "reporting_rate",
            "reporter",
            "register_lag",
            "decision_lag",
            "division",
            "discipline",
            "joint",
        }
        off |= {"joiner_fixed_share", "pool_share", "overhead", "negotiation_cost", "budget_elasticity"}
        off |= {"voluntary", "founding_share"}
    if not design.voluntary:
        off |= {"founding_share"}
    if design.register == "none" and not design.joint:
        off |= {"reporting_rate", "reporter"}
    if design.register != "projects":
        off |= {"register_lag"}
    if design.division == "none":
        off |= {"discipline"}
    if not design.joint:
        off |= {"joiner_fixed_share"}
    if design.pool < 0:
        off |= {"pool_share"}
    if not design.conditional.any():
        off |= {"credibility", "credibility_rule", "opportunity_cost", "conditions_choice"}
        off |= {"monitoring_cost", "shun_quarters", "linked"}
    off |= {"credibility" if design.credibility_rule == "endogenous" else "opportunity_cost"}
    if not design.pledging.any():
        off |= {"pledge_strength", "pledge_focus"}
    return off


def uses(scenario: Scenario, lever: str, values: Collection[Value]) -> bool:
    """Return whether the scenario's architecture runs differently, or not at all, for some of these values of a lever."""

    def made(value: Value) -> dict[str, Any] | None:
        try:
            return composition(scenario.replace(**{lever: value}))
        except ScenarioError:  # a value that contradicts another lever
            return None

    first, *others = map(made, values)
    return any(other != first for other in others)


def needs(lever: str) -> str | None:
    """Return the other lever without which this one does nothing, if there is one."""
    return _NEEDS[lever][0] if lever in _NEEDS else None


def pessimistic(fixed: Collection[str] = ()) -> dict[str, Value]:
    """Return each lever at the end of its range that is worse for coordination, but for those in ``fixed``."""
    rows = {row.name: row for row in catalogue.parameter_table()}
    ends: dict[str, Value] = {}
    for name, (end, _) in WORSE_END.items():
        limits = rows[name].range
        assert limits is not None
        if name not in fixed:
            ends[name] = limits[0 if end == "low" else -1]
    return ends


def in_use(scenarios: Mapping[str, Scenario], changes: Mapping[str, Value]) -> dict[str, tuple[Value, ...]]:
    """Return the levers of `WORSE_END` that any of the scenarios uses, with the values that they have there, rising.

    Parameters
    ----------
    scenarios : scenario by name of its architecture or proposal
    changes : values that go before the scenarios' own
    """
    rows = {row.name: row for row in catalogue.parameter_table()}
    found: dict[str, tuple[Value, ...]] = {}
    for name in WORSE_END:
        users = [one for one in scenarios.values() if uses(one, name, rows[name].range or ())]
        own = sorted({float(getattr(one.parameters, name)) for one in users})
        if users:
            found[name] = (changes[name],) if name in changes else tuple(own)
    return found


def same_as_first(scenarios: Mapping[str, Scenario]) -> list[str]:
    """Return the architectures that run exactly like the first one in this scenario, for example without members."""
    first, *others = scenarios
    reference = composition(scenarios[first])
    return [name for name in others if composition(scenarios[name]) == reference]


def check(scenarios: Mapping[str, Scenario], chosen: Collection[str]) -> None:
    """Refuse what cannot be meant: levers without effect, compositions that cannot be made.

    Parameters
    ----------
    scenarios : scenario by name of its architecture
    chosen : parameters given by the user

    Raises
    ------
    InputError
        If a lever is given that cannot act; the message says why and what would be right.
    ScenarioError
        If an architecture cannot be made of the scenario.
    """
    for scenario in scenarios.values():
        composition(scenario)
    first = next(iter(scenarios.values()))
    nowhere = [set(without_effect(scenario, chosen)) for scenario in scenarios.values()]
    for text in without_effect(first, chosen):
        if all(text in found for found in nowhere):
            raise InputError(text)
    if first.mechanisms != Mechanisms():
        return  # a mechanism of a third party may read any parameter
    for row in catalogue.parameter_table():
        if row.kind != "lever" or row.name not in chosen or row.name in NOT_OF_A_DESIGN:
            continue
        values_of = some_values(row, getattr(first.parameters, row.name))
        if len(values_of) > 1 and not any(uses(scenario, row.name, values_of) for scenario in scenarios.values()):
            raise InputError(
                f"{row.name}: a lever that does nothing under {', '.join(scenarios)}{_readers(first, row.name, values_of)}"
            )


def without_effect(scenario: Scenario, chosen: Collection[str]) -> list[str]:
    """Return a line for each of the chosen levers that does nothing because of another lever; says what would be right."""
    found = []
    for name, (other, values) in _NEEDS.items():
        here = getattr(scenario.parameters, other)
        if name in chosen and here not in values:
            found.append(f"{name}: does nothing while {other} is {here}; add {other}={values[0]}, or leave {name} out")
    return found


def some_values(row: catalogue.ParameterRow, value: Value) -> list[Value]:
    """Return the ends of a lever's range, or its words, and the value in use."""
    found: list[Value] = [*(row.range or (row.default,)), value]
    return sorted(set(found), key=str)


def _readers(scenario: Scenario, lever: str, values: Collection[Value]) -> str:
    """Return which architectures would use the lever, for the message."""
    names = [name for name in catalogue.architectures() if uses(scenario.replace(architecture=name), lever, values)]
    if names:
        return f"; it belongs to {' and '.join(names)}"
    if lever == "calendar" and scenario.parameters.planning_slots == 0:
        slots = catalogue.parameter_defaults()["planning_slots"]
        return (
            f": in this scenario donors plan one after the other already; planning_slots={slots} lets them plan apart"
        )
    return ""
