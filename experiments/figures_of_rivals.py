"""The figure of rival submodels: a row a form, a column an architecture, bars of futures."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes

from donorlab.experiments.canvas import (
    FONT,
    INK,
    SMALL,
    WIDTH_CM,
    Drawn,
    Page,
    Stamp,
    style,
    text_width_cm,
)
from donorlab.experiments.report_of_rivals import claim, mark
from donorlab.experiments.rivals import AS_SET, Standing, inert, joined, merged, summary
from donorlab.experiments.words import in_lines, label

_ROW: Final = 0.62  # cm
_GAP: Final = 0.35
_ABREAST: Final = 4  # architectures beside each other
_PARTS: Final = (
    ("better", "#14375e", ""),
    ("same", "#e9e9e9", ""),
    ("undefined", "#ffffff", "xxxx"),
    ("worse", "#c8702a", "////"),
)
"""Apart in lightness and hatch, so that grey print tells them apart; from left to right."""


def rivals(found: Sequence[Standing], first: str, smallest: float, draws: Sequence[int], stamp: Stamp) -> Drawn:
    """Draw in how many futures each architecture is better, same, worse under each form.

    Parameters
    ----------
    found : what each set of forms says
    first : architecture that the others are held against
    smallest : least difference that matters
    draws : numbers of the futures
    stamp : where the figure comes from
    """
    stamp = dataclasses.replace(stamp, seeds=f"draws {draws[0]}-{draws[-1]}")
    names = list(dict.fromkeys(one.architecture for one in found))
    still = inert(found)
    groups = merged(found)
    forms = [AS_SET, *groups]
    heads_of = {AS_SET: _named(AS_SET)} | {form: _head(same) for form, same in groups.items()}
    cells = {(one.form, one.architecture): one for one in found}
    title = claim(found, first)
    with style():
        heads = max(len(in_lines(name).split("\n")) for name in names)
        note = (
            f"Share of the futures in which an architecture is better than {label(first)} by {100 * smallest:g} points of "
            "efficiency (dark), about the same (light) or worse (hatched), and their numbers. !: says the opposite of the "
            "forms as set. ?: open, or says something where they leave it open. =: changes nothing here, to the last bit."
        )
        if still:
            note += f" Inert, and without a row: {', '.join(map(_named, still))}."
        note += "".join(
            f" The same run, to the last bit, and one row: {_named(joined(same))}."
            for same in groups.values()
            if same[1:]
        )
        banks = -(-len(names) // _ABREAST)
        abreast = -(-len(names) // banks)
        height = _ROW * len(forms)
        bank = 0.75 + 0.36 * heads + height
        page = Page(title, note, stamp, banks * bank)
        edge = 0.5 + max(text_width_cm(heads_of[form], FONT, "bold") for form in forms)
        width = (WIDTH_CM - edge - 0.35 - _GAP * (abreast - 1)) / abreast
        for place, name in enumerate(names):
            row, column = divmod(place, abreast)
            left, bottom = edge + column * (width + _GAP), 0.55 + (banks - 1 - row) * bank
            axes = page.axes(left, bottom, width, height)
            for at, form in enumerate(reversed(forms)):
                _bar(axes, at, cells[form, name], mark(cells[form, name], cells[AS_SET, name]))
                if column == 0:
                    weight = "bold" if form == AS_SET else "normal"
                    page.text(0.25, bottom + _ROW * (at + 0.5), heads_of[form], va="center", fontweight=weight)
            axes.set_xlim(0, 1)
            axes.set_ylim(-0.5, len(forms) - 0.5)
            axes.set_xticks([0, 0.5, 1], ["", "half", ""])
            axes.set_yticks([])
            axes.spines["left"].set_visible(False)
            axes.axvline(0.5, color="#555555", linewidth=0.5, zorder=3)
            page.text(
                left + width / 2, bottom + 0.15 + height, in_lines(name), ha="center", va="bottom", linespacing=1.0
            )
    return Drawn("rivals", title, page.figure, summary(found), stamp)


def _named(form: str) -> str:
    """Return a form in plain words; of several that are joined, all."""
    first, *others = form.split(" = ")
    return "forms as set" if form == AS_SET else " = ".join([label(first).replace("=", ": "), *map(_named, others)])


def _head(same: Sequence[str]) -> str:
    """Return the head of a row: the first of the forms that are the same run, and how many others there are."""
    return _named(same[0]) + (f" (and {len(same) - 1} more)" if same[1:] else "")


def _bar(axes: Axes, at: int, one: Standing, sign: str) -> None:
    """Draw one bar, its numbers above it, and how it is marked."""
    left, total = 0.0, max(1, one.futures.count)
    for part, colour, hatch in _PARTS:
        share = getattr(one.futures, part) / total
        axes.barh(
            at - 0.2, share, left=left, height=0.34, color=colour, hatch=hatch, edgecolor=INK, linewidth=0.4, zorder=2
        )
        left += share
    count = one.futures
    axes.text(0, at + 0.22, f"{count.better}/{count.same}/{count.worse}", fontsize=SMALL, va="center")
    if sign:
        weight = "normal" if sign == "=" else "bold"
        axes.text(1, at + 0.22, sign, fontsize=FONT, va="center", ha="right", fontweight=weight)
