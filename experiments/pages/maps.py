"""World maps: a panel an architecture, one scale for all; states too small to be seen are circles.

A map is drawn directly, each outline once in a picture and used in all its panels, so that it stays small, needs no script and
prints sharply. Shades go from light to dark by number; a difference that is worse is hatched, so that no map needs colour.
"""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

import numpy as np
import pandas as pd

from donorlab.experiments.arguments import InputError
from donorlab.experiments.canvas import INK
from donorlab.experiments.pages import outlines
from donorlab.experiments.pages.chart import (
    HATCHED,
    NOTICE,
    QUIET,
    SIZE,
    SMALL,
    WIDTH,
    Chart,
    defined,
    framed,
    label,
    word_of,
)
from donorlab.experiments.pages.shades import Shade, Unit, amount, differences, levels, shade_of
from donorlab.scenarios.world import DATA

_GAP: Final = 14.0
_HEAD: Final = 22.0  # above a panel, for its name
_SMALLEST: Final = 5.0  # square pixels below which a state is a circle
_LAND: Final = "#f1f1f1"  # of states that are not in the model, under grey dots


# ---------------------------------------------------------------------- places
@cache
def places() -> pd.DataFrame:
    """Return what is known of states by ISO 3166-1 code of three letters: ``code`` (numeric), name, region, income_group."""
    table = pd.read_csv(DATA / "beneficiaries.csv", keep_default_na=False, dtype=str)
    return table.set_index("iso3")[["iso_numeric", "name", "region", "income_group"]].rename(
        columns={"iso_numeric": "code"}
    )


def without_place(states: Sequence[str]) -> list[str]:
    """Return the states that no map has, such as made-up ones.

    Parameters
    ----------
    states : ISO 3166-1 codes of three letters
    """
    codes = places()["code"].to_dict()
    return [state for state in states if codes.get(state) not in outlines.world().states]


# ---------------------------------------------------------------------- a map
def states(
    values: pd.DataFrame,
    title: str,
    unit: Unit,
    first: str | None = None,
    *,
    name: str = "",
    breaks: Sequence[float] = (),
    smallest: float = 0.0,
    more_is_better: bool = True,
    named: bool = False,
) -> Chart:
    """Draw a value of states under each architecture, or by how much it differs from the first.

    Parameters
    ----------
    values : iso3, architecture, value, a row a state and architecture (several are averaged, so that a row a run will do); with
        ``told`` (bool), a difference that is not told from chance is drawn as none
    title : what is shown, e.g. ``Capacity at the end``
    unit : of ``value``; a share is written in percent, its difference in points
    first : architecture that the others are set against, paired by state; None for the values themselves
    name : of the picture; made of the title if empty
    breaks : limits between shades; chosen from the values if empty
    smallest : least difference that matters, in the unit of ``value``; limits the middle shade of a difference
    more_is_better : whether a higher value is better; a difference for the worse is hatched
    named : whether states are named, in the table and where one points at the map

    Raises
    ------
    InputError
        If no state has a place, or ``first`` has no rows.
    """
    wide = _wide(values)
    told = _wide(values.assign(value=values["told"].astype(float))) > 0 if "told" in values else None
    missing = without_place(list(wide.index))
    if len(missing) == len(wide):
        raise InputError(f"maps: none of the {len(wide)} states has a place on the map; they are made up or misspelt")
    if first is not None:
        if first not in wide:
            raise InputError(f"maps: no values of {first}; there are {', '.join(map(str, wide))}")
        wide = wide.drop(columns=first).sub(wide[first], axis=0)
        told = None if told is None else told.drop(columns=first, errors="ignore").reindex(columns=wide.columns)
        if wide.empty:
            raise InputError(f"maps: nothing to set against {first}")
        classes = differences(wide, unit, breaks, smallest, more_is_better)
        wide_drawn = wide if told is None else wide.where(told, 0.0)
    else:
        classes, wide_drawn = levels(wide, unit, breaks), wide
    name = name or f"map-{word_of(title)}{'-difference' if first is not None else ''}"
    alt = _alt(title, wide_drawn, classes, unit, first, missing, more_is_better)
    svg = _drawn(name, wide_drawn, wide.mean(), classes, unit, first, title, alt, named)
    return Chart(name, {}, svg, alt, table_of(wide, named))


def _wide(values: pd.DataFrame) -> pd.DataFrame:
    order = list(dict.fromkeys(values["architecture"].astype(str)))
    plain = values.assign(architecture=values["architecture"].astype(str), value=values["value"].astype("float64"))
    return plain.pivot_table(index="iso3", columns="architecture", values="value", dropna=False)[order]


