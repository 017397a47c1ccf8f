"""Roodman 2006 (working paper 89): the planner's best project size, as far as the engine can say it.

Declared before it was run: SIZES, and what is varied, below; the planner is the architecture `central`; the best size of a
seed is the one with the highest welfare at the horizon, the smallest of equals. A sign holds in a seed if the best size never
moves the wrong way along the three values and differs between the ends.
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
    scenario,
    section,
    seeds,
    silent,
)
from donorlab.sim import simulate
from donorlab.sim.scenario import Scenario

NAME: Final = "roodman-proliferation"
SIZES: Final = (1, 2, 3, 4, 6, 8, 12)  # tasks a project
MONEY: Final = (16.0, 32.0, 64.0)  # EUR m a year: 4, 8 and 16 tasks a quarter
ADMINISTRATION: Final = (40.0, 20.0, 10.0)  # from plenty to scarce
RANKS: Final = (0.1, 0.5, 0.9)  # of government
SHARE: Final = 0.95  # of seeds in which a sign must hold


def best_size(base: Scenario, seed: int) -> int:
    """Return the size of project with the highest welfare at the horizon in one replication."""
    sized = [base.replace(project_tasks_minimum=n, project_tasks_maximum=n) for n in SIZES]
    return SIZES[int(np.argmax([simulate(one, seed).outcomes["welfare"] for one in sized]))]


def ranked(name: str, rank: float) -> Scenario:
    """Return the scenario of this name with recipients of this rank of government."""
    states = section(name, "beneficiaries")
    return scenario(name, {"beneficiaries": {state: {**row, "government_rank": rank} for state, row in states.items()}})


def statics(name: str, replications: Sequence[int], advance: Advance = idle) -> tuple[list[list[int]], ...]:
    """Return the best sizes by seed along aid, scarcity of administration and rank, three values each, of a scenario."""
    base = scenario(name)
    variants = (
        [base.replace(money=money) for money in MONEY],
        [base.replace(administration_intercept=admin) for admin in ADMINISTRATION],
        [ranked(name, rank) for rank in RANKS],
    )
    return tuple(
        [[best_size(world, seed) for seed in each(replications, advance)] for world in worlds] for worlds in variants
    )


def comparative(
    what: str, expected: str, found: Sequence[Sequence[int]], demanded: bool = True, share: float = SHARE
) -> Line:
    """Return the line of one comparative static; ``found`` is a list of best sizes by seed, for each of three values."""
    by_seed = list(zip(*found, strict=True))
    signs = float(np.mean([a <= b <= c and a < c for a, b, c in by_seed]))
    means = ", ".join(f"{np.mean(one):.1f}" for one in found)
    edge = [sum(size == SIZES[-1] for size in one) for one in found]
    text = f"{means} tasks; the sign holds in {signs:.0%} of seeds"
    if any(edge):
        counts = ", ".join(map(str, edge))
        text += f"; {SIZES[-1]}, the largest tried, is best in {counts} of {len(by_seed)} seeds: at least so much"
    return Line(what, expected, text, signs >= share if demanded else None)


def reproduce(quick: bool = False, watch: Watch = silent) -> Reproduction:
    """Find the planner's best size of project along aid, administration and governance."""
    chosen = seeds(5 if quick else 20)
    with watch(NAME, len(chosen) * (len(MONEY) + len(ADMINISTRATION) + len(RANKS))) as advance:
        aid, scarce, ranks = statics(NAME, chosen, advance)
    lines = (
        comparative("best size at aid of 4, 8 and 16 tasks a quarter", "rises, in 95% of seeds", aid),
        comparative(
            "best size with administration of 40, 20 and 10 task-quarters a quarter",
            "rises as it gets scarcer, in 95% of seeds",
            scarce,
        ),
        comparative(
            "best size at rank of government .1, .5 and .9",
            "rises, though not demanded: here for another reason (see below)",
            ranks,
            demanded=False,
        ),
    )
    return Reproduction(
        name=NAME,
        title="How large projects should be",
        source="D. Roodman 2006, Center for Global Development, working paper 89 (abstract)",
        lines=lines,
        not_reproduced=(
            (
                "best size rises with the quality of government",
                "there, oversight makes projects better, and less so where government is good; in the engine it only "
                "costs. What is found above has the sign for another reason: fewer projects fail, and those that do not "
                "fail fill the room",
            ),
            (
                "in a Nash equilibrium projects are smaller than the planner's",
                "size is the planner's here; `roodman-project-size` makes it a choice of donors",
            ),
            (
                "selfish donors subdivide their budgets to draw the recipient's resources; the smallest gain",
                "see `roodman-project-size`",
            ),
        ),
        seeds=chosen,
    )
