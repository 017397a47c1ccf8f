"""Explore: what a user has set and what is known of it, without a browser. The page only shows it and hands on what is "
"done."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from donorlab.experiments.app import settable
from donorlab.experiments.app.answers import STAGES, Answer, Explorer, Progress
from donorlab.experiments.app.choices import Choice, in_world, line_of, ready
from donorlab.experiments.arguments import InputError, RunError
from donorlab.experiments.break_even import PARAMETERS
from donorlab.scenarios.plain import one_line
from donorlab.sim.scenario import ScenarioError

NOTHING: Final = ""
"""As a design or a value: left out, left to the design."""


@dataclass(frozen=True)
class Done:
    """What an act asks of the page.

    Attributes
    ----------
    runs : whether the answer is another one now
    controls : whether other levers may be there, or one stands elsewhere than the page shows
    looks : whether the same answer is shown otherwise
    asks : further work: ``break-even`` or ``report``
    """

    runs: bool = False
    controls: bool = False
    looks: bool = False
    asks: str = ""


@dataclass
class BreakEven:
    """What was asked of one parameter, and the lines once they are known."""

    parameter: str
    lines: pd.DataFrame | None = None
    error: str = ""


@dataclass
class Exploration:
    """One open page.

    Attributes
    ----------
    explorer : shared by all pages
    choice : what is set
    error : what the last act was refused for, in one line
    named : whether states are named; told : whether a map shows only what is told from chance
    every : whether all outcomes are shown; levels : whether a map of what states have
    found : answers to the choice, by stage
    base : answers to the choice before, by stage: what is told to have changed is told against them
    progress : how far the work is; None when it rests; finishing : whether what came before is still answered as finely
    """

    explorer: Explorer
    choice: Choice = field(default_factory=Choice)
    error: str = ""
    named: bool = False
    told: bool = False
    every: bool = False
    levels: bool = False
    found: dict[str, Answer] = field(default_factory=dict)
    base: dict[str, Answer] = field(default_factory=dict)
    progress: Progress | None = None
    finishing: bool = False
    break_even: BreakEven | None = None
    report: str = ""
    report_address: str = ""
    _moved: str = ""

    @staticmethod
    def opened(explorer: Explorer, asked: Mapping[str, Sequence[str]]) -> Exploration:
        """Return the page of an address; one that cannot be read is told and the default shown.

        Parameters
        ----------
        explorer : shared
        asked : key to values, as `urllib.parse.parse_qs` gives them
        """
        try:
            choice = Choice.from_query(asked)
            ready(choice)
        except (InputError, ScenarioError) as error:
            return Exploration(explorer, error=f"The address was not understood: {line_of(error)}")
        return Exploration(explorer, choice)

    # ------------------------------------------------------------------ what is done
    def act(self, name: str, value: str) -> Done:
        """Do what a browser told: a name and a value, both checked here. What is not known is passed over.

        Parameters
        ----------
        name : ``scenario``, ``design-0`` to ``design-2``, ``judgement``, ``seed``, ``set:PARAMETER``, ``reset``, ``reset-all``,
            ``undo``, ``named``, ``told``, ``every``, ``levels``, ``break-even``, ``report``
        value : what it was set to
        """
        self.error = ""
        try:
            return self._act(name, value)
        except (InputError, ScenarioError) as error:
            self.error = line_of(error)
            return Done(controls=True, looks=True)

    def _act(self, name: str, value: str) -> Done:
        if name.startswith("set:"):
            return self._set(name.removeprefix("set:"), value)
        if name.startswith("design-"):
            return self._turn(name, self._with_design(name.removeprefix("design-"), value))
        if name == "scenario":
            return self._turn(name, in_world(self.choice, value))
        if name == "judgement":
            return self._turn(name, dataclasses.replace(self.choice, judgement=value))
        if name == "seed":
            seed = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0
            return self._turn(name, dataclasses.replace(self.choice, seed=seed))
        if name == "reset":
            return self._turn(f"set:{value}", self.choice.with_value(value, None))
        if name == "reset-all":
            return self._turn(name, dataclasses.replace(self.choice, changes=()))
        if name == "undo" and self.base:
            return self._turn(name, next(iter(self.base.values())).choice)
        if name in ("named", "told", "every", "levels"):
            setattr(self, name, value == "true")
            return Done(looks=True)
        if name == "break-even" and value in PARAMETERS:
            self.break_even = BreakEven(value)
            return Done(looks=True, asks="break-even")
        if name == "report":
            return Done(looks=True, asks="report")
        return Done()

    def _set(self, name: str, value: str) -> Done:
        row = settable.rows().get(name)
        if row is None:
            raise InputError(f"parameter: there is no '{one_line(name)}'")
        if value == NOTHING:
            return self._turn(f"set:{name}", self.choice.with_value(name, None))
        done = self._turn(f"set:{name}", Choice.from_query({**self.choice.to_query(), name: value}))
        return done if row.choices else dataclasses.replace(done, controls=False)  # a slider stands where it was drawn

    def _with_design(self, place: str, value: str) -> Choice:
        at = int(place) if place in ("0", "1", "2") else -1
        names = [*self.choice.designs, NOTHING][:3]
        if at < 0 or at >= len(names):
            raise InputError("designs: there are three places")
        if (
            value in names and value != NOTHING and names.index(value) != at
        ):  # what stands elsewhere changes places with it
            names[names.index(value)] = names[at]
        names[at] = value
        first, *others = (one for one in names if one != NOTHING)
        others.sort(
            key=lambda name: name in settable.proposals()
        )  # architectures stand before proposals, as in results
        return dataclasses.replace(self.choice, designs=(first, *others))

    def _turn(self, what: str, choice: Choice) -> Done:
        """Take another choice, once it is known that it can be run."""
        if choice == self.choice:
            return Done(controls=True)
        ready(choice)
        if self.found and (
            what != self._moved or len(self.found) > 1
        ):  # while one lever is drawn, all is told against its start
            self.base = self.found
        self._moved, self.choice = what, choice
        self.found, self.progress, self.finishing = {}, None, False
        self.break_even, self.report, self.report_address = None, "", ""
        return Done(runs=True, controls=True, looks=True)

    # ------------------------------------------------------------------ what is known
    @property
    def answer(self) -> Answer | None:
        """The finest answer to the choice so far."""
        return next(reversed(self.found.values()), None)

    @property
    def before(self) -> Answer | None:
        """The answer before the last change: at the same stage where there is one, else the finest."""
        if self.answer is None or not self.base:
            return None
        return self.base.get(self.answer.stage.name) or next(reversed(self.base.values()))

    @property
    def resting(self) -> bool:
        """Whether all is done."""
        return len(self.found) == len(STAGES[self.choice.scenario]) and not self.finishing

    def work(self) -> Generator[bool]:
        """Answer the choice, a run at a time; yield whether there is more to show.

        Last of all what came before is answered as finely, so that futures before and after can be told.
        """
        choice = self.choice
        try:
            for progress in self.explorer.refine(choice):
                self.progress = progress
                if progress.answer is not None:
                    self.found[progress.stage.name] = progress.answer
                yield progress.answer is not None
            self.progress = None
            self.finishing = self._base_is_coarser(choice)
            yield True
            if self.finishing:
                yield from self._finish_base()
        except (InputError, ScenarioError, RunError) as error:
            self.error, self.progress, self.finishing = line_of(error), None, False
            yield True

    def _base_is_coarser(self, choice: Choice) -> bool:
        before = next(iter(self.base.values()), None)
        return before is not None and before.choice.scenario == choice.scenario and len(self.base) < len(self.found)

    def _finish_base(self) -> Generator[bool]:
        base = dict(self.base)
        for progress in self.explorer.refine(next(iter(base.values())).choice):
            if progress.answer is not None:
                base[progress.stage.name] = progress.answer
            yield False
        self.base, self.finishing = base, False
        yield True

    def find_break_even(self) -> Generator[bool]:
        """Find the break-even points that were asked for; yield whether they are there."""
        asked = self.break_even
        if asked is None:
            return
        try:
            for lines in self.explorer.break_even(self.choice, asked.parameter):
                if lines is not None:
                    asked.lines = lines
                yield lines is not None
        except (InputError, ScenarioError, RunError) as error:
            asked.error = line_of(error)
            yield True