def table_of(wide: pd.DataFrame, named: bool) -> pd.DataFrame:
    """Return the numbers of a map as a table: means over the states of a region and of an income group, or state by state.

    Parameters
    ----------
    wide : a row a state by iso3, a column an architecture
    named : whether state by state
    """
    known = places().reindex(wide.index)
    if named:
        heads = pd.DataFrame(
            {"state": known["name"].fillna(pd.Series(wide.index, wide.index)), "region": known["region"]}
        )
        return pd.concat([heads, wide], axis=1).sort_values("state").reset_index(drop=True)
    parts = []
    for kind, column in (("region", "region"), ("income", "income_group")):
        groups = known[column].replace("", "Not classified").fillna("Not on the map")
        part = wide.groupby(groups).mean()
        part.insert(0, "states", wide.groupby(groups).size())
        parts.append(part.rename_axis("group").reset_index().assign(kind=kind))
    whole = pd.DataFrame([{"group": "all states", "states": len(wide), **wide.mean().to_dict(), "kind": "all"}])
    found = pd.concat([whole, *parts], ignore_index=True)
    return found[["kind", "group", "states", *map(str, wide.columns)]]


# ---------------------------------------------------------------------- words
def _alt(
    title: str,
    wide: pd.DataFrame,
    classes: Sequence[Shade],
    unit: Unit,
    first: str | None,
    missing: Sequence[str],
    more_is_better: bool,
) -> str:
    count = len(wide)
    panels = f"{len(wide.columns)} world map{'s' if len(wide.columns) > 1 else ''}"
    if first is None:
        text = f"{title}: {panels} of {count} states. Mean over states: "
        text += "; ".join(f"{label(str(n))} {amount(float(wide[n].mean()), unit)}" for n in wide) + "."
    else:
        text = f"{title}, difference to {label(first)}: {panels} of {count} states. "
        near = next(one for one in classes if one.low < 0 < one.high).high
        parts = []
        for n in wide:
            up, down = int((wide[n] >= near).sum()), int((wide[n] <= -near).sum())
            better, worse = (up, down) if more_is_better else (down, up)
            parts.append(f"{label(str(n))}: {better} better, {worse} worse, {count - better - worse} about the same")
        text += "; ".join(parts) + "."
    if missing:
        text += f" {len(missing)} without a place on the map."
    return text


