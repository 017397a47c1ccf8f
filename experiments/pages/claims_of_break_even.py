"""Up to which price coordination pays: sentences from the curves along single settings, at default values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from donorlab.experiments import break_even
from donorlab.experiments.break_even import Crossing
from donorlab.experiments.pages.chart import label, listed


@dataclass(frozen=True)
class Setting:
    """How a setting is written.

    Attributes
    ----------
    words : what it is, e.g. ``overhead``
    unit : ``%`` for a share, else what follows the number
    factor : from the parameter to what is written
    decimals : of the number
    """

    words: str
    unit: str
    factor: float = 1.0
    decimals: int = 0

    def value(self, number: float) -> str:
        """Return a value with its unit."""
        text = f"{self.factor * number:z.{self.decimals}f}"
        text = text.removesuffix(".0")
        if not self.unit:
            return text
        return f"{text}%" if self.unit == "%" else f"{text} {self.unit[:-1] if text == '1' else self.unit}"

    def bare(self, number: float) -> str:
        """Return a value without its unit, but for percent."""
        text = f"{self.factor * number:z.{self.decimals}f}".removesuffix(".0")
        return f"{text}%" if self.unit == "%" else text


SETTINGS: Final[Mapping[str, Setting]] = {
    "overhead": Setting("overhead (the share of members' money that coordinating costs)", "%", 100),
    "decision_lag": Setting("delay (quarters that every project of a member starts later)", "quarters", 1, 1),
    "reporting_rate": Setting("reporting (the share of projects that members report)", "%", 100),
    "observation_probability": Setting(
        "what donors see of each other anyway (the chance to notice a project)", "%", 100
    ),
}
"""The settings along which `donorlab compare` looks for break-even points."""


def setting(name: str) -> Setting:
    """Return how a setting is written."""
    return SETTINGS.get(name, Setting(label(name), "", 1, 2))


def sentences(curves: pd.DataFrame, name: str, smallest: float) -> list[str]:
    """Return for each setting how far it pays, and how far it pays by as much as matters.

    Parameters
    ----------
    curves : parameter, value, architecture, seed, difference, as ``break_even.csv`` has them
    name : of the architecture or proposal
    smallest : least difference in efficiency that matters, as a share
    """
    own = curves[curves["architecture"].astype(str) == name]
    if own.empty:
        return []
    return [sentence(line, smallest) for line in break_even.lines(own.assign(architecture=name)).to_dict("records")]


def sentence(line: Mapping[Any, Any], smallest: float) -> str:
    """Return what one curve says.

    Parameters
    ----------
    line : of `break_even.lines`
    smallest : as a share
    """
    one = setting(str(line["parameter"]))
    return f"{one.words[0].upper()}{one.words[1:]}: {pays(line)}{by_enough(line, smallest)}."


def pays(line: Mapping[Any, Any]) -> str:
    """Return up to which value it is better than the reference, as far as chance lets one tell."""
    one = setting(str(line["parameter"]))
    low, high, least, most = (float(line[key]) for key in ("low", "high", "least", "most"))
    tried = f"{one.bare(low)} to {one.value(high)}"
    if math.isnan(least):
        return "not defined, for there is nothing to gain"
    if least == most == 0:
        return "makes no difference at all"
    if line["seeds"] < 2:
        return "one seed, so that nothing is told from chance"
    if len(line["unclear"]) == len(line["values"]):
        return f"whether it pays is not told from chance anywhere from {tried}"
    clear, _ = break_even.clear(line["crossings"])
    if len(clear) == 1:
        return f"it pays as long as this is {'above' if clear[0].rising else 'below'} {_place(clear[0], line, one)}"
    if clear:
        return f"it turns more than once; {break_even.reading(line, 0.0)}"
    if not line["unclear"]:
        return f"it pays at every value tried, {tried}" if least > 0 else f"it does not pay at any value tried, {tried}"
    better = most + least > 0
    return _partly(line, one, better)


def _partly(line: Mapping[Any, Any], one: Setting, better: bool) -> str:
    """Return the words of a curve on one side of 0 which in places is not told from it."""
    values, unclear = list(line["values"]), set(line["unclear"])
    told = [value for value in values if value not in unclear]
    word = "pays" if better else "does not pay"
    rest = "not told from chance"
    if told == values[-len(told) :]:
        return f"it {word} from {one.value(told[0])} on; below, {rest}"
    if told == values[: len(told)]:
        return f"it {word} up to {one.value(told[-1])}; above, {rest}"
    return (
        f"it {word} where that is told from chance, at {listed([one.value(value) for value in told])}; elsewhere {rest}"
    )


def by_enough(line: Mapping[Any, Any], smallest: float) -> str:
    """Return where it pays by as much as matters, among the values told from chance; nothing where it pays nowhere."""
    told = [value not in set(line["unclear"]) for value in line["values"]]
    pays_at = [known and mean > 0 for known, mean in zip(told, line["means"], strict=True)]
    if math.isnan(float(line["most"])) or line["seeds"] < 2 or not any(pays_at):
        return ""
    points, one = f"{100 * smallest:g} points", setting(str(line["parameter"]))
    reach = _above(line["values"], line["means"], told, smallest)
    low, high = float(line["low"]), float(line["high"])
    if not reach:
        return f", nowhere by {points}"
    if len(reach) > 1:
        return f", by {points} or more in parts of it"
    start, end = reach[0]
    if (start, end) == (low, high):
        return f", by {points} or more at all of them"
    if start == end:
        return f", by {points} or more at {one.value(start)}"
    if start == low:
        return f", by {points} or more up to {one.value(end)}"
    return (
        f", by {points} or more from {one.value(start)} on"
        if end == high
        else f", by {points} or more from {one.bare(start)} to {one.value(end)}"
    )


def _above(
    values: Sequence[float], means: Sequence[float], told: Sequence[bool], smallest: float
) -> list[tuple[float, float]]:
    """Return the stretches in which the means lie at or above what matters and are told from chance.

    Between two values that are both told a straight line says where a stretch ends; towards one that is not told it ends at
    the last value that is.
    """
    enough = [known and mean >= smallest for known, mean in zip(told, means, strict=True)]
    found: list[tuple[float, float]] = []
    at = 0
    while at < len(values):
        if not enough[at]:
            at += 1
            continue
        last = at
        while last + 1 < len(values) and enough[last + 1]:
            last += 1
        start, end = float(values[at]), float(values[last])
        if at > 0 and told[at - 1]:
            start = _where(values, means, at - 1, at, smallest)
        if last + 1 < len(values) and told[last + 1]:
            end = _where(values, means, last, last + 1, smallest)
        found.append((start, end))
        at = last + 1
    return found


def _where(values: Sequence[float], means: Sequence[float], one: int, other: int, smallest: float) -> float:
    """Return where the line between two values meets what matters."""
    share = (smallest - means[one]) / (means[other] - means[one])
    return float(values[one] + (values[other] - values[one]) * share)


def _place(place: Crossing, line: Mapping[Any, Any], one: Setting) -> str:
    """Return where it turns, with how far chance leaves that open."""
    low, high = max(place.low, float(line["low"])), min(place.high, float(line["high"]))
    return f"{one.value(place.at)} (chance leaves {one.bare(low)} to {one.bare(high)} open)"
