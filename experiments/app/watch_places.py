"""Watch: capacity and havens of all states, on a map of the world or, where states have no place or no name, as a grid.

The picture is sent once; a quarter changes the class and the words of single states.
"""

from __future__ import annotations

from functools import lru_cache
from statistics import fmean
from typing import Final

from markupsafe import Markup

from donorlab.experiments.app.watch_facts import Facts
from donorlab.experiments.app.watch_tiles import Marks
from donorlab.experiments.pages import maps, outlines
from donorlab.experiments.words import counted

LIMITS: Final = (0.2, 0.4, 0.6, 0.8)
"""Capacity at which a shade ends; the same for all quarters and runs."""
_NAMED: Final = 12  # states up to which a cell of the grid has its state's name
_SCALE: Final = 0.9  # pixels a unit of the plane


def on_a_map(facts: Facts) -> bool:
    """Return whether the states are drawn as a map."""
    return not facts.recording.hidden and not maps.without_place(facts.recording.ids)


def marks(facts: Facts, state: str, quarter: int) -> Marks:
    """Return class and words of each state, and the sentence that sums them up."""
    rows = facts.capacities(quarter)
    found: Marks = {}
    for one, name, capacity, haven in rows:
        shade = sum(capacity >= limit for limit in LIMITS)
        kind = f"place s{shade}{' haven' if haven else ''}{' here' if one == state else ''}"
        found[f"place {one}"] = (kind, f"{name}: capacity {100 * capacity:.0f}%{', a safe haven' if haven else ''}")
    havens = sum(haven for *_, haven in rows)
    mean = fmean(capacity for _, _, capacity, _ in rows)
    text = f"{counted(havens, 'safe haven')} among {len(rows)} states; mean capacity {100 * mean:.0f}%"
    found["places"] = (None, text)
    return found


def html(facts: Facts, state: str, quarter: int) -> Markup:
    """Return the picture."""
    look = marks(facts, state, quarter)
    where = _map(facts, look) if on_a_map(facts) else _grid(facts, look)
    ends = ("0", *(f"{100 * one:.0f}" for one in LIMITS), "100%")
    legend = Markup("").join(
        Markup('<li><span class="swatch s{}" aria-hidden="true"></span>{} to {}</li>').format(i, ends[i], ends[i + 1])
        for i in range(len(LIMITS) + 1)
    )
    return Markup(
        '<h2>Capacity and safe havens</h2><p class="note" data-mark="places">{}</p>{}'
        '<ul class="legend"><li>Capacity:</li>{}<li><span class="swatch haven" aria-hidden="true"></span>safe haven</li></ul>'
        '<p class="note">A click on a state chooses it. A safe haven has so little capacity that attackers shelter there.</p>'
    ).format(look["places"][1], where, legend)


def _map(facts: Facts, look: Marks) -> Markup:
    plane = outlines.world()
    codes = maps.places()["code"].to_dict()
    located = {one: codes[one] for one in facts.recording.ids}
    dots = maps.circles(located, _SCALE)
    shapes = []
    for one, code in located.items():
        kind, words = look[f"place {one}"]
        act = Markup('data-mark="place {}" data-act="state" data-value="{}" class="{}"').format(one, one, kind)
        if one in dots:
            x, y, radius = (value / _SCALE for value in dots[one])
            shape = Markup('<circle {} cx="{:.1f}" cy="{:.1f}" r="{:.1f}"').format(act, 10 * x, 10 * y, 10 * radius)
        else:
            shape = Markup('<path {} d="{}"').format(act, plane.states[code].path)
        tag = "circle" if one in dots else "path"
        shapes.append(shape + Markup("><title>{}</title></{}>").format(words, tag))
    shapes.sort(key=lambda one: one.startswith("<circle"))  # circles lie on land
    land = _others(frozenset(located.values()))
    return Markup(
        '<svg class="map" viewBox="0 0 {:g} {:g}" role="img" aria-label="Map of the world: capacity and safe havens; the list of '
        'states above the tiles chooses one as well"><path class="edge" d="{}"/>{}{}</svg>'
    ).format(10 * plane.width, 10 * plane.height, plane.edge, land, Markup("").join(shapes))


@lru_cache(maxsize=4)
def _others(shown: frozenset[str]) -> Markup:
    """Return all land that is no state of the model, as one path."""
    plane = outlines.world()
    path = plane.others + "".join(one.path for code, one in plane.states.items() if code not in shown)
    return Markup('<path class="land" d="{}"/>').format(path)


def _grid(facts: Facts, look: Marks) -> Markup:
    cells, many = [], len(facts.recording.ids) > _NAMED
    for j in facts.recording.in_order:
        one = facts.recording.ids[j]
        kind, words = look[f"place {one}"]
        short = one.rpartition(" ")[2] if many else facts.called(one)
        cells.append(
            Markup('<button data-mark="place {}" data-act="state" data-value="{}" data-key="place {}" class="{}" aria-label="{}">')
            .format(one, one, one, kind, words) + Markup("{}</button>").format(short)
        )  # fmt: skip
    return Markup('<div class="cells{}" role="group" aria-label="States">{}</div>').format(
        "" if many else " named", Markup("").join(cells)
    )