# ---------------------------------------------------------------------- drawing
def _drawn(
    name: str,
    wide: pd.DataFrame,
    means: pd.Series[float],
    classes: Sequence[Shade],
    unit: Unit,
    first: str | None,
    title: str,
    alt: str,
    named: bool,
) -> str:
    """Return the picture; ``means`` by architecture are of all states, those whose change is not told from chance too."""
    world = outlines.world()
    columns = 1 if len(wide.columns) == 1 else 2
    width = (WIDTH - _GAP * (columns - 1)) / columns
    scale = width / world.width
    height = world.height * scale + _HEAD
    codes = places()["code"].to_dict()
    located = {str(state): codes[str(state)] for state in wide.index if codes.get(str(state)) in world.states}
    dots = circles(located, scale)
    shown = {code for state, code in located.items() if state not in dots}
    parts = [_definitions(name, world, shown, classes, scale), _style(name)]
    for i, architecture in enumerate(wide.columns):
        x, y = (i % columns) * (width + _GAP), (i // columns) * (height + _GAP)
        mean = amount(float(means[architecture]), unit, first is not None)
        parts.append(
            f'<g transform="translate({x:g} {y:g})"><text x="0" y="15" font-size="{SIZE}" font-weight="bold" fill="{INK}">'
            f'{html.escape(label(str(architecture)))}<tspan font-weight="normal" fill="{QUIET}"> · mean state {mean}'
            f'</tspan></text><g transform="translate(0 {_HEAD:g})">'
        )
        parts.append(_panel(name, wide[architecture], located, dots, classes, scale, named, unit, first is not None))
        parts.append("</g></g>")
    rows = math.ceil(len(wide.columns) / columns)
    legend, below = _legend(
        name, classes, title, first, rows * (height + _GAP), any(state in dots for state in wide.index)
    )
    return framed(name, WIDTH, below, alt, "".join(parts) + legend)


def _style(name: str) -> str:
    return (
        f"<style>#{name} .n{{stroke:#bdbdbd}}#{name} .s{{stroke:#fff}}#{name} .s,#{name} .n{{stroke-width:7}}"
        f"#{name} circle{{stroke:#333;stroke-width:.5}}</style>"
    )


def _definitions(name: str, world: outlines.World, shown: set[str], classes: Sequence[Shade], scale: float) -> str:
    """Return all outlines once: states of the model apart, all else as one; and hatches and dots at both scales."""
    others = world.others + "".join(one.path for code, one in world.states.items() if code not in shown)
    paths = [f'<path id="{name}-o" d="{others}"/>', f'<path id="{name}-e" d="{world.edge}"/>']
    paths += [f'<path id="{name}-{code}" d="{world.states[code].path}"/>' for code in sorted(shown)]
    dots = "".join(
        f'<pattern id="{name}-none{mark}" width="4" height="4" patternUnits="userSpaceOnUse" '
        f'patternTransform="scale({1 / size:.6g})"><rect width="4" height="4" fill="{_LAND}"/>'
        f'<rect x="1" y="1" width="1" height="1" fill="#9a9a9a"/></pattern>'
        for size, mark in ((1.0, ""), (scale / 10, "-s"))
    )
    hatched = [one.colour for one in classes if one.colour in HATCHED]
    hatches = defined(name, hatched) + defined(name, hatched, scale / 10, "-s")
    return f"<defs>{''.join(paths)}{dots}</defs>{hatches}"


def _fill(name: str, colour: str, scaled: bool) -> str:
    """Return the paint of a shade; ``scaled`` in the units of the outlines."""
    return f"url(#{name}-hatch-{colour[1:]}{'-s' if scaled else ''})" if colour in HATCHED else colour


def _panel(
    name: str,
    own: pd.Series[float],
    located: Mapping[str, str],
    dots: Mapping[str, tuple[float, float, float]],
    classes: Sequence[Shade],
    scale: float,
    named: bool,
    unit: Unit,
    difference: bool,
) -> str:
    shades: list[list[str]] = [[] for _ in classes]
    rings: list[list[str]] = [[] for _ in classes]
    nothing: list[str] = []
    names = places()["name"].to_dict()
    for state, value in own.items():
        here = str(state)
        if here not in located:
            continue
        told = f"{names[here]}: {amount(float(value), unit, difference)}"
        inside = f"<title>{html.escape(told)}</title>" if named else ""
        if here in dots:
            x, y, radius = dots[here]
            mark = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"' + (f">{inside}</circle>" if named else "/>")
        else:
            mark = f'<use href="#{name}-{located[here]}"' + (f">{inside}</use>" if named else "/>")
        if math.isnan(float(value)):
            nothing.append(mark if here not in dots else "")
            continue
        (rings if here in dots else shades)[shade_of(float(value), classes)].append(mark)
    text = (
        f'<g transform="scale({scale / 10:.6g})"><use href="#{name}-e" fill="#fff" stroke="#c4c4c4" stroke-width="8"/>'
    )
    text += f'<g class="n" fill="url(#{name}-none-s)"><use href="#{name}-o"/>{"".join(nothing)}</g>'
    for one, marks in zip(classes, shades, strict=True):
        if marks:
            text += f'<g class="s" fill="{_fill(name, one.colour, True)}">{"".join(marks)}</g>'
    text += "</g>"
    for one, marks in zip(classes, rings, strict=True):
        if marks:
            text += f'<g fill="{_fill(name, one.colour, False)}">{"".join(marks)}</g>'
    return text


def circles(located: Mapping[str, str], scale: float) -> dict[str, tuple[float, float, float]]:
    """Return x, y and radius, in pixels of a panel, of states that are too small to be seen as they are.

    Parameters
    ----------
    located : numeric code by state
    scale : pixels a unit of the plane

    Notes
    -----
    Circles that would lie on each other are pushed apart, a few pixels, always in the same way.
    """
    world = outlines.world()
    small = [s for s, code in located.items() if world.states[code].area * scale**2 < _SMALLEST]
    radius = 2.3 if scale < 0.5 else 3.2
    at = np.array([world.states[located[s]].at for s in small], dtype=np.float64).reshape(-1, 2) * scale
    for _ in range(200):
        apart = at[:, None] - at[None, :]
        distance = np.hypot(apart[..., 0], apart[..., 1])
        close = (distance < 2 * radius) & ~np.eye(len(at), dtype=bool)
        if not close.any():
            break
        way = np.where(distance[..., None] > 1e-9, apart / np.maximum(distance, 1e-9)[..., None], (0.0, 1.0))
        at = at + np.where(close[..., None], way * (2 * radius - distance)[..., None] * 0.3, 0.0).sum(axis=1)
    at[:, 0] = np.clip(at[:, 0], radius, world.width * scale - radius)
    return {s: (float(x), float(y), radius) for s, (x, y) in zip(small, at, strict=True)}


def _legend(
    name: str, classes: Sequence[Shade], title: str, first: str | None, top: float, dots: bool
) -> tuple[str, float]:
    """Return the legend below the panels, and where it ends."""
    words = title if first is None else f"{title}, difference to {label(first)}"
    text = f'<g font-size="{SMALL}" fill="{INK}"><text x="0" y="{top + 12:g}">{html.escape(words)}</text>'
    items = [(_fill(name, one.colour, False), one.words) for one in classes]
    items.append((f"url(#{name}-none)", "not in the model"))
    x, y = 0.5, top + 24
    for paint, said in items:
        room = 24 + 6.6 * len(said) + 10
        if x > 1 and x + room > WIDTH:
            x, y = 0.5, y + 20
        text += f'<rect x="{x:g}" y="{y:g}" width="18" height="12" fill="{paint}" stroke="#666" stroke-width=".6"/>'
        text += f'<text x="{x + 23:g}" y="{y + 10.5:g}">{html.escape(said)}</text>'
        x += room
    notes = ["Circles: states too small to be seen, moved apart where they would overlap."] if dots else []
    notes.append(NOTICE)
    for line in notes:
        y += 22 if line is notes[0] else 15
        text += f'<text x="0" y="{y + 10:g}" fill="{QUIET}" font-size="11">{html.escape(line)}</text>'
    return text + "</g>", y + 18
