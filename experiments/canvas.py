"""The page of a figure: 12 cm wide, a claim on top, the source below, readable in grey print."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font

from donorlab.experiments.words import in_lines

CM: Final = 1 / 2.54
WIDTH_CM: Final = 12.0
FONT: Final = 7.5  # points; nothing is smaller than SMALL
SMALL: Final = 7.0
_TITLE: Final = 9.0
_MARGIN_CM: Final = 0.25
_HINTED: Final = 0.96  # letters drawn on few pixels are a little wider than the font says

# Apart in lightness as well as in hue, so that grey print and colour-blind eyes tell them apart; lines also differ
# in dash, bars in hatch.
INK: Final = "#1a1a1a"
SHADES: Final = (
    "#14375e", "#c8702a", "#6aa3c4", "#8a8a8a", "#5b2a6e", "#d9b44a", "#2f7d4f", "#a3243b", "#2b2b2b", "#9bc06a", "#d98fb0",
    "#7a5230",
)  # fmt: skip
DASHES: Final = (
    "solid", (0, (5, 1.6)), (0, (1.2, 1.2)), (0, (5, 1.5, 1, 1.5)), (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)), (0, (2, 1)),
    (0, (7, 1, 1, 1)), (0, (1, 2.5)), (0, (4, 3)), (0, (9, 1.2, 2, 1.2)), (0, (2.5, 2.5)),
)  # fmt: skip
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "<", "*", ">", "p", "h")

_STYLE: Final[dict[Any, Any]] = {
    "font.family": "DejaVu Sans",
    "font.size": FONT,
    "axes.labelsize": FONT,
    "axes.titlesize": FONT,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": FONT,
    "axes.edgecolor": "#555555",
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": "#333333",
    "ytick.color": INK,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": SMALL,
    "axes.unicode_minus": True,
}


@dataclass(frozen=True)
class Stamp:
    """Where a figure comes from.

    Attributes
    ----------
    scenario, settings : name of the scenario and the changes made to it
    seeds : the runs behind the figure, in words, e.g. ``seeds 1-20``
    source, configuration : hashes of the model's sources and of the whole configuration
    version : of DonorLab
    """

    scenario: str
    settings: str
    seeds: str
    source: str
    configuration: str
    version: str

    def line(self) -> str:
        """Return the source line that stands under a figure."""
        settings = f" ({self.settings})" if self.settings else ""
        return (
            f"DonorLab {self.version}, scenario {self.scenario}{settings}, {self.seeds}, "
            f"source {self.source[:8]}, configuration {self.configuration[:8]}"
        )

    def metadata(self, title: str) -> dict[str, str]:
        """Return what is written into the PNG file."""
        return {
            "Title": title,
            "Software": f"DonorLab {self.version}",
            "Source": self.line(),
            **{f"donorlab:{item.name}": str(getattr(self, item.name)) for item in dataclasses.fields(self)},
        }


@dataclass(frozen=True)
class Drawn:
    """A finished figure: its file name, its claim, the data behind it, and where it comes from."""

    name: str
    title: str
    figure: Figure
    data: pd.DataFrame
    stamp: Stamp


@contextmanager
def style() -> Iterator[None]:
    """Apply the style of all figures inside the block, whatever the user's own settings are."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


class Page:
    """A page with a title and a source line; axes are placed in centimetres.

    Parameters
    ----------
    title : the claim; broken into lines as needed
    note : what the reader must know to read the figure
    stamp : where it comes from
    body_cm : height of what lies between title and source
    """

    def __init__(self, title: str, note: str, stamp: Stamp, body_cm: float) -> None:
        head = wrapped(title, _TITLE, "bold")
        foot = [*wrapped(note, SMALL), *wrapped(stamp.line(), SMALL)]
        self._foot_cm = 0.25 + 0.31 * len(foot)
        self.height_cm = 0.3 + 0.42 * len(head) + body_cm + self._foot_cm
        self.figure = Figure(figsize=(WIDTH_CM * CM, self.height_cm * CM), facecolor="white")
        self.figure.text(
            _MARGIN_CM / WIDTH_CM,
            1 - 0.2 / self.height_cm,
            "\n".join(head),
            fontsize=_TITLE,
            fontweight="bold",
            va="top",
            linespacing=1.2,
        )
        self.figure.text(
            _MARGIN_CM / WIDTH_CM, 0.15 / self.height_cm, "\n".join(foot), fontsize=SMALL, color="#444444", va="bottom"
        )

    def text(self, left: float, bottom: float, words: str, **options: Any) -> None:
        """Write words at a place in centimetres, measured from the lower left corner of the body."""
        self.figure.text(left / WIDTH_CM, (self._foot_cm + bottom) / self.height_cm, words, **options)

    def axes(self, left: float, bottom: float, width: float, height: float, **options: Any) -> Axes:
        """Return axes at a place in centimetres, measured from the lower left corner of the body."""
        y = self._foot_cm + bottom
        axes: Axes = self.figure.add_axes(
            (left / WIDTH_CM, y / self.height_cm, width / WIDTH_CM, height / self.height_cm), **options
        )
        return axes


