"""The words after a command: ``[SCENARIO] [key=value ...]``.

Keys of the experiment itself have their defaults in ``conf/COMMAND.yaml`` and are read here; all others are
left to the scenario, which knows its own keys.
"""

from __future__ import annotations

import difflib
import importlib.resources
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import click
import yaml

_WORD: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_./-]*)=(.*)", re.DOTALL)
_TRUTH: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class InputError(click.ClickException):
    """A mistake of the user; the message is one line: what, where, what would be right."""

    exit_code = 2


class Stopped(click.ClickException):
    """Ctrl-C where what is complete is kept; the message says how to go on."""

    exit_code = 130


class ToldToEnd(Stopped):
    """The same after SIGTERM, which batch systems send before they kill."""

    exit_code = 143


class RunError(RuntimeError):
    """A run that failed; the message names it."""


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.5) -> str:
    """Return ``" (did you mean 'x'?)"`` for the closest known name, or an empty string.

    The scenario has the like; this one needs no heavy import, so that a mistyped command is answered at once.
    """
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return f" (did you mean '{close[0]}'?)" if close else ""


@dataclass(frozen=True)
class Arguments:
    """What the user asked for.

    Attributes
    ----------
    experiment : keys of the experiment with their values, defaults filled in
    overrides : ``key=value`` words for the scenario, as given
    chosen : names of the keys of the experiment that the user set
    """

    experiment: dict[str, Any]
    overrides: tuple[str, ...]
    chosen: frozenset[str] = field(default=frozenset())

    @property
    def given(self) -> set[str]:
        """Names of the keys of the scenario that the user set."""
        return {word.partition("=")[0] for word in self.overrides}


def defaults(command: str) -> dict[str, Any]:
    """Return keys and defaults of a command, from ``conf/COMMAND.yaml``."""
    text = importlib.resources.files("donorlab.experiments").joinpath("conf", f"{command}.yaml").read_text("utf-8")
    values: dict[str, Any] = yaml.safe_load(text)
    return values


def parse(command: str, words: Sequence[str], bare: str = "scenario") -> Arguments:
    """Split the words of a command into keys of the experiment and keys of the scenario.

    Parameters
    ----------
    command : name of the command, which has a file ``conf/COMMAND.yaml``
    words : what stands after it
    bare : the key of one word without ``=``

    Raises
    ------
    InputError
        If a word cannot be read, a key occurs twice or has an impossible value.
    """
    experiment = defaults(command)
    overrides: list[str] = []
    seen: set[str] = set()
    for word in words:
        if "=" not in word:
            key, text = bare, word  # a name, or the path of a file
        else:
            found = _WORD.fullmatch(word)
            if found is None:
                raise InputError(f"'{word}' is not of the form key=value")
            key, text = found.group(1), found.group(2).strip()
        if key in seen:
            raise InputError(f"{key} is given twice ('{text}' is the second); give it once")
        seen.add(key)
        if key in experiment:
            experiment[key] = read_value(key, text, experiment[key])
        else:
            _refuse_near_miss(key, experiment)
            overrides.append(f"{key}={text}")
    return Arguments(experiment, tuple(overrides), frozenset(seen & experiment.keys()))


def read_value(key: str, text: str, default: object) -> Any:
    """Read a value as the type of its default."""
    if text == "":
        raise InputError(f"{key}: a value is missing after '='")
    if isinstance(default, bool):
        if text.lower() not in _TRUTH:
            raise InputError(f"{key}: '{text}' is neither true nor false")
        return _TRUTH[text.lower()]
    if isinstance(default, int):
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            raise InputError(f"{key}: '{text}' is not a whole number")
        return int(text)
    if isinstance(default, float):
        try:
            return float(text)
        except ValueError:
            raise InputError(f"{key}: '{text}' is not a number") from None
    if isinstance(default, list):
        inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
        items = [item.strip().strip("'\"") for item in inner.split(",")]
        if not all(items) or any(set(item) & set("[]{}") for item in items):
            raise InputError(f"{key}: '{text}' is not a list such as [fragmented,central]")
        return items
    return text


def _refuse_near_miss(key: str, experiment: dict[str, Any]) -> None:
    """Name the experiment's own key when an unknown one looks like it: the scenario could not suggest it."""
    close = difflib.get_close_matches(key, list(experiment), n=1, cutoff=0.75)
    if close:
        from donorlab.scenarios.overrides import known_keys

        if key not in known_keys():
            raise InputError(f"unknown key '{key}' (did you mean '{close[0]}'?)")
