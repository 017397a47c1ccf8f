"""What a builder makes, and the registry of builders: a scenario's YAML names one of these, never a class.

A builder is a function from the scenario's own section of its YAML to `Parts`. Parameters and the choice of an
architecture are not its business.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from donorlab.scenarios import plain
from donorlab.scenarios.parameters import Value, value_tables
from donorlab.sim.scenario import Beneficiaries, Donors, FloatArray, ScenarioError, suggest

SHARE_TOLERANCE: Final = 0.01
"""Shares that were rounded may miss a sum of 1 by this much; they are divided by their sum."""


@dataclass(frozen=True, eq=False)
class Parts:
    """What a builder makes: the world without parameters, and the named sets of beneficiaries to choose from."""

    pillars: tuple[str, ...]
    instruments: tuple[str, ...]
    pillar_weights: FloatArray
    instrument_mix: FloatArray
    income_group_weights: Mapping[str, float]
    beneficiaries: Beneficiaries
    donors: Donors
    sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parameters: Mapping[str, Value] = field(default_factory=dict)  # parameters that follow from the builder's options


@dataclass(frozen=True)
class Builder:
    """A registered builder.

    Attributes
    ----------
    function : from the scenario's plain data to `Parts`
    required : keys of the YAML that only this builder reads
    optional : more of them
    options : for a key that overrides may reach into (``synthetic.donors=``), the names inside it
    """

    function: Callable[[Mapping[str, Any]], Parts]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


BUILDERS: Final[dict[str, Builder]] = {}


def register(name: str, builder: Builder) -> None:
    """Add a builder under a name that scenarios can use."""
    if name in BUILDERS:
        raise ScenarioError(f"builder: '{name}' exists already; choose another name")
    BUILDERS[name] = builder


def option_keys() -> dict[str, str]:
    """Return every override key that reaches into a builder's section, with the builder's name."""
    return {
        f"{section}.{name}": builder
        for builder, entry in BUILDERS.items()
        for section, names in entry.options.items()
        for name in names
    }


def select(parts: Parts, beneficiaries: object, donors: object) -> Parts:
    """Return the parts with a subset of beneficiaries and donors.

    Parameters
    ----------
    parts : Parts
    beneficiaries, donors : str, list of str or None
        A named set, a list of ids, or None for all.
    """
    states = parts.beneficiaries
    keep = _chosen("beneficiaries", beneficiaries, states.ids, parts.sets)
    givers = _chosen("donors", donors, parts.donors.ids, {})
    if keep == states.ids and givers == parts.donors.ids:
        return parts
    columns = np.array([states.ids.index(name) for name in keep], dtype=np.intp)
    rows = np.array([parts.donors.ids.index(name) for name in givers], dtype=np.intp)
    values: dict[str, Any] = {}
    for item in dataclasses.fields(Donors):
        column = getattr(parts.donors, item.name)
        values[item.name] = tuple(column[i] for i in rows) if isinstance(column, tuple) else column[rows]
    values["affinity"] = values["affinity"][:, columns]
    return dataclasses.replace(parts, beneficiaries=states.take(keep), donors=Donors(**values))


def _chosen(key: str, wanted: object, ids: tuple[str, ...], sets: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    names = ("all", *sets)
    example = f"[{','.join(ids[:2])}]"
    if wanted is None:
        return ids
    if isinstance(wanted, str):
        if wanted == "all":
            return ids
        if wanted not in sets:
            shown = plain.one_line(wanted)
            raise ScenarioError(
                f"{key}: '{shown}' is not one of {', '.join(names)}{suggest(shown, names)}; a list is written {example}"
            )
        if not sets[wanted]:
            raise ScenarioError(f"{key}: the set '{wanted}' is empty")
        return sets[wanted]
    if not isinstance(wanted, list) or not all(isinstance(name, str) for name in wanted):
        raise ScenarioError(f"{key}: '{plain.one_line(wanted)}' must be a list of ids, written {example}")
    if not wanted:
        raise ScenarioError(f"{key}: the list is empty; name at least one id, written {example}")
    seen: set[str] = set()
    known = set(ids)
    for name in wanted:
        shown = plain.one_line(name)
        if name not in known:
            raise ScenarioError(f"{key}: unknown id '{shown}'{suggest(shown, ids)}; a list is written {example}")
        if name in seen:
            raise ScenarioError(f"{key}: '{shown}' stands twice; name each id once")
        seen.add(name)
    return tuple(name for name in ids if name in seen)


def group(key: str, wanted: object, donors: Donors) -> tuple[str, ...] | None:
    """Return the ids of a group of donors, or None for the usual one: all but rivals (members), all members (reporters).

    Parameters
    ----------
    key : ``members`` or ``reporters``
    wanted : None or ``all-but-rivals`` for the usual; ``all``; ``none``; or a list of ids and kinds of donors
    donors : of the scenario

    Raises
    ------
    ScenarioError
        If a word of the list is neither a donor's id nor a kind, or a word stands twice.
    """
    if wanted is None or wanted == "all-but-rivals":
        return None
    if wanted == "all":
        return donors.ids if key == "members" else None
    if wanted == "none" and key == "reporters":
        return ()
    kinds = sorted(set(donors.kinds))
    example = f"[{donors.ids[0]},{kinds[0]}]"
    if not isinstance(wanted, list):
        words = "all, all-but-rivals" if key == "members" else "all, none"
        shown = plain.one_line(wanted)
        raise ScenarioError(
            f"{key}: '{shown}' is not one of {words}; a list of ids and kinds of donors is written {example}"
        )
    if not wanted:
        raise ScenarioError(f"{key}: the list is empty; name at least one donor or kind of donors, written {example}")
    found: set[str] = set()
    for word in wanted:
        shown = plain.one_line(word)
        if word not in kinds and word not in donors.ids:
            raise ScenarioError(
                f"{key}: '{shown}' is no donor of this scenario and no kind of donors{suggest(shown, (*donors.ids, *kinds))}; "
                f"kinds are {', '.join(kinds)}"
            )
        if wanted.count(word) > 1:
            raise ScenarioError(f"{key}: '{shown}' stands twice; name each donor or kind once")
        found |= {name for name, kind in zip(donors.ids, donors.kinds, strict=True) if word in (name, kind)}
    return tuple(name for name in donors.ids if name in found)


def shares(rows: npt.ArrayLike, names: Sequence[str], what: str) -> FloatArray:
    """Return rows divided by their sum, which must be 1 but for rounding."""
    values = np.asarray(rows, dtype=np.float64)
    totals = values.sum(axis=1, keepdims=True)
    off = np.flatnonzero((np.abs(totals[:, 0] - 1) > SHARE_TOLERANCE) | (values < 0).any(axis=1))
    if len(off):
        row = int(off[0])
        raise ScenarioError(
            f"{what} of {names[row]}: shares sum to {totals[row, 0]:g}; they must be 0 or more and sum to 1"
        )
    return np.asarray(values / totals, dtype=np.float64)


def default_tables(pillars: int | None = None) -> dict[str, Any]:
    """Return pillars, instruments and weights of ``ranges.yaml`` as arguments of `Parts`.

    Parameters
    ----------
    pillars : int, optional
        Another number of pillars than the table has: its rows repeat in a circle.
    """
    tables = value_tables()
    mix = tables["instrument_mix"]
    base = tuple(mix.values)
    count = len(base) if pillars is None else pillars
    rows = [base[i % len(base)] for i in range(count)]
    names = base if count == len(base) else tuple(f"{row}_{i // len(base) + 1}" for i, row in enumerate(rows))
    return {
        "pillars": names,
        "instruments": mix.columns,
        "pillar_weights": np.array([tables["pillar_weights"].values[row][0] for row in rows]),
        "instrument_mix": np.array([mix.values[row] for row in rows]),
        "income_group_weights": {key: value[0] for key, value in tables["income_group_weights"].values.items()},
    }
