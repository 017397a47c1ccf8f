"""What tells merged sweeps apart: settings, scenarios and kinds of seeds that differ become columns, filled for each run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from donorlab import scenarios as catalogue
from donorlab.experiments.store import digest_of
from donorlab.experiments.sweeps import columns as columns_of
from donorlab.experiments.sweeps import stored
from donorlab.experiments.sweeps.columns import TYPES, Kind
from donorlab.experiments.sweeps.plan import Plan
from donorlab.scenarios.overrides import PARAMETERS, PHASES, SELECTIONS, parse_overrides

SCENARIO: Final = "scenario"
SEEDS: Final = "seeds"
WORLD: Final = "world"
_OF_LABELS: Final = ("name", "title", "description", "architecture", "options", "overrides", *SELECTIONS, "mechanism")
_DIGITS: Final = 8


class Context:
    """What a sweep has set, for each of its labels and variants.

    Parameters
    ----------
    plan : of the sweep

    Raises
    ------
    ScenarioError
        If this installation cannot make a scenario of it.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.settings = parse_overrides(plan.configuration.get("settings", ()))
        self.varied = {one.name: one.kind for one in plan.columns}

    @property
    def scenario(self) -> str:
        """Name of the scenario."""
        return str(self.plan.builds[0][0]["name"])

    @cached_property
    def _resolved(self) -> list[list[dict[str, Any]]]:
        """Return parameters, mechanisms and options by label and variant, as they are before a point's values."""
        found = []
        for builds in self.plan.builds:
            row = []
            for data in builds:
                made = catalogue.build(data)
                phases = {f"mechanism.{name}": getattr(made.mechanisms, name) for name in PHASES}
                row.append({name: getattr(made.parameters, name) for name in PARAMETERS} | phases | dict(made.options))
            found.append(row)
        return found

    def names(self) -> set[str]:
        """Return the names of all that is resolved."""
        return {name for row in self._resolved for one in row for name in one}

    def value(self, name: str, label: int, variant: int) -> Any:
        """Return what a key is for a label and variant where it is not varied; None where the scenario leaves it open."""
        if name == SCENARIO:
            return self.scenario
        if name == SEEDS:
            return "own" if self.plan.own_seeds else "same"
        if name == WORLD:
            return self.plan.worlds[label][variant][:_DIGITS]
        resolved = self._resolved[label][variant]
        if name in resolved:
            return resolved[name]
        build = self.plan.builds[label][variant]
        if name in SELECTIONS:
            return _plain(build.get("select", {}).get(name, build.get(name)))
        section, _, key = name.partition(".")
        known = build.get(section)
        return _plain(known.get(key)) if isinstance(known, Mapping) else None

    def values(self, name: str, label: int) -> frozenset[str]:
        """Return what a key is for a label, over all variants, for comparison with another sweep."""
        return frozenset(repr(self.value(name, label, variant)) for variant in range(len(self.plan.variants)))

    def column(self, rows: Any, name: str, kind: Kind) -> Any:
        """Return a column for the rows of a part: as it is there, or filled.

        Parameters
        ----------
        rows : table of the part
        name, kind : of the column
        """
        if name in rows.column_names:
            held = rows.column(name)
            return held if held.type == TYPES[kind] else held.cast(TYPES[kind])
        labels = {name: place for place, name in enumerate(self.plan.labels)}
        composed = [one.name for one in self.plan.columns if one.composed]
        keys = zip(*(rows.column(one).to_pylist() for one in ("architecture", *composed)), strict=True)
        known: dict[tuple[Any, ...], Any] = {}
        found = []
        for key in keys:
            if key not in known:
                variant = self.plan.variants.index(dict(zip(composed, key[1:], strict=True)))
                known[key] = as_kind(self.value(name, labels[key[0]], variant), kind)
            found.append(known[key])
        return pa.array(found, TYPES[kind])


def as_kind(value: Any, kind: Kind) -> Any:
    """Return a value as a column of this kind has it."""
    if value is None or kind == "word":
        return None if value is None else str(value)
    return int(value) if kind == "int" else float(value)


def _plain(value: Any) -> Any:
    """Return a list of ids as a column has it."""
    return f"[{','.join(map(str, value))}]" if isinstance(value, (list, tuple)) else value


