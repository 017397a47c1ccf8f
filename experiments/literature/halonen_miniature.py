"""The exact miniature of coordination failure: how often two donors meet on the priority sector, or miss it.

With marginal contribution each plays the priority sector with p = V_P / (V_P + V_S); P(both) = p^2, P(none) = (1 - p)^2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from donorlab.experiments.literature import Advance, Line, Reproduction, Watch, idle, scenario, seeds, silent
from donorlab.sim.model import CoordinationModel
from donorlab.sim.state import PILLAR

NAME: Final = "halonen-miniature"
ERRORS: Final = 4.0  # standard errors


def priority_counts(replications: Sequence[int], advance: Advance = idle) -> list[int]:
    """Return how many of the two donors chose the priority sector, a seed a value."""
    world = scenario(NAME)
    row = world.pillars.index("priority")
    counts = []
    for seed in replications:
        ledger = CoordinationModel(world, rng=seed).run().state.ledger
        counts.append(int((ledger.whole[: ledger.size, PILLAR] == row).sum()))
        advance()
    return counts


def _line(what: str, expected: float, hits: npt.NDArray[np.bool_]) -> Line:
    share, error = float(np.mean(hits)), math.sqrt(expected * (1 - expected) / len(hits))
    text = f"{share:.4f} ({(share - expected) / error:+.1f} standard errors)"
    return Line(
        what, f"{expected:.4f}, within {ERRORS:g} standard errors", text, abs(share - expected) <= ERRORS * error
    )


def reproduce(quick: bool = False, watch: Watch = silent) -> Reproduction:
    """Play the miniature many times."""
    chosen = seeds(500 if quick else 4000)
    with watch(NAME, len(chosen)) as advance:
        counts = np.array(priority_counts(chosen, advance))
    weights = scenario(NAME).pillar_weights
    p = float(weights[0] / weights.sum())
    lines = (
        _line(
            "share of choices that go to the priority sector", p, np.repeat(counts, 2) > np.tile([0, 1], len(counts))
        ),
        _line("both donors on the priority sector (a duplicate): p^2", p**2, counts == 2),
        _line("no donor on the priority sector (a gap): (1 - p)^2", (1 - p) ** 2, counts == 0),
    )
    return Reproduction(
        name=NAME,
        title="Two donors, two sectors, no word between them",
        source="derived, after M. Halonen-Akatwijuka 2007",
        lines=lines,
        not_reproduced=(("how donors come to play the equilibrium", "the plug-in draws from it; nobody learns it"),),
        seeds=chosen,
    )
