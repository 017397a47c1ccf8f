"""The loss waterfall of a comparison: cents of each euro by architecture, in both orders, and over assumptions; harm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from donorlab.experiments.tables import abreast, names_in, table
from donorlab.experiments.words import counted, in_lines, label
from donorlab.sim.outcomes.waterfall import BARS

if TYPE_CHECKING:
    from rich.table import Table

    from donorlab.experiments.comparison import Study

LABELS: Final[dict[str, str]] = dict(BARS)
REORDERED: Final = (
    "duplication_ignorance",
    "duplication_race",
    "non_compliance",
    "failure",
    "pipeline",
    "congestion",
)
"""Bars that depend on what a payment is charged to first: that it was paid twice, or that nothing came of it."""


def summarise(waterfalls: pd.DataFrame, draws: pd.DataFrame | None) -> pd.DataFrame:
    """Return a row a bar and architecture.

    Parameters
    ----------
    waterfalls : a row a replication: architecture, seed, ``to_BAR``, ``reverse_BAR``
    draws : a row a draw, with the same columns; None without an ensemble

    Returns
    -------
    DataFrame
        bar, label, architecture, share (of all appropriations, mean of replications), seed_noise, reverse (the share
        in the reverse order), range_low and range_high (5% and 95% of the draws)
    """
    rows: list[dict[str, Any]] = []
    for bar, words in BARS:
        for name in names_in(waterfalls):
            part = waterfalls[waterfalls["architecture"] == name]
            row: dict[str, Any] = {"bar": bar, "label": words, "architecture": name}
            row["share"] = part[f"to_{bar}"].mean(skipna=False)
            row["seed_noise"] = part[f"to_{bar}"].std(ddof=1, skipna=False) if len(part) > 1 else math.nan
            row["reverse"] = part[f"reverse_{bar}"].mean(skipna=False)
            if draws is not None:
                futures = draws.loc[draws["architecture"] == name, f"to_{bar}"]
                row["range_low"], row["range_high"] = futures.quantile(0.05), futures.quantile(0.95)
            rows.append(row)
    return pd.DataFrame(rows)


def harmed(waterfalls: pd.DataFrame) -> dict[str, int]:
    """Return in how many runs of each architecture welfare fell below that without aid."""
    return {
        name: int((waterfalls.loc[waterfalls["architecture"] == name, "harm"] > 0).sum())
        for name in names_in(waterfalls)
    }


# ---------------------------------------------------------------------- what is printed
def shown(study: Study) -> list[Table]:
    """Return the waterfall, and under it the bars that differ in the reverse order, some architectures a table."""
    falls_of = study.comparison.waterfalls
    rows = summarise(falls_of, study.draws)
    forward = rows.pivot_table(index="bar", columns="architecture", values="share", sort=False, dropna=False)
    reverse = rows.pivot_table(index="bar", columns="architecture", values="reverse", sort=False, dropna=False)
    found = [_block(names, forward, reverse) for names in abreast(names_in(falls_of))]
    found[-1].caption_justify = "left"
    found[-1].caption = _waterfall_caption(study, forward)
    return found


def _block(names: Sequence[str], forward: pd.DataFrame, reverse: pd.DataFrame) -> Table:
    found = _cents(names)
    for bar in forward.index:
        style = "bold" if bar == "effective" else ""
        found.add_row(LABELS[bar], *(_cent(float(forward[name].to_dict()[bar])) for name in names), style=style)
    found.add_section()
    found.add_row("in the reverse order (unfinished or failed before paid twice):", style="bold")
    for bar in REORDERED:
        found.add_row(LABELS[bar], *(_cent(float(reverse[name].to_dict()[bar])) for name in names))
    return found


def _waterfall_caption(study: Study, forward: pd.DataFrame) -> str:
    """Return what the bars mean, and how two of them go with numbers of other tables."""
    first = names_in(study.comparison.runs)[0]
    own = study.comparison.runs.set_index("architecture").loc[[first]]
    efficiency, duplication = (float(own[name].mean(skipna=False)) for name in ("efficiency", "duplication_share"))
    bars = {str(bar): 100 * share for bar, share in forward[first].to_dict().items()}
    twice = bars["duplication_ignorance"] + bars["duplication_race"]
    bridge, denominators = ".", ""
    if not any(map(math.isnan, (efficiency, duplication, twice))):
        bridge = f". The first cents buy most: {bars['effective']:.1f} cents here ({label(first)}) and "
        bridge += (
            f"{100 * efficiency:.1f}% efficiency are the same gain, once as its lowest price, once as a share of what "
        )
        bridge += "the whole euro could gain."
        denominators = (
            f"Paid twice: {twice:.1f} cents of all money, {100 * duplication:.1f}% of the money for tasks, which "
        )
        denominators += "the other tables count.\n"
    return (
        f"Effective: what the gain over no aid would have cost a buyer without any friction{bridge}\n"
        "Displaced own effort: tasks that states would have done without aid. Misallocation: useful tasks, but others "
        "would have gained more for their price. These divide what the losses above leave over: who loses little above has "
        f"most of them, as central can have. Who does better is said by efficiency.\n{denominators}"
        "The order matters only for payments that were both; all other bars are the same in both orders. At default "
        "values; seed noise and range over assumptions are in waterfall.csv."
    )


def harm(study: Study) -> str:
    """Return how often aid left states below where they would be without it, and why."""
    falls_of, draws = study.comparison.waterfalls, study.draws
    counts = [(harmed(falls_of), counted(len(study.comparison.seeds), "replication") + " at default values")]
    if draws is not None:
        counts.insert(0, (harmed(draws), counted(draws["draw"].nunique(), "future")))
    text = "Harm (states end below where they would be without aid): in "
    text += "; in ".join(_below(found, of) for found, of in counts) + "."
    return f"{text} {_CAUSE}" if any(any(found.values()) for found, _ in counts) else text


_CAUSE: Final = "Aid that eats the administration which states would have used for work of their own does harm."


def _below(harmed_runs: dict[str, int], of: str) -> str:
    """Return in how many runs there was harm, e.g. ``37 of 200 futures under fragmented, 30 under umbrella``."""
    if not any(harmed_runs.values()):
        return f"none of {of}"
    (first, most), *others = harmed_runs.items()
    return f"{most} of {of} under {label(first)}" + "".join(f", {count} under {label(name)}" for name, count in others)


def _cents(names: Sequence[str]) -> Table:
    found = table()
    found.add_column("", ratio=1)
    for name in names:
        found.add_column(in_lines(name), justify="right", no_wrap=True)
    return found


def _cent(share: float) -> str:
    return "-" if math.isnan(share) else f"{abs(100 * share):.1f}" if abs(share) < 5e-4 else f"{100 * share:.1f}"
