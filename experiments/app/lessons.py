"""Five presets for a lesson of 45 minutes: what to show, what to ask, what the teacher should know, what is to be seen.

The file is data. What a lesson says will be seen is tested by running it, so that no teacher stands before a class with a
sentence that is not so. A fixed seed lets two classes compare.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from donorlab.experiments import tables
from donorlab.experiments.app import settable
from donorlab.experiments.app.answers import Explorer, Stage
from donorlab.experiments.app.choices import Choice
from donorlab.experiments.arguments import InputError
from donorlab.experiments.outcomes import BY_NAME
from donorlab.scenarios import plain

FILE: Final = Path(__file__).parent.parent / "conf" / "app" / "lessons.yaml"
MINUTES: Final = 45
_KEYS: Final = (
    "key", "title", "minutes", "scenario", "designs", "levers", "seed", "state", "watch", "questions", "notes", "expect",
)  # fmt: skip
_EXPECT: Final = ("say", "outcome", "design", "above", "below", "seeds", "at_least")


@dataclass(frozen=True)
class Expectation:
    """What is to be seen.

    Attributes
    ----------
    say : in words
    outcome, design : of the model; of the lesson
    above, below : what it must exceed, or fall short of: a number, or another design on the same seeds; one of them is None
    seeds : how many, counted up from the lesson's
    at_least : in how many of them it must be so; the lesson's own seed is always among them
    """

    say: str
    outcome: str
    design: str
    above: float | str | None
    below: float | str | None
    seeds: int
    at_least: int

    def holds(self, runs: pd.DataFrame) -> tuple[bool, int]:
        """Return whether it is so, and in how many seeds.

        Parameters
        ----------
        runs : a row a run: architecture, seed, outcomes; the lesson's own seed comes first
        """
        values = tables.paired(runs, self.outcome).iloc[: self.seeds]
        limit = self.above if self.above is not None else self.below
        other = values[limit] if isinstance(limit, str) else limit
        so = values[self.design] > other if self.above is not None else values[self.design] < other
        return bool(so.iloc[0]) and int(so.sum()) >= self.at_least, int(so.sum())


@dataclass(frozen=True)
class Lesson:
    """One preset.

    Attributes
    ----------
    key, title : a word; a line
    minutes : how long; all of them are `MINUTES`
    choice : what is run
    watch : the design whose run is watched
    state : id of the state to look at
    questions : for students
    notes : for the teacher
    expect : what is to be seen
    """

    key: str
    title: str
    minutes: int
    choice: Choice
    watch: str
    state: str
    questions: tuple[str, ...]
    notes: tuple[str, ...]
    expect: tuple[Expectation, ...]

    @property
    def stage(self) -> Stage:
        """Replications that its expectations need."""
        return Stage("lesson", max(one.seeds for one in self.expect), 0)

    def seen(self, explorer: Explorer) -> list[tuple[Expectation, bool, int]]:
        """Return what is to be seen, whether it is, and in how many seeds."""
        runs = explorer.answer(self.choice, (self.stage,)).comparison.runs
        return [(one, *one.holds(runs)) for one in self.expect]


@functools.lru_cache(maxsize=1)
def lessons() -> tuple[Lesson, ...]:
    """Return the lessons that come with DonorLab, in their order."""
    return read(FILE.read_text(encoding="utf-8"), FILE.name)


def read(text: str, where: str) -> tuple[Lesson, ...]:
    """Return the lessons of a file, checked.

    Parameters
    ----------
    text : YAML, plain data
    where : name of the file, for messages

    Raises
    ------
    InputError, ScenarioError
        In one line, if anything is missing, unknown, or no choice.
    """
    data = plain.parse(text, where)
    if not isinstance(data, dict) or set(data) != {"lessons"} or not isinstance(data["lessons"], list):
        raise InputError(f"{where}: must have the one key lessons, with a list")
    found = tuple(_lesson(row, f"{where}, lesson {number}") for number, row in enumerate(data["lessons"], 1))
    if len({one.key for one in found}) < len(found):
        raise InputError(f"{where}: each lesson needs a key of its own")
    if sum(one.minutes for one in found) != MINUTES:
        raise InputError(
            f"{where}: all lessons together take {sum(one.minutes for one in found)} minutes, not {MINUTES}"
        )
    return found


def _lesson(row: object, where: str) -> Lesson:
    data = _mapping(row, _KEYS, ("levers",), where)
    choice = Choice(
        scenario=data["scenario"],
        designs=tuple(_list(data, "designs", where)),
        changes=tuple(_mapping(data.get("levers", {}), None, (), f"{where}, levers").items()),
        seed=data["seed"],
    )
    states = settable.loaded(choice.scenario, choice.designs[0]).beneficiaries.ids
    if data["state"] not in states:
        raise InputError(f"{where}, state: there is no '{plain.one_line(data['state'])}' in scenario {choice.scenario}")
    if data["watch"] not in choice.designs:
        raise InputError(f"{where}, watch: '{plain.one_line(data['watch'])}' is none of its designs")
    return Lesson(
        key=plain.one_line(data["key"]),
        title=plain.one_line(data["title"], 200),
        minutes=_whole(data, "minutes", where),
        choice=choice,
        watch=data["watch"],
        state=data["state"],
        questions=_lines(data, "questions", where),
        notes=_lines(data, "notes", where),
        expect=tuple(_expectation(one, choice, f"{where}, expect") for one in _list(data, "expect", where)),
    )


def _expectation(row: object, choice: Choice, where: str) -> Expectation:
    data = _mapping(row, _EXPECT, ("above", "below", "seeds", "at_least"), where)
    if ("above" in data) == ("below" in data):
        raise InputError(f"{where}: give one of above and below")
    if data["outcome"] not in BY_NAME:
        raise InputError(f"{where}: there is no outcome '{plain.one_line(data['outcome'])}'")
    limit = data.get("above", data.get("below"))
    for name in (data["design"], *([limit] if isinstance(limit, str) else [])):
        if name not in choice.designs:
            raise InputError(f"{where}: '{plain.one_line(name)}' is none of its designs")
    if not isinstance(limit, (str, int, float)) or isinstance(limit, bool):
        raise InputError(f"{where}: above and below take a number or a design")
    seeds = _whole({"seeds": 1, **data}, "seeds", where)
    return Expectation(
        say=plain.one_line(data["say"], 300),
        outcome=data["outcome"],
        design=data["design"],
        above=data.get("above"),
        below=data.get("below"),
        seeds=seeds,
        at_least=_whole({"at_least": seeds, **data}, "at_least", where),
    )


def _mapping(row: object, known: tuple[str, ...] | None, optional: tuple[str, ...], where: str) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise InputError(f"{where}: must be a mapping of names to values")
    for key in row:
        if known is not None and key not in known:
            raise InputError(f"{where}: unknown key '{plain.one_line(key)}'; there are {', '.join(known)}")
    for key in known or ():
        if key not in row and key not in optional:
            raise InputError(f"{where}: '{key}' is missing")
    return row


def _list(data: Mapping[str, Any], key: str, where: str) -> list[Any]:
    if not isinstance(data[key], list) or not data[key]:
        raise InputError(f"{where}, {key}: must be a list, one line for each")
    return list(data[key])


def _lines(data: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    found = _list(data, key, where)
    if not all(isinstance(line, str) and line.strip() for line in found):
        raise InputError(f"{where}, {key}: each line must be words; put one with a colon in quotes")
    return tuple(plain.one_line(line, 600) for line in found)


def _whole(data: Mapping[str, Any], key: str, where: str) -> int:
    value = data[key]
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"{where}, {key}: must be a whole number from 1")
    return value
