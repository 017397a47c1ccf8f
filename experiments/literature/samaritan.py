"""The Samaritan's dilemma (Buchanan 1975): where giving is dominant after the fact, no state reforms for the money.

Declared before it was run. At OPPORTUNITY_COSTS 0 three equalities must hold exactly in every seed: of the conditional projects
with reforms, those that the state adopts are those of states with benefit >= cost; none is withheld; and all outcomes are those
of a given credibility of 0. With a rising opportunity cost threats become credible one by one: mean compliance does not fall
from one value to the next, and compliance at 1 less that at 0 is above 0 (95% interval of the difference, a seed a value).
The paper itself gives no number.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from donorlab.experiments.literature import (
    Advance,
    Line,
    Reproduction,
    Theorem,
    Watch,
    each,
    idle,
    interval,
    scenario,
    seeds,
    silent,
)
from donorlab.experiments.literature.rules import above_zero, information
from donorlab.sim import simulate
from donorlab.sim.result import Result
from donorlab.sim.scenario import Scenario

NAME: Final = "samaritan"
OPPORTUNITY_COSTS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
SEEDS: Final = {False: 20, True: 5}  # by whether it is quick


@dataclass(frozen=True)
class Dilemma:
    """Conditional projects with reforms of one run.

    Attributes
    ----------
    compliance, release : shares of them that the state adopts; that are not withheld
    asked : how many there are; unlike_own_will : of these, adopted against or refused with the state's own will
    withheld : number
    """

    compliance: float
    release: float
    asked: int
    unlike_own_will: int
    withheld: int


def dilemma(result: Result) -> Dilemma:
    """Return what the states of a run did, beside what they want."""
    projects, model = result.projects, result.model
    asked = projects[projects.conditional & projects.reform]
    row = {name: j for j, name in enumerate(model.inputs.beneficiaries.ids)}
    own_will = model.parameters.reform_benefit * model.state.ownership >= model.land.reform_cost
    wanted = own_will[[row[name] for name in asked.beneficiary]]
    return Dilemma(
        compliance=result.outcomes["compliance_rate"],
        release=result.outcomes["release_rate"],
        asked=len(asked),
        unlike_own_will=int((asked.willing.to_numpy() != wanted).sum()),
        withheld=int((asked.status == "withheld").sum()),
    )


def at(opportunity_cost: float, replications: Sequence[int], advance: Advance = idle) -> list[Dilemma]:
    """Return the conditional projects of each seed at one opportunity cost."""
    world = scenario(NAME, overrides=[f"opportunity_cost={opportunity_cost}"])
    return [dilemma(simulate(world, seed)) for seed in each(replications, advance)]


def unlike(one: Scenario, other: Scenario, seed: int) -> list[str]:
    """Return the outcomes in which two scenarios differ at one seed, however little."""
    first, second = (simulate(world, seed).outcomes for world in (one, other))
    return [name for name in first if not np.array_equal(first[name], second[name], equal_nan=True)]


def exact(found: Sequence[Dilemma]) -> list[Line]:
    """Return the equalities that must hold where giving is dominant after the fact."""
    asked = sum(one.asked for one in found)
    against = sum(one.unlike_own_will for one in found)
    withheld = sum(one.withheld for one in found)
    return [
        Theorem(
            "opportunity cost 0: conditional projects whose state does otherwise than it wants itself",
            f"0 of {asked}, all seeds",
            f"{against}",
            against == 0 < asked,
        ),
        Theorem("opportunity cost 0: conditional projects that are withheld", "0", f"{withheld}", withheld == 0),
    ]


def credible(found: dict[float, list[Dilemma]]) -> list[Line]:
    """Return whether money that is worth something elsewhere makes states comply."""
    means = [interval([one.compliance for one in found[cost]])[0] for cost in OPPORTUNITY_COSTS]
    releases = [interval([one.release for one in found[cost]])[0] for cost in OPPORTUNITY_COSTS]
    rising = all(a <= b for a, b in itertools.pairwise(means))
    costs = ", ".join(f"{cost:g}" for cost in OPPORTUNITY_COSTS)
    first, last = found[OPPORTUNITY_COSTS[0]], found[OPPORTUNITY_COSTS[-1]]
    gain = interval([b.compliance - a.compliance for a, b in zip(first, last, strict=True)])
    told = ", ".join(f"{one:.3f}" for one in means)
    return [
        Line(f"compliance at opportunity cost {costs}", "does not fall", told, rising),
        above_zero("compliance at opportunity cost 1 less that at 0", gain),
        information(f"release at opportunity cost {costs}", ", ".join(f"{one:.3f}" for one in releases)),
    ]


def reproduce(quick: bool = False, watch: Watch = silent) -> Reproduction:
    """Run the world with conditions at each opportunity cost."""
    chosen = seeds(SEEDS[quick])
    with watch(NAME, (len(OPPORTUNITY_COSTS) + 1) * len(chosen)) as advance:
        found = {cost: at(cost, chosen, advance) for cost in OPPORTUNITY_COSTS}
        empty = scenario(NAME, overrides=["credibility_rule=given", "credibility=0"])
        differing = sorted({name for seed in each(chosen, advance) for name in unlike(scenario(NAME), empty, seed)})
    return Reproduction(
        name=NAME,
        title="Threats that nobody would carry out",
        source="J. Buchanan 1975 (reviews); the equality is derived",
        lines=(
            *exact(found[0.0]),
            Theorem(
                "opportunity cost 0: outcomes unlike those of a given credibility of 0",
                "none in any seed, to the last bit",
                ", ".join(differing) or "none",
                not differing,
            ),
            *credible(found),
        ),
        not_reproduced=(
            (
                "ways out of the dilemma (a tougher agent, a rule set beforehand)",
                "opportunity_cost says how far money is free to go elsewhere, not who decided so",
            ),
            (
                "reputation over repeated games",
                "each project is decided on by itself; a donor only stays away for a while",
            ),
        ),
        seeds=chosen,
    )
