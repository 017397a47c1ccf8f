"""What ``ignorance`` prints: a table of donors, what the first few remove, and sentences that follow from tested rules."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Final

import pandas as pd
from rich.console import Console
from rich.table import Table

from donorlab.experiments import tables
from donorlab.experiments.words import counted

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
        "time, and shows all members what is reported. Efficiency in points. What is not paid twice is spent elsewhere."
    )
    screen.print(f"[dim]{note}[/]", highlight=False)
    screen.print(
        f"\n[bold]If those at the top of the table report[/], and nobody else (mean of {counted(seeds, 'fresh seed')})"
    )
    screen.print(left(curve))
    screen.print("\n[bold]In words[/]")
    for text in sentences(found, curve, report):
        lines = textwrap.wrap(
            text, screen.width - 1, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False
        )
        screen.print("\n".join(lines), highlight=False, markup=False)


def prices(found: pd.DataFrame) -> Table:
    """Return the table of prices."""
    table = tables.table()
    table.add_column("who reports")
    for head in ("money", "not paid twice", "95%", "share of all", "efficiency"):
        table.add_column(head, justify="right")
    for row in found.to_dict("records"):
        low, high = float(row["saved_m_low"]), float(row["saved_m_high"])
        table.add_row(
            str(row["player"]),
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
    table.add_column("the first", justify="right")
    table.add_column("adding")
    for head in ("still paid twice", "removed of all that can be", "efficiency"):
        table.add_column(head, justify="right")
    for row in curve.to_dict("records"):
        table.add_row(
            str(row["reporters"]),
            str(row["last"]),
            f"{row['paid_twice_m']:.1f}",
            "" if math.isnan(row["removed"]) else f"{row['removed']:z.0%}",
            f"{100 * row['efficiency']:.1f}%",
        )
    return table


def sentences(found: pd.DataFrame, curve: pd.DataFrame, report: str) -> list[str]:
    """Return what was found, in plain words."""
    nobody, everybody = (float(curve["paid_twice_m"].iloc[i]) for i in (0, -1))
    if nobody <= 0:
        return ["Nothing is paid twice here even if nobody reports: there is nothing to save."]
    texts = [
        f"If nobody reports, EUR {nobody:.1f}m a year are paid twice; if all {len(found)} in the table report their {report}, "
        f"EUR {everybody:.1f}m."
    ]
    if everybody >= nobody:
        return [*texts, f"So {report} in a register remove nothing here."]
    few = min(FEW, len(found) - 1)
    removed = float(curve["removed"].iloc[few])
    names = ", ".join(str(name) for name in found["player"].iloc[:few])
    most = "most" if removed > MOST else "less than half" if removed < MOST else "half"
    texts.append(
        f"The {report} of {few} ({names}) remove {most} of what reporting can remove: {removed:.0%}"
        + ("." if removed > MOST else f"; it takes {_needed(curve)} to remove more than half.")
    )
    top = found.iloc[0]
    texts.append(
        f"Worth most are the {report} of {top['player']}: EUR {top['saved_m']:.2f}m a year, {top['saved_share']:.0%} of all, with "
        f"{top['budget_share']:.0%} of the money."
    )
    unsure = found[(found["saved_m_low"] <= 0) & (found["saved_m_high"] >= 0)]
    if len(unsure):
        texts.append(f"Not told from nothing (95%): {', '.join(str(name) for name in unsure['player'])}.")
    return texts


def _needed(curve: pd.DataFrame) -> int:
    """Return the least number of reporters that remove more than half."""
    return int(curve.loc[curve["removed"] > MOST, "reporters"].min())
