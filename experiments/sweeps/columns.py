"""What a sweep varies: columns, their values, and what is wrong with a value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa

from donorlab.experiments.arguments import InputError, did_you_mean
from donorlab.experiments.levers import WHOLE
from donorlab.scenarios import ParameterRow, parameter_table, plain
from donorlab.scenarios.overrides import PARAMETERS, PHASES, SELECTIONS, is_option, known_keys, one_of, parameter_value
from donorlab.sim.mechanisms import mechanism_names
from donorlab.sim.scenario import ScenarioError
from donorlab.sim.streams import REPLICATION_MAXIMUM

Kind = Literal["int", "float", "word"]
TYPES: Final = {"int": pa.int64(), "float": pa.float64(), "word": pa.string()}
SEED: Final = "seed"  # a column of this name gives each point the first of its seeds


@dataclass(frozen=True)
class Column:
    """One thing that is varied.

    Attributes
    ----------
    name : a parameter, ``mechanism.PHASE``, an option, or a key that chooses another world
    kind : of its values
    values : its levels, or the two ends of its range; empty where a table has them
    """

    name: str
    kind: Kind
    values: tuple[Any, ...] = ()

    @property
    def composed(self) -> bool:
        """Whether another value means another world, which has to be composed."""
        same = self.name in PARAMETERS or self.name == SEED
        return not same and not self.name.startswith("mechanism.") and not is_option(self.name)

    @property
    def scaled(self) -> bool:
        """Whether its two values are the ends of a range for a Latin hypercube or a Sobol sequence."""
        return self.name in PARAMETERS and self.kind != "word" and len(self.values) == 2


def rows() -> dict[str, ParameterRow]:
    """Return the table of parameters by name."""
    return {row.name: row for row in parameter_table()}


def column(name: str, values: Sequence[Any], where: str) -> Column:
    """Return a column whose values were checked one by one.

    Raises
    ------
    InputError
        If there is no such key, a value is impossible, or one stands twice.
    """
    known(name, where)
    found = tuple(_text(value) if isinstance(value, list) else parameter_value(name, value) for value in values)
    if len(set(map(str, found))) < len(found):
        raise InputError(f"{where}: a value stands twice; give each once")
    sort = kind(name, found)
    for value in found:
        if isinstance(value, bool) or not isinstance(value, str if sort == "word" else (int, float)):
            raise InputError(f"{where}: '{plain.one_line(value)}' is no {'word' if sort == 'word' else 'number'}")
    made = Column(name, sort, found)
    check(made, pa.array(list(found), pa.string() if sort == "word" else pa.float64()), where)
    turned = {"int": int, "float": float, "word": str}[sort]
    return replace(made, values=tuple(map(turned, found)))


def over_its_range(name: str, design: str, levels: int, where: str) -> Column:
    """Return a parameter over the range that ``ranges.yaml`` declares: its ends, or for a grid so many values between them."""
    from donorlab.experiments import ensemble  # slow to import, and workers need it not

    row = rows().get(name)
    if row is None:
        raise InputError(f"{where}: '{name}' is no parameter with a range{did_you_mean(name, PARAMETERS)}")
    if row.range is None:
        raise InputError(f"{where}: {name} is fixed and has no range; give its values: {name}=[...]")
    if row.choices or design != "grid":
        return Column(name, kind(name, row.range), tuple(row.range))
    spread = np.linspace(0.0, 1.0, levels)
    return Column(name, kind(name, row.range), tuple(dict.fromkeys(ensemble.scaled(row, spread).tolist())))


def check(one: Column, values: Any, where: str, first_row: int | None = None) -> None:
    """Refuse impossible values of a column.

    Parameters
    ----------
    one : the column
    values : an Arrow array of its kind
    where : for the message
    first_row : number of the first one in a table, for the message

    Raises
    ------
    InputError
        Names the first that is impossible, and what would be right.
    """
    found = values.to_numpy(zero_copy_only=False)
    if one.name.startswith("mechanism.") and not is_option(one.name):
        phase = one.name.partition(".")[2]
        for word in dict.fromkeys(found.tolist()):
            try:
                one_of(one.name, str(word), mechanism_names(phase))
            except ScenarioError as error:
                raise InputError(str(error) if where == one.name else f"{where}: {error}") from None
        return
    row = rows().get(one.name)
    if row is None and one.name != SEED:
        return  # what it may be is known to the scenario, which is composed with each of them
    if row is None:
        bad = (found < 0) | (found > REPLICATION_MAXIMUM)
        right = f"it is a whole number from 0 to {REPLICATION_MAXIMUM}"
    elif row.choices:
        bad = ~np.isin(found.astype(str), row.choices)
        right = f"it is one of {', '.join(row.choices)}"
    else:
        assert row.hard_low is not None
        assert row.hard_high is not None
        numbers = found.astype(float)
        bad = ~np.isfinite(numbers) | (numbers < row.hard_low) | (numbers > row.hard_high)
        if row.name in WHOLE:
            bad |= numbers != np.floor(numbers)
        limits = f"must lie between {row.hard_low:g} and {row.hard_high:g}"
        if math.isinf(row.hard_high):
            limits = f"must be at least {row.hard_low:g}"
        right = f"it {limits}" + (" and be whole" if row.name in WHOLE else "")
    if bad.any():
        place = int(np.flatnonzero(bad)[0])
        at = "" if first_row is None else f", row {first_row + place}"
        named = (
            where if where == one.name else f"{where}{at}: {one.name}"
        )  # a list of the command line has its name already
        raise InputError(f"{named}: {found[place]} is impossible; {right}")


def known(name: str, where: str) -> None:
    """Refuse what cannot be varied."""
    if name in ("architecture", "mechanism"):
        right = (
            "architectures=[fragmented,umbrella]"
            if name == "architecture"
            else "mechanism.PHASE, such as mechanism.contract"
        )
        raise InputError(f"{where}: '{name}' cannot be varied like a parameter; write {right}")
    if name not in known_keys() and name != SEED and not is_option(name):
        raise InputError(f"{where}: unknown parameter '{plain.one_line(name)}'{did_you_mean(name, known_keys())}")


def kind(name: str, values: Sequence[Any]) -> Kind:
    """Return of what kind the values of a column are."""
    if name == SEED:
        return "int"
    if name in PARAMETERS:
        if rows()[name].choices:
            return "word"
        return "int" if name in WHOLE else "float"
    if name in SELECTIONS or name in {f"mechanism.{phase}" for phase in PHASES}:
        return "word"
    if all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return "int"
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return "float"
    return "word"


def _text(value: Sequence[Any]) -> str:
    """Return a list of ids as a key of the command line has it."""
    return f"[{','.join(map(str, value))}]"
