"""What ``buys`` prints: what EUR 10m of each donor buys, how it works, accession beside the real dates.

Sentences follow from rules.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from donorlab.experiments import accession, tables
from donorlab.experiments.purchases import MEASURES, TEN, WAYS, Pair
from donorlab.experiments.words import counted
from donorlab.sim.setup import yearly_budgets

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from donorlab.experiments.buys import Accessions
    from donorlab.sim.scenario import Scenario

PILLARS: Final = ("legal", "technical", "organisational", "capacity_development", "cooperation")
APART: Final = 0.25
"""Share of tasks by which what is delivered may differ from the mandate before it is told."""
_MONEY: Final = ("money_m", "cost_a_task_m", "cost_a_sustained_task_m")
_NUMBERS: Final = ("projects", "states")
_DECIMALS: Final[Mapping[str, int]] = {"tasks": 1, "fine": 1, "hundredths": 2, "states": 2}


def show(
    screen: Console,
    world: Scenario,
    who: Pair,
    found: pd.DataFrame,
    booked: pd.DataFrame,
    contest: pd.DataFrame | None,
    joining: Accessions | None,
    settings: Sequence[str],
    seeds: int,
) -> None:
    """Print everything; the frames are of `purchases` and `buys`."""
    screen.print(f"You set: {', '.join(settings) or 'nothing'}.", highlight=False, markup=False)
    others = int((yearly_budgets(world) > 0).sum()) - 2
    beside = "nobody else gives anything" if not others else f"{counted(others, 'other donor')} beside them"
    first, second = (
        f"{who.ids[i]} EUR {who.central[i]:.1f}m a year (range {who.low[i]:.1f} to {who.high[i]:.1f})" for i in (0, 1)
    )
    told = f"{world.title}: {first}, {second}; {beside}. Architecture: {world.architecture}."
    screen.print(told, highlight=False, markup=False)
    years = world.parameters.wind_down / 4
    screen.print(f"\n[bold]What EUR {TEN:g}m buys[/], alone ({years:g} years after the money stops)")
    screen.print(bought(found, who, contest))
    noise = (
        "± seed noise (one standard deviation, chance only)" if seeds > 1 else "one seed, so that chance is not told"
    )
    ranges = (
        "" if contest is None else "; range: 5% to 95% of the futures, in which the money of the two is drawn as well"
    )
    note = (
        f"Paired difference to a world without either; {noise}{ranges}. Tasks: of the pillars' lists, that stand; value: of "
        "all tasks, by users and pillar; ownership, votes (position in the General Assembly): means of all states; accessions: "
        "expected number. Below 0: more without the donor, since projects eat the administration that states use for work of "
        "their own."
    )
    screen.print(f"[dim]{note}{_least(contest, who)}[/]", highlight=False)
    screen.print(f"\n[bold]The same in other circumstances[/] (EUR {TEN:g}m, central values)")
    screen.print(circumstances(found, who))
    screen.print("[dim]Added: to the other one. All the money: alone, with the money of both.[/]", highlight=False)
    screen.print("\n[bold]How each works[/] (its own projects, with both)")
    screen.print(how(booked, who))
    if joining is not None:
        screen.print("\n[bold]Accession to the Budapest Convention[/], read off the runs with both")
        if joining.unjudged:
            screen.print(f"[bold]Not judged: {joining.unjudged}.[/]", highlight=False)
        screen.print(lines(joining.lines))
        screen.print(_nulls(joining.nulls))
        screen.print(f"[dim]{_frozen(joining)}[/]", highlight=False)
    screen.print("\n[bold]In words[/]")
    fixed = by_construction(world, others, joining is not None)
    for text in sentences(found, who, booked, contest, joining, seeds, fixed):
        wrapped = textwrap.wrap(
            text, screen.width - 1, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False
        )
        screen.print("\n".join(wrapped), highlight=False, markup=False)


def by_construction(world: Scenario, others: int, watched: bool) -> list[str]:
    """Return what could hardly have come out otherwise, whatever was drawn.

    Parameters
    ----------
    world : the scenario; others : number of donors with money beside the two
    watched : whether accession is read off the runs
    """
    texts = []
    if world.mechanisms.ownership == "alignment" and not others:
        texts.append(
            "By construction ownership can hardly rise here, and who sets no conditions stays at 0: in the default form aid "
            "becomes a state's own only where it could choose between donors' offers, and there is one donor, or two. That is "
            "no finding; mechanism.ownership=alignment_alone has it otherwise."
        )
    if watched:
        texts.append("By construction accessions follow law and votes alone, so that who works on law buys them.")
    return texts


def _least(contest: pd.DataFrame | None, who: Pair) -> str:
    """Return what the column of futures counts."""
    if contest is None or not len(contest):
        return ""
    by = {str(row["measure"]): float(row["least"]) for row in contest.to_dict("records")}
    parts = [
        f"{by[measure]:.{decimals}f} {unit}"
        for measure, decimals, unit in (
            (next((name for name in PILLARS if name in by), ""), 1, "tasks of a pillar"),
            ("tasks", 1, "of all"),
            ("value", 1, "of value or ownership"),
            ("norms", 3, "of votes"),
            ("accessions", 2, "accessions"),
        )
        if measure in by
    ]
    return (
        f" Futures (one seed each): how often the same money of {who.first} buys more, neither, that of {who.second} more; more "
        f"is what changes one average state by the smallest difference or more ({', '.join(parts)})."
    )


def _frozen(joining: Accessions) -> str:
    blind = (
        "what was found knows no project after 2012"
        if joining.blind
        else "what was found knows what the scenario knows"
    )
    beside = (
        "; 'all' knows where projects went later, which may have followed the wish to accede, and decides nothing"
        if joining.blind
        else ""
    )
    return (
        f"Rule and demands were frozen before the first run (accession.yaml, hash {accession.frozen().digest[:8]}); "
        f"{blind}{beside}. "
        "Brier score: mean squared error, 0 is perfect. Real dates: budapest.csv."
    )


# ---------------------------------------------------------------------- tables
def written(value: float, measure: str) -> str:
    """Return what EUR 1m buys of a measure as what `TEN` do, with its sign."""
    if math.isnan(value):
        return "-"
    text = f"{TEN * value:+.{_DECIMALS[MEASURES[measure][0]]}f}"
    return text if float(text) != 0 else text[1:]


def _rows(found: pd.DataFrame, way: str) -> dict[tuple[str, str], dict[Any, Any]]:
    part = found[found["way"] == way]
    return {(str(row["donor"]), str(row["measure"])): row for row in part.to_dict("records")}


def bought(found: pd.DataFrame, who: Pair, contest: pd.DataFrame | None) -> Table:
    """Return the table of what each buys alone."""
    table, rows = tables.table(), _rows(found, "alone")
    table.add_column("tasks of", no_wrap=True)
    for name in who.ids:
        table.add_column(name, justify="right", no_wrap=True)
        if contest is not None:
            table.add_column("range", justify="right", no_wrap=True)
    if contest is not None:
        table.add_column("futures\n1st/=/2nd", justify="right", no_wrap=True)
    counts = {str(row["measure"]): row for row in contest.to_dict("records")} if contest is not None else {}
    for measure, (unit, words) in MEASURES.items():
        if (who.first, measure) not in rows or all(math.isnan(rows[name, measure]["per_million"]) for name in who.ids):
            continue
        cells = []
        for name in who.ids:
            row = rows[name, measure]
            noise = TEN * float(row["seed_noise"])
            error = "" if math.isnan(noise) else f" [dim]±{noise:.{_DECIMALS[unit]}f}[/]"
            cells.append(f"{written(float(row['per_million']), measure)}{error}")
            if counts:
                cells.append(" to ".join(written(float(row[end]), measure) for end in ("range_low", "range_high")))
        if counts:
            row = counts.get(measure, {})
            cells.append("/".join(str(row.get(name, "-")) for name in ("first_more", "neither", "second_more")))
        table.add_row(words, *cells)
    return table


def circumstances(found: pd.DataFrame, who: Pair) -> Table:
    """Return the table of the three ways beside each other."""
    table = tables.table()
    table.add_column("")
    for way in WAYS:
        for name in who.ids:
            table.add_column(f"{name}\n{way}", justify="right", no_wrap=True)
    by_way = {way: _rows(found, way) for way in WAYS}
    for measure in ("legal", "technical", "tasks", "value", "accessions"):
        if (who.first, measure) not in by_way["alone"]:
            continue
        values = [float(by_way[way][name, measure]["per_million"]) for way in WAYS for name in who.ids]
        if not all(math.isnan(value) for value in values):
            table.add_row(MEASURES[measure][1], *(written(value, measure) for value in values))
    return table


def how(booked: pd.DataFrame, who: Pair) -> Table:
    """Return the table of how each works."""
    table = tables.table()
    table.add_column("")
    for name in who.ids:
        table.add_column(name, justify="right")
    for row in booked.to_dict("records"):
        measure = str(row["measure"])
        table.add_row(str(row["words"]), *(_booked(float(row[name]), measure) for name in who.ids))
    return table


def _booked(value: float, measure: str) -> str:
    if math.isnan(value):
        return "-"
    if measure in _MONEY or measure == "alignment":
        return f"{value:.2f}"
    return f"{value:.0f}" if measure in _NUMBERS else f"{100 * value:.1f}%"


def lines(found: pd.DataFrame) -> Table:
    """Return the table of the frozen demands: the first forecast, judged or not, and that with all that is known."""
    table = tables.table()
    first = found["label"] == found["label"].iloc[0]
    other = {str(row["id"]): row for row in found[~first].to_dict("records")}
    judged = bool(found["judged"].any())
    table.add_column("demanded" if judged else "would be demanded, not judged here", ratio=1)
    for head in ("found", "against", *(("holds",) if judged else ()), *(("all",) if other else ())):
        table.add_column(head, justify="right", no_wrap=True)
    for row in found[first].to_dict("records"):
        beside = other.get(str(row["id"]))
        verdict = ("yes" if row["holds"] else "NO") + (",\non the limit" if row["limit"] else "") if judged else ""
        table.add_row(
            str(row["demanded"]),
            _plain(float(row["found"])),
            _plain(float(row["against"])),
            *((verdict,) if judged else ()),
            *(() if beside is None else (_plain(float(beside["found"])),)),
        )
    return table


def _plain(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1f}" if abs(value) >= 2 else f"{value:.3f}"


def _nulls(scores: Mapping[str, float]) -> Table:
    table = tables.table()
    table.add_column("Brier score of")
    table.add_column("", justify="right")
    for name, value in sorted(scores.items(), key=lambda item: item[1]):
        table.add_row(f"[bold]{name}[/]" if name == "the model" else name, f"{value:.3f}")
    return table


# ---------------------------------------------------------------------- words
def sentences(
    found: pd.DataFrame,
    who: Pair,
    booked: pd.DataFrame,
    contest: pd.DataFrame | None,
    joining: Accessions | None,
    seeds: int,
    fixed: Sequence[str] = (),
) -> list[str]:
    """Return what was found, in plain words; ``seeds`` is the number of replications, ``fixed`` of `by_construction`."""
    rows = _rows(found, "alone")

    def worth(name: str, measure: str) -> float:
        return TEN * float(rows[name, measure]["per_million"])

    def unsure(name: str, measure: str) -> str:
        error = TEN * float(rows[name, measure]["standard_error"])
        chance = math.isnan(error) or abs(worth(name, measure)) <= tables.sure(seeds) * error
        return " (not told from chance)" if chance else ""

    texts = []
    for name in who.ids:
        there = [measure for measure in PILLARS if (name, measure) in rows]
        best = max(there, key=lambda measure: worth(name, measure))
        less = [MEASURES[measure][1] for measure in there if worth(name, measure) < -0.05]
        whole = worth(name, "tasks")
        text = (
            f"EUR {TEN:g}m of {name} buys {worth(name, best):.1f} tasks of {MEASURES[best][1]}{unsure(name, best)}; in all, net, "
            f"{abs(whole):.1f} {'more' if whole > 0 else 'fewer'} stand than without it{unsure(name, 'tasks')}"
        )
        texts.append(f"{text}: there are fewer of {_and(less)}." if less else f"{text}.")
    if contest is not None:
        counts = {str(row["measure"]): row for row in contest.to_dict("records")}
        told = [
            f"{MEASURES[measure][1]} {row['first_more']} to {row['second_more']}, {row['neither']} neither"
            for measure in ("legal", "technical", "tasks", "value", "ownership", "accessions")
            if (row := counts.get(measure)) is not None
        ]
        texts.append(
            f"Futures in which the same money of {who.first} buys more than that of {who.second}, and the other way round: "
            f"{'; '.join(told)}."
        )
    texts += [*fixed, *_work(booked, who)]
    if joining is not None:
        texts += _joined(joining)
    return texts


def _work(booked: pd.DataFrame, who: Pair) -> list[str]:
    rows = {str(row["measure"]): row for row in booked.to_dict("records")}
    texts = []
    for name in who.ids if "legal_mandate" in rows else ():
        done, mandate = (float(rows[f"legal_{part}"][name]) for part in ("share", "mandate"))
        if abs(done - mandate) > APART:
            texts.append(
                f"{name} delivers {100 * done:.0f}% law, with {100 * mandate:.0f}% law in its mandate: a donor of the model that "
                "has little money for many states stays with what it wants most. Shares of pillars say less than sums."
            )
    cost = {name: float(rows["cost_a_sustained_task_m"][name]) for name in who.ids}
    if not any(math.isnan(value) for value in cost.values()):
        parts = [
            f"{name} EUR {cost[name]:.2f}m ({100 * float(rows['sustained_share'][name]):.0f}% of what it delivers lasts)"
            for name in sorted(cost, key=lambda name: -cost[name])
        ]
        texts.append(f"A task of its own that stands at the end costs {' and '.join(parts)}.")
    if all(float(rows["duplicated_share"][name]) < 0.005 for name in who.ids):
        texts.append("They hardly ever pay for the same task.")
    return texts


def _joined(joining: Accessions) -> list[str]:
    judged, states = joining.lines[joining.lines["judged"]], joining.states
    first = joining.lines[joining.lines["label"] == joining.lines["label"].iloc[0]]
    verdicts = states["verdict"].value_counts()
    real = states[states["real_year"].notna()]
    few, middle, many = (joining.expected[wait] for wait in sorted(joining.expected, reverse=True))
    area, number, score = joining.without
    mine = float(first.loc[first["id"] == "ranks", "found"].iloc[0])
    printed = int(real["evidence"].str.startswith("found").sum())
    held = (
        f"{int(judged['holds'].sum())} of {len(judged)} demands hold"
        if len(judged)
        else f"not judged: {joining.unjudged}"
    )
    limit = [str(name) for name in judged.loc[judged["limit"], "id"]]
    if limit:
        held += f"; on the limit, so that other seeds can turn it: '{_and(limit)}'"
    texts = [
        f"Accession: {held}. By the end of {joining.last} {len(real)} of {len(states)} states that were "
        f"no parties acceded ({printed} with a date that was found); the model expects {middle:.1f} ({few:.1f} to {many:.1f} over "
        "the range of the wait).",
        f"In the world without either donor: {number:.1f} expected, area {area:.3f}, Brier score {score:.3f}. What differs from "
        "that is what the two add to the forecast.",
        f"Law and votes of January 2013 just added up, without a model, order the states "
        f"{'better' if joining.added_up > mine else 'no better'} (area {joining.added_up:.3f} against {mine:.3f}).",
        f"State by state: {verdicts.get('hit', 0)} accessions foreseen, {verdicts.get('missed', 0)} missed, "
        f"{verdicts.get('false alarm', 0)} false alarms, {verdicts.get('hit: stayed out', 0)} rightly left out.",
    ]
    both = states[states["verdict"] == "hit"]
    if len(both):
        told = [
            f"{row['name']} {row['year_of_half']:.0f} for {row['real_year']:.0f}" for row in both.to_dict("records")
        ]
        texts.append(f"Years, found for real: {', '.join(told)}.")
    for verdict, words in (("missed", "Missed"), ("false alarm", "False alarms")):
        rows = states[states["verdict"] == verdict]
        if len(rows):
            texts.append(f"{words}: {', '.join(rows['name'])}.")
    near = states.loc[(states["verdict"] == "false alarm") & (states["status_2025"] != ""), "name"]
    if len(near):
        texts.append(
            f"Of the false alarms these are invited, have signed, or joined after {joining.last}: {', '.join(near)}."
        )
    own = joining.nulls["the model"]
    better = [name for name, value in joining.nulls.items() if name != "the model" and value < own]
    texts.append(
        f"By the Brier score these do better than the model: {'; '.join(better)}."
        if better
        else "By the Brier score no forecast without a model does better."
    )
    return texts


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
