"""Values as text and bytes, and back to the last bit, without pickles; and what tells two values apart.

Numbers, words, lists, tuples, mappings, arrays, tables, and dataclasses of this project. What is read back can hold no code: of
classes only their names stand in a file, and only dataclasses of ``donorlab`` are made.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

_KIND: Final = "~"
_OURS: Final = "donorlab."
_PLAIN: Final = (float, str, int, bool, type(None))


def encoded(value: Any) -> tuple[str, list[Any]]:
    """Return a value as text and the contents of its arrays and tables.

    Raises
    ------
    TypeError
        If a part of it is none of the kinds that can be kept.
    """
    contents: list[Any] = []
    return json.dumps(_plain(value, contents), separators=(",", ":"), ensure_ascii=False), contents


def decoded(text: str, contents: Sequence[Any]) -> Any:
    """Return the value that `encoded` was given."""
    return _value(json.loads(text), contents)


def _plain(value: Any, contents: list[Any]) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is list:
        return [_plain(one, contents) for one in value]
    if kind is tuple:
        return {_KIND: "tuple", "items": [_plain(one, contents) for one in value]}
    if isinstance(value, Mapping):
        if all(type(key) is str for key in value) and _KIND not in value:
            return {key: one if type(one) is float else _plain(one, contents) for key, one in value.items()}
        return {_KIND: "mapping", "items": [[_plain(one, contents) for one in pair] for pair in value.items()]}
    if isinstance(value, np.generic):
        return {_KIND: "number", "type": value.dtype.str, "value": value.item()}
    if isinstance(value, np.ndarray) and value.dtype != object:
        contents.append(np.ascontiguousarray(value).tobytes())
        return {_KIND: "array", "type": value.dtype.str, "shape": list(value.shape), "at": len(contents) - 1}
    if isinstance(value, (pd.DataFrame, pa.Table)):
        frame = isinstance(value, pd.DataFrame)
        contents.append(_stream(pa.Table.from_pandas(value) if frame else value))
        return {_KIND: "frame" if frame else "table", "at": len(contents) - 1}
    if dataclasses.is_dataclass(value) and kind.__module__.startswith(_OURS):
        fields = {one.name: _plain(getattr(value, one.name), contents) for one in dataclasses.fields(value)}
        return {_KIND: "object", "class": f"{kind.__module__}:{kind.__qualname__}", "fields": fields}
    raise TypeError(f"a {kind.__name__} cannot be kept")


def _value(plain: Any, contents: Sequence[Any]) -> Any:
    if isinstance(plain, list):
        return [_value(one, contents) for one in plain]
    if not isinstance(plain, dict):
        return plain
    kind = plain.get(_KIND)
    if kind is None:
        return {key: one if type(one) is float else _value(one, contents) for key, one in plain.items()}
    if kind == "tuple":
        return tuple(_value(one, contents) for one in plain["items"])
    if kind == "mapping":
        return {_value(key, contents): _value(one, contents) for key, one in plain["items"]}
    if kind == "number":
        return np.dtype(plain["type"]).type(plain["value"])
    if kind == "array":
        return np.frombuffer(contents[plain["at"]], dtype=plain["type"]).reshape(plain["shape"]).copy()
    if kind in ("frame", "table"):
        with pa.ipc.open_stream(pa.py_buffer(contents[plain["at"]])) as stream:
            table = stream.read_all()
        return table.to_pandas() if kind == "frame" else table
    if kind == "object":
        return _class(plain["class"])(**{key: _value(one, contents) for key, one in plain["fields"].items()})
    raise ValueError(f"unknown kind {kind}")


def _class(name: str) -> Any:
    module, _, path = name.partition(":")
    if not module.startswith(_OURS):
        raise ValueError(f"{name} is no class of this project")
    found = getattr(importlib.import_module(module), path)
    if not (isinstance(found, type) and dataclasses.is_dataclass(found)):
        raise ValueError(f"{name} is no dataclass")
    return found


def _stream(table: Any) -> Any:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue().to_pybytes()


# ---------------------------------------------------------------------- telling values apart
class Fingerprints:
    """Hashes of values; equal ones mean equal values to the last bit.

    Parameters
    ----------
    large : a class whose objects are hashed once each, for they are large and occur often
    """

    def __init__(self, large: type) -> None:
        self._large = large
        self._known: dict[int, tuple[Any, bytes]] = {}  # with the object, so that no other one gets its number

    def of(self, *values: Any) -> str:
        """Return the hash of values, as hexadecimal digits.

        Raises
        ------
        TypeError
            If a part of one is of a kind that this module does not know.
        """
        digest = hashlib.sha256()
        for value in values:
            self._feed(digest, value)
        return digest.hexdigest()

    def _feed(self, digest: Any, value: Any) -> None:
        if isinstance(value, self._large):
            if id(value) not in self._known:
                inner = hashlib.sha256()
                self._feed_fields(inner, value)
                self._known[id(value)] = (value, inner.digest())
            digest.update(self._known[id(value)][1])
        elif value is None or isinstance(value, (str, int, float, np.generic)):
            digest.update(f"{type(value).__name__}:{value!r};".encode())
        elif isinstance(value, (list, tuple)):
            digest.update(b"%d[" % len(value))
            for one in value:
                self._feed(digest, one)
        elif isinstance(value, Mapping):
            digest.update(b"%d{" % len(value))
            for pair in value.items():
                self._feed(digest, pair)
        elif isinstance(value, np.ndarray) and value.dtype != object:
            digest.update(f"{value.dtype.str}{value.shape};".encode() + np.ascontiguousarray(value).tobytes())
        elif dataclasses.is_dataclass(value):
            self._feed_fields(digest, value)
        else:
            raise TypeError(f"a {type(value).__name__} has no fingerprint")

    def _feed_fields(self, digest: Any, value: Any) -> None:
        digest.update(f"{type(value).__module__}:{type(value).__qualname__}(".encode())
        for one in dataclasses.fields(value):
            self._feed(digest, getattr(value, one.name))
