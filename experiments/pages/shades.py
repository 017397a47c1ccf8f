"""Shades of a map: limits that are round numbers, from light to dark, or from worse to better around nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from donorlab.experiments.pages.chart import FAINT_GAIN, FAINT_LOSS, GAIN, LOSS, SAME, signed

Unit = Literal["share", "ratio", "EUR m", "number"]
SHADES: Final = ("#dce8f3", "#b3cde5", "#7fa9cf", "#3f78ab", "#123a66")
_CLASSES: Final = 5
_NICE: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_WORDS: Final[dict[str, str]] = {"share": "%", "ratio": "", "EUR m": " EUR m", "number": ""}


@dataclass(frozen=True)
class Shade:
    """A shade: its colour, its words, and from where (included) to where it goes."""

    colour: str
    words: str
    low: float
    high: float


def nice(step: float) -> float:
    """Return the next round number: 1, 2, 2.5 or 5 times a power of ten."""
    if not step > 0 or not math.isfinite(step):
        return 1.0
    power = 10.0 ** math.floor(math.log10(step))
    return float(next(power * size for size in _NICE if power * size >= step * (1 - 1e-9)))


def levels(wide: pd.DataFrame, unit: Unit, breaks: Sequence[float]) -> list[Shade]:
    """Return shades of values; limits are chosen from the middle nine tenths of them where none are given."""
    own = wide.to_numpy(dtype=np.float64)
    own = own[np.isfinite(own)]
    limits = list(breaks)
    if not limits:
        low, high = (float(x) for x in np.quantile(own, (0.05, 0.95))) if len(own) else (0.0, 1.0)
        step = nice((high - low) / _CLASSES)
        start = step * math.floor(low / step + 1e-9)
        limits = [start + step * i for i in range(1, _CLASSES)]
        limits = [x for x in limits if x < (float(own.max()) if len(own) else 1.0)] or limits[:1]
    colours = [SHADES[round(i * (len(SHADES) - 1) / len(limits))] for i in range(len(limits) + 1)]
    ends = [-math.inf, *limits, math.inf]
    return [
        Shade(colour, _between(ends[i], ends[i + 1], unit, False), ends[i], ends[i + 1])
        for i, colour in enumerate(colours)
    ]


def differences(
    wide: pd.DataFrame, unit: Unit, breaks: Sequence[float], smallest: float, more_is_better: bool
) -> list[Shade]:
    """Return five shades of differences: two each way, and about the same."""
    if len(breaks) == 2:
        near, far = float(breaks[0]), float(breaks[1])
    else:
        size = np.abs(wide.to_numpy(dtype=np.float64))
        size = size[np.isfinite(size)]
        near = smallest or nice(float(np.quantile(size, 0.95)) / 5 if len(size) and size.max() > 0 else 1.0)
        far = max(nice(float(np.quantile(size, 0.98)) if len(size) and size.max() > 0 else 2 * near), 2 * near)
    colours = [LOSS, FAINT_LOSS, SAME, FAINT_GAIN, GAIN]
    if not more_is_better:
        colours.reverse()
    ends = [-math.inf, -far, -near, near, far, math.inf]
    return [
        Shade(colour, _between(ends[i], ends[i + 1], unit, True), ends[i], ends[i + 1])
        for i, colour in enumerate(colours)
    ]


def _between(low: float, high: float, unit: Unit, difference: bool) -> str:
    tail = " points" if difference and unit == "share" else _WORDS[unit]
    if low == -math.inf:
        return (
            f"{'' if difference else 'below '}{_number(high, unit, difference)}{tail}{' or less' if difference else ''}"
        )
    if high == math.inf:
        return f"{_number(low, unit, difference)}{tail} or more"
    if difference and low < 0 < high:
        return "about the same"
    if difference and high <= 0:  # nearer to nothing first
        low, high = high, low
    return f"{_number(low, unit, difference)} to {_number(high, unit, difference)}{tail}"


def _number(value: float, unit: Unit, difference: bool) -> str:
    shown = 100 * value if unit == "share" else value
    text = f"{shown:.4g}"
    if difference and float(text) > 0:
        text = f"+{text}"
    return text.replace("-", "\N{MINUS SIGN}")


def shade_of(value: float, classes: Sequence[Shade]) -> int:
    """Return the shade of a value; a limit belongs to the shade that is further from nothing."""
    for i, one in enumerate(classes):
        if one.low <= value < one.high or (value < 0 and value == one.high and one.high <= 0 and one.low < one.high):
            return i
    return len(classes) - 1


def amount(value: float, unit: Unit, difference: bool = False) -> str:
    """Return a value, or a difference, in words with its unit."""
    if math.isnan(value):
        return "not defined"
    if unit == "share":
        return f"{signed(100 * value)} points" if difference else f"{100 * value:.0f}%"
    tail = _WORDS[unit]
    return f"{signed(value, 2)}{tail}" if difference else f"{value:.2f}{tail}"
