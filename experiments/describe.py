"""``donorlab describe``: a scenario in words and numbers."""

from __future__ import annotations

import csv
import importlib.resources
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from donorlab import scenarios as catalogue
from donorlab.experiments.arguments import parse
from donorlab.experiments.outcomes import euros, percent
from donorlab.experiments.parameters import written, written_range
from donorlab.experiments.projects import expected_projects, project_cost
from donorlab.scenarios.parameters import ParameterRow
from donorlab.sim.setup import BeneficiarySetup, beneficiary_setup, yearly_budgets
from donorlab.sim.users import year_of

if TYPE_CHECKING:
    from donorlab.sim.scenario import Scenario

LARGEST: Final = 10  # donors named one by one
_WIDTH: Final = 110  # where there is no terminal to fit, and no other wish (COLUMNS)
_WORDS: Final = ("kind", "main pillar", "unit")  # columns that hold words, not numbers
_INCOME_ORDER: Final = ("Low income", "Lower middle income", "Upper middle income", "High income")


def run(words: Sequence[str]) -> None:
    """Carry out ``donorlab describe WORDS``."""
    arguments = parse("describe", words)
    scenario = catalogue.load(arguments.experiment["scenario"], list(arguments.overrides))
    land = beneficiary_setup(scenario, 1)
    screen = Console()
    if not screen.is_terminal and "COLUMNS" not in os.environ:
        screen = Console(width=_WIDTH)
    screen.print(f"[bold]{escape(scenario.title)}[/] ({escape(scenario.name)})")
    screen.print(escape(scenario.description))
    _receivers(screen, scenario, land)
    _givers(screen, scenario)
    _money(screen, scenario, land)
    _own_effort(screen, scenario)
    _assumptions(screen, scenario)


def _heading(screen: Console, text: str) -> None:
    screen.print(f"\n[bold]{text}[/]")


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column(columns[0], no_wrap=True)
    for column in columns[1:]:
        table.add_column(column, justify="left" if column in _WORDS else "right", no_wrap=True)
    return table


def _show(screen: Console, table: Table) -> None:
    screen.print(Padding(table, (0, 0, 0, 2)))


def _receivers(screen: Console, scenario: Scenario, land: BeneficiarySetup) -> None:
    states = scenario.beneficiaries
    _heading(screen, "Who receives")
    screen.print(
        f"{states.count} states with {states.users_m.sum():,.0f} million Internet users. Each has "
        f"{len(scenario.pillars)} pillars of {scenario.parameters.tasks_per_pillar} tasks; at the start "
        f"{percent(float(land.initial_count.mean()) / scenario.parameters.tasks_per_pillar)} of all tasks stand."
    )
    _users(screen, scenario, land)
    regions = sorted(set(states.regions))
    present = set(states.income_groups)
    groups = [g for g in _INCOME_ORDER if g in present] + sorted(present - set(_INCOME_ORDER))
    table = _table("states", *regions, "all", "users m", "tasks standing")
    share = land.initial_count.mean(axis=1) / scenario.parameters.tasks_per_pillar
    for group in [*groups, "all"]:
        mine = [group in (income, "all") for income in states.income_groups]
        counts = [sum(m and r == region for m, r in zip(mine, states.regions, strict=True)) for region in regions]
        rows = np.array(mine)
        table.add_row(
            group,
            *(str(count) if count else "-" for count in counts),
            str(int(rows.sum())),
            f"{states.users_m[rows].sum():,.0f}",
            percent(float(share[rows].mean())),
        )
    _show(screen, table)
    by_pillar = land.initial_count.mean(axis=0) / scenario.parameters.tasks_per_pillar
    pairs = zip(scenario.pillars, by_pillar, strict=True)
    parts = ", ".join(f"{name.replace('_', ' ')} {percent(float(value))}" for name, value in pairs)
    screen.print(f"Standing by pillar: {parts}.")


def _users(screen: Console, scenario: Scenario, land: BeneficiarySetup) -> None:
    """What an unchanged budget means where the number of users grows."""
    table, money = land.users_by_year, scenario.parameters.money
    if np.array_equal(table[0], table[-1]):
        return
    year = year_of(scenario.parameters.horizon, len(table))
    now, then, last = (float(table[row].sum()) for row in (0, year, -1))
    screen.print(
        f"They have {then:,.0f} million users ({100 * (then / now - 1):+.0f}%) when the money stops, {year} years on, and "
        f"{last:,.0f} million at the end. The same money is EUR {money / now:.3f} a year for each user now and EUR "
        f"{money / then:.3f} when it stops."
    )


