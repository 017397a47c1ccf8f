"""Pieces of the page: headings, sentences, pictures with their numbers, tables; all text is escaped here."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from donorlab.experiments.pages import interactive
from donorlab.experiments.pages.chart import MINUS, NOTICE, Chart, label

Cell = Callable[[Any], str]
"""Writes a value of a column."""
_ROWS: Final = 200  # of a table in the page; files have the rest


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes
    ----------
    key : its anchor
    title : a heading that says what was found, not what is shown
    blocks : HTML, in order
    charts : pictures in it
    """

    key: str
    title: str
    blocks: tuple[Markup, ...]
    charts: tuple[Chart, ...] = field(default=())


def say(text: str, kind: str = "") -> Markup:
    """Return a paragraph; ``kind`` is its class."""
    return Markup('<p class="{}">{}</p>').format(kind, text) if kind else Markup("<p>{}</p>").format(text)


def points(texts: Sequence[str], kind: str = "") -> Markup:
    """Return a list, a point a text; nothing without any."""
    if not texts:
        return Markup("")
    items = Markup("").join(Markup("<li>{}</li>").format(text) for text in texts)
    return Markup('<ul class="{}">{}</ul>').format(kind or "plain", items)


def heading(text: str, level: int = 3) -> Markup:
    """Return a heading inside a section; ``level`` 2 on page one, which has no other above it."""
    return Markup('<h{} class="inner">{}</h{}>').format(level, text, level)


def note(text: str) -> Markup:
    """Return a short remark in smaller letters."""
    return say(text, "note")


def folded(words: str, *inside: Markup) -> Markup:
    """Return blocks that one can unfold; on paper they are left out.

    Parameters
    ----------
    words : what is folded
    inside : the blocks
    """
    return Markup("<details><summary>{}</summary>{}</details>").format(words, Markup("").join(inside))


def notice() -> Markup:
    """Return what stands under every map and table."""
    return Markup('<span class="notice">{}</span>').format(NOTICE)


def picture(chart: Chart, caption: str, cells: Mapping[str, Cell] | None = None) -> Markup:
    """Return a picture with its caption, a button that makes it live, and its numbers as a table one can unfold.

    Parameters
    ----------
    chart : the picture
    caption : what it shows, a sentence
    cells : how columns of its table are written
    """
    numbers = table(chart.data, f"Numbers of the picture: {caption}", cells, inside=True)
    return Markup(
        '<figure><div class="wide" tabindex="0" role="region" aria-label="{}">{}</div>{}<figcaption>{} {}</figcaption>'
        "<details><summary>The numbers</summary>{}</details></figure>"
    ).format(
        f"Picture: {caption}",
        Markup(chart.svg),
        Markup(interactive.button(chart)),
        caption,
        notice(),
        numbers,
    )


def table(
    frame: pd.DataFrame,
    caption: str,
    cells: Mapping[str, Cell] | None = None,
    *,
    heads: Mapping[str, str] | None = None,
    inside: bool = False,
) -> Markup:
    """Return a real table: the first column is the head of each row.

    Parameters
    ----------
    frame : a row a row
    caption : what it is, for those who hear it as well
    cells : how columns are written; others by their type
    heads : words above columns; others by their name
    inside : of a picture, which has the notice already
    """
    cells, heads = dict(cells or {}), dict(heads or {})
    shown = frame.head(_ROWS)
    names = list(map(str, shown.columns))
    number = {
        name: pd.api.types.is_numeric_dtype(shown[name]) and not pd.api.types.is_bool_dtype(shown[name])
        for name in names
    }
    write = {name: cells.get(name) or (number_cell(shown[name]) if number[name] else text_cell) for name in names}
    head = Markup("").join(
        Markup('<th scope="col"{}>{}</th>').format(
            Markup(' class="n"' if number[name] else ""), heads.get(name, label(name))
        )
        for name in names
    )
    rows = []
    for record in shown.to_dict("records"):
        row = [Markup('<th scope="row">{}</th>').format(write[names[0]](record[names[0]]))]
        row += [
            Markup("<td{}>{}</td>").format(Markup(' class="n"' if number[name] else ""), write[name](record[name]))
            for name in names[1:]
        ]
        rows.append(Markup("<tr>{}</tr>").format(Markup("").join(row)))
    rest = len(frame) - len(shown)
    more = Markup("") if rest <= 0 else note(f"{rest:,} more rows are in the files.")
    return Markup(
        '<div class="wide" tabindex="0" role="region" aria-label="{}"><table><caption>{}</caption><thead><tr>{}</tr></thead>'
        "<tbody>{}</tbody></table></div>{}{}"
    ).format(
        f"Table: {caption}", caption, head, Markup("").join(rows), more,
        Markup("") if inside else Markup('<p class="under">{}</p>').format(notice()),
    )  # fmt: skip


def text_cell(value: Any) -> str:
    """Return a word of a table; nothing for what is missing, yes and no for what is true or not."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "\N{EN DASH}"
    if value in (True, False) and not isinstance(value, (int, float)):
        return "yes" if value else "no"
    return "yes" if value is True else "no" if value is False else str(value)


def number_cell(column: pd.Series[Any]) -> Cell:
    """Return how the numbers of a column are written: whole ones without decimals, others to three figures of the largest."""
    values = column.dropna().astype("float64")
    whole = bool((values == values.round()).all())
    most = float(values.abs().max()) if len(values) else 0.0
    decimals = 0 if whole else max(0, min(4, 2 - math.floor(math.log10(most)))) if most > 0 else 0

    def write(value: Any) -> str:
        if value is None or math.isnan(float(value)):
            return "\N{EN DASH}"
        text = f"{float(value):,.{decimals}f}"
        return text.lstrip("-") if float(text.replace(",", "")) == 0 else text.replace("-", MINUS)

    return write


def percent_cell(decimals: int = 0) -> Cell:
    """Return how shares are written in percent."""

    def write(value: Any) -> str:
        return (
            "\N{EN DASH}"
            if value is None or math.isnan(float(value))
            else f"{100 * float(value):z.{decimals}f}%".replace("-", MINUS)
        )

    return write


def signed_cell(decimals: int = 1, factor: float = 1.0) -> Cell:
    """Return how differences are written, with their sign."""

    def write(value: Any) -> str:
        if value is None or math.isnan(float(value)):
            return "\N{EN DASH}"
        text = f"{factor * float(value):+z,.{decimals}f}"
        return text[1:] if float(text.replace(",", "")) == 0 else text.replace("-", MINUS)

    return write
