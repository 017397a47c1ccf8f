"""Overrides: ``key=value`` texts, as on the command line, checked before anything is composed."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from donorlab.scenarios import plain
from donorlab.scenarios.builders import option_keys
from donorlab.scenarios.parameters import value_tables
from donorlab.sim.scenario import Mechanisms, Parameters, ScenarioError, suggest

PARAMETERS: Final = tuple(item.name for item in dataclasses.fields(Parameters))
PHASES: Final = tuple(item.name for item in dataclasses.fields(Mechanisms))
SELECTIONS: Final = ("beneficiaries", "donors", "members", "reporters")
_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")


def known_keys() -> tuple[str, ...]:
    """Return every key that an override may have, whatever the scenario."""
    return (
        *PARAMETERS,
        "architecture",
        *SELECTIONS,
        "mechanism",
        *(f"mechanism.{phase}" for phase in PHASES),
        *option_keys(),
    )


def is_option(key: str) -> bool:
    """Return whether a key may be an option of a third party's architecture or mechanism."""
    parts = key.split(".")
    return len(parts) == 3 and (parts[0] == "architecture" or (parts[0] == "mechanism" and parts[1] in PHASES))


def parse_overrides(overrides: Sequence[str]) -> dict[str, Any]:
    """Return the overrides as a dictionary; of several with the same key the last one stands.

    Raises
    ------
    ScenarioError
        If one is not of the form ``key=value``, has an unknown key, or a value that is more than data.

    Examples
    --------
    >>> parse_overrides(["horizon=40", "planning_slots=serial", "donors=[USA,GBR]"])
    {'horizon': 40, 'planning_slots': 0, 'donors': ['USA', 'GBR']}
    """
    if isinstance(overrides, str):
        raise ScenarioError(f"overrides: give a list of key=value texts, such as ['{plain.one_line(overrides)}']")
    result: dict[str, Any] = {}
    for text in overrides:
        key, value = _parse(text)
        result[key] = value
    return result


def _parse(text: object) -> tuple[str, Any]:
    shown = plain.one_line(text)
    if not isinstance(text, str) or "=" not in text:
        raise ScenarioError(f"override '{shown}': write key=value, for example horizon=40")
    key, _, value = text.partition("=")
    key = key.strip()
    where = plain.one_line(key)
    if key.startswith(("+", "~")):
        raise ScenarioError(f"override '{shown}': the prefixes +, ++ and ~ are refused; write {shown.lstrip('+~')}")
    plain.refuse_code(text, f"override '{shown}'")
    if "$" in text:
        raise ScenarioError(f"override '{shown}': '$' is refused: interpolation is not allowed; write the value itself")
    if key.split(".")[0] in ("hydra", "defaults") or "@" in key:
        raise ScenarioError(f"override '{shown}': Hydra's own keys are refused; parameters have names such as horizon")
    if key == "scenario":
        raise ScenarioError(f"override '{shown}': the scenario is load's first argument, for example load('world')")
    if not _KEY.fullmatch(key) or not (key in known_keys() or is_option(key)):
        if key in value_tables():
            raise ScenarioError(f"{where}: a fixed table, not a parameter; set it in a scenario file")
        raise ScenarioError(f"unknown parameter '{where}'{suggest(where, known_keys()) or _hint(key)}")
    return key, _value(key, plain.parse(value, key, plain.VALUE_CHARACTERS_MAXIMUM))


def _hint(key: str) -> str:
    sections = {name.split(".")[0] for name in known_keys() if "." in name}
    if key.split(".")[0] in sections:
        section = key.split(".")[0]
        names = [name for name in known_keys() if name.startswith(f"{section}.")]
        return f"; there are {', '.join(names)}"
    return "; `donorlab parameters` lists them all"


def _value(key: str, value: Any) -> Any:
    """Return a number, a word or a list of words; numbers are checked later, by `Parameters`."""
    if isinstance(value, dict):
        raise ScenarioError(f"{key}: a mapping is refused; write a number, a word or a list such as [KEN,TZA]")
    if isinstance(value, list):
        if key not in SELECTIONS:
            raise ScenarioError(f"{key}: a list is refused; write one value (a sweep is given to donorlab sweep)")
        for item in value:
            if not isinstance(item, str):
                raise ScenarioError(f"{key}: '{plain.one_line(item)}' in the list is not a word; put ids in quotes")
        return value
    if value is None and key != "synthetic.money_per_donor":
        raise ScenarioError(f"{key}: no value; write {key}=value")
    if key == "architecture" or (key.startswith("mechanism") and not is_option(key)):
        return word(key, value)
    return parameter_value(key, value)


def word(key: str, value: object) -> str:
    """Return the value if it is a name: letters, digits, ``_``, ``-`` and ``.``."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}", value):
        raise ScenarioError(f"{key}: '{plain.one_line(value)}' is not a name; write a word such as {_example(key)}")
    return value


def _example(key: str) -> str:
    return "fragmented" if key == "architecture" else getattr(Mechanisms(), key.partition(".")[2], "default")


def parameter_value(key: str, value: Any) -> Any:
    """Return the value with the word `serial` of `planning_slots` replaced by 0, its number."""
    if key == "planning_slots" and value == "serial":
        return 0
    if isinstance(value, str):
        return plain.one_line(value)  # so that a message about it stays one line
    return value


def checked_parameters(data: object, where: str) -> dict[str, Any]:
    """Return the `parameters` section of a scenario, its keys checked.

    Raises
    ------
    ScenarioError
        If a name is unknown or a value is a list or a mapping.
    """
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ScenarioError(f"{where}: must be a mapping of names to values")
    for name, value in data.items():
        if name not in PARAMETERS:
            shown = plain.one_line(name)
            raise ScenarioError(f"{where}: unknown parameter '{shown}'{suggest(shown, PARAMETERS)}")
        if isinstance(value, (dict, list)) or value is None:
            raise ScenarioError(f"{where}, {name}: '{plain.one_line(value)}' is not one number or word")
    return {name: parameter_value(name, value) for name, value in data.items()}


def one_of(key: str, value: str, known: Iterable[str]) -> str:
    """Return the value if it is known, else raise with the closest name."""
    names = sorted(known)
    if value not in names:
        raise ScenarioError(f"{key}: '{value}' is not one of {', '.join(names)}{suggest(value, names)}")
    return value
