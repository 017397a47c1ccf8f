"""Explore: the HTML of what becomes of states: maps, or bars of made-up ones; who gains and who loses."""

from __future__ import annotations

import math
from typing import Final

import pandas as pd
from markupsafe import Markup

from donorlab.experiments.app import sentences, settable
from donorlab.experiments.app.answers import SMALLEST, Answer
from donorlab.experiments.app.explore_state import Exploration
from donorlab.experiments.pages import maps
from donorlab.experiments.pages.chart import Chart, label, word_of
from donorlab.experiments.words import called, counted

NAMED_MOST: Final = 5
"""States told by name at each end."""


# ---------------------------------------------------------------------- the places
def places(page: Exploration) -> Markup:
    """Return what states have at the end, and what changes: a map of a real world, bars of a made-up one."""
    known = page.answer
    if known is None:
        return Markup("")
    if not settable.WORLDS[known.choice.scenario].real:
        return Markup("<h2>State by state</h2>{}").format(_bars(known))
    frame = known.by_state.rename(columns={"capacity_final": "value"})
    columns = ["iso3", "architecture", "value"]
    draws = counted(known.stage.seeds, "draw")
    parts = [
        Markup(
            '<p><label><input type="checkbox" data-act="told" data-key="told"{}> Only what is told from chance</label></p>'
            '<p class="note">{}</p>'
        ).format(Markup(" checked") if page.told else "", _told_of(known, draws))
    ]
    for name in known.others:
        own = frame[frame["architecture"].isin([known.first, name])]
        chart = maps.states(
            own[[*columns, "told"] if page.told else columns], "Capacity at the end", "share", known.first,
            name=f"app-change-{word_of(name)}", smallest=SMALLEST, named=page.named,
        )  # fmt: skip
        parts.append(_picture(chart, f"Map of changes, {label(name)}"))
    parts.append(
        Markup(
            '<p><label><input type="checkbox" data-act="levels" data-key="levels"{}> What states have, {}</label></p>'
        ).format(Markup(" checked") if page.levels else "", label(known.first))
    )
    if page.levels:
        level = maps.states(
            frame.loc[frame["architecture"] == known.first, columns],
            "Capacity at the end", "share", name="app-level", named=page.named,
        )  # fmt: skip
        parts.append(_picture(level, "Map of levels"))
    return Markup("<h2>On the map</h2>{}").format(Markup("").join(parts))


def _picture(chart: Chart, words: str) -> Markup:
    return Markup('<div class="wide" tabindex="0" role="region" aria-label="{}">{}</div>').format(
        words, Markup(chart.svg)
    )


def _told_of(known: Answer, draws: str) -> str:
    """Return in how many states a change is told from chance: a map alone does not say it."""
    parts = []
    for name in known.others:
        own = known.by_state[known.by_state["architecture"] == name]
        parts.append(f"{label(name)} {int(own['told'].sum())} of {len(own)}")
    return f"States whose change is told from chance, {draws}: {'; '.join(parts)}. All others may be chance."


def _bars(known: Answer) -> Markup:
    wide = known.by_state.pivot_table(index="iso3", columns="architecture", values="capacity_final", sort=False)
    names = dict(zip(known.by_state["iso3"], known.by_state["name"], strict=True))
    rows = []
    for iso3, row in wide.iterrows():
        bars = Markup("").join(
            Markup(
                '<span class="who">{}</span><span class="rail"><i class="d{}" style="width:{:.1f}%"></i></span><span '
                'class="n">{:.0f}%</span>'
            ).format(label(name), place, 100 * float(row[name]), 100 * float(row[name]))
            for place, name in enumerate(known.choice.designs)
        )
        rows.append(Markup('<div class="place"><h3>{}</h3><div class="grid">{}</div></div>').format(names[iso3], bars))
    return Markup(
        '<p class="note">Share of all tasks that stand at the end, mean of {}.</p><div class="places">{}</div>'
    ).format(counted(known.stage.seeds, "draw"), Markup("").join(rows))


