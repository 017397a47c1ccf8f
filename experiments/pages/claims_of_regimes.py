"""What a map of regimes says, in sentences: where the answer turns with two levers at default values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from donorlab.experiments.conditions_in_words import number
from donorlab.experiments.pages.chart import label, listed, signed
from donorlab.experiments.pages.claims_of_studies import be
from donorlab.experiments.sweeps.columns import rows
from donorlab.experiments.words import counted


def at_value(name: str, value: float) -> str:
    """Return a lever at a value with its unit, e.g. ``decision lag 4 quarters``, ``overhead 5%``."""
    row = rows().get(name)
    if in_percent(name):
        return f"{label(name)} {100 * value:g}%"
    unit = "" if row is None or row.unit == "-" else f" {row.unit}"
    return f"{label(name)} {number(value)}{unit.removesuffix('s') if value == 1 and unit == ' quarters' else unit}"


def in_percent(name: str) -> bool:
    """Return whether a parameter is written in percent."""
    row = rows().get(name)
    return row is not None and row.unit in ("share", "probability")


@dataclass(frozen=True)
class Regimes:
    """A map of regimes as it is drawn.

    Attributes
    ----------
    other, first : architectures in words; differences are of the other less the first
    x, y : names of the levers
    cells : x, y, ``points`` (difference in efficiency, in points) and ``verdict``, one of `charts_of_studies.REGIMES`
    points : least difference that matters, in words
    """

    other: str
    first: str
    x: str
    y: str
    cells: pd.DataFrame
    points: str

    @property
    def counts(self) -> Mapping[str, int]:
        """Cells by verdict."""
        return {str(name): int(count) for name, count in self.cells["verdict"].value_counts().items()}

    @property
    def levers(self) -> str:
        """The levers in words."""
        return f"{label(self.x)} and {label(self.y)}"


def title(one: Regimes) -> str:
    """Return what a map of regimes says as a heading."""
    cells, counts = len(one.cells), one.counts
    better, worse, open_ = (counts.get(name, 0) for name in ("better", "worse", "not told from chance"))
    if open_ == cells:
        return f"At default values no difference over {one.levers} is told from chance"
    if better and worse:
        return f"At default values {one.levers} decide whether {one.other} {be(one.other)} better or worse"
    if not (better or worse):
        return f"At default values no setting of {one.levers} is shown to make a difference of {one.points}"
    word, against = ("better", "worse") if better else ("worse", "better")
    many, few = better or worse, counts.get(f"a little {against}", 0)
    text = f"At default values {one.other} {be(one.other)} {word} than {one.first}"
    if many == cells:
        return f"{text} at all {cells} settings of {one.levers}"
    rest = f"and a little {against} in {few}" if few else f"{against} in none"
    return f"{text} in {many} of {cells} settings of {one.levers}, {rest}"


def counts_said(one: Regimes) -> str:
    """Return in how many settings it is better, worse, and neither."""
    counts = one.counts
    parts = [
        f"{words} in {counts[name]}"
        for name, words in (
            ("better", f"better by {one.points} of efficiency or more"),
            ("a little better", "better by less"),
            ("worse", f"worse by {one.points} or more"),
            ("a little worse", "worse by less"),
            ("not told from chance", "not told from chance"),
        )
        if name in counts
    ]
    settings = f"{counted(len(one.cells), 'setting')} of {one.levers}"
    return f"Of {settings}, {one.other} {be(one.other)}, against {one.first}, {listed(parts)}."


def ends(one: Regimes) -> str:
    """Return where the difference is largest and least, of what is told from chance; nothing where one setting or none is told."""
    told = one.cells[one.cells["verdict"] != "not told from chance"].sort_values(
        "points", ascending=False, kind="stable"
    )
    if len(told) < 2 or told["points"].iloc[0] == told["points"].iloc[-1]:
        return ""
    most, least = (
        f"{signed(float(row['points']))} points at {at_value(one.x, float(row['x']))} and {at_value(one.y, float(row['y']))}"
        for row in told.iloc[[0, -1]].to_dict("records")
    )
    return f"Of what is told from chance, the difference is largest with {most}, and least with {least}."


def lever(one: Regimes) -> str:
    """Return which of the two levers alone decides what a setting is; nothing where both do, or neither."""
    for name, other, own, beside in ((one.x, one.y, "x", "y"), (one.y, one.x, "y", "x")):
        alike = all(len(part["verdict"].unique()) == 1 for _, part in one.cells.groupby(own))
        if alike and len(one.cells["verdict"].unique()) > 1:
            limits = [
                at_value(other, float(value)).removeprefix(f"{label(other)} ")
                for value in (one.cells[beside].min(), one.cells[beside].max())
            ]
            over = f"over {label(other)} from {limits[0]} to {limits[1]}"
            return f"Of the two {label(name)} decides: {over} the verdict stays the same."
    return ""
