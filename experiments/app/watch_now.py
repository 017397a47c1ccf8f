"""Watch: which quarter it is, what was paid twice until then, and the buttons by which one moves."""

from __future__ import annotations

from statistics import fmean
from typing import Final

import numpy as np
from markupsafe import Markup

from donorlab.experiments.app.watch_facts import Facts
from donorlab.experiments.app.watch_tiles import Marks, when
from donorlab.experiments.words import counted

SPEEDS: Final = {"slow": 1.5, "normal": 0.7, "fast": 0.33}
"""Seconds of a quarter while it plays."""
_WIDE, _HIGH = 400.0, 44.0


def controls(last: int, quarter: int, playing: bool, speed: str) -> Markup:
    """Return the buttons and the slider; they are drawn once for a run, and only marked while it plays."""
    speeds = Markup("").join(
        Markup('<option value="{}"{}>{}</option>').format(one, Markup(" selected") if one == speed else "", one)
        for one in SPEEDS
    )
    return Markup(
        '<div class="transport" role="group" aria-label="Move through the run">'
        '<button data-act="start" data-key="start">To the start</button><button data-act="back" data-key="back">Back</button>'
        '<button data-act="play" data-key="play" data-mark="play" class="main">{}</button>'
        '<button data-act="step" data-key="step">Step</button><button data-act="end" data-key="end">To the end</button>'
        '<div class="scrub" data-row><label for="quarter">Quarter</label>'
        '<input id="quarter" type="range" min="0" max="{}" step="1" value="{}" data-unit=" of {}" aria-valuetext="{} of {}" '
        'data-act="quarter" data-key="quarter" data-mark="quarter"><output for="quarter">{} of {}</output></div>'
        '<label for="speed">Speed</label><select id="speed" data-act="speed" data-key="speed">{}</select></div>'
    ).format("Pause" if playing else "Play", last, quarter, last, quarter, last, quarter, last, speeds)


def control_marks(quarter: int, playing: bool) -> Marks:
    """Return what changes of them."""
    return {"quarter": (None, str(quarter)), "play": (None, "Pause" if playing else "Play")}


def html(facts: Facts, state: str, quarter: int) -> Markup:
    """Return the count."""
    column, name = facts.column(state), facts.called(state)
    own, whole = facts.twice[:, column], facts.twice.sum(axis=1)
    capacity = {one: share for one, _, share, _ in facts.capacities(quarter)}
    text = when(quarter)
    return Markup(
        '<p class="when" data-say>{}{}</p><div class="numbers">{}{}{}{}</div><div class="charts">{}{}</div>'
    ).format(
        text[0].upper(), text[1:],
        _number(counted(int(own[quarter]), "payment"), f"paid twice in {name}", True, _new(own, quarter)),
        _number(counted(int(whole[quarter]), "payment"), "paid twice in all states", True, _new(whole, quarter)),
        _number(f"EUR {facts.contracted_m[quarter]:,.{_places(facts)}f} m",
                f"contracted so far; paid twice EUR {facts.twice_m[quarter].sum():,.{_places(facts)}f} m at base prices"),
        _number(f"{100 * capacity[state]:.0f}%",
                f"of the tasks of {name} stand; mean of all states {100 * fmean(capacity.values()):.0f}%"),
        _chart("own", own, quarter, f"Paid twice so far in {name}"),
        _chart("whole", whole, quarter, "Paid twice so far in all states"),
    )  # fmt: skip


def _places(facts: Facts) -> int:
    return 0 if facts.contracted_m[-1] >= 100 else 2


def _new(counts: np.ndarray, quarter: int) -> str:
    more = int(counts[quarter] - counts[quarter - 1]) if quarter else 0
    return f"+{more} in this quarter" if more > 0 else ""


def _number(value: str, words: str, main: bool = False, new: str = "") -> Markup:
    head, _, unit = value.partition(" ") if not value.startswith("EUR") else (value, "", "")
    return Markup('<div class="number{}"><p><strong>{}</strong>{} <span class="new">{}</span></p><p>{}</p></div>').format(
        " twice" if main else "", head, f" {unit}" if unit else "", new, words
    )  # fmt: skip


def _chart(name: str, counts: np.ndarray, quarter: int, title: str) -> Markup:
    """Return bars of what was paid twice until now; later quarters are left empty, so that it emerges."""
    last, most = len(counts) - 1, max(int(counts.max()), 1)
    wide = _WIDE / (last + 1)
    bar = Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>')
    bars = Markup("").join(
        bar.format(
            "now" if q == quarter else "bar", q * wide, 8 + _HIGH * (1 - counts[q] / most), max(wide - 1, 1),
            _HIGH * counts[q] / most,
        )
        for q in range(quarter + 1)
        if counts[q]
    )  # fmt: skip
    first = int(np.flatnonzero(counts)[0]) if counts.any() else None
    told = f"{title}: {counted(int(counts[quarter]), 'payment')} at {when(quarter)}" + (
        f", the first in {when(first)}." if first is not None and first <= quarter else "."
    )
    at = quarter * wide + max(wide - 1, 1) / 2
    years = Markup("").join(
        Markup('<text x="{:.1f}" y="{:.0f}">{}</text>').format(4 * (y - 1) * wide + wide, _HIGH + 22, y)
        for y in range(1, last // 4 + 1)
    )  # fmt: skip
    return Markup(
        '<figure class="small"><figcaption>{}, by year</figcaption>'
        '<svg viewBox="0 0 {:.0f} {:.0f}" preserveAspectRatio="xMinYMid" role="img" aria-label="{}">'
        '<defs><pattern id="h-{}" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="5" height="5" fill="#f0c39a"/><rect width="2.5" height="5" fill="#c8702a"/></pattern></defs>'
        '<line class="axis" x1="0" x2="{:.0f}" y1="{:.0f}" y2="{:.0f}"/><g fill="url(#h-{})">{}</g>'
        '<path class="here" d="M{:.1f} {:.0f}l-4 7h8z"/>{}</svg></figure>'
    ).format(title, _WIDE, _HIGH + 24, told, name, _WIDE, _HIGH + 8, _HIGH + 8, name, bars, at, _HIGH + 8.5, years)
