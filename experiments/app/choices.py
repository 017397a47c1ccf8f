"""A choice: everything a user of the app can set, checked when it is made, and held in the address of the page.

An address is data that anybody may have written: it names a scenario, designs and numbers from fixed lists and ranges, and
nothing in it is ever read as code, as a path or as an override.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from donorlab.experiments import ensemble, levers, proposals
from donorlab.experiments.app import settable
from donorlab.experiments.app.settable import AS_SET, JUDGEMENTS, WORLDS
from donorlab.experiments.arguments import InputError
from donorlab.experiments.parameters import written_range
from donorlab.experiments.projects import expected_projects
from donorlab.scenarios.parameters import ParameterRow, Value
from donorlab.scenarios.plain import one_line
from donorlab.sim.scenario import Scenario, checked_seed
from donorlab.sim.setup import beneficiary_setup

DESIGNS_MOST: Final = 3
TEXT_LONGEST: Final = 120  # characters of one value of an address
KEYS: Final = ("scenario", "designs", "judgement", "seed")
SEED_HIGHEST: Final = 1_000_000  # seeds are counted up from it, and all must be addressable
_NUMBER: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_NUMBER_LONGEST: Final = 30


@dataclass(frozen=True)
class Choice:
    """Everything a user can set.

    Attributes
    ----------
    scenario : of `settable.WORLDS`
    designs : two or three names, architectures before proposals; the first, an architecture, is what others are held against
    changes : parameter and value, sorted by name; they hold under all designs and go before a proposal's own
    judgement : of `settable.JUDGEMENTS`
    seed : the first replication

    Raises
    ------
    InputError
        In one line, if any of it cannot be chosen.
    """

    scenario: str = "toy"
    designs: tuple[str, ...] = ("fragmented", "umbrella")
    changes: tuple[tuple[str, Value], ...] = ()
    judgement: str = AS_SET
    seed: int = 1

    def __post_init__(self) -> None:
        _known("scenario", self.scenario, WORLDS)
        _check_designs(self.designs, self.scenario)
        names = [name for name, _ in self.changes]
        if len(set(names)) < len(names):
            raise InputError(f"{_twice(names)} is given twice; give it once")
        where = WORLDS[self.scenario]
        offered = {name: row for name, row in settable.rows().items() if name not in where.without}
        for name in names:
            if isinstance(name, str) and name in where.without:
                raise InputError(f"{name}: cannot be set in scenario {self.scenario}; leave it out")
            _known("parameter", name, offered)
        tidy = tuple(sorted((name, checked(offered[name], value)) for name, value in self.changes))
        object.__setattr__(self, "changes", tidy)
        _known("judgement", self.judgement, JUDGEMENTS)
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 1 <= self.seed <= SEED_HIGHEST:
            raise InputError(f"seed: must be a whole number from 1 to {SEED_HIGHEST}")
        checked_seed(self.seed)

    @property
    def settings(self) -> dict[str, Value]:
        """What is set, by name, without the value judgement."""
        return dict(self.changes)

    def with_value(self, name: str, value: Value | None) -> Choice:
        """Return the choice with one parameter set otherwise; None leaves it to the scenario and the designs again."""
        left = {key: one for key, one in self.changes if key != name} | ({} if value is None else {name: value})
        return dataclasses.replace(self, changes=tuple(left.items()))

    # ------------------------------------------------------------------ the address
    def to_query(self) -> dict[str, str]:
        """Return the choice as keys and values of an address; `from_query` gives the same choice back."""
        return {
            "scenario": self.scenario,
            "designs": ",".join(self.designs),
            **({} if self.judgement == AS_SET else {"judgement": self.judgement}),
            "seed": str(self.seed),
            **{name: value if isinstance(value, str) else repr(value) for name, value in self.changes},
        }

    @staticmethod
    def from_query(query: Mapping[str, str | Sequence[str]]) -> Choice:
        """Return the choice of an address; what it leaves out is at its default.

        Parameters
        ----------
        query : key to value, or to a list of one value as `urllib.parse.parse_qs` gives it

        Raises
        ------
        InputError
            In one line: an unknown key, a key twice, a value of the wrong type, out of range or too long.
        """
        rows = settable.rows()
        if len(query) > len(KEYS) + len(rows):
            raise InputError(f"address: {len(query)} keys are more than there are; {len(KEYS) + len(rows)} at most")
        texts = {_key(key, rows): _text(one_line(key), value) for key, value in query.items()}
        given: dict[str, Any] = {}
        if "scenario" in texts:
            given["scenario"] = texts["scenario"]
        if "designs" in texts:
            given["designs"] = tuple(texts["designs"].split(","))
        if "judgement" in texts:
            given["judgement"] = texts["judgement"]
        if "seed" in texts:
            given["seed"] = _whole("seed", texts["seed"])
        changes = tuple((name, _value(rows[name], text)) for name, text in texts.items() if name in rows)
        return Choice(**given, changes=changes)


def in_world(choice: Choice, world: str) -> Choice:
    """Return a choice in another world, with what can be had there: a proposal may name donors that it does not have."""
    if world not in WORLDS:
        raise InputError(f"scenario: there is no '{one_line(world)}'")
    there = settable.designs(world)
    designs = [name for name in choice.designs if name in there]
    for name in ("fragmented", "umbrella"):
        if len(designs) < 2 and name not in designs:
            designs.append(name)
    designs.sort(key=lambda name: name not in settable.architectures())
    kept = tuple((name, value) for name, value in choice.changes if name not in WORLDS[world].without)
    return dataclasses.replace(choice, scenario=world, designs=tuple(designs), changes=kept)


def line_of(error: Exception) -> str:
    """Return what a mistake says, in one line that a page shows."""
    return one_line(getattr(error, "message", None) or error, 300)


# ---------------------------------------------------------------------- what is run
@dataclass(frozen=True)
class Ready:
    """A choice as the command line would run it.

    Attributes
    ----------
    scenarios : scenario by design, the reference first
    given : parameters that are set and act, with the value judgement's: an ensemble does not draw them
    idle : parameters that are set and do nothing here, each with the reason in one line; they are left out
    """

    scenarios: Mapping[str, Scenario]
    given: Mapping[str, Value]
    idle: Mapping[str, str]


@functools.lru_cache(maxsize=32)
def ready(choice: Choice) -> Ready:
    """Return what a choice runs on.

    Raises
    ------
    InputError, ScenarioError
        In one line, where the command line would refuse the same: a design that contradicts itself, a run that is too large.
    """
    plain = {name: settable.loaded(choice.scenario, name) for name in choice.designs}
    wanted = {**choice.settings, **JUDGEMENTS[choice.judgement]}
    changed = {name: one.replace(**wanted) for name, one in plain.items()}
    idle = _idle(changed, wanted)
    given = {name: value for name, value in wanted.items() if name not in idle}
    found = {name: one.replace(**given) for name, one in plain.items()}
    proposed = [settable.proposal(name) for name in choice.designs if name in settable.proposals()]
    proposals.refuse_contradictions(proposed, found)
    _refuse_large(next(iter(found.values())))
    return Ready(found, given, idle)


def _idle(scenarios: Mapping[str, Scenario], wanted: Collection[str]) -> dict[str, str]:
    """Return what does nothing under any of the designs, with the reason."""
    found = {}
    for name in wanted:
        try:
            levers.check(scenarios, [name])
        except InputError as error:
            found[name] = error.message
    return found


def _refuse_large(scenario: Scenario) -> None:
    """Refuse a run of more projects than any future of an ensemble may have."""
    price = float(beneficiary_setup(scenario, 1).task_price.mean())
    projects = expected_projects(scenario.parameters, price)
    if projects > ensemble.PROJECTS_MAXIMUM:
        raise InputError(
            f"this choice has about {projects:,.0f} projects, the most is {ensemble.PROJECTS_MAXIMUM:,}; set less money"
        )


# ---------------------------------------------------------------------- checks
def checked(row: ParameterRow, value: object) -> Value:
    """Return a value of a parameter, whole numbers as such and all others as floats.

    Raises
    ------
    InputError
        In one line, if it is of another type or outside the range of the parameter.
    """
    assert row.range is not None
    refused = InputError(f"{row.name}: '{one_line(value)}' is not in its range, {written_range(row.range)}")
    if row.choices:
        if not isinstance(value, str) or value not in row.range:
            raise refused
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise refused
    if not float(row.range[0]) <= value <= float(row.range[-1]):
        raise refused
    if row.name in levers.WHOLE:
        if int(value) != value:
            raise InputError(f"{row.name}: '{one_line(value)}' is not a whole number")
        return int(value)
    return float(value) + 0.0  # no negative zero


def _known(what: str, name: object, known: Collection[str]) -> None:
    if not isinstance(name, str) or name not in known:
        raise InputError(f"{what}: there is no '{one_line(name)}'{_hint(one_line(name), known)}")


def _hint(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    if close:
        return f" (did you mean '{close[0]}'?)"
    return f"; there are {', '.join(known)}" if len(known) <= len(KEYS) + 1 else ""


def _check_designs(names: tuple[str, ...], world: str) -> None:
    if not isinstance(names, tuple) or not 2 <= len(names) <= DESIGNS_MOST:
        raise InputError(f"designs: name two or {DESIGNS_MOST}, such as fragmented,umbrella")
    for name in names:
        if isinstance(name, str) and name in settable.proposals() and name not in settable.designs(world):
            raise InputError(f"designs: {name} names donors that scenario {world} does not have; take scenario world")
        _known("designs", name, settable.designs(world))
    if len(set(names)) < len(names):
        raise InputError(f"designs: {_twice(names)} is given twice")
    inside = [name in settable.architectures() for name in names]
    if not inside[0]:
        raise InputError(
            f"designs: the first is what others are held against, an architecture such as {proposals.REFERENCE}"
        )
    if inside != sorted(inside, reverse=True):
        raise InputError("designs: architectures stand before proposals, as in results")


def _twice(names: Sequence[str]) -> str:
    return next(name for name in names if list(names).count(name) > 1)


def _key(key: object, rows: Mapping[str, ParameterRow]) -> str:
    if not isinstance(key, str) or not (key in KEYS or key in rows):
        if isinstance(key, str) and key in settable.LEFT_OUT:
            raise InputError(f"{key}: cannot be set here: it {settable.LEFT_OUT[key]}")
        raise InputError(f"address: unknown key '{one_line(key)}'{_hint(one_line(key), [*KEYS, *rows])}")
    return key


def _text(key: str, value: str | Sequence[str]) -> str:
    if not isinstance(value, str):
        if not isinstance(value, (list, tuple)) or len(value) != 1 or not isinstance(value[0], str):
            raise InputError(f"{key}: give it once")
        value = value[0]
    if len(value) > TEXT_LONGEST:
        raise InputError(f"{key}: {len(value)} characters are too many; {TEXT_LONGEST} at most")
    return value


def _whole(key: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII):
        raise InputError(f"{key}: '{one_line(text)}' is not a whole number")
    return int(text)


def _value(row: ParameterRow, text: str) -> Value:
    if row.choices:
        return text
    if len(text) > _NUMBER_LONGEST or not _NUMBER.fullmatch(text):
        raise InputError(f"{row.name}: '{one_line(text)}' is not a number")
    return float(text)