# ---------------------------------------------------------------------- what differs
def told_apart_by(contexts: Sequence[Context]) -> dict[str, Kind]:
    """Return the columns that rows of all sweeps need, beside architecture and seed: whatever is varied, or set otherwise, in some.

    ``world`` is among them only where nothing else tells two sweeps of a label apart: their files or data differ.
    """
    varied: dict[str, None] = {name: None for one in contexts for name in one.varied}
    names = [name for name in (SCENARIO, SEEDS) if len({one.value(name, 0, 0) for one in contexts}) > 1]
    names += varied
    settings = {name for one in contexts for name in one.settings} - varied.keys()
    names += [name for name in sorted(settings) if _set_otherwise(contexts, name)]
    by_scenario: dict[str, list[Context]] = {}
    for one in contexts:
        by_scenario.setdefault(one.scenario, []).append(one)
    for some in by_scenario.values():
        if len(some) > 1:
            everything = set().union(*(one.names() for one in some))
            names += [name for name in sorted(everything - set(names)) if _differs(some, name)]
    if _same_but_for_the_world(contexts, names):
        names.append(WORLD)
    return {name: _kind(contexts, name) for name in names}


def _set_otherwise(contexts: Sequence[Context], name: str) -> bool:
    given = {repr(one.settings.get(name)) for one in contexts}
    found = {one.values(name, label) for one in contexts for label in range(len(one.plan.labels))}
    return len(given) > 1 and len(found) > 1


def _differs(contexts: Iterable[Context], name: str) -> bool:
    """Return whether a key has other values for the same label in two sweeps."""
    found: dict[str, set[frozenset[str]]] = {}
    for one in contexts:
        for place, label in enumerate(one.plan.labels):
            found.setdefault(label, set()).add(one.values(name, place))
    return any(len(values) > 1 for values in found.values())


def _same_but_for_the_world(contexts: Sequence[Context], names: Sequence[str]) -> bool:
    seen: dict[tuple[Any, ...], str] = {}
    for one in contexts:
        for place, label in enumerate(one.plan.labels):
            for variant, world in enumerate(one.plan.worlds[place]):
                values = one.plan.variants[variant]
                told = tuple(
                    repr(values[name]) if name in values else _told(one, name, place, variant) for name in names
                )
                if seen.setdefault((label, *told), world) != world:
                    return True
    return False


def _told(one: Context, name: str, label: int, variant: int) -> str:
    return "varied" if name in one.varied else repr(one.value(name, label, variant))


def _kind(contexts: Sequence[Context], name: str) -> Kind:
    """Return of what kind a column is; where sweeps disagree, what holds the values of both."""
    kinds: set[Kind] = set()
    for one in contexts:
        if name in one.varied:
            kinds.add(one.varied[name])
            continue
        labels, variants = range(len(one.plan.labels)), range(len(one.plan.variants))
        values = [one.value(name, label, variant) for label in labels for variant in variants]
        values = [value for value in values if value is not None]
        if values:
            kinds.add(columns_of.kind(name, values))
    if len(kinds) == 1:
        return kinds.pop()
    return "float" if kinds == {"int", "float"} else "word"


# ---------------------------------------------------------------------- numbers of points
class Numbering:
    """Numbers for the points of merged sweeps: the same for the same points in the same world, others otherwise."""

    def __init__(self) -> None:
        self._groups: list[tuple[str, int, dict[str, str]]] = []
        self._points = 0

    def offset(self, root: Path, context: Context) -> int:
        """Return what is added to the point numbers of a sweep.

        Sweeps of other architectures over the same points of a world share them, so that their runs are pairs.

        Raises
        ------
        InputError
            If the file of its points is damaged.
        """
        plan = context.plan
        file = stored.points_of(root, plan)
        values = file.read().to_pydict() if file is not None else {}
        ours = digest_of([values, plan.own_seeds, sorted(map(str, context.settings.items())), _shared(plan)])
        labels = {
            label: digest_of([plan.worlds[place], [_numbers(data) for data in plan.builds[place]]])
            for place, label in enumerate(plan.labels)
        }
        for key, first, known in self._groups:
            if key == ours and all(known.get(label, digest) == digest for label, digest in labels.items()):
                known.update(labels)
                return first
        first = self._points
        self._groups.append((ours, first, labels))
        self._points += plan.size[0]
        return first


def _shared(plan: Plan) -> list[dict[str, Any]]:
    """Return what the labels of a plan have in common, by variant."""
    return [{key: value for key, value in data.items() if key not in _OF_LABELS} for data in plan.builds[0]]


def _numbers(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what moves numbers in what a scenario is built of."""
    return {key: value for key, value in data.items() if key not in ("name", "title", "description")}
