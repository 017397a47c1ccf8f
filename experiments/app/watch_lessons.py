"""Watch: what is set: lesson, scenario, design, seed; questions for students and notes for the teacher."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from urllib.parse import urlencode

from markupsafe import Markup

from donorlab.experiments.app import sentences, settable
from donorlab.experiments.app.choices import SEED_HIGHEST, Choice, ready
from donorlab.experiments.app.lessons import Lesson, lessons
from donorlab.experiments.app.settable import AS_SET, WORLDS
from donorlab.experiments.app.watch_asked import NO_LESSON, Asked, lesson_of
from donorlab.experiments.words import called, counted, label


def levers_told(choice: Choice) -> list[str]:
    """Return what is set besides scenario, designs and seed, and what of it does nothing, in words."""
    plain = dataclasses.replace(choice, changes=(), judgement=AS_SET)
    return [*sentences.set_otherwise(plain, choice), *ready(choice).idle.values()]


def explore(choice: Choice) -> str:
    """Return the address of the page that compares the designs of a choice."""
    return f"./?{urlencode(choice.to_query())}"


def html(asked: Asked) -> Markup:
    """Return the settings, and the lesson if there is one."""
    lesson, choice = lesson_of(asked.lesson), asked.choice
    named = [(one.key, f"{i}. {one.title}") for i, one in enumerate(lessons(), 1)]
    designs = [(one, label(one)) for one in settable.designs(choice.scenario)]
    return Markup(
        '<div class="fields">{}{}</div>{}<details class="more" data-key="more"{}><summary>World, design and seed</summary>'
        '<div class="fields">{}{}<div><label for="seed">Seed: the draws of chance</label>'
        '<input id="seed" type="number" min="1" max="{}" step="1" value="{}" data-act="seed" data-key="seed"></div></div></details>'
        '<p class="check"><input id="hidden" type="checkbox" data-act="hidden" data-key="hidden"{}> '
        '<label for="hidden">Without states\' names</label></p>{}{}'
    ).format(
        _select("lesson", "Lesson", [(NO_LESSON, "No lesson: a run of your own"), *named], asked.lesson or NO_LESSON),
        _switch(asked),
        _questions(lesson) if lesson else "",
        "" if lesson else Markup(" open"),
        _select("scenario", "World", [(one.name, one.title) for one in WORLDS.values()], choice.scenario),
        _select("design", "Design that is watched", designs, asked.watch),
        SEED_HIGHEST,
        choice.seed,
        Markup(" checked") if asked.hidden else "",
        _levers(choice),
        _notes(lesson) if lesson else "",
    )


def _select(name: str, title: str, options: Sequence[tuple[str, str]], now: str) -> Markup:
    inside = Markup("").join(
        Markup('<option value="{}"{}>{}</option>').format(one, Markup(" selected") if one == now else "", words)
        for one, words in options
    )
    return Markup(
        '<div><label for="{}">{}</label><select id="{}" data-act="{}" data-key="{}">{}</select></div>'
    ).format(name, title, name, name, name, inside)  # fmt: skip


def _switch(asked: Asked) -> Markup:
    """Return a button for each design of the choice: the same draws under another one."""
    buttons = Markup("").join(
        Markup('<button data-act="watch" data-value="{}" data-key="watch {}" aria-pressed="{}">{}</button>').format(
            one, one, "true" if one == asked.watch else "false", called(one)
        )
        for one in asked.choice.designs
    )
    return Markup(
        '<div><p class="name" id="same">Watch, on the same draws</p>'
        '<div class="switch" role="group" aria-labelledby="same">{}</div></div>'
    ).format(buttons)


def _levers(choice: Choice) -> Markup:
    told = levers_told(choice)
    link = Markup('<p class="note"><a href="{}">Compare the designs, and change levers</a></p>').format(explore(choice))
    if not told:
        return link
    return Markup('<div class="levers"><h3>Set otherwise</h3><ul class="plain">{}</ul>{}</div>').format(
        _items(told), link
    )


def _questions(lesson: Lesson) -> Markup:
    return Markup('<h2>{}</h2><h3>Questions, {} minutes</h3><ol class="questions">{}</ol>').format(
        lesson.title, lesson.minutes, _items(lesson.questions)
    )


def _notes(lesson: Lesson) -> Markup:
    seen = []
    for one in lesson.expect:
        seeds = f" ({one.at_least} of {counted(one.seeds, 'seed')} at least)" if one.seeds > 1 else ""
        seen.append(f"{one.say}{seeds}")
    return Markup(
        '<details data-key="notes"><summary>Notes for the teacher</summary><ul class="plain">{}</ul></details>'
        '<details data-key="seen"><summary>What is to be seen</summary><ul class="plain">{}</ul>'
        '<p class="note">Tested by running them, with seeds counted up from {}.</p></details>'
    ).format(_items(lesson.notes), _items(seen), lesson.choice.seed)


def _items(lines: Sequence[str]) -> Markup:
    return Markup("").join(Markup("<li>{}</li>").format(line) for line in lines)