def _givers(screen: Console, scenario: Scenario) -> None:
    donors = scenario.donors
    budgets = yearly_budgets(scenario)
    order = np.argsort(-budgets, kind="stable")
    total = float(budgets.sum())
    _heading(screen, "Who gives")
    rivals = float(budgets[donors.rival].sum())
    silent = int((budgets <= 0).sum())
    text = f"{donors.count} donors with {euros(total)} a year"
    text += f", of which {int(donors.rival.sum())} set no conditions and stay outside any coordination "
    text += f"({percent(rivals / total) if total > 0 else '0%'} of the money)"
    screen.print(text + (f"; {silent} without a budget plan nothing." if silent else "."))
    table = _table("largest donors", "kind", "EUR m a year", "share", "main pillar")
    for d in order[:LARGEST]:
        pillar = scenario.pillars[int(np.argmax(donors.mandate[d]))]
        share = percent(float(budgets[d]) / total) if total > 0 else "-"
        table.add_row(
            escape(donors.names[d]), donors.kinds[d].replace("_", " "), _amount(float(budgets[d])), share,
            f"{pillar.replace('_', ' ')} {percent(float(donors.mandate[d].max()))}",
        )  # fmt: skip
    rest = budgets[order[LARGEST:]]
    if len(rest):
        share = percent(float(rest.sum()) / total) if total > 0 else "-"
        table.add_row(f"{len(rest)} others", "", _amount(float(rest.sum())), share, "")
    _show(screen, table)


def _amount(million: float) -> str:
    return f"{million:,.1f}" if million >= 1 else f"{million:.2g}"


def _money(screen: Console, scenario: Scenario, land: BeneficiarySetup) -> None:
    p = scenario.parameters
    whole = p.money * p.horizon / 4
    price = float(np.median(land.task_price))
    size = (p.project_tasks_minimum + p.project_tasks_maximum) / 2
    project, most = project_cost(p, price), expected_projects(p, price)
    open_tasks = int((p.tasks_per_pillar - land.initial_count).sum())
    _heading(screen, "How much money, and what it buys")
    screen.print(
        f"{euros(p.money)} a year for {p.horizon} quarters: {euros(whole)}; then {p.wind_down} quarters without money "
        f"before the result is measured. A task costs EUR {price:.2f}m in the median state "
        f"({land.task_price.min():.2f} to {land.task_price.max():.2f}), a project of {p.project_tasks_minimum} to "
        f"{p.project_tasks_maximum} tasks about EUR {project:.2f}m with EUR {p.fixed_cost:.2f}m fixed cost; EUR "
        f"{p.relation_cost:.2f}m more where the donor has nothing running. That is enough for at most about "
        f"{most:,.0f} projects and {most * size:,.0f} tasks; {open_tasks:,} tasks are open."
    )
    room = float(land.administration.sum())
    screen.print(
        f"All states together can host {room:,.0f} task-quarters a quarter; each running project takes "
        f"{p.oversight_per_project:g} of it, each donor present {p.presence_oversight:g}."
    )


def _own_effort(screen: Console, scenario: Scenario) -> None:
    value = scenario.parameters.own_effort
    text = importlib.resources.files("donorlab.scenarios").joinpath("data", "own_effort_fit.csv").read_text("utf-8")
    row = next(csv.DictReader(text.splitlines()))
    fit = float(row["fit"])
    _heading(screen, "What states do by themselves")
    screen.print(
        f"Each quarter a state completes own tasks at random: on average own_effort times its free administrative "
        f"capacity times its ownership, less where donors work on all open tasks. own_effort is {value:.3f}, "
        f"{value / fit:.2f} of the fit {fit:.3f} on {row['states']} states with little technical cooperation "
        f"({float(row['gain_tasks']):,.0f} tasks gained in {float(row['admin_ownership_quarters']):,.0f} "
        "task-quarters)."
    )
    screen.print(f"[dim]Rule of the fit: {escape(row['rule'])}.[/]")


def _assumptions(screen: Console, scenario: Scenario) -> None:
    rows = catalogue.parameter_table()
    defaults = catalogue.parameter_defaults()
    changed = [row for row in rows if getattr(scenario.parameters, row.name) != defaults[row.name]]
    values = [row for row in rows if row.kind == "value"]
    levers = [row for row in rows if row.kind == "lever"]
    assumed = [row for row in rows if row.kind == "uncertainty" and "assumption" in row.source.lower()]
    sourced = [row for row in rows if row.kind == "uncertainty" and row not in assumed]
    if changed:
        _heading(screen, "Changed from the defaults")
        for row in changed:
            value = written(getattr(scenario.parameters, row.name))
            screen.print(f"  {row.name} = {value} (default {written(row.default)}): {escape(row.meaning)}")
    _heading(screen, f"Assumptions: {len(assumed)} settings that nobody has measured, with their ranges")
    _show(screen, _parameter_table(assumed, scenario))
    if sourced:
        names = "; ".join(f"{row.name} ({escape(row.source)})" for row in sourced)
        screen.print(f"Uncertain, but with a source: {names}.")
    _heading(screen, f"Levers: {len(levers)} choices of those who coordinate, never drawn with the assumptions")
    screen.print("Each counts only under the architectures that use it, for example overhead under an umbrella.")
    _show(screen, _parameter_table(levers, scenario))
    _heading(screen, "Value judgements: yours to make, never drawn")
    _show(screen, _parameter_table(values, scenario))


def _parameter_table(rows: Iterable[ParameterRow], scenario: Scenario) -> Table:
    table = _table("parameter", "value", "range", "unit")
    table.add_column("meaning")
    for row in rows:
        value = written(getattr(scenario.parameters, row.name))
        table.add_row(row.name, value, written_range(row.range), escape(row.unit), escape(row.meaning))
    return table
