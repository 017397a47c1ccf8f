"""The loss waterfall of a comparison: cents of each euro by architecture, in both orders, and over assumptions."""

from __future__ import annotations

import math
from typing import Any, Final

import pandas as pd

from donorlab.experiments.tables import names_in
from donorlab.sim.outcomes.waterfall import BARS

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
    for bar, label in BARS:
        for name in names_in(waterfalls):
            part = waterfalls[waterfalls["architecture"] == name]
            row: dict[str, Any] = {"bar": bar, "label": label, "architecture": name}
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
