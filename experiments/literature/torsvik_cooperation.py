"""Torsvik 2005: cooperation of donors, whose benefit the recipient may take away by doing less itself.

Declared before it was run (with the numbers in the scenario's file): the *benefit* of cooperation in one replication is welfare
after the wind-down under ``umbrella`` less that under ``fragmented``; with conditions, ``umbrella_conditional`` less
``conditional``.
Predicted by the source: without conditions the benefit falls as crowding out rises (slope, 95% interval below 0) and changes its
sign between no and full crowding out; with conditions it is above 0 even at full crowding out.

By the arithmetic in the scenario's file the change of sign is *not* expected of the engine: own effort is slower than donors'
projects. `rates` tells both. The prediction stands all the same, and is reported as it falls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from donorlab.experiments.literature import (
    Advance,
    Line,
    Reproduction,
    Watch,
    each,
    idle,
    interval,
    scenario,
    seeds,
    silent,
)
from donorlab.experiments.literature.rules import Interval, above_zero, information, told
from donorlab.experiments.validation.patterns import slope
from donorlab.sim import simulate
from donorlab.sim.scenario import FloatArray

NAME: Final = "torsvik-cooperation"
CROWDING: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
PAIRS: Final = {"without": ("fragmented", "umbrella"), "with": ("conditional", "umbrella_conditional")}
"""Conditions: who acts apart, who together."""


def welfare(architecture: str, replications: Sequence[int], advance: Advance = idle) -> FloatArray:
    """Return welfare after the wind-down by seed and CROWDING, (seeds, CROWDING)."""
    worlds = [scenario(NAME, overrides=[f"architecture={architecture}", f"crowding_out={share}"]) for share in CROWDING]
    return np.array(
        [[simulate(world, seed).outcomes["welfare"] for world in worlds] for seed in each(replications, advance)]
    )


def benefits(conditions: str, replications: Sequence[int], advance: Advance = idle) -> FloatArray:
    """Return the benefit of cooperation by seed and CROWDING; ``conditions`` is ``with`` or ``without``."""
    apart, together = (welfare(one, replications, advance) for one in PAIRS[conditions])
    return together - apart


def below_zero(what: str, values: Interval, why: str) -> Line:
    """Return the line that agrees if the whole 95% interval lies below 0."""
    return Line(what, f"below 0 (95% interval): {why}", told(values), bool(values[2] < 0))


def rates(seed: int) -> tuple[float, float]:
    """Return how fast a state alone and its donors do an open task, a quarter, without crowding out and cooperation.

    Alone: the mean quarterly rise of capacity without aid over what is open in the first quarter. Donors: one over the
    mean number of quarters from the contract of a completed project to its end.
    """
    run = simulate(scenario(NAME), seed)
    alone = run.steps.capacity_no_aid
    ended = run.projects[run.projects.status == "completed"]
    length = float((ended.end - ended.quarter + 1).mean())
    return float((alone.iloc[-1] - alone.iloc[0]) / (len(alone) - 1) / (1 - alone.iloc[0])), 1 / length


def reproduce(quick: bool = False, watch: Watch = silent) -> Reproduction:
    """Run both pairs of architectures at each crowding out."""
    chosen = seeds(4 if quick else 20)
    with watch(NAME, 4 * len(chosen) + 1) as advance:
        found = {conditions: benefits(conditions, chosen, advance) for conditions in PAIRS}
        own, given = rates(chosen[0])
        advance()
    free, bound = found["without"], found["with"]
    levels = ", ".join(f"{share:g}" for share in CROWDING)
    lines: list[Line] = [
        below_zero(
            "slope of the benefit of cooperation on crowding out, without conditions",
            interval(slope(CROWDING, free)),
            "what donors do together the recipient does less",
        ),
        above_zero("benefit without crowding out, without conditions", interval(free[:, 0])),
        below_zero("benefit at full crowding out, without conditions", interval(free[:, -1]), "it changes its sign"),
        above_zero("benefit at full crowding out, with conditions", interval(bound[:, -1])),
    ]
    for conditions, values in found.items():
        means = ", ".join(f"{mean:.3f}" for mean in values.mean(axis=0))
        lines.append(information(f"benefit at crowding out {levels}, {conditions} conditions", means))
    lines.append(
        information(
            f"an open task is done by the state alone, and by a project, at the rate of (seed {chosen[0]})",
            f"{own:.3f} and {given:.3f} a quarter",
            "not demanded; harm by arithmetic needs crowding out times the first above the second",
        )
    )
    return Reproduction(
        name=NAME,
        title="Should donors cooperate?",
        source='G. Torsvik 2005, "Foreign economic aid; should donors cooperate?" (memory of the abstract, to be verified)',
        lines=tuple(lines),
        not_reproduced=(
            ("poverty reduction as a public good of altruistic donors", "budgets are given: nobody gives too little"),
            (
                "conditions on what the recipient does itself",
                "conditions are on reforms; own effort is crowded out with and without them",
            ),
            ("a recipient that foresees aid", "own effort answers to projects that are there, not to those expected"),
        ),
        seeds=chosen,
    )
