"""``donorlab check``: a proposal in plain words, what it costs at the start, what is missing or contradictory."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from rich.console import Console

from donorlab import scenarios as catalogue
from donorlab.experiments import levers, proposals
from donorlab.experiments.arguments import InputError, parse
from donorlab.experiments.outcomes import euros, percent
from donorlab.experiments.parameters import written, written_range
from donorlab.experiments.words import counted
from donorlab.scenarios.plain import one_line
from donorlab.scenarios.proposals import TEMPLATE, load_proposal, names
from donorlab.sim.mechanisms.appropriation import appropriate
from donorlab.sim.model import CoordinationModel
from donorlab.sim.scenario import ScenarioError
from donorlab.sim.setup import yearly_budgets

if TYPE_CHECKING:
    from donorlab.scenarios import Proposal
    from donorlab.sim import Scenario

_ADDRESS: Final = re.compile(r"https?://[^\s/]+\.[^\s]+")
NAMED: Final = 12  # members named one by one
_WIDTH: Final = 100  # where there is no terminal to fit, and no other wish (COLUMNS)


@dataclass(frozen=True)
class Report:
    """What is said of a proposal: lines under headings.

    Attributes
    ----------
    means, costs, assumed : what it is, what it costs at the start, what it rests on
    errors : what contradicts itself, so that no comparison would run it
    warnings : what is missing, has no effect, or is out of the ordinary
    """

    means: list[str] = field(default_factory=list)
    costs: list[str] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def run(words: Sequence[str]) -> None:
    """Carry out ``donorlab check WORDS``.

    Raises
    ------
    InputError, ScenarioError
        If the proposal or the scenario cannot be read at all, or, after the report, if the proposal contradicts itself.
    """
    arguments = parse("check", words, bare="proposal")
    name = arguments.experiment["proposal"]
    if not name:
        raise InputError(f"check: name a proposal or your own file: {', '.join(names())}, or my.yaml")
    proposal = load_proposal(name)
    scenario = arguments.experiment["scenario"]
    catalogue.load(scenario, arguments.overrides)  # so that a mistake in it is not the proposal's
    found = report(proposal, catalogue.load(scenario, arguments.overrides, proposal), arguments.given)
    _print(proposal, found, scenario, name)
    if found.errors:
        more = f" (and {len(found.errors) - 1} more, see above)" if len(found.errors) > 1 else ""
        raise InputError(f"proposal {proposal.name}: {found.errors[0]}{more}")


def report(proposal: Proposal, scenario: Scenario, given: Collection[str] = ()) -> Report:
    """Return what there is to say of a proposal.

    Parameters
    ----------
    proposal : the proposal
    scenario : the scenario under it
    given : parameters that the user set besides
    """
    found = Report()
    found.errors.extend(proposals.contradictions(proposal, scenario))
    if not _composes(scenario):
        found.warnings.extend(_missing(proposal, scenario))
        return found
    found.means.append(f"{proposal.architecture.replace('_', ' and ')}: {levers.in_words(scenario)}.")
    found.means.extend([*_members(scenario), *_conditions(scenario)])
    found.costs.extend(_costs(scenario))
    found.assumed.extend(_assumed(proposal, scenario, given))
    found.warnings.extend(
        [*_missing(proposal, scenario), *_of_members(scenario), *_of_levers(proposal, scenario, found.errors)]
    )
    return found


def _composes(scenario: Scenario) -> bool:
    try:
        levers.composition(scenario)
    except ScenarioError:
        return False
    return True


# ---------------------------------------------------------------------- what it means
def _members(scenario: Scenario) -> list[str]:
    """Return who the members are, by name and money, and who reports."""
    budgets, inside = yearly_budgets(scenario), proposals.members(scenario)
    if not inside.any():
        return ["Nobody is a member of anything: every donor decides alone."]
    total, theirs = float(budgets.sum()), float(budgets[inside].sum())
    paying = inside & (budgets > 0)
    what = "possible member" if scenario.parameters.voluntary_membership == "on" else "member"
    text = counted(int(inside.sum()), what)
    if total <= 0:
        return [f"{text}, but nobody in this scenario has any money: nothing can be coordinated."]
    idle = inside & ~paying
    if idle.any():
        text += f", {int(paying.sum())} of them with a budget and {int(idle.sum())} without, who pay and plan nothing "
        text += f"({_named(scenario, budgets, idle, money=False)});"
        text += f" together they have {euros(theirs)} a year"
    else:
        text += f" with {euros(theirs)} a year"
    text += f", {_share(theirs, total)} of all money"
    lines = [f"{text}: {_named(scenario, budgets, paying)}." if paying.any() else f"{text}."]
    rivals = paying & scenario.donors.rival
    if rivals.any():
        lines.append(f"Members that usually stay outside any coordination: {_listed(scenario, rivals)}.")
    if scenario.reporters is not None:
        reporting = np.isin(scenario.donors.ids, scenario.reporters) & paying
        part = float(budgets[reporting].sum())
        who = _named(scenario, budgets, reporting) if reporting.any() else "nobody"
        lines.append(f"Projects are reported by {who} ({_share(part, theirs)} of members' money).")
    return lines


def _conditions(scenario: Scenario) -> list[str]:
    """Return who sets conditions, by name."""
    made = levers.composition(scenario)
    setting = [name for name, sets in zip(made["donors"], made["conditional"], strict=True) if sets]
    if not setting:
        return []
    return [f"Conditions are set by {_listed(scenario, np.isin(scenario.donors.ids, setting))}."]


def _share(part: float, whole: float) -> str:
    return percent(part / whole) if whole > 0 else "0%"


def _named(scenario: Scenario, budgets: np.ndarray, who: np.ndarray, money: bool = True) -> str:
    """Return donors with their money in EUR m a year, the largest first, many of them as a number."""
    order = [int(d) for d in np.argsort(-budgets, kind="stable") if who[d]]
    parts = [scenario.donors.names[d] + (f" {budgets[d]:.1f}" if money else "") for d in order[:NAMED]]
    rest = order[NAMED:]
    if rest:
        parts.append(counted(len(rest), "other") + (f" {float(budgets[rest].sum()):.1f}" if money else ""))
    return ", ".join(parts)


def _listed(scenario: Scenario, who: np.ndarray) -> str:
    return ", ".join(name for name, chosen in zip(scenario.donors.names, who, strict=True) if chosen)


# ---------------------------------------------------------------------- what it costs
def _costs(scenario: Scenario) -> list[str]:
    """Return what members pay in the first year, as the model takes it."""
    made = levers.composition(scenario)
    lines = []
    if any(made["member"]) and yearly_budgets(scenario).any():
        taken, pooled = first_year(scenario)
        negotiation = first_year(scenario.replace(overhead=0.0))[0]
        total = float(yearly_budgets(scenario).sum())
        lines.append(
            f"Overhead {_euros(taken - negotiation)} and negotiation {_euros(negotiation)} a year, "
            f"{_share(taken, total)} of all money{', if all who are invited join' if made['voluntary'] else ''}."
        )
        if pooled > 0:
            lines.append(
                f"Into the common fund, which is not a cost: {_euros(pooled)} a year, {_share(pooled, total)} of all money."
            )
        lag = made["decision_lag"]
        lines.append(
            f"Members' projects start {counted(lag, 'quarter')} later." if lag else "Members' projects start no later."
        )
    if any(made["conditional"]):
        lines.append(f"Watching conditions costs EUR {made['monitoring_cost']:g}m for each project that has them.")
    return lines or ["Nothing that the model charges."]


def first_year(scenario: Scenario) -> tuple[float, float]:
    """Return what members pay for coordination and into the common fund, EUR m a year at the start.

    It is read off the model itself, after its first appropriation; all who are invited are members.
    """
    model = CoordinationModel(scenario.replace(voluntary_membership="off"), rng=1)
    appropriate(model)
    return 4 * float(model.state.overhead_paid.sum()), 4 * float(model.state.pool_paid.sum())


def _euros(million: float) -> str:
    return f"EUR {million:.2f}m" if million < 10 else euros(million)


# ---------------------------------------------------------------------- what it rests on
def _assumed(proposal: Proposal, scenario: Scenario, given: Collection[str]) -> list[str]:
    """Return how much is sourced, and what the file leaves to the model."""
    lines = [f"{counted(len(proposal.facts), 'fact')} with a source, {counted(len(proposal.assumed), 'assumption')}."]
    left = [name for name in proposals.left_out(proposal, scenario) if name not in given]
    here = vars(scenario.parameters)
    for title, values in (
        ("Set by the file", dict(proposal.parameters)),
        ("At the model's default, because the file says nothing", {name: here[name] for name in left}),
        ("Set by you, whatever the file says", {name: here[name] for name in sorted(given) if name in here}),
    ):
        told = ", ".join(f"{name}={written(value)}" for name, value in values.items())
        if told or not title.endswith("says"):
            lines.append(f"{title}: {told or 'nothing'}.")
    return lines


# ---------------------------------------------------------------------- what is amiss
def _missing(proposal: Proposal, scenario: Scenario) -> list[str]:
    """Return what a reader would ask for."""
    found = []
    blank = catalogue.load_proposal(TEMPLATE)
    if proposal.title == blank.title or proposal.description == blank.description:
        found.append("title, description: still those of the template.")
    if not proposal.sources:
        found.append("sources: none; say where the proposal can be read.")
    if not proposal.assumed:
        found.append("assumed: nothing; every number and member without a source is an assumption, say which and why.")
    else:
        found += [
            f"{key}: no line of assumed or facts names {', '.join(names)}; say where {'it is' if len(names) == 1 else 'they are'} "
            "from, or that it is assumed and why."
            for key, names in (
                ("parameters", proposals.unnamed_levers(proposal)),
                *((key, proposals.unnamed_donors(proposal, scenario, key)) for key in ("members", "reporters")),
            )
            if names
        ]
    found += [
        f"sources: '{one_line(line)}' is no address (https://...); say where it can be read."
        for line in proposal.sources
        if not _ADDRESS.search(line)
    ]
    found += [
        f"facts: the source '{one_line(item.source)}' is not among the sources."
        for item in proposal.facts
        if item.source not in proposal.sources
    ]
    return found


def _of_members(scenario: Scenario) -> list[str]:
    paying = proposals.members(scenario) & (yearly_budgets(scenario) > 0)
    if not yearly_budgets(scenario).any():
        return ["money: nobody has any, so that no proposal can change anything in this scenario."]
    if int(paying.sum()) == 1:
        return [f"members: {_listed(scenario, paying)} is alone; there is nobody to coordinate with."]
    return []


def _of_levers(proposal: Proposal, scenario: Scenario, errors: Sequence[str]) -> list[str]:
    ranges = {row.name: row.range for row in catalogue.parameter_table()}
    found = [
        f"{name}: {written(proposal.parameters[name])} lies outside the range that is thought plausible, "
        f"{written_range(ranges[name])}."
        for name in proposals.outside(proposal)
    ]
    told = {line.partition(":")[0] for line in errors}
    found += [
        f"{name}: does nothing under {proposal.architecture} in this scenario; leave it out."
        for name in proposals.silent(proposal, scenario)
        if name not in told
    ]
    return found


# ---------------------------------------------------------------------- printing
def _print(proposal: Proposal, found: Report, where: str, name: str) -> None:
    screen = Console()
    if not screen.is_terminal and "COLUMNS" not in os.environ:
        screen = Console(width=_WIDTH)
    screen.print(f"{proposal.name}: {proposal.title}", style="bold", highlight=False, markup=False)
    screen.print(proposal.description, highlight=False, markup=False)
    for title, lines in (
        (f"What it means in {where}", found.means),
        ("What it costs at the start", found.costs),
        ("What it rests on", found.assumed),
        ("Contradictory", found.errors),
        ("Missing, or out of the ordinary", found.warnings),
    ):
        if lines:
            screen.print(f"\n{title}", style="bold", highlight=False, markup=False)
        for line in lines:
            words = textwrap.wrap(
                line, screen.width - 1, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False
            )
            screen.print("\n".join(words), highlight=False, markup=False)
    if not found.errors:
        verdict = f"{counted(len(found.warnings), 'warning')}, no error" if found.warnings else "Nothing is amiss"
        runs = f"`donorlab compare proposals=[{one_line(name)}]` runs it."
        screen.print(f"\n{verdict}: {runs}", highlight=False, markup=False, soft_wrap=True)
