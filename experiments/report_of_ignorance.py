"""What ``ignorance`` prints: a table of donors, what the first few remove, and sentences that follow from tested rules."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

import pandas as pd
from rich.console import Console
from rich.table import Table

from donorlab.experiments import tables
from donorlab.experiments.words import counted, money

FEW: Final = 5  # 'five donors' plans remove most of it', or not
MOST: Final = 0.5


def show(
    screen: Console,
    found: pd.DataFrame,
    curve: pd.DataFrame,
    report: str,
    pairs: int,
    seeds: int,
    settings: Sequence[str],
) -> None:
    """Print everything; ``found`` and ``curve`` are of `reporters`."""
    screen.print(f"You set: {', '.join(settings) or 'nothing'}.", highlight=False, markup=False)
    screen.print(f"\n[bold]What is not paid twice if a donor reports its {report}[/] (EUR m a year)")
    screen.print(prices(found))
    noise = "one pair of orders, so that chance is not told" if pairs < 2 else f"{pairs} pairs of orders, 95% interval"
    note = (
        f"Mean contribution over the orders in which donors begin to report (Shapley value): {noise}. The register is free, in "
        "time, and shows all members what is reported. Efficiency in points. What is not paid twice is spent elsewhere. A group "
        "is all its donors together."
    )
    screen.print(f"[dim]{note}[/]", highlight=False)
    screen.print(
        f"\n[bold]If those at the top of the table report[/], and nobody else (mean of {counted(seeds, 'fresh seed')})"
    )
    screen.print(left(curve))
    over = "" if seeds < 2 else "; 95% interval over these seeds"
    screen.print(
        f"[dim]Single donors first, by what their reports are worth, then groups, all of whose donors report at once{over}.[/]",
        highlight=False,
    )
    screen.print("\n[bold]In words[/]")
    for text in sentences(found, curve, report):
        lines = textwrap.wrap(
            text, screen.width - 1, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False
        )
        screen.print("\n".join(lines), highlight=False, markup=False)


def prices(found: pd.DataFrame) -> Table:
    """Return the table of prices."""
    table = tables.table()
    table.add_column("donors and groups")
    for head in ("donors", "money", "not paid twice", "95%", "share of all", "efficiency"):
        table.add_column(head, justify="right")
    for row in found.to_dict("records"):
        low, high = float(row["saved_m_low"]), float(row["saved_m_high"])
        table.add_row(
            str(row["player"]),
            str(row["count"]),
            f"{row['budget_m']:.1f}",
            f"{row['saved_m']:z.2f}",
            "" if math.isnan(low) else f"{low:z.2f} to {high:z.2f}",
            "" if math.isnan(row["saved_share"]) else f"{row['saved_share']:z.0%}",
            f"{100 * row['efficiency']:+.2f}",
        )
    return table


def left(curve: pd.DataFrame) -> Table:
    """Return the table of what is left."""
    table = tables.table()
    table.add_column("donors", justify="right")
    table.add_column("adding")
    for head in ("still paid twice", "removed of what all remove", "95%", "efficiency"):
        table.add_column(head, justify="right")
    for row in curve.to_dict("records"):
        table.add_row(
            str(row["donors"]),
            str(row["last"]),
            money(row["paid_twice_m"]).removesuffix("m"),
            "" if math.isnan(row["removed"]) else f"{row['removed']:z.0%}",
            "" if math.isnan(row["removed_low"]) or not row["donors"] else _interval(row),
            f"{100 * row['efficiency']:.1f}%",
        )
    return table


def _interval(row: Mapping[Hashable, Any]) -> str:
    return f"{row['removed_low']:z.0%} to {row['removed_high']:z.0%}"


def first_few(found: pd.DataFrame) -> int:
    """Return how many single donors 'the first few' are: five, or all that stand alone; never everybody."""
    return min(FEW, int((found["count"] == 1).sum()), len(found) - 1)


def sentences(found: pd.DataFrame, curve: pd.DataFrame, report: str) -> list[str]:
    """Return what was found, in plain words; who is counted are donors."""
    nobody, everybody = (float(curve["paid_twice_m"].iloc[i]) for i in (0, -1))
    if nobody <= 0:
        return ["Nothing is paid twice here even if nobody reports: there is nothing to save."]
    donors = int(found["count"].sum())
    texts = [
        f"If nobody reports, EUR {money(nobody)} a year are paid twice; if all {donors} donors in the table report their {report}, "
        f"EUR {money(everybody)}."
    ]
    if everybody >= nobody:
        return [*texts, f"So {report} in a register remove nothing here."]
    few = first_few(found)
    if few:
        texts.append(_few(found, curve, report, few, donors))
    if float(curve["removed"].max()) > 1.005:
        beyond = bool((curve["removed_low"] > 1).any())
        texts.append(
            "A share above 100% means that fewer reporters leave less paid twice than all of them do, "
            + (
                "here beyond chance: what is not paid twice is spent elsewhere, where others may be."
                if beyond
                else "here not told from chance."
            )
        )
    for single, who in ((found["count"] == 1, "single donors"), (found["count"] > 1, "groups")):
        if single.any():
            top = found[single].iloc[0]
            texts.append(
                f"Of {who}, worth most are the {report} of {top['player']}: EUR {money(top['saved_m'], 2)} a year, "
                f"{top['saved_share']:.0%} of all, with {top['budget_share']:.0%} of the money."
            )
    if float(found["saved_share"].max()) > 1:
        texts.append("A donor's share of all is above 100% where the reports of others add to what is paid twice.")
    unsure = found[(found["saved_m_low"] <= 0) & (found["saved_m_high"] >= 0)]
    if len(unsure):
        texts.append(f"Not told from nothing (95%): {', '.join(str(name) for name in unsure['player'])}.")
    return texts


def _few(found: pd.DataFrame, curve: pd.DataFrame, report: str, few: int, donors: int) -> str:
    """Return whether the reports of a few single donors remove most of what can be removed, and whether chance leaves that open."""
    row = curve.iloc[few]
    removed, low, high = (float(row[key]) for key in ("removed", "removed_low", "removed_high"))
    names = ", ".join(str(name) for name in found["player"].iloc[:few])
    most = "most" if removed > MOST else "less than half" if removed < MOST else "half"
    text = f"The {report} of {few} of {donors} donors ({names}) remove {most} of what all reports remove: {removed:.0%}"
    if math.isnan(low):
        text += ", in one seed"
    elif low <= MOST <= high:
        text += f" ({low:.0%} to {high:.0%}, not told from half)"
    else:
        text += f" ({low:.0%} to {high:.0%})"
    if removed > MOST:
        return text + "."
    needed = curve[curve["removed"] > MOST].iloc[0]
    group = "" if needed["donors"] - curve["donors"].iloc[int(needed["reporters"]) - 1] == 1 else "at most "
    return text + f"; in this order it takes {group}{int(needed['donors'])} donors to remove more than half."