def text_width_cm(text: str, size: float, weight: str = "normal") -> float:
    """Return the width of a line of text in centimetres."""
    font = get_font(findfont(FontProperties(family="DejaVu Sans", weight=weight)))
    font.set_size(size, 1200)  # so fine that hinting does not matter
    font.set_text(text, 0.0)
    return float(font.get_width_height()[0]) / 64 / 1200 / CM


def names_width_cm(names: Sequence[str]) -> float:
    """Return the width that the names of architectures need beside their rows."""
    return max(text_width_cm(line, FONT) for name in names for line in in_lines(name).split("\n"))


def wrapped(text: str, size: float, weight: str = "normal", width_cm: float = WIDTH_CM - 2 * _MARGIN_CM) -> list[str]:
    """Break a text into lines that fit a width, measured in the font itself."""
    width_cm *= _HINTED
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width_cm(longer, size, weight) <= width_cm:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def led_text(axes: Axes, words: str, at: tuple[float, float], place: tuple[float, float], **options: Any) -> None:
    """Write words at a place in data coordinates, inside the axes or not, with a thin line from where they belong."""
    xs, ys = (at[0], place[0]), (at[1], place[1])
    axes.plot(xs, ys, color="#888888", linewidth=0.5, clip_on=False, zorder=1.5, scalex=False, scaley=False)
    backing = {"facecolor": "white", "edgecolor": "none", "pad": 0.4}
    axes.text(*place, words, bbox=backing, zorder=1.6, **options)


def spread(positions: Sequence[float], gap: float) -> list[float]:
    """Return label positions at least ``gap`` apart, as near to the wanted ones as their order allows."""
    order = np.argsort(positions, kind="stable")
    wanted = np.asarray(positions, dtype=np.float64)[order]
    # Pool labels that would touch; a pool is centred on the mean of what its members want.
    pools: list[list[float]] = []
    for value in wanted:
        pools.append([float(value)])
        while len(pools) > 1 and _low(pools[-1], gap) < _high(pools[-2], gap) + gap - 1e-12:
            pools[-2:] = [pools[-2] + pools[-1]]
    placed = [_low(pool, gap) + gap * i for pool in pools for i in range(len(pool))]
    result = np.empty(len(placed))
    result[order] = placed
    return [float(value) for value in result]


def _low(pool: list[float], gap: float) -> float:
    return sum(pool) / len(pool) - gap * (len(pool) - 1) / 2


def _high(pool: list[float], gap: float) -> float:
    return _low(pool, gap) + gap * (len(pool) - 1)


_TOLD: Final = 4  # architectures beside the first that a title names


def ends(others: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Return all of few architectures; of many the real ones with the least and the most, and the reference.

    A title holds no more, and it never leaves out all that can be chosen: ``central`` is a reference and on offer to
    nobody.
    """
    if len(others) <= _TOLD:
        return list(others)
    real = [item for item in others if item[0] != "central"]
    told = {min(real, key=lambda item: item[1]), max(real, key=lambda item: item[1]), *set(others).difference(real)}
    return [item for item in others if item in told]


def signed(value: float, _position: int | None = None) -> str:
    """Return a number at an axis with its sign, as matplotlib's formatters are called."""
    return f"{value:+g}".replace("-", "\N{MINUS SIGN}") if value else "0"
