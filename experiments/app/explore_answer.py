"""Explore: the HTML of what is known of a choice: the answer, the numbers, the places, who gains and loses, break-even."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from donorlab.experiments import break_even, levers
from donorlab.experiments.app import sentences, settable
from donorlab.experiments.app.answers import SMALLEST, STAGES, Answer
from donorlab.experiments.app.choices import ready
from donorlab.experiments.app.explore_state import Exploration
from donorlab.experiments.app.levers_shown import WORDS
from donorlab.experiments.outcomes import OUTCOMES, Unit, written, written_difference
from donorlab.experiments.pages import maps
from donorlab.experiments.pages.chart import Chart, label, word_of
from donorlab.experiments.tables import sure
from donorlab.experiments.words import called, counted

FEW: Final = (
    "efficiency",
    "duplication_share",
    "overhead_share",
    "orphans",
    "attribution_share",
    "exposure",
    "safe_havens",
)
"""Outcomes that are seen without unfolding anything."""
NAMED_MOST: Final = 5
"""States told by name at each end."""
_STAGES: Final = {"first": "A first answer", "more": "A finer answer", "futures": "An answer over futures"}


# ---------------------------------------------------------------------- the answer
def answer(page: Exploration) -> Markup:
    """Return the sentences: what holds, what changed, how far the work is."""
    wrong = Markup('<p class="wrong" role="alert">{}</p>').format(page.error) if page.error else Markup("")
    known = page.answer
    if known is None:
        return (
            wrong
            + Markup('<h2>The answer</h2><p class="answer" aria-live="polite">The first draws are run …</p>')
            + _progress(page)
        )
    now, *further = sentences.now(known)
    changed = sentences.changed(page.before, known) if page.before is not None else []
    undo = (
        Markup('<button type="button" class="bare" data-act="undo" data-key="undo">Undo</button>')
        if page.base
        else Markup("")
    )
    what = (
        Markup('<h3>What the last change did {}</h3><ul class="plain">{}</ul>').format(undo, _items(changed))
        if changed
        else Markup("")
    )
    return Markup('{}<h2>The answer</h2><p class="answer" aria-live="polite">{}</p>{}{}{}{}').format(
        wrong,
        now,
        futures(known),
        Markup("").join(Markup('<p class="note">{}</p>').format(_code(text)) for text in further),
        _progress(page),
        what,
    )


def _code(text: str) -> Markup:
    """Return a sentence whose words between backticks are set as what is typed."""
    parts = [
        Markup("<code>{}</code>" if place % 2 else "{}").format(part) for place, part in enumerate(text.split("`"))
    ]
    return Markup("").join(parts)


def _items(texts: Sequence[str]) -> Markup:
    return Markup("").join(Markup("<li>{}</li>").format(text) for text in texts)


def _progress(page: Exploration) -> Markup:
    """Return on what the answer rests, and how far the next one is."""
    stages = STAGES[page.choice.scenario]
    known = page.answer
    rests = ""
    if known is not None:
        rests = f"{_STAGES[known.stage.name]}: {counted(known.stage.seeds, 'paired draw')}"
        rests += f" and {counted(known.stage.futures, 'future')}. " if known.stage.futures else ". "
    step = page.progress
    if step is None or page.resting:
        return Markup('<p class="note">{}<span class="state">At rest.</span></p>').format(rests)
    whole = sum(1 for stage in stages if stage.name in page.found) + step.done / max(step.of, 1)
    return Markup(
        '<p class="note">{}<span class="state">Refining: {} of {} runs.</span></p>'
        '<progress max="{}" value="{:.2f}" aria-label="How far the answer is refined"></progress>'
    ).format(rests, step.done, step.of, len(stages), min(whole, len(stages)))


def futures(known: Answer | None) -> Markup:
    """Return in how many futures each design is better, about the same and worse, as bars; nothing before there are any."""
    if known is None or not known.counts:
        return Markup("")
    rows = []
    for name, count in known.counts.items():
        parts = [
            (kind, number, words)
            for kind, number, words in (
                ("better", count.better, "better"),
                ("same", count.same, "about the same"),
                ("worse", count.worse, "worse"),
                ("none", count.undefined, "not defined"),
            )
            if number
        ]
        bars = Markup("").join(
            Markup('<span class="{}" style="flex:{}" title="{} {}">{}</span>').format(
                kind, number, number, words, number
            )
            for kind, number, words in parts
        )
        told = ", ".join(f"{words} in {number}" for _, number, words in parts)
        rows.append(
            Markup(
                '<div class="future"><span class="who">{}</span><span class="bar" role="img" aria-label="{}">{}</span></div>'
            ).format(label(name), f"{label(name)}: {told} of {count.count} futures", bars)
        )
    return Markup(
        '<h3>Against {} by {}, over {} futures</h3>{}<p class="note legend"><span class="key better"></span> better '
        '<span class="key same"></span> about the same <span class="key worse"></span> worse. A share of futures is no '
        "probability.</p>"
    ).format(
        called(known.first), sentences.POINTS, max(one.count for one in known.counts.values()), Markup("").join(rows)
    )


# ---------------------------------------------------------------------- the numbers
def numbers(known: Answer | None) -> Markup:
    """Return the outcomes as tables: the few that are asked for first, all others folded."""
    if known is None:
        return Markup("")
    rows: dict[str, dict[Any, Any]] = {str(row["outcome"]): row for row in known.summary.to_dict("records")}
    shown = [item for item in OUTCOMES if item.group and item.name in rows]
    few = [item for name in FEW for item in shown if item.name == name]
    seeds = known.stage.seeds
    caption = (
        f"Mean of {counted(seeds, 'paired draw')} at the values set; in brackets the difference to {called(known.first)}, "
        "with * where it is told from chance."
    )
    whole = _table(known, [(item.label, item.unit, rows[item.name]) for item in shown], caption)
    return Markup(
        "<h2>In numbers</h2>{}<details data-key='all-numbers'><summary>All outcomes</summary>{}</details>"
    ).format(_table(known, [(item.label, item.unit, rows[item.name]) for item in few], caption), whole)


def _table(known: Answer, items: Sequence[tuple[str, Unit, Mapping[Any, Any]]], caption: str) -> Markup:
    head = Markup("").join(
        Markup('<th scope="col" class="n">{}</th>').format(label(name)) for name in known.choice.designs
    )
    body = []
    for words, unit, row in items:
        cells = [Markup('<td class="n">{}</td>').format(written(float(row[known.first]), unit))]
        cells += [
            Markup('<td class="n">{} <span class="by">({})</span></td>').format(
                written(float(row[name]), unit), _difference(row, name, known.first, unit, known.stage.seeds)
            )
            for name in known.others
        ]
        body.append(Markup('<tr><th scope="row">{}</th>{}</tr>').format(words, Markup("").join(cells)))
    return Markup(
        '<div class="wide" data-scroll="numbers" tabindex="0" role="region" '
        'aria-label="Outcomes"><table><caption>{}</caption><thead><tr><th scope="col">Outcome</th>{}</tr>'
        "</thead><tbody>{}</tbody></table></div>"
    ).format(caption, head, Markup("").join(body))


def _difference(row: Mapping[Any, Any], name: str, first: str, unit: Unit, seeds: int) -> str:
    value, error = float(row[f"{name}_minus_{first}"]), float(row[f"{name}_minus_{first}_standard_error"])
    told = seeds > 1 and not math.isnan(value) and value != 0 and abs(value) > sure(seeds) * error
    return written_difference(value, unit) + ("*" if told else "")


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
    level = maps.states(
        frame.loc[frame["architecture"] == known.first, columns],
        "Capacity at the end",
        "share",
        name="app-level",
        named=page.named,
    )
    parts.append(
        Markup('<details data-key="level-map"><summary>What states have, {}</summary>{}</details>').format(
            label(known.first), _picture(level, "Map of levels")
        )
    )
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


# ---------------------------------------------------------------------- break-even
def even(page: Exploration) -> Markup:
    """Return the question up to where a design is better, and its answer."""
    made = ready(page.choice)
    there = [
        name
        for name in break_even.PARAMETERS
        if name not in settable.levers() or any(levers.uses(one, name, [0.0, 0.1]) for one in made.scenarios.values())
    ]
    buttons = Markup("").join(
        Markup('<button type="button" data-act="break-even" data-value="{}" data-key="even-{}">{}</button> ').format(
            name, name, WORDS[name][0]
        )
        for name in there
    )
    return Markup(
        '<h2>Up to where?</h2><p class="note">Runs the whole range of one number on a few draws and says where the lead '
        "ends.</p><p>{}</p>"
        '<div aria-live="polite">{}</div>'
    ).format(buttons, _reading(page))


def _reading(page: Exploration) -> Markup:
    asked = page.break_even
    if asked is None:
        return Markup("")
    if asked.error:
        return Markup('<p class="wrong">{}</p>').format(asked.error)
    title = WORDS[asked.parameter][0]
    if asked.lines is None:
        return Markup("<p>{} is tried over its range …</p>").format(title)
    rows = asked.lines.to_dict("records")
    seeds = int(rows[0]["seeds"]) if rows else 0
    items = _items([f"{label(str(row['architecture'])).capitalize()}: {row['reading']}." for row in rows])
    return Markup(
        '<h3>{} from {:g} to {:g}</h3><ul class="plain">{}</ul><p class="note">Points of efficiency against {}, {}.</p>'
    ).format(
        title,
        rows[0]["low"] if rows else 0,
        rows[0]["high"] if rows else 0,
        items,
        called(page.choice.designs[0]),
        counted(seeds, "paired draw"),
    )
