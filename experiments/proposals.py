"""Proposals beside architectures: which ones a comparison runs, and what in them cannot act."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from donorlab import scenarios as catalogue
from donorlab.experiments import levers
from donorlab.experiments.arguments import Arguments, InputError
from donorlab.sim.scenario import ScenarioError

if TYPE_CHECKING:
    from donorlab.scenarios import Proposal
    from donorlab.sim import Scenario

REFERENCE: Final = "fragmented"
"""What proposals are compared with unless ``architectures=`` says otherwise: donors as they are."""


def chosen(arguments: Arguments) -> list[Proposal]:
    """Return the proposals of the key ``proposals``; with any, ``architectures`` is the reference unless it was given.

    Raises
    ------
    InputError
        If two have the same name.
    ScenarioError
        If one cannot be read.
    """
    found = [catalogue.load_proposal(name) for name in arguments.experiment["proposals"]]
    names = [item.name for item in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"proposals: '{twice[0]}' is given twice; each needs a name of its own")
    if found and "architectures" not in arguments.chosen:
        arguments.experiment["architectures"] = [REFERENCE]
    return found


def refuse_contradictions(proposed: Sequence[Proposal], loaded: Mapping[str, Scenario]) -> None:
    """Refuse proposals that contradict themselves.

    Parameters
    ----------
    proposed : proposals
    loaded : the scenario under each, by name

    Raises
    ------
    InputError
        The first contradiction, with the name of the proposal.
    """
    for item in proposed:
        if found := contradictions(item, loaded[item.name]):
            raise InputError(f"proposal {item.name}: {found[0]}")


def contradictions(proposal: Proposal, scenario: Scenario) -> list[str]:
    """Return what a proposal says and at the same time makes impossible, a line each.

    Parameters
    ----------
    proposal : the proposal
    scenario : the scenario under it; where somebody else set a lever of the proposal, that is no contradiction of the
        proposal's
    """
    as_written = scenario.replace(**proposal.parameters)
    found = levers.without_effect(as_written, proposal.parameters)
    try:
        made = levers.composition(scenario)
    except ScenarioError as error:
        return [str(error), *found]
    if proposal.members is not None and not any(made["member"]):
        found.append(f"members: nobody is a member of anything under {scenario.architecture}; leave members out")
    if scenario.architecture == "umbrella_conditional" and not any(made["conditional"]):
        found.append(
            "members: none of them sets conditions; add one that does (`donorlab check` of a conditional architecture names them), "
            "set conditional_donors to all, or take architecture: umbrella"
        )
    if proposal.reporters is not None and "reporting_rate" not in made:
        found.append("reporters: nothing is reported without a register; set register, or leave reporters out")
    return found


def silent(proposal: Proposal, scenario: Scenario) -> list[str]:
    """Return the proposal's levers that change nothing in this scenario, whatever their value, by name."""
    rows = {row.name: row for row in catalogue.parameter_table()}
    found = []
    for name, value in proposal.parameters.items():
        values = levers.some_values(rows[name], value)
        if name not in levers.NOT_OF_A_DESIGN and len(values) > 1 and not levers.uses(scenario, name, values):
            found.append(name)
    return found


def left_out(proposal: Proposal, scenario: Scenario) -> list[str]:
    """Return the levers that this scenario uses under the proposal and that the proposal does not set, by name."""
    return [
        row.name
        for row in catalogue.parameter_table()
        if row.kind == "lever"
        and row.name not in proposal.parameters
        and levers.uses(scenario, row.name, levers.some_values(row, getattr(scenario.parameters, row.name)))
    ]


def unnamed_levers(proposal: Proposal) -> list[str]:
    """Return the levers set that no line of what is assumed or known names; none or off is nothing to explain."""
    lines = _lines(proposal)
    return [
        name for name, value in proposal.parameters.items() if value not in ("none", "off") and not _named(name, lines)
    ]


def unnamed_donors(proposal: Proposal, scenario: Scenario, key: str) -> list[str]:
    """Return the members or reporters chosen that no line names: by id, by name, or all by a line that begins with the key.

    Parameters
    ----------
    proposal : the proposal
    scenario : the scenario under it, which knows the names
    key : ``members`` or ``reporters``
    """
    chosen = getattr(proposal, key)
    if chosen is None or any(_named(key, [line.partition(":")[0]]) for line in proposal.assumed):
        return []
    if isinstance(chosen, str):
        return [chosen]
    called, lines = dict(zip(scenario.donors.ids, scenario.donors.names, strict=True)), _lines(proposal)
    kinds = set(chosen) - set(called)  # a kind is a common word: only the key itself names it
    return [item for item in chosen if item in kinds or not (_named(item, lines) or _named(called[item], lines))]


def _lines(proposal: Proposal) -> list[str]:
    return [*proposal.assumed, *(item.fact for item in proposal.facts)]


def _named(word: str, lines: Sequence[str]) -> bool:
    """Return whether a line has the word by itself, not as a part of a longer one."""
    return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", line) for line in lines)


def outside(proposal: Proposal) -> list[str]:
    """Return the levers whose value lies outside its declared range, by name."""
    found = []
    for row in catalogue.parameter_table():
        value = proposal.parameters.get(row.name)
        if value is None or row.range is None or isinstance(value, str) or isinstance(row.range[0], str):
            continue
        if not float(row.range[0]) <= float(value) <= float(row.range[-1]):
            found.append(row.name)
    return found


def members(scenario: Scenario) -> np.ndarray:
    """Return (D,) which donors of a scenario its architecture coordinates, without a common fund."""
    made = levers.composition(scenario)
    inside = {name for name, member in zip(made["donors"], made["member"], strict=True) if member}
    return np.isin(scenario.donors.ids, list(inside))
