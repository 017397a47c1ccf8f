"""What is watched, as the address of the page holds it: a choice, and which of its designs, states and quarters is looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from donorlab.experiments.app import settable
from donorlab.experiments.app.choices import Choice, ready
from donorlab.experiments.app.lessons import Lesson, lessons
from donorlab.experiments.app.watched import numbered
from donorlab.experiments.arguments import InputError
from donorlab.scenarios.plain import one_line
from donorlab.sim.scenario import ScenarioError

OWN: Final = ("watch", "state", "quarter", "lesson", "hidden")
"""Keys of an address besides those of a choice."""
NO_LESSON: Final = "none"


@dataclass(frozen=True)
class Asked:
    """What is watched.

    Attributes
    ----------
    choice : what can be run
    watch : the design of it that is run
    state : the state that is looked at, as it is told
    quarter : from 0, the start
    lesson : key of the lesson that this setting belongs to; empty for none
    hidden : whether states are told by number
    """

    choice: Choice
    watch: str
    state: str
    quarter: int = 0
    lesson: str = ""
    hidden: bool = False

    def to_query(self) -> dict[str, str]:
        """Return keys and values of an address; `read` gives the same back."""
        return {
            **self.choice.to_query(),
            "watch": self.watch,
            "state": self.state,
            "quarter": str(self.quarter),
            "lesson": self.lesson or NO_LESSON,
            **({"hidden": "1"} if self.hidden else {}),
        }

    def with_hidden(self, hidden: bool) -> Asked:
        """Return the same with states told by number, or by name."""
        old, new = states(self.choice, self.hidden), states(self.choice, hidden)
        return replace(self, hidden=hidden, state=new[old.index(self.state)])


def of_lesson(lesson: Lesson, hidden: bool = False) -> Asked:
    """Return what a lesson shows, from its start."""
    return Asked(lesson.choice, lesson.watch, lesson.state, 0, lesson.key).with_hidden(hidden)


def lesson_of(key: str) -> Lesson | None:
    """Return a lesson by its key; None if there is none."""
    return next((one for one in lessons() if one.key == key), None)


def states(choice: Choice, hidden: bool) -> tuple[str, ...]:
    """Return the states of a choice as they are told, in the order of the run."""
    own = settable.loaded(choice.scenario, choice.designs[0]).beneficiaries.ids
    return tuple(numbered(own)[one] for one in own) if hidden else own


def quarters(choice: Choice) -> int:
    """Return how many quarters a run has."""
    return int(settable.loaded(choice.scenario, choice.designs[0]).parameters.quarters)


def read(query: Mapping[str, Sequence[str]]) -> tuple[Asked, str]:
    """Return what an address asks for, and in one line what is wrong with it.

    What is wrong stands at its default; a wrong choice makes all of it the default.

    Parameters
    ----------
    query : key to values, as `urllib.parse.parse_qs` gives them
    """
    wrong = ""
    base = of_lesson(lessons()[0])
    own = {key: value for key, value in query.items() if key in OWN}
    rest = {key: value for key, value in query.items() if key not in OWN}
    try:
        key = _one(own, "lesson", base.lesson if not rest else NO_LESSON)
        base = _base(key, rest)
    except (InputError, ScenarioError) as error:
        return base, _line(error)
    for name in ("watch", "hidden", "state", "quarter"):
        if name in own:
            try:
                base = _set(base, name, _one(own, name, ""))
            except InputError as error:
                wrong = wrong or _line(error)
    return base, wrong


def _base(key: str, rest: Mapping[str, Sequence[str]]) -> Asked:
    """Return what a lesson, or a choice, shows from its start."""
    lesson = lesson_of(key)
    if lesson is None and key != NO_LESSON:
        raise InputError(f"lesson: there is no '{one_line(key)}'; there are {', '.join(one.key for one in lessons())}")
    if lesson is not None and not rest:
        return of_lesson(lesson)
    choice = Choice.from_query(rest)
    ready(choice)
    if lesson is not None and choice == lesson.choice:
        return of_lesson(lesson)
    return Asked(choice, choice.designs[0], states(choice, False)[0])  # another setting is no longer that lesson


def _set(asked: Asked, name: str, text: str) -> Asked:
    if name == "watch":
        if text not in asked.choice.designs:
            raise InputError(f"watch: '{one_line(text)}' is none of the designs {', '.join(asked.choice.designs)}")
        return replace(asked, watch=text)
    if name == "hidden":
        if text not in ("0", "1"):
            raise InputError(f"hidden: '{one_line(text)}' is neither 0 nor 1")
        return asked.with_hidden(text == "1")
    if name == "state":
        if text not in states(asked.choice, asked.hidden):
            if asked.hidden:  # who hides names does not want to read one here
                raise InputError("state: states are told by number here, such as 'State 1'")
            raise InputError(f"state: there is no '{one_line(text)}' in scenario {asked.choice.scenario}")
        return replace(asked, state=text)
    return replace(asked, quarter=quarter(text, quarters(asked.choice)))


def quarter(text: str, last: int) -> int:
    """Return a quarter of a run.

    Raises
    ------
    InputError
        If it is none.
    """
    if not re.fullmatch(r"[0-9]{1,4}", text, re.ASCII) or int(text) > last:
        raise InputError(f"quarter: '{one_line(text)}' is none of this run; it has 0 (the start) to {last}")
    return int(text)


def _one(query: Mapping[str, Sequence[str]], key: str, default: str) -> str:
    if key not in query:
        return default
    if len(query[key]) != 1:
        raise InputError(f"{key}: give it once")
    return query[key][0]


def _line(error: Exception) -> str:
    return str(getattr(error, "message", None) or error)
