"""Halonen-Akatwijuka 2007: alike donors that cannot see each other duplicate; full information removes it.

Declared with the scenario's file before it was run: similarity rho mixes each donor's mandate, rho * common + (1 - rho) * own;
q is the probability of seeing another's project; one donor plans after the other. Duplication is the share of task money
paid for a task that stands or is in another live project.

What is built in: a donor's money buys half of its own sector, whose last task is then worth (1 - rho) f'(1/2), and the first
of the common sector rho f'(0) = 2 rho f'(1/2). Up to rho = `ENTERS` = 1/3 nobody therefore works in the common sector and
nothing can be duplicated, and above it duplication can only rise. Where all is seen in turn, nothing is ever paid twice
(T5). The lines that say so, and those on the fall with q, were added after the first runs; nothing is demanded of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from donorlab.experiments.literature import (
    Advance,
    Line,
    Reproduction,
    Watch,
    each,
    idle,
    interval,
    scenario,
    section,
    silent,
)
from donorlab.experiments.literature.rules import (
    Interval,
    above_zero,
    information,
    nothing_twice,
    removed,
    seeds_of,
    told,
)
from donorlab.experiments.validation.frame import Requirement, requirement
from donorlab.sim import simulate
from donorlab.sim.scenario import Scenario

NAME: Final = "halonen-akatwijuka"
ALL_SEEN: Final = 1.0
ENTERS: Final = 1 / 3  # similarity above which somebody works in the common sector
Shares = Mapping[float, npt.NDArray[np.float64]]
"""Duplication by q: (seeds, similarities)."""


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


def duplication(
    bases: Sequence[Scenario], q: float, replications: Sequence[int], advance: Advance = idle
) -> npt.NDArray[np.float64]:
    """Return the share of task money paid twice, shape (seeds, similarities)."""
    seen = [one.replace(observation_probability=q) for one in bases]
    return np.array(
        [[simulate(one, seed).outcomes["duplication_share"] for one in seen] for seed in each(replications, advance)]
    )


def by_sight(need: Requirement, replications: Sequence[int], advance: Advance = idle) -> Shares:
    """Return duplication at each q that the row names, and where all is seen."""
    bases = worlds(need.numbers["similarity"])
    return {q: duplication(bases, q, replications, advance) for q in (*need.numbers["sight"], ALL_SEEN)}


def slope(need: Requirement, shares: npt.NDArray[np.float64]) -> Interval:
    """Return the least-squares slope of duplication on similarity: mean and 95% interval over the seeds."""
    similarity = np.array(need.numbers["similarity"])
    return interval([float(np.polyfit(similarity, row, 1)[0]) for row in shares])


def judge(need: Requirement, shares: Shares) -> tuple[Line, ...]:
    """Return what the frozen row demands, beside what was found."""
    blind = {q: slope(need, shares[q]) for q in need.numbers["sight"]}
    lines = [above_zero(f"slope of duplication on similarity, q = {q:g}", one) for q, one in blind.items()]
    what = "slope at q = 1, one donor after the other"
    return (*lines, removed(what, slope(need, shares[ALL_SEEN]), blind[min(blind)], float(need.numbers["left"])))


def beside(need: Requirement, shares: Shares) -> tuple[Line, ...]:
    """Return what is told beside it: what is built in, and the fall of duplication with q."""
    similarity, sight = np.array(need.numbers["similarity"]), sorted(need.numbers["sight"])
    idle_common = similarity < ENTERS
    most = max(float(shares[q][:, idle_common].max()) for q in sight)
    rest = interval([float(np.polyfit(similarity[~idle_common], row[~idle_common], 1)[0]) for row in shares[sight[0]]])
    means = {q: shares[q].mean(axis=1) for q in (sight[0], sight[-1], ALL_SEEN)}
    values = " and ".join(f"{one:g}" for one in similarity[idle_common])
    return (
        information(
            f"most duplicated in a run at similarity {values}, q up to {sight[-1]:g}",
            f"{most:.3f}",
            "0 by construction: own sectors take all the money, so that the rise is partly built in",
        ),
        information(f"slope from similarity {similarity[~idle_common][0]:g} on, q = {sight[0]:g}", told(rest)),
        information(
            "most duplicated in a run at q = 1, one donor after the other",
            f"{float(shares[ALL_SEEN].max()):.3f}",
            "0 by construction (T5): the line on q = 1 cannot fail",
        ),
        *(
            information(
                f"fall of duplication from q = {low:g} to {high:g}, mean over similarities, paired by seed",
                told(interval(means[low] - means[high])),
                "above 0, though not demanded: information lowers duplication",
            )
            for low, high in ((sight[0], sight[-1]), (sight[-1], ALL_SEEN))
        ),
    )


def words(need: Requirement, shares: Shares) -> str:
    """Return what was found in one sentence."""
    sight = sorted(need.numbers["sight"])
    first, last = (slope(need, shares[q]) for q in (sight[0], sight[-1]))
    return (
        f"from no to full similarity duplication changes by {first[0]:+.2f} where nothing is seen and by {last[0]:+.2f} at "
        f"q = {sight[-1]:g}, which is partly built in (up to a similarity of 1/3 own sectors take all the money); where all is "
        f"seen in turn it is {nothing_twice(float(shares[ALL_SEEN].max()))}"
    )


def reproduce(quick: bool = False, watch: Watch = silent) -> Reproduction:
    """Run all similarities at each q, and at q = 1."""
    need = requirement("P1", "literature")
    chosen = seeds_of(need, quick)
    with watch(NAME, len(chosen) * (len(need.numbers["sight"]) + 1)) as advance:
        shares = by_sight(need, chosen, advance)
    at = ", ".join(f"{one:g}" for one in need.numbers["similarity"])
    means = [
        information(
            f"duplication at similarity {at}, q = {q:g}",
            ", ".join(f"{share:.3f}" for share in shares[q].mean(axis=0)),
            "each at least as high as the one before; the slope decides",
        )
        for q in need.numbers["sight"]
    ]
    return Reproduction(
        name=NAME,
        title="Alike donors that cannot see duplicate",
        source="M. Halonen-Akatwijuka 2004, World Bank working paper 3223 (abstract and title page); 2007",
        lines=(*judge(need, shares), *beside(need, shares), *means),
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
