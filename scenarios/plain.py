"""Plain data from YAML text that others wrote: words, numbers, lists and mappings, nothing else.

A file or an override is data. Nothing in it can name a class, read the environment or reach Hydra: tags,
anchors, interpolation and Hydra's own keys are refused, and so are texts that are too long or too deep.
Numbers follow one rule, the plain decimal one (YAML 1.1 reads ``010`` as 8, ``1:30`` as 90 and ``NO`` as false).
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from donorlab.sim.scenario import ScenarioError

FILE_CHARACTERS_MAXIMUM: Final = 1_000_000
FILE_BYTES_MAXIMUM: Final = 4 * FILE_CHARACTERS_MAXIMUM  # UTF-8 takes at most four for a character
VALUE_CHARACTERS_MAXIMUM: Final = 100_000
DEPTH_MAXIMUM: Final = 12
_FORBIDDEN_KEYS: Final = frozenset({"hydra", "defaults"})
_FORBIDDEN_TEXT: Final = {
    "_target_": "a class cannot be named here; builders, architectures and mechanisms have names of their own",
    "@package": "a directive to Hydra is not data; remove it",
    "${": "interpolation is not allowed; write the value itself",
}
_INTEGER_DIGITS: Final = 18  # longer ones become floats, so that no number is too large to look at


class _PlainLoader(yaml.SafeLoader):
    """SafeLoader without tags, anchors, merge keys, duplicate keys, dates, octal or base-60 numbers."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  (PyYAML's own name)

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _Refused("anchors and aliases (& and *) are not allowed; write the value out")
        if getattr(event, "tag", None) is not None:
            raise _Refused("tags (!) are not allowed; write plain words, numbers, lists and mappings")
        self.depth += 1
        if self.depth > DEPTH_MAXIMUM:
            raise _TooDeep
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
                raise _Refused(f"the key '{getattr(key, 'value', '[...]')}' is not a word; put it in quotes")
            if key.value in seen:
                raise _Refused(f"the key '{key.value}' stands twice; remove one of them")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


class _Refused(yaml.YAMLError):
    """A text that is YAML, but not plain data."""


class _TooDeep(yaml.YAMLError):
    """A text with more levels than `DEPTH_MAXIMUM`."""


def _integer(_: yaml.SafeLoader, node: yaml.ScalarNode) -> int | float:
    return int(node.value) if len(node.value) <= _INTEGER_DIGITS else float(node.value)


def _float(_: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    word = node.value.lower()
    return float(word.replace(".", "") if word.strip("+-.").isalpha() else word)


for _tag, _pattern, _first in (
    ("null", r"null|~|", ["n", "~", ""]),
    ("bool", r"true|false", ["t", "f"]),
    ("int", r"[-+]?(0|[1-9][0-9]*)", list("+-0123456789")),
    ("float", r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?", list("+-.0123456789")),
    ("float", r"[-+]?\.?([nN][aA][nN]|[iI][nN][fF]([iI][nN][iI][tT][yY])?)", list("+-.nNiI")),
):
    _PlainLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), _first)
_PlainLoader.add_constructor("tag:yaml.org,2002:int", _integer)
_PlainLoader.add_constructor("tag:yaml.org,2002:float", _float)


def one_line(text: object, limit: int = 80) -> str:
    """Return the text for an error message: one line, printable, at most ``limit`` characters."""
    line = "".join(c if c.isprintable() else " " for c in str(text)[: 4 * limit])
    line = re.sub(r" +", " ", line).strip()
    return line if len(line) <= limit else line[: limit - 3] + "..."


def refuse_code(text: str, where: str) -> None:
    """Raise if the text holds what would make it more than data to Hydra or OmegaConf.

    Raises
    ------
    ScenarioError
        For ``_target_``, a ``@package`` directive or ``${`` interpolation.
    """
    for word, remedy in _FORBIDDEN_TEXT.items():
        if word in text:
            raise ScenarioError(f"{where}: '{word}' is refused: {remedy}")


def refuse_keys(data: object, where: str) -> None:
    """Raise if a key of the data, at any depth, belongs to Hydra or starts with an underscore."""
    if isinstance(data, dict):
        for key, value in data.items():
            word = str(key)
            if word.split(".")[0] in _FORBIDDEN_KEYS or word.startswith("_"):
                raise ScenarioError(f"{where}: the key '{one_line(word)}' is refused: it is Hydra's; remove it")
            refuse_keys(value, where)
    elif isinstance(data, list):
        for value in data:
            refuse_keys(value, where)


def parse(text: str, where: str, limit: int = FILE_CHARACTERS_MAXIMUM, what: str = "value") -> Any:
    """Return the plain data that the YAML text holds.

    Parameters
    ----------
    text : str
        One YAML document.
    where : str
        What the text is, for error messages: a file or a key.
    limit : int
        Most characters allowed.
    what : str
        What it holds, in a word, for error messages.

    Raises
    ------
    ScenarioError
        One line, if the text is not YAML or more than plain data.
    """
    if len(text) > limit:
        raise ScenarioError(f"{where}: {len(text)} characters; at most {limit} are read")
    refuse_code(text, where)
    try:
        loader = _PlainLoader(text)
        try:
            data = loader.get_single_data()
        finally:
            loader.dispose()
    except _Refused as error:
        raise ScenarioError(f"{where}: {one_line(error, 200)}") from None
    except (_TooDeep, RecursionError):
        raise ScenarioError(f"{where}: more than {DEPTH_MAXIMUM} levels deep; no {what} needs so many") from None
    except yaml.reader.ReaderError as error:
        line = f", line {text.count(chr(10), 0, error.position) + 1}" if "\n" in text.strip() else ""
        raise ScenarioError(
            f"{where}{line}: holds a character that is no text (code {ord(text[error.position])}); remove it"
        ) from None
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or error
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None and "\n" in text.strip() else ""
        raise ScenarioError(f"{where}{line}: cannot be read as YAML: {one_line(problem, 120)}") from None
    refuse_keys(data, where)
    return data


def read_file(path: Path, what: str, keys: Sequence[str], known: Iterable[str]) -> dict[str, Any]:
    """Return the mapping that a user's file holds; the file never comes near Hydra.

    Parameters
    ----------
    path : of the file
    what : it is, in a word, for error messages
    keys : that it needs
    known : names that could have been given instead of a path

    Raises
    ------
    ScenarioError
        One line, if it cannot be read, or is more than plain data.
    """
    where = one_line(path)
    try:
        data = _bytes_of(path)
        if data is None:
            raise ScenarioError(f"{where}: is no regular file; a {what} is a text in a file of its own")
        if len(data) > FILE_BYTES_MAXIMUM:
            raise ScenarioError(f"{where}: more than {FILE_BYTES_MAXIMUM} bytes; a {what} is smaller")
        text = data.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")  # as text files are read
    except UnicodeDecodeError:
        raise ScenarioError(f"{where}: is not a text in UTF-8") from None
    except OSError as error:
        problem = error.strerror or error
        raise ScenarioError(f"{where}: cannot be read ({problem}); known names are {', '.join(known)}") from None
    found = parse(text, where, what=what)
    if not isinstance(found, dict):
        raise ScenarioError(f"{where}: must be a mapping with {', '.join(keys)}")
    return found


def _bytes_of(path: Path) -> bytes | None:
    """Return what a file holds, one byte more than is allowed at most; None for a pipe, a device or a folder.

    A pipe has no end to wait for and a device none to read to: neither is opened, and if one takes the place of the file
    meanwhile, opening does not wait and what is open is looked at again.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        return None
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        return file.read(FILE_BYTES_MAXIMUM + 1) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None
