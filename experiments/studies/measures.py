"""What is looked at in a sensitivity analysis: outcomes of architectures, and differences between architectures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from donorlab.experiments.outcomes import Unit, outcome
from donorlab.experiments.studies.study import Study
from donorlab.experiments.words import label
from donorlab.sim.scenario import BoolArray, FloatArray


@dataclass(frozen=True)
class Measure:
    """One number of each point.

    Attributes
    ----------
    outcome : its name
    who : architecture or proposal
    against : the one from which its distance is meant; None for the outcome itself
    """

    outcome: str
    who: str
    against: str | None = None

    @property
    def name(self) -> str:
        """Short name of the architecture or of the difference, as tables have it."""
        return f"{self.who}-{self.against}" if self.against else self.who

    @property
    def words(self) -> str:
        """In words: ``Efficiency under fragmented``, ``Efficiency, umbrella against fragmented``."""
        what = outcome(self.outcome).label.partition(" (")[0].removeprefix("... ")
        if self.against:
            return f"{what}, {label(self.who)} against {label(self.against)}"
        return f"{what} under {label(self.who)}"

    @property
    def unit(self) -> Unit:
        """Unit of the outcome."""
        return outcome(self.outcome).unit

    def smallest(self, share: float) -> float:
        """Return the least change that matters: ``share`` for a share; 0 for other units, for which nobody said one."""
        return share if self.unit == "share" else 0.0

    def of(self, study: Study, count: int) -> FloatArray:
        """Return it at points 1 to ``count``; NaN where a run failed or has no such outcome."""
        wide = study.mean(self.outcome).reindex(range(1, count + 1))
        found = wide[self.who] - (wide[self.against] if self.against else 0.0)
        return found.to_numpy(dtype=np.float64)


def measures(outcomes: Sequence[str], labels: Sequence[str]) -> tuple[Measure, ...]:
    """Return for each outcome that of every architecture, then the difference of each further one to the first."""
    first, *others = labels
    return tuple(
        Measure(name, who, against)
        for name in outcomes
        for who, against in [*((who, None) for who in labels), *((who, first) for who in others)]
    )


def in_blocks(values: FloatArray, size: int) -> tuple[FloatArray, BoolArray]:
    """Return the values of whole blocks of a design that stands in blocks of points, and which blocks these are.

    Parameters
    ----------
    values : (blocks * size,); NaN where there is none
    size : points of a block, which cannot be used without each other

    Returns
    -------
    values of whole blocks (n, size), and a mask (blocks,)
    """
    blocks = values.reshape(-1, size)
    whole = np.isfinite(blocks).all(axis=1)
    return blocks[whole], whole
