"""Halonen-Akatwijuka 2007: alike donors that cannot see each other duplicate; full information removes it.

Declared with the scenario's file before it was run: similarity rho mixes each donor's mandate, rho * common + (1 - rho) * own;
q is the probability of seeing another's project; one donor plans after the other. Duplication is the share of task money
paid for a task that stands or is in another live project.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from donorlab.experiments.literature import Line, Reproduction, interval, scenario, section, seeds
from donorlab.sim import simulate
from donorlab.sim.scenario import Scenario

NAME: Final = "halonen-akatwijuka"
SIMILARITY: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
SIGHT: Final = (0.0, 0.1, 0.2, 0.3)
LEFT: Final = 0.10  # of the slope at q = 0 that may be left at q = 1


def alike(similarity: float) -> dict[str, Any]:
    """Return the section of donors in which each cares for the common sector with this share, for its own with the rest."""
    changed = {}
    for name, row in section(NAME, "donors").items():
        own = next(sector for sector, share in row["mandate"].items() if share > 0 and sector != "common")
        mandate = {sector: {"common": similarity, own: 1.0 - similarity}.get(sector, 0.0) for sector in row["mandate"]}
        changed[name] = {**row, "mandate": mandate}
    return {"donors": changed}


def worlds(similarity: Sequence[float]) -> list[Scenario]:
    """Return one scenario for each similarity."""
    return [scenario(NAME, alike(one)) for one in similarity]


def duplication(bases: Sequence[Scenario], q: float, replications: Sequence[int]) -> npt.NDArray[np.float64]:
    """Return the share of task money paid twice, shape (seeds, similarities)."""
    seen = [one.replace(observation_probability=q) for one in bases]
    return np.array([[simulate(one, seed).outcomes["duplication_share"] for one in seen] for seed in replications])


def slopes(similarity: Sequence[float], shares: npt.NDArray[np.float64]) -> list[float]:
    """Return the least-squares slope of duplication on similarity, a seed a value."""
    return [float(np.polyfit(np.array(similarity), row, 1)[0]) for row in shares]


def reproduce(quick: bool = False) -> Reproduction:
    """Run all similarities at each q, and at q = 1."""
    chosen = seeds(6 if quick else 20)
    bases = worlds(SIMILARITY)
    lines: list[Line] = []
    blind = 0.0
    for q in SIGHT:
        shares = duplication(bases, q, chosen)
        mean, low, high = interval(slopes(SIMILARITY, shares))
        blind = mean if q == 0 else blind
        what = f"slope of duplication on similarity, q = {q:g}"
        lines.append(Line(what, "above 0 (95% interval)", f"{mean:.3f} ({low:.3f} to {high:.3f})", low > 0))
        told = ", ".join(f"{share:.3f}" for share in shares.mean(axis=0))
        lines.append(Line(f"duplication at similarity 0, .25, .5, .75, 1, q = {q:g}", "rises", told, None))
    left = interval(slopes(SIMILARITY, duplication(bases, 1.0, chosen)))
    found = f"{left[0]:.4f} ({left[1]:.4f} to {left[2]:.4f})"
    what = "slope at q = 1, one donor after the other"
    lines.append(Line(what, f"under a tenth of that at q = 0, {LEFT * blind:.4f}", found, left[2] < LEFT * blind))
    return Reproduction(
        name=NAME,
        title="Alike donors that cannot see duplicate",
        source="M. Halonen-Akatwijuka 2004, World Bank working paper 3223 (abstract and title page); 2007",
        lines=tuple(lines),
        not_reproduced=(
            (
                "less fungibility where information is poor",
                "recipients of the model have no budget of their own to shift",
            ),
            (
                "the proofs for two donors with private information",
                "donors here do not reason about what others may know",
            ),
        ),
        seeds=chosen,
    )
