"""Architectures and mechanisms of third parties, found by entry points.

A distribution adds one in its ``pyproject.toml``::

    [project.entry-points."donorlab.architectures"]
    my_umbrella = "my_package.module:MyUmbrella"

    [project.entry-points."donorlab.mechanisms"]
    "absorption.my_rule" = "my_package.module:my_rule"    # phase, then name

A plug-in that fails to import is listed with its error and disturbs nothing else.
"""

from __future__ import annotations

import importlib
import threading
from dataclasses import dataclass, field, replace
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from donorlab.scenarios import literature
from donorlab.scenarios.plain import one_line

ARCHITECTURES: Final = "donorlab.architectures"
MECHANISMS: Final = "donorlab.mechanisms"

_LOCK: Final = threading.RLock()


@dataclass(frozen=True)
class Plugin:
    """One entry point.

    Attributes
    ----------
    group : {'donorlab.architectures', 'donorlab.mechanisms'}
    name : as scenarios write it; for a mechanism ``phase.name``
    reference : ``module:object``
    origin : distribution and version
    error : why it cannot be used, one line; None if it can
    target : the object; None if there is an error
    """

    group: str
    name: str
    reference: str
    origin: str
    error: str | None = None
    target: Any = field(default=None, compare=False, repr=False)


def discover() -> list[Plugin]:
    """Return all plug-ins, sorted by group and name; their modules are imported."""
    found = [_load(point) for group in (ARCHITECTURES, MECHANISMS) for point in entry_points(group=group)]
    return sorted(found, key=lambda plugin: (plugin.group, plugin.name, plugin.origin))


def register() -> list[Plugin]:
    """Register all plug-ins with ``donorlab.sim`` in this process and return them; a second call changes nothing.

    Those of published models are registered too, but not returned: they are no third party's.

    A name that is taken, by a built-in or by another plug-in, is listed as an error.
    """
    with _LOCK:
        literature.register()
        return [_register(plugin) for plugin in discover()]


def _load(point: EntryPoint) -> Plugin:
    distribution = point.dist
    origin = f"{distribution.name} {distribution.version}" if distribution is not None else "unknown"
    target, error = None, None
    try:
        target = point.load()
    except (Exception, SystemExit) as problem:
        error = _describe(problem)
    return Plugin(point.group, point.name, point.value, origin, error, target)


def _register(plugin: Plugin) -> Plugin:
    if plugin.error is not None:
        return plugin
    try:
        if plugin.group == ARCHITECTURES:
            architectures = importlib.import_module("donorlab.sim.architectures")
            if not isinstance(plugin.target, type) or not issubclass(plugin.target, architectures.Architecture):
                raise TypeError("must be a subclass of donorlab.sim.architectures.Architecture")
            architectures.register_architecture(plugin.name, plugin.target)
        else:
            phase, dot, name = plugin.name.partition(".")
            if not dot or not name:
                raise ValueError(f"the name must be phase.name, for example absorption.{plugin.name}")
            if not callable(plugin.target):
                raise TypeError("must be a function")
            importlib.import_module("donorlab.sim.mechanisms").register_mechanism(phase, name, plugin.target)
    except (Exception, SystemExit) as problem:
        return replace(plugin, error=_describe(problem), target=None)
    return plugin


def _describe(problem: BaseException) -> str:
    return one_line(f"{type(problem).__name__}: {problem}", 200)
