"""Proposals: who would coordinate, how, at what cost, with what is known of it and what is assumed.

A proposal is a file of plain data that is laid over any scenario (`donorlab.scenarios.load`): it chooses the
architecture, the members and the levers, and nothing about the world.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from donorlab.scenarios import composition, plain, plugins
from donorlab.scenarios.overrides import checked_parameters, one_of, word
from donorlab.scenarios.parameters import Value, parameter_defaults, parameter_table
from donorlab.sim.architectures import architecture_names
from donorlab.sim.scenario import Parameters, ScenarioError, suggest

FOLDER: Final = composition.CONF / "proposal"
TEMPLATE: Final = composition.CONF / "template" / "proposal.yaml"
NAME_LONGEST: Final = 28
_NEEDED: Final = ("name", "title", "description", "architecture")
_LISTS: Final = ("sources", "facts", "assumed")
_KEYS: Final = (*_NEEDED, *_LISTS, "members", "reporters", "parameters")


@dataclass(frozen=True)
class Fact:
    """What is known of a proposal, and where it is written."""

    fact: str
    source: str


@dataclass(frozen=True)
class Proposal:
    """A proposal, checked as far as it can be without a scenario.

    Attributes
    ----------
    name : a word that is no architecture's name
    title, description : words
    architecture : name of a registered one
    sources : addresses
    facts : what is known, each with its source
    assumed : what is assumed, and why
    members, reporters : as the overrides of these names, ids and kinds as a tuple; None for what the scenario has
    parameters : levers and no others
    """

    name: str
    title: str
    description: str
    architecture: str
    sources: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    assumed: tuple[str, ...] = ()
    members: str | tuple[str, ...] | None = None
    reporters: str | tuple[str, ...] | None = None
    parameters: Mapping[str, Value] = field(default_factory=dict)

    @property
    def selection(self) -> dict[str, str | list[str]]:
        """Members and reporters where the file names them, as a scenario's ``select`` has them."""
        named = {"members": self.members, "reporters": self.reporters}
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in named.items() if value is not None
        }


def names() -> tuple[str, ...]:
    """Return the names of the proposals that come with DonorLab, sorted."""
    return composition.options(FOLDER.name)


def load_proposal(name: str | Path) -> Proposal:
    """Return a proposal.

    Parameters
    ----------
    name : str or Path
        A name of `names()`, or the path of a YAML file of your own.

    Raises
    ------
    ScenarioError
        One line that says what is wrong, where, and what would be right.

    Examples
    --------
    >>> load_proposal("gfce-clearing-house").architecture
    'umbrella'
    """
    text = str(name)
    if not text.endswith((".yaml", ".yml")):
        text = str(FOLDER / f"{one_of('proposal', plain.one_line(text), names())}.yaml")
    path = Path(text)
    shown = path.name if path.parent == FOLDER else str(path)
    return _checked(plain.read_file(path, "proposal", _NEEDED, names()), plain.one_line(shown, 300))


def _checked(data: Mapping[str, Any], where: str) -> Proposal:
    for key in data:
        if key not in _KEYS:
            raise ScenarioError(f"{where}: unknown key '{plain.one_line(key)}'{suggest(str(key), _KEYS)}{_place(key)}")
    for key in _NEEDED:
        if key not in data:
            raise ScenarioError(f"{where}: '{key}' is missing; a proposal has {', '.join(_KEYS)}")
    architecture = word(f"{where}, architecture", data["architecture"])
    if architecture not in architecture_names():
        plugins.register()
        one_of(f"{where}, architecture", architecture, architecture_names())
    return Proposal(
        name=_name(data["name"], where),
        title=_words(data["title"], f"{where}, title"),
        description=_words(data["description"], f"{where}, description"),
        architecture=architecture,
        sources=tuple(_words(line, f"{where}, sources") for line in _list(data, "sources", where)),
        facts=tuple(_fact(item, f"{where}, facts") for item in _list(data, "facts", where)),
        assumed=tuple(_words(line, f"{where}, assumed") for line in _list(data, "assumed", where)),
        members=_group(data.get("members"), f"{where}, members"),
        reporters=_group(data.get("reporters"), f"{where}, reporters"),
        parameters=_levers(data.get("parameters"), f"{where}, parameters"),
    )


def _place(key: object) -> str:
    """Return where a parameter belongs that stands at the top of the file."""
    return "; levers stand under parameters" if key in parameter_defaults() else ""


def _name(value: object, where: str) -> str:
    name = word(f"{where}, name", value)
    if len(name) > NAME_LONGEST:
        raise ScenarioError(f"{where}, name: {len(name)} characters; at most {NAME_LONGEST} fit in tables")
    plugins.register()
    if name in architecture_names():
        raise ScenarioError(f"{where}, name: '{name}' is an architecture; choose another name")
    return name


def _words(value: object, where: str) -> str:
    if isinstance(value, dict):
        raise ScenarioError(f"{where}: a line with a colon is read as a key; put the whole line in quotes")
    if not isinstance(value, str) or not value.strip():
        raise ScenarioError(f"{where}: must be words, not '{plain.one_line(value)}'")
    return plain.one_line(value, len(value))


def _list(data: Mapping[str, Any], key: str, where: str) -> list[Any]:
    value = data.get(key)
    if value is not None and not isinstance(value, list):
        raise ScenarioError(f"{where}, {key}: must be a list, one line for each, beginning with '- '")
    return value or []


def _fact(item: object, where: str) -> Fact:
    if not isinstance(item, dict) or set(item) != {"fact", "source"}:
        raise ScenarioError(f"{where}: each has the two keys fact and source, and no others")
    return Fact(_words(item["fact"], where), _words(item["source"], where))


def _group(value: object, where: str) -> str | tuple[str, ...] | None:
    """Return a word or the words of a list; whether they are donors, the scenario says."""
    if value is None:
        return None
    if isinstance(value, str) and value.strip():
        return plain.one_line(value)
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise ScenarioError(
            f"{where}: must be a word, or a list of ids and kinds of donors such as [USA, regional_org]"
        )
    return tuple(plain.one_line(item) for item in value)


def _levers(data: object, where: str) -> dict[str, Value]:
    chosen = checked_parameters(data, where)
    kinds = {row.name: row.kind for row in parameter_table()}
    for name in chosen:
        if kinds[name] != "lever":
            raise ScenarioError(
                f"{where}, {name}: is {_KIND[kinds[name]]}, not a lever; a proposal sets only what those who coordinate "
                "can choose"
            )
    try:
        Parameters(**{**parameter_defaults(), **chosen})
    except ScenarioError as error:
        raise ScenarioError(f"{where}, {error}") from None
    return dict(chosen)


_KIND: Final = {
    "uncertainty": "an uncertainty of the world",
    "value": "a value judgement",
    "design": "part of how a run is made",
}
