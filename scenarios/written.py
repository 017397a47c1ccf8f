"""Builder `written`: a scenario that stands whole in its YAML, every state and donor in words and numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from donorlab.scenarios import plain
from donorlab.scenarios.builders import Builder, Parts, default_tables, register, shares
from donorlab.sim.scenario import Beneficiaries, Donors, FloatArray, ScenarioError, suggest

_STATE: Final = (
    "name", "region", "subregion", "income_group", "users_m", "government_rank", "norm_position", "initial_score",
)  # fmt: skip
_GROWTH: Final = {"population_growth": 0.0, "internet_share": 1.0, "internet_share_rate": 0.0}
"""What a state may leave out, and what then holds: its number of users never moves."""
_DONOR: Final = ("name", "kind", "budget", "mandate", "skill", "affinity", "norm_position", "rival", "conditional")
_BUDGET: Final = ("low", "central", "high")


def build(data: Mapping[str, Any]) -> Parts:
    """Return the world that the YAML spells out; ``users_relative`` is users over their median."""
    mix = _mapping(data["instrument_mix"], "instrument_mix")
    pillars = tuple(mix)
    instruments = tuple(_mapping(mix[pillars[0]], f"instrument_mix, {pillars[0]}"))
    weights = data.get("pillar_weights") or dict.fromkeys(pillars, 1)
    states = _records(data["beneficiaries"], _STATE, "beneficiary", tuple(_GROWTH))
    donors = _records(data["donors"], _DONOR, "donor")
    users = np.array([_number(row["users_m"], f"beneficiary {name}, users_m") for name, row in states.items()])
    beneficiaries = Beneficiaries(
        ids=tuple(states),
        names=tuple(str(row["name"]) for row in states.values()),
        regions=tuple(str(row["region"]) for row in states.values()),
        subregions=tuple(str(row["subregion"]) for row in states.values()),
        income_groups=tuple(str(row["income_group"]) for row in states.values()),
        users_m=users,
        users_relative=users / max(float(np.median(users)), 1e-300),
        government_rank=np.array(_column(states, "government_rank", "beneficiary")),
        norm_position=np.array(_column(states, "norm_position", "beneficiary")),
        initial_score=np.array(_rows(states, "initial_score", pillars, "beneficiary")),
        **{
            key: np.array(_column({name: {key: still} | row for name, row in states.items()}, key, "beneficiary"))
            for key, still in _GROWTH.items()
        },
    )
    budgets = np.array(_rows(donors, "budget", _BUDGET, "donor"))
    ids = tuple(donors)
    return Parts(
        pillars=pillars,
        instruments=instruments,
        pillar_weights=np.array(_named(weights, pillars, "pillar_weights")),
        instrument_mix=shares(
            [_named(mix[pillar], instruments, f"instrument_mix, {pillar}") for pillar in pillars],
            pillars,
            "instrument_mix",
        ),
        income_group_weights=default_tables()["income_group_weights"],
        beneficiaries=beneficiaries,
        donors=Donors(
            ids=ids,
            names=tuple(str(row["name"]) for row in donors.values()),
            kinds=tuple(str(row["kind"]) for row in donors.values()),
            budget_low=budgets[:, 0],
            budget_central=budgets[:, 1],
            budget_high=budgets[:, 2],
            mandate=shares(_rows(donors, "mandate", pillars, "donor"), ids, "mandate"),
            skill=shares(_rows(donors, "skill", instruments, "donor"), ids, "skill"),
            affinity=_affinity(_rows(donors, "affinity", beneficiaries.ids, "donor"), ids, beneficiaries.ids),
            norm_position=np.array(_column(donors, "norm_position", "donor")),
            rival=np.array([_flag(row["rival"], f"donor {name}, rival") for name, row in donors.items()]),
            conditional=np.array(
                [_flag(row["conditional"], f"donor {name}, conditional") for name, row in donors.items()]
            ),
        ),
    )


def _affinity(rows: list[list[float]], donors: tuple[str, ...], states: tuple[str, ...]) -> FloatArray:
    """Return (D, J) affinities, each 0 to 1."""
    values = np.array(rows, dtype=np.float64)
    off = np.argwhere((values < 0) | (values > 1))
    if len(off):
        d, j = off[0]
        raise ScenarioError(
            f"donor {donors[d]}, affinity, {states[j]}: {values[d, j]:g} is out of range; it must lie between 0 and 1"
        )
    return values


def _mapping(data: object, where: str) -> dict[str, Any]:
    if not isinstance(data, dict) or not data:
        raise ScenarioError(f"{where}: must be a mapping of names to values")
    return data


def _records(
    data: object, keys: tuple[str, ...], what: str, optional: tuple[str, ...] = ()
) -> dict[str, dict[str, Any]]:
    """Return the records sorted by id, each with exactly these keys, and perhaps some of the optional ones."""
    records = {name: _mapping(row, f"{what} {name}") for name, row in sorted(_mapping(data, what).items())}
    for name, row in records.items():
        for key in row:
            if key not in keys + optional:
                raise ScenarioError(
                    f"{what} {name}: unknown key '{plain.one_line(key)}'{suggest(key, keys + optional)}"
                )
        for key in keys:
            if key not in row:
                raise ScenarioError(f"{what} {name}: '{key}' is missing; it needs {', '.join(keys)}")
    return records


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ScenarioError(f"{where}: '{plain.one_line(value)}' is not a number")
    return float(value)


def _flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise ScenarioError(f"{where}: '{plain.one_line(value)}' is not true or false")
    return value


def _named(data: object, names: tuple[str, ...], where: str) -> list[float]:
    """Return one number for each name, in the order of the names."""
    row = _mapping(data, where)
    for name in row:
        if name not in names:
            raise ScenarioError(f"{where}: unknown name '{plain.one_line(name)}'{suggest(name, names)}")
    for name in names:
        if name not in row:
            raise ScenarioError(f"{where}: no number for {name}; it needs {', '.join(names)}")
    return [_number(row[name], f"{where}, {name}") for name in names]


def _column(records: Mapping[str, Mapping[str, Any]], key: str, what: str) -> list[float]:
    return [_number(row[key], f"{what} {name}, {key}") for name, row in records.items()]


def _rows(records: Mapping[str, Mapping[str, Any]], key: str, names: tuple[str, ...], what: str) -> list[list[float]]:
    return [_named(row[key], names, f"{what} {name}, {key}") for name, row in records.items()]


register("written", Builder(build, ("instrument_mix", "beneficiaries", "donors"), ("pillar_weights",)))
