"""A choice as what the command line takes: a proposal's file for each design that was changed, and the words to type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import yaml

from donorlab import scenarios as catalogue
from donorlab.experiments import levers
from donorlab.experiments.app import settable
from donorlab.experiments.app.choices import Choice, Ready, ready
from donorlab.experiments.arguments import InputError
from donorlab.experiments.parameters import written
from donorlab.experiments.words import label
from donorlab.scenarios.parameters import Value
from donorlab.scenarios.proposals import Proposal
from donorlab.sim.architectures import get_architecture

ENDING: Final = "-set"  # behind a name: the longest one stays within what tables hold
_WIDTH: Final = 110


def names(choice: Choice) -> tuple[str, ...]:
    """Return the designs that a file can hold: those after the reference of which a lever was changed that they use."""
    made = ready(choice)
    return tuple(name for name in choice.designs[1:] if _used(made, name))


def to_yaml(choice: Choice, design: str) -> str:
    """Return a design with the levers of the choice laid over it, as a proposal's file that ``donorlab check`` accepts.

    What is set of the world, and who counts how much, is no part of a proposal: it stands in `words`.

    Raises
    ------
    InputError
        If the choice does not have the design, or no lever that it uses was changed.
    """
    if design not in names(choice):
        raise InputError(f"{design}: no lever that it uses was changed, so that there is no file to save")
    made = ready(choice)
    changed = _used(made, design)
    base = _proposal(design)
    data: dict[str, Any] = {
        "name": _name(design),
        "title": f"{base.title}, changed in the app",
        "description": base.description,
        "sources": list(base.sources),
        "facts": [{"fact": one.fact, "source": one.source} for one in base.facts],
        "assumed": [*base.assumed, *_assumed(changed)],
        "architecture": base.architecture,
        **base.selection,
        "parameters": _acting(made, design, {**base.parameters, **changed}),
    }
    head = f"# {label(design)}, with levers set in the app. Then:\n#   {line(choice)}\n"
    return head + yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=_WIDTH)


def file_name(design: str) -> str:
    """Return what the file of a design is called; made of a fixed list of names, so that nothing of a browser is in it."""
    return f"{_name(design)}.yaml"


def words(choice: Choice, files: Mapping[str, str] | None = None, seeds: int = 20, draws: int = 200) -> list[str]:
    """Return the words after ``donorlab`` that give the same numbers.

    Parameters
    ----------
    choice : what is compared
    files : path of the file of each design that was saved; without any the levers stand among the words
    seeds, draws : replications and futures
    """
    made, files = ready(choice), dict(files or {})
    where = settable.WORLDS[choice.scenario]
    proposed = [files.get(name, name) for name in choice.designs if name in files or name in settable.proposals()]
    plain = [name for name in choice.designs if name in settable.architectures() and name not in files]
    left = [name for name in choice.designs if name not in files]
    told = {
        name: value
        for name, value in made.given.items()
        if name not in settable.levers()
        or name in levers.NOT_OF_A_DESIGN
        or any(name in _used(made, one) for one in left)
    }
    return [
        "compare",
        where.scenario,
        *where.overrides,
        f"architectures=[{','.join(plain)}]",
        *([f"proposals=[{','.join(proposed)}]"] if proposed else []),
        *(f"{name}={_written(value)}" for name, value in told.items()),
        f"replications={seeds}",
        f"seed={choice.seed}",
        f"draws={draws}",
        "break_even=false",
        "values=false",
    ]


def line(choice: Choice, seeds: int = 20, draws: int = 200) -> str:
    """Return the same as one line to type, with a file's name for each design that can be saved."""
    files = {name: file_name(name) for name in names(choice)}
    found = ["donorlab", *words(choice, files, seeds, draws)]
    return " ".join(f'"{word}"' if "[" in word else word for word in found)


def _name(design: str) -> str:
    return f"{design}{ENDING}"


def _used(made: Ready, design: str) -> dict[str, Value]:
    """Return the levers of the choice that a design uses, with their values."""
    rows, scenario = settable.rows(), made.scenarios[design]
    return {
        name: value
        for name, value in made.given.items()
        if name in settable.levers() and levers.uses(scenario, name, levers.some_values(rows[name], value))
    }


def _proposal(design: str) -> Proposal:
    """Return a design as a proposal, whose name is still the design's."""
    if design in settable.proposals():
        return settable.proposal(design)
    what = get_architecture(design, {})
    return Proposal(design, label(design).capitalize(), what.summary, design, parameters=_own(design))


def _own(design: str) -> dict[str, Value]:
    """Return what an architecture needs to be itself: the parameters that its own file sets."""
    found = catalogue.configuration("toy", [f"architecture={design}"])["parameters"]
    return {name: value for name, value in found.items() if name in settable.levers()}


def _acting(made: Ready, design: str, wanted: Mapping[str, Value]) -> dict[str, Value]:
    """Return the levers without those that another one switches off: a file that sets them would contradict itself."""
    as_written = made.scenarios[design].replace(**wanted)
    silent = {text.partition(":")[0] for text in levers.without_effect(as_written, wanted)}
    return {name: value for name, value in wanted.items() if name not in silent}


def _assumed(changed: Mapping[str, Value]) -> list[str]:
    return [
        f"{name} {written(value)}: assumption: set by hand in the app, whatever else is said of it here."
        for name, value in changed.items()
    ]


def _written(value: Value) -> str:
    return value if isinstance(value, str) else repr(value)
