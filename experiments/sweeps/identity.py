"""What a run is: a hash of its resolved configuration, its seed, and all that makes its numbers.

Two runs with the same identity have the same numbers to the last bit on one kind of machine, whichever sweep they stand in
and however their values were given. Names and descriptions do not enter, for they move no number.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numba
import numpy as np

from donorlab.experiments import provenance
from donorlab.experiments.arguments import InputError
from donorlab.experiments.store import canonical_json, digest_of
from donorlab.scenarios import plugins
from donorlab.sim.architectures import get_architecture
from donorlab.sim.compiled import source_hash
from donorlab.sim.mechanisms import get_mechanism
from donorlab.sim.scenario import Scenario

LENGTH: Final = 32  # hexadecimal digits of a run's identity
SHORT: Final = 16  # of the sources
_OWN: Final = "donorlab.sim."
_OF_ARCHITECTURES: Final = ("architecture", "members", "reporters")
_LOADED: Final = source_hash()  # as the sources were when this process loaded them
_NO_SOURCES: Final = ("__pycache__", ".git", ".pytest_cache", ".mypy_cache", ".ruff_cache")
_COMPILED: Final = (".pyc", ".pyo", ".nbi", ".nbc")
_loaded_plugins: dict[str, str] = {}  # packages as they were when this process first asked
_VARIED: Final = ("name", "title", "description", "parameters", "mechanisms", "options")


def sources(scenarios: Iterable[Scenario], mechanisms: Iterable[tuple[str, str]] = ()) -> dict[str, Any]:
    """Return what makes the numbers: the model's sources, those of plug-ins that take part, numba and numpy.

    Parameters
    ----------
    scenarios : all that are run
    mechanisms : pairs (phase, name) that take part besides theirs

    Raises
    ------
    InputError
        If the sources of a plug-in cannot be found, so that runs of two of its versions could not be told apart.
    """
    plugins.register()
    if source_hash() != _LOADED:
        raise InputError("the sources of the model changed after this process had loaded them; start again")
    found = {*mechanisms}
    modules = set()
    for scenario in scenarios:
        modules.add(type(get_architecture(scenario.architecture, scenario.options)).__module__)
        found.update(vars(scenario.mechanisms).items())
    modules.update(get_mechanism(phase, name).__module__ for phase, name in found)
    foreign = sorted(name for name in modules if not name.startswith(_OWN))
    return {
        "sim": _LOADED,
        "plugins": {name: sources_of(name) for name in sorted({_package(name) for name in foreign})},
        "numba": numba.__version__,
        "numpy": np.__version__,
    }


def short(made_by: Mapping[str, Any]) -> str:
    """Return what the column ``source`` of a run says: a hash of `sources`."""
    return digest_of(made_by)[:SHORT]


def _package(module: str) -> str:
    """Return the package whose sources a plug-in's module may read: its outermost one, or the one inside this project."""
    return module.rpartition(".")[0] if module.startswith("donorlab.") else module.partition(".")[0]


def sources_of(package: str) -> str:
    """Return the hash of all files of a package, data included: a plug-in may read a table of its own."""
    module = sys.modules.get(package) or importlib.import_module(package)
    folders = [Path(folder) for folder in getattr(module, "__path__", ())]
    file = getattr(module, "__file__", None)
    if not folders and file is None:
        raise InputError(f"plug-in {package}: its sources cannot be found, so that its runs could not be told apart")
    digest = hashlib.sha256()
    files = [(folder, path) for folder in folders for path in _files(folder)]
    for root, path in files or [(Path(str(file)).parent, Path(str(file)))]:
        with path.open("rb") as content:
            inside = hashlib.file_digest(content, "sha256").hexdigest()
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + inside.encode() + b"\0")
    found = digest.hexdigest()
    if _loaded_plugins.setdefault(package, found) != found:
        raise InputError(
            f"plug-in {package}: its files changed after this process had loaded them; start again, workers included"
        )
    return found


def _files(folder: Path) -> list[Path]:
    """Return the files below a folder that belong to a package: no caches, nothing compiled from its sources."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix not in _COMPILED
        and not any(part in _NO_SOURCES for part in path.relative_to(folder).parts)
        and path.is_file()
    )


def world_of(scenario: Scenario) -> str:
    """Return the hash of all of a scenario that no column can change: actors, pillars, weights, members, architecture."""
    plain = provenance.as_plain(scenario)
    return digest_of({key: value for key, value in plain.items() if key not in _VARIED})


def ground_of(scenario: Scenario) -> str:
    """Return the hash of actors, pillars and weights: what architectures share."""
    plain = provenance.as_plain(scenario)
    return digest_of({key: value for key, value in plain.items() if key not in (*_VARIED, *_OF_ARCHITECTURES)})


def resolved(world: str, scenario: Scenario, source: str) -> str:
    """Return the hash of all that makes a run's numbers but its seed.

    Parameters
    ----------
    world : hash of what no column can change, see `world_of`
    scenario : with the values of its point
    source : hash of what makes the numbers
    """
    numbers = json.dumps(vars(scenario.parameters), sort_keys=True)
    words = canonical_json({"mechanisms": vars(scenario.mechanisms), "options": scenario.options})
    return _hash(world, numbers, words, source)


def unresolved(world: str, values: Mapping[str, Any], source: str) -> str:
    """Return the same for values of which no scenario could be made."""
    return _hash(world, canonical_json(values), "failed", source)


def run_id(configuration: str, seed: int) -> str:
    """Return the identity of a run, from the hash of its resolved configuration and its seed."""
    return _hash(configuration, str(seed))[:LENGTH]


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
