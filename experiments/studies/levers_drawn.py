"""Levers that are drawn besides the uncertainties: where an architecture loses because of what it costs or how slow it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import pandas as pd
from scipy.stats import qmc

from donorlab.experiments import ensemble, levers
from donorlab.experiments.arguments import Arguments, InputError, did_you_mean
from donorlab.experiments.sweeps import asked, columns

if TYPE_CHECKING:
    from donorlab.scenarios import ParameterRow
    from donorlab.sim import Scenario

SEED: Final = 20261130  # of the scrambling; another one than the futures', whose draws stay as they are
ALL: Final = "all"


def rows(words: Sequence[str], given: Arguments, loaded: Mapping[str, Scenario]) -> tuple[ParameterRow, ...]:
    """Return the levers that are drawn.

    Parameters
    ----------
    words : their names, or `ALL` for those that some architecture uses and the user did not set
    given : keys of the command
    loaded : scenario by architecture or proposal

    Raises
    ------
    InputError
        If one is no lever with a range of numbers, does nothing here, or was set.
    """
    known = {row.name: row for row in columns.rows().values() if row.kind == "lever" and row.range and not row.choices}
    able = asked.levers_that_act(loaded)
    if list(words) == [ALL]:
        found = [name for name in able if name not in given.given]
        if not found:
            raise InputError(f"levers: {', '.join(loaded)} use none that could be drawn; leave levers out")
        return tuple(known[name] for name in found)
    for name in words:
        if name not in known:
            hint = did_you_mean(name, [*known, ALL])
            raise InputError(f"levers: '{name}' is no lever with a range of numbers{hint}; write names, or levers=all")
        if name in given.given:
            raise InputError(f"{name}: is drawn and set to one value; leave one of the two out")
        if name not in able:
            needed = levers.needs(name)
            because = f"; it needs another {needed}" if needed else ""
            raise InputError(f"levers: {name} does nothing under {', '.join(loaded)}{because}")
        if list(words).count(name) > 1:
            raise InputError(f"levers: {name} is given twice")
    return tuple(known[name] for name in words)


def added(points: pd.DataFrame, drawn: Sequence[ParameterRow]) -> pd.DataFrame:
    """Return a table of points with a column for each lever, from a scrambled Sobol sequence of their own."""
    if not drawn:
        return points
    cube = qmc.Sobol(len(drawn), scramble=True, rng=SEED).random_base2(max(0, math.ceil(math.log2(len(points)))))
    return points.assign(**{row.name: ensemble.scaled(row, cube[: len(points), i]) for i, row in enumerate(drawn)})