# ---------------------------------------------------------------------- winners and losers
def winners(page: Exploration) -> Markup:
    """Return how many states gain and lose, in which groups, and, where that is asked for, which."""
    known = page.answer
    if known is None:
        return Markup("")
    real = settable.WORLDS[known.choice.scenario].real
    parts = [_verdicts(known)]
    if real:
        parts += [_groups(known, "income_group", "income"), _groups(known, "region", "region")]
    switch = (
        Markup('<p><label><input type="checkbox" data-act="named" data-key="named"{}> Name states</label></p>').format(
            Markup(" checked") if page.named else ""
        )
        if real
        else Markup("")
    )
    if page.named or not real:
        parts.append(_ends(known))
    return Markup("<h2>Who gains, who loses</h2>{}{}").format(switch, Markup("").join(parts))


def _verdicts(known: Answer) -> Markup:
    head = ("design", "gain", "may gain", "about the same", "may lose", "lose")
    rows = []
    for name in known.others:
        own = known.by_state.loc[known.by_state["architecture"] == name, "verdict"].value_counts().to_dict()
        cells = [int(own.get(word, 0)) for word in ("gains", "may gain", "same", "may lose", "loses")]
        rows.append(
            Markup('<tr><th scope="row">{}</th>{}</tr>').format(
                label(name), Markup("").join(Markup('<td class="n">{}</td>').format(cell) for cell in cells)
            )
        )
    return Markup(
        '<div class="wide"><table><caption>States by what becomes of their capacity against {}; <q>may</q>: {} or more, '
        "but chance alone may do "
        "that.</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>"
    ).format(
        called(known.first),
        sentences.POINTS,
        Markup("").join(
            Markup('<th scope="col"{}>{}</th>').format(Markup(' class="n"') if i else "", word)
            for i, word in enumerate(head)
        ),
        Markup("").join(rows),
    )


def _groups(known: Answer, by: str, words: str) -> Markup:
    frame = known.groups(by)
    frame = frame[frame[by] != ""]
    most = max(float(frame["change"].abs().max()), SMALLEST)
    body = []
    for group in dict.fromkeys(frame[by]):
        own = frame[frame[by] == group].set_index("architecture")
        cells = Markup("").join(_swing(float(own.loc[name, "change"]), most) for name in known.others)
        body.append(Markup('<tr><th scope="row">{} <span class="note">({})</span></th>{}</tr>').format(
            group, int(own["states"].iloc[0]), cells))  # fmt: skip
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(label(name)) for name in known.others)
    return Markup(
        '<div class="wide"><table class="swings"><caption>Points of capacity against {}, by {}; means over states, chance '
        "not told apart</caption>"
        '<thead><tr><th scope="col">group (states)</th>{}</tr></thead><tbody>{}</tbody></table></div>'
    ).format(called(known.first), words, head, Markup("").join(body))


def _swing(change: float, most: float) -> Markup:
    """Return a cell with a bar from the middle: to the right a gain, to the left, hatched, a loss."""
    if math.isnan(change):
        return Markup("<td>-</td>")
    width = 50 * min(abs(change) / most, 1.0)
    side = f"left:50%;width:{width:.1f}%" if change >= 0 else f"left:{50 - width:.1f}%;width:{width:.1f}%"
    return Markup(
        '<td><span class="swing"><i class="{}" style="{}"></i></span><span class="n">{:+.1f}</span></td>'
    ).format("better" if change >= 0 else "worse", side, 100 * change + 0.0)


def _ends(known: Answer) -> Markup:
    parts = []
    for name in known.others:
        own = known.by_state[known.by_state["architecture"] == name].sort_values("change", ascending=False)
        gain, lose = own[own["change"] > 0].head(NAMED_MOST), own[own["change"] < 0].tail(NAMED_MOST).iloc[::-1]
        parts.append(Markup("<p><b>{}</b> Most: {}. Least: {}.</p>").format(_head(name), _told(gain), _told(lose)))
    return Markup("").join(parts) + Markup('<p class="note">* told from chance.</p>')


def _head(name: str) -> str:
    return f"{label(name).capitalize()}:"


def _told(frame: pd.DataFrame) -> str:
    if frame.empty:
        return "none"
    return ", ".join(
        f"{row['name']} {100 * row['change']:+.1f}{'*' if row['told'] else ''}" for row in frame.to_dict("records")
    )
