"""Explore: the HTML of what is known of a choice: the answer, the numbers, up to where it holds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from donorlab.experiments import break_even, levers
from donorlab.experiments.app import sentences, settable
from donorlab.experiments.app.answers import STAGES, Answer
from donorlab.experiments.app.choices import ready
from donorlab.experiments.app.explore_state import Exploration
from donorlab.experiments.app.levers_shown import WORDS
from donorlab.experiments.outcomes import OUTCOMES, Unit, outcome, written, written_difference
from donorlab.experiments.pages.chart import label
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
_STAGES: Final = {"first": "A first answer", "more": "A finer answer", "futures": "An answer over futures"}


# ---------------------------------------------------------------------- the answer
def answer(page: Exploration) -> Markup:
    """Return the sentences: what holds, what changed, how far the work is."""
    wrong = Markup('<p class="wrong" role="alert">{}</p>').format(page.error) if page.error else Markup("")
    known = page.answer
    if known is None:
        return (
            wrong
            + Markup('<h2>The answer</h2><p class="answer" data-say>The first draws are run …</p>')
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
    return Markup('{}<h2>The answer</h2><p class="answer" data-say>{}</p>{}{}{}{}').format(
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
    if step is None:
        said = "At rest." if page.resting else "Refining what came before …" if page.finishing else "Refining …"
        return Markup('<p class="note">{}<span class="state">{}</span></p>').format(rests, said)
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
def numbers(page: Exploration) -> Markup:
    """Return the outcomes as a table: the few that are asked for first, or all, which take some runs' time."""
    known = page.answer
    if known is None:
        return Markup("")
    caption = (
        f"Mean of {counted(known.stage.seeds, 'paired draw')} at the values set; in brackets the difference to "
        f"{called(known.first)}, with * where it is told from chance."
    )
    names = [item.name for item in OUTCOMES if item.group] if page.every else FEW
    return Markup(
        '<h2>In numbers</h2>{}<p><label><input type="checkbox" data-act="every" data-key="every"{}> All outcomes</label></p>'
    ).format(_table(known, known.summary_of(names), names, caption), Markup(" checked") if page.every else "")


def _table(known: Answer, summary: pd.DataFrame, names: Sequence[str], caption: str) -> Markup:
    rows: dict[str, dict[Any, Any]] = {str(row["outcome"]): row for row in summary.to_dict("records")}
    head = Markup("").join(
        Markup('<th scope="col" class="n">{}</th>').format(label(name)) for name in known.choice.designs
    )
    body = []
    for name in names:
        if name not in rows:
            continue
        row, item = rows[name], outcome(name)
        cells = [Markup('<td class="n">{}</td>').format(written(float(row[known.first]), item.unit))]
        cells += [
            Markup('<td class="n">{} <span class="by">({})</span></td>').format(
                written(float(row[one]), item.unit), _difference(row, one, known.first, item.unit, known.stage.seeds)
            )
            for one in known.others
        ]
        body.append(Markup('<tr><th scope="row">{}</th>{}</tr>').format(item.label, Markup("").join(cells)))
    return Markup(
        '<div class="wide" data-scroll="numbers" tabindex="0" role="region" '
        'aria-label="Outcomes"><table><caption>{}</caption><thead><tr><th scope="col">Outcome</th>{}</tr>'
        "</thead><tbody>{}</tbody></table></div>"
    ).format(caption, head, Markup("").join(body))


def _difference(row: Mapping[Any, Any], name: str, first: str, unit: Unit, seeds: int) -> str:
    value, error = float(row[f"{name}_minus_{first}"]), float(row[f"{name}_minus_{first}_standard_error"])
    told = seeds > 1 and not math.isnan(value) and value != 0 and abs(value) > sure(seeds) * error
    return written_difference(value, unit) + ("*" if told else "")


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
        "<div data-say>{}</div>"
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
