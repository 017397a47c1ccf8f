"""What is varied in a sensitivity analysis: uncertainties over their declared ranges, and the luck of the seed as one more.

Methods work on the unit cube; a coordinate becomes a value on the scale of its row in ``ranges.yaml`` (`ensemble.scaled`), and
the last one a seed. So a mean over the cube is a mean over the ensemble, and nothing need know of logarithms or whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from donorlab.experiments import ensemble
from donorlab.experiments.arguments import Arguments
from donorlab.experiments.sweeps import asked
from donorlab.experiments.sweeps.columns import SEED

if TYPE_CHECKING:
    from donorlab.scenarios import ParameterRow
    from donorlab.sim import Scenario

NOISE: Final = "luck of the seed"
SEEDS: Final = 1_000_000  # from which the coordinate of the seed chooses one


@dataclass(frozen=True)
class Factors:
    """What is varied.

    Attributes
    ----------
    rows : parameters, in the order of ``ranges.yaml``
    noise : whether the seed is one more factor
    """

    rows: tuple[ParameterRow, ...]
    noise: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """Names, that of the noise last."""
        return tuple(row.name for row in self.rows) + ((NOISE,) if self.noise else ())

    @property
    def problem(self) -> dict[str, Any]:
        """The problem as SALib has it: every factor on the unit interval."""
        names = list(self.names)
        return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}

    def points(self, unit: np.ndarray, scenario: Scenario) -> pd.DataFrame:
        """Return points of the unit cube as values of parameters.

        Parameters
        ----------
        unit : array, a row a point, a column a factor
        scenario : whose other parameters decide how many projects there may be

        Returns
        -------
        DataFrame
            A row a point; a column a parameter, the seed, and the size of projects where there would be too many
        """
        if unit.ndim != 2 or unit.shape[1] != len(self.names):
            raise ValueError(f"unit has shape {unit.shape}; it needs a column for each of {len(self.names)} factors")
        columns: dict[str, Any] = {row.name: ensemble.scaled(row, unit[:, i]) for i, row in enumerate(self.rows)}
        drawn = ensemble.with_bounded_size(scenario, pd.DataFrame(columns, index=range(len(unit))))
        kept = [*columns, *(name for name in drawn.columns if name not in columns and moved(drawn, name, scenario))]
        seeds = np.minimum((unit[:, -1] * SEEDS).astype(np.int64), SEEDS - 1) + 1 if self.noise else np.int64(1)
        return drawn[kept].assign(**{SEED: seeds})

    def only(self, names: Sequence[str]) -> Factors:
        """Return those of the factors with these names; the others stay at their default values."""
        return Factors(tuple(row for row in self.rows if row.name in names), self.noise)


SIZES: Final = ("project_tasks_maximum", "project_tasks_minimum")
"""Parameters that are set so that a run has not too many projects, besides being drawn or not; the second only follows."""


def moved(points: pd.DataFrame, name: str, scenario: Scenario) -> bool:
    """Return whether a column is not drawn, but set so that a run has not too many projects."""
    return name in SIZES and bool((points[name] != getattr(scenario.parameters, name)).any())


def uncertainties(given: Arguments, loaded: Mapping[str, Scenario], noise: bool = True) -> Factors:
    """Return the uncertainties that can do something under one of the architectures and that nobody set.

    Parameters
    ----------
    given : keys of the command
    loaded : scenario by architecture or proposal
    noise : whether the seed is one more factor
    """
    first = next(iter(loaded.values()))
    rows = ensemble.plan(first, 1, given.given).varied
    able = set(asked.that_can_act(given, loaded, [row.name for row in rows]))
    return Factors(tuple(row for row in rows if row.name in able), noise)


def futures(
    given: Arguments, loaded: Mapping[str, Scenario], count: int, replications: int = 1
) -> tuple[pd.DataFrame, Factors]:
    """Return so many futures as a table of points, and what is drawn in them: the draws that ``donorlab compare`` uses.

    Parameters
    ----------
    given : keys of the command
    loaded : scenario by architecture or proposal
    count : of futures
    replications : seeds of each; with one, future i has seed i, as in ``compare``
    """
    first = next(iter(loaded.values()))
    able = uncertainties(given, loaded, noise=False)
    draws = ensemble.plan(first, count, given.given).draws.reset_index(drop=True)
    kept = [name for name in draws.columns if name in able.names or moved(draws, name, first)]
    return draws[kept].assign(**{SEED: np.arange(count, dtype=np.int64) * replications + 1}), able
