"""What `donorlab robust` says: sentences made from its numbers by rules."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import pandas as pd

from donorlab.experiments import tables
from donorlab.experiments.outcomes import euros, percent
from donorlab.experiments.studies.information import Information
from donorlab.experiments.studies.objectives import BY_NAME, OBJECTIVES
from donorlab.experiments.studies.robust import OWN, WHAT, WHO, Answer, Judgement
from donorlab.experiments.studies.robustness import SHARE, regret
from donorlab.experiments.words import counted, in_lines, label

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

LIKELY: Final = ((0.99, "virtually certainly"), (0.95, "extremely likely"), (0.9, "very likely"), (0.66, "likely"))
"""Words for a share of resampled futures (Mastrandrea et al. 2010, the calibrated language of the IPCC)."""
SURE: Final = 0.9  # from which on a name stands in a claim
_NAMED: Final = 4  # designs that a sentence names
_SHOWN: Final = 8  # assumptions in the table


def likely(share: float) -> str:
    """Return how sure a share of resampled futures makes; empty where that is not even likely."""
    return next((words for least, words in LIKELY if share >= least), "")


def regret_table(answer: Answer) -> pd.DataFrame:
    """Return the regret of each design in each future, with its efficiency, a row a judgement, future and design."""
    parts = []
    for one in answer.judgements:
        lost = regret(one.worth)
        for name in answer.designs:
            columns = {"point": one.worth.index, "design": name, "value": one.worth[name].to_numpy()}
            more = {"regret": lost[name].to_numpy(), "good_enough": one.good[name].to_numpy()}
            parts.append(pd.DataFrame({"judgement": one.name, **columns, **more}))
    return pd.concat(parts, ignore_index=True)


# ---------------------------------------------------------------------- sentences
def sentences(answer: Answer) -> list[str]:
    """Return all that can be said, in order."""
    return [
        *answer.told,
        near(answer),
        spread(answer),
        *judged(answer),
        good(answer),
        worst(answer),
        order(answer),
        *many(answer),
        *known(answer),
    ]


def near(answer: Answer) -> str:
    """Return how far each design is from the best in 95 of 100 futures, the nearest first."""
    table = answer.of(answer.own.name).sort_values("regret_95", kind="stable")
    parts = [
        f"{label(name)} {in_points(row['regret_95'])} ({in_points(row['regret_95_low'])} to {in_points(row['regret_95_high'])}; "
        f"at most {in_points(row['regret_maximum'])})"
        for name, row in _some(table)
    ]
    return (
        f"Points of efficiency that a design lacks of the best of these {len(answer.designs)}, in 95 of 100 futures no more than: "
        f"{', '.join(parts)}{_left(table)}."
    )


def spread(answer: Answer) -> str:
    """Return which design is nearest to the best and how sure that is, and what luck adds."""
    own = answer.own.name
    nearest, chance = answer.nearest(own)
    sure, close = likely(chance), answer.score(own, nearest, "near_share")
    what = "the one that is never far from best" if close >= SHARE else "nearest to the best, though not always near"
    of = f"in {percent(chance)} of resampled futures"
    text = (
        f"So {label(nearest)} is {sure} {what} ({of})."
        if sure
        else f"Which of them is nearest to the best is open: {label(nearest)} is nearest only {of}."
    )
    text += f" It is within {in_points(answer.far)} points of the best in {percent(close)} of futures."
    if math.isnan(answer.luck):
        return text + " Each future has one seed, so that its luck is in all of these numbers."
    noise = answer.luck / math.sqrt(answer.replications)
    return (
        text
        + f" Luck of the seeds is part of it: it moves the lead of the first over the next by {in_points(noise)} points."
    )


def judged(answer: Answer) -> list[str]:
    """Return which design is nearest to the best under each value judgement."""
    found = []
    for kind, what in ((WHO, "other states or tasks count more"), (WHAT, "other objectives count")):
        names = [one.name for one in answer.judgements if one.kind == kind]
        if not names:
            continue
        by: dict[str, list[str]] = {}
        for name in names:
            nearest, chance = answer.nearest(name)
            short = name.removeprefix("efficiency, ")
            text = f"{short} ({in_points(answer.score(name, nearest, 'regret_95'))}{'' if chance >= SURE else '?'})"
            by.setdefault(nearest, []).append(text)
        parts = [
            f"{label(design)} is nearest to the best under {', '.join(under)}"
            for design, under in sorted(by.items(), key=lambda item: -len(item[1]))
        ]
        open_ = any("?" in text for texts in by.values() for text in texts)
        found.append(
            f"Where {what}: {'; '.join(parts)}. (Points within which it lies in 95 of 100 futures"
            + ("; ?: another may be nearer.)" if open_ else ".)")
        )
    return found


def good(answer: Answer) -> str:
    """Return in how many futures each design is good enough."""
    table = answer.of(answer.own.name).sort_values("good_share", ascending=False, kind="stable")
    parts = [f"{label(name)} in {percent(row['good_share'])}" for name, row in _some(table)]
    rules = " and ".join(rule.text for rule in answer.rules)
    return f"Good enough ({rules}): {', '.join(parts)} of futures{_left(table)}."


def worst(answer: Answer) -> str:
    """Return what is left in the worst futures; which design is ahead there is said only where the gap matters."""
    table = answer.of(answer.own.name).sort_values("worst_mean", ascending=False, kind="stable")
    parts = [f"{label(name)} {percent(row['worst_mean'])}" for name, row in _some(table)]
    gap = float(table["worst_mean"].iloc[0] - table["worst_mean"].iloc[1])
    verdict = (
        f"{label(str(table.index[0]))} is ahead there"
        if gap >= answer.smallest
        else "the first two are about the same there"
    )
    return f"Efficiency in the worst 5% of futures (mean): {', '.join(parts)}{_left(table)}; {verdict}."


def order(answer: Answer) -> str:
    """Return how firm the order of designs is."""
    own = answer.own.name
    one = answer.stability[own]
    names = [label(name) for name in one.order]
    first = one.order[0]
    return (
        f"Order by mean efficiency: {', '.join(names)}; the same in {percent(one.same)} of resampled futures. Futures agree by "
        f"W = {one.concordance:.2f} (1: the same order in all, 0: none); {label(first)} is best in "
        f"{percent(answer.score(own, first, 'best_share'))} of them, and ahead of all others by {in_points(answer.smallest)} "
        f"points in {percent(answer.score(own, first, 'clear_share'))}."
    )


def many(answer: Answer) -> list[str]:
    """Return what the front says."""
    table = answer.pareto.set_index("design")
    over = table[table["dominated_by"] != ""]
    names = ", ".join(one.label for one in OBJECTIVES)
    found = []
    if over.empty:
        found.append(
            f"By {names} none of the {len(table)} is dominated beyond noise: which one to take depends on what counts."
        )
    else:
        parts = [
            f"{label(str(name))} (by {', '.join(map(label, row['dominated_by'].split(', ')))})"
            for name, row in over.iterrows()
        ]
        found.append(f"By {names}, no better in any and worse in some, beyond noise: {'; '.join(map(str, parts))}.")
    weights = table["best_under_weights"].sort_values(ascending=False)
    weights = weights[weights > 0.005]
    found.append(
        "Of all weights on the five, "
        + ", ".join(f"{label(str(name))} is best under {percent(share)}" for name, share in weights.items())
        + " (points of each count alike, which is an assumption)."
    )
    four = table["best_without_autonomy"].sort_values(ascending=False)
    found.append(
        "Of all weights on the other four, autonomy aside, "
        + ", ".join(f"{label(str(name))} under {percent(share)}" for name, share in four[four > 0.005].items())
        + "."
    )
    return found


def known(answer: Answer) -> list[str]:
    """Return what knowing single assumptions would be worth."""
    if not answer.information:
        return []
    one = answer.information[answer.own.name]
    money = answer.own.measured.money_m
    found = [_worth(one, money)]
    ceiling = f"Knowing all of the future, luck included, would be worth {in_points(one.everything)} points"
    if not math.isnan(one.assumptions):
        ceiling += f"; all assumptions without the luck, at least {in_points(max(0.0, one.assumptions))}"
    found.append(f"{ceiling}. Without knowing more, one takes {label(one.chosen)}.")
    others = {
        name: other
        for name, other in answer.information.items()
        if name != answer.own.name and other.table["told"].any()
    }
    if others:
        parts = [
            f"{name}: {label(other.table['assumption'].iloc[0])} ({in_points(other.table['value'].iloc[0])})"
            for name, other in others.items()
        ]
        found.append(f"Worth knowing most under other value judgements, points: {'; '.join(parts)}.")
    return found


def _worth(one: Information, money: float) -> str:
    told = one.table[one.table["told"]]
    if told.empty:
        first = one.table.iloc[0]
        return (
            f"No single assumption, if it were known, would change the choice by more than chance can feign; the most, "
            f"{label(first['assumption'])}, seems worth {in_points(first['value'])} points ({in_points(first['low'])} to "
            f"{in_points(first['high'])})."
        )
    first = told.iloc[0]
    most = told.sort_values("changes", ascending=False, kind="stable").iloc[0]
    text = (
        f"Worth knowing most: {label(first['assumption'])}, {in_points(first['value'])} points ({in_points(first['low'])} to "
        f"{in_points(first['high'])}), as much as {euros(first['value'] * money)} of the {euros(money)} of a run; it would "
        f"change the choice from {label(one.chosen)}, mostly to {label(first['to'])}, in {percent(first['changes'])} of futures, "
        f"and gain {in_points(first['when_changed'])} points there."
    )
    if most["assumption"] != first["assumption"]:
        text += f" Most often, in {percent(most['changes'])}, {label(most['assumption'])} would change it."
    others = told.iloc[1:5]
    if len(others):
        parts = [f"{label(row['assumption'])} ({in_points(row['value'])})" for row in others.to_dict("records")]
        text += f" Then {', '.join(parts)}."
    rest = len(one.table) - len(told)
    return text + (f" The other {rest} are not told from chance." if rest else "")


def in_points(value: float) -> str:
    """Return a share in points, one decimal; two where that would be 0."""
    number = 100 * float(value)
    return f"{number:.2f}" if 0.005 <= abs(number) < 0.05 else f"{number:.1f}"


def _some(table: pd.DataFrame) -> list[tuple[str, pd.Series[float]]]:
    return [(str(name), row) for name, row in table.head(_NAMED).iterrows()]


def _left(table: pd.DataFrame) -> str:
    return f", the other {len(table) - _NAMED} less well" if len(table) > _NAMED else ""


# ---------------------------------------------------------------------- screen
def show(screen: Console, answer: Answer, reads: bool) -> None:
    """Print tables and sentences."""
    screen.print(_of_designs(answer))
    for names in tables.abreast(answer.designs):
        screen.print(_of_judgements(answer, names))
    screen.print(_of_objectives(answer))
    if answer.information:
        screen.print(_of_information(answer))
    for text in sentences(answer):
        screen.print(f"- {text}", soft_wrap=True, highlight=False)
    if reads:
        screen.print(
            "- Runs that are there hold one view of who counts: other ones need runs of their own, without from=.",
            highlight=False,
        )


def _of_designs(answer: Answer) -> Table:
    table = tables.table()
    table.title = f"Efficiency over {len(answer.own.worth)} futures, {answer.own.name.removeprefix('efficiency, ')}"
    heads = (
        "",
        "mean",
        "worst\n5%",
        "worst",
        "lacks\nmean",
        "lacks in\n95% of\nfutures",
        "lacks\nat most",
        "best\nin",
        "good\nenough",
    )
    for at, head in enumerate(heads):
        table.add_column(head, justify="right" if at else "left", no_wrap=True)
    for name, row in answer.of(answer.own.name).iterrows():
        between = f"{in_points(row['regret_95_low'])}-{in_points(row['regret_95_high'])}"
        table.add_row(
            in_lines(str(name)), *(f"{100 * row[key]:.1f}%" for key in ("mean", "worst_mean", "minimum")),
            in_points(row["regret_mean"]), f"{in_points(row['regret_95'])} ({between})", in_points(row["regret_maximum"]),
            percent(row["best_share"]), percent(row["good_share"]),
        )  # fmt: skip
    table.caption = (
        "Lacks: points of the best of these designs in the same future. In brackets: 95%, futures resampled."
    )
    table.caption_justify = "left"
    return table


def _of_judgements(answer: Answer, names: Sequence[str]) -> Table:
    table = tables.table()
    table.title = "Points that a design lacks of the best in 95% of futures, by value judgement"
    table.add_column("", no_wrap=True)
    for name in names:
        table.add_column(in_lines(name), justify="right")
    table.add_column("futures", justify="right")
    for one in answer.judgements:
        nearest, chance = answer.nearest(one.name)
        mark = "*" if chance >= SURE else "?"
        table.add_row(
            one.name,
            *(
                in_points(answer.score(one.name, name, "regret_95")) + (mark if name == nearest else " ")
                for name in names
            ),
            str(len(one.worth)),
        )
    table.caption = (
        f"* nearest in {percent(SURE)} of resampled futures or more; ? nearest, but another may be. "
        "Last rows: weighted sums."
    )
    table.caption_justify = "left"
    return table


def _of_objectives(answer: Answer) -> Table:
    table = tables.table()
    table.title = "Five objectives, means over futures"
    table.add_column("", no_wrap=True)
    for one in OBJECTIVES:
        table.add_column(in_lines(one.label), justify="right")
    table.add_column("dominated by")
    for row in answer.pareto.to_dict("records"):
        cells = [percent(row[one.name] if BY_NAME[one.name].more else -row[one.name]) for one in OBJECTIVES]
        table.add_row(
            in_lines(row["design"]),
            *cells,
            label(row["dominated_by"]) or ("" if row["on_front"] else "not beyond noise"),
        )
    return table


def _of_information(answer: Answer) -> Table:
    one = answer.information[answer.own.name]
    table = tables.table()
    table.title = f"What knowing one assumption would be worth to who takes {label(one.chosen)}"
    for at, head in enumerate(("", "points", "95%", "EUR m", "changes\nthe choice", "to", "chance")):
        table.add_column(head, justify="right" if at and at != 5 else "left", no_wrap=True)
    for row in one.table.head(_SHOWN).to_dict("records"):
        table.add_row(
            label(row["assumption"]) + (" *" if row["told"] else ""), in_points(row["value"]),
            f"{in_points(row['low'])}-{in_points(row['high'])}", f"{row['value'] * answer.own.measured.money_m:.1f}",
            percent(row["changes"]) if row["told"] else "", label(row["to"]) if row["told"] else "", f"{row['chance']:.2f}",
        )  # fmt: skip
    table.caption = (
        f"* told from chance. Chance: how often one of all {len(one.table)} seems worth as much where futures "
        "are shuffled."
    )
    table.caption_justify = "left"
    return table


def judgement_names(judgements: Sequence[Judgement]) -> list[str]:
    """Return the names of value judgements as they stand beside a figure."""
    return [one.name if one.kind != OWN or len(judgements) < 2 else f"{one.name} (as set)" for one in judgements]


def futures_of(answer: Answer) -> str:
    """Return how many futures there are, in words."""
    return counted(len(answer.own.worth), "future")
