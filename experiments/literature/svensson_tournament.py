"""Svensson 2003: a tournament among recipients moves more effort than individual conditions, and filters common shocks.

Declared before it was run (with the numbers in the scenario's file): *effort* is the share of the projects with reforms and
conditions whose state adopts the reform. *Individual conditions* are the engine's ``ex_ante`` at the default credibility of .1.
The *effect of a shock* is the change of effort by a shock of 1 or -1 to what is measured of every project, over the mean effort
without a shock; both must be under the frozen limit, whole interval. The frozen row demands nothing else.

Beside it stand individual conditions on measured performance (the plug-in): there the shock should lower effort both ways,
because it takes away the difference that a reform makes to being paid. Expected by construction and not by luck: that a
tournament is above conditions which are hardly ever enforced, and that a shock to all changes no rank. What is not built in is by
how much, and `CREDIBILITY` tells where individual conditions would be as good: with a threat that is never empty they
should be at least as good, since a tournament pays some that refuse and not all that adopt.

States foresee who adopts, but not what noise does to the ranking. `rewarded` tells how much more often those were paid who
adopted than those who did not, beside how much more often those who competed believed.

Added after the first run: what is withheld is contracted again in the quarters of the wind-down, which the declaration had
overlooked. These later projects stay in what is judged, as declared; what the first round alone shows is told beside it and
decides nothing.

Added later, and declared before it was run: the judged comparison takes the credibility of an individual condition as given.
Svensson's reason why it is low is that money committed to one state has no other use. `EMPTY` says so to the engine
(``credibility_rule=endogenous``, ``opportunity_cost=0``): no threat is then carried out (`samaritan` holds that exactly), so that
those adopt who want the reform themselves. Expected: effort in the tournament is above that (95% interval of the paired
difference), and not by less than over individual conditions at .1, since a threat of .1 cannot move fewer states than none.
Both are nearly built in, as above: what is not is by how much. The frozen row is judged as before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    silent,
)
from donorlab.experiments.literature.listening import listeners
from donorlab.experiments.literature.rules import Interval, above_zero, information, seeds_of, told, within
from donorlab.experiments.validation.frame import Requirement, requirement
from donorlab.sim import simulate
from donorlab.sim.scenario import Scenario

NAME: Final = "svensson-tournament"
TOURNAMENT: Final = "mechanism.contract=tournament"
INDIVIDUAL: Final = "mechanism.contract=ex_ante"
MEASURED: Final = "mechanism.contract=measured"
SHOCKS: Final = (1.0, -1.0)
CREDIBILITY: Final = (0.3, 0.5, 1.0)  # beside the default
EMPTY: Final = (INDIVIDUAL, "credibility_rule=endogenous", "opportunity_cost=0")
"""Individual conditions on money that has no other use."""


@dataclass(frozen=True)
class Round:
    """What one round of contracts brings in one replication, by project with conditions and reforms.

    Attributes
    ----------
    adopted, paid, first : one bool a project; ``first``: contracted in the first quarter
    believed : mean by how much a state that was asked in the first quarter believed to raise its chance to be paid; NaN where
        nobody listened
    """

    adopted: tuple[bool, ...]
    paid: tuple[bool, ...]
    first: tuple[bool, ...]
    believed: float

    @property
    def effort(self) -> float:
        """Share that adopts."""
        return float(np.mean(self.adopted))

    @property
    def effort_at_first(self) -> float:
        """Share that adopts in the first quarter."""
        return float(np.array(self.adopted)[np.array(self.first)].mean())

    @property
    def rewarded(self) -> float:
        """Share that is paid of those that adopt, less of those that do not, first quarter; NaN where there are none of either."""
        adopted, paid = (np.array(one)[np.array(self.first)] for one in (self.adopted, self.paid))
        if adopted.all() or not adopted.any():
            return float("nan")
        return float(paid[adopted].mean() - paid[~adopted].mean())


def played(world: Scenario, seed: int, listen: bool) -> Round:
    """Return the round of one seed; ``listen`` asks what states believe."""
    people, views = listeners(world) if listen else ({}, [])
    projects = simulate(world, seed, beneficiaries=people).projects
    asked = projects[projects.conditional & projects.reform]
    at_first = [view.credibility for view in views if view.quarter == 1]
    believed = float(np.mean(at_first)) if at_first else float("nan")
    first = tuple(asked.quarter == 1)
    return Round(tuple(asked.willing), tuple(asked.status != "withheld"), first, believed)


def rounds(replications: Sequence[int], *words: str, listen: bool = False, advance: Advance = idle) -> list[Round]:
    """Return the round of each seed under the contract that ``words`` name; ``listen`` asks what states believe."""
    world = scenario(NAME, overrides=words)
    return [played(world, seed, listen) for seed in each(replications, advance)]


def gain(more: Sequence[Round], less: Sequence[Round]) -> Interval:
    """Return mean and 95% interval of the paired difference in effort."""
    return interval([a.effort - b.effort for a, b in zip(more, less, strict=True)])


def effect(shocked: Sequence[Round], calm: Sequence[Round]) -> Interval:
    """Return mean and 95% interval of the change of effort by a shock, over the mean effort without it."""
    level = float(np.mean([one.effort for one in calm]))
    mean, low, high = gain(shocked, calm)
    return mean / level, low / level, high / level


def efforts(found: Sequence[Round]) -> Interval:
    """Return mean and 95% interval of effort."""
    return interval([one.effort for one in found])


def shocked(contract: str, replications: Sequence[int], advance: Advance = idle) -> dict[float, list[Round]]:
    """Return the rounds under each common shock."""
    return {
        shock: rounds(replications, contract, f"mechanism.contract.common_shock={shock:g}", advance=advance)
        for shock in SHOCKS
    }


def judge(
    need: Requirement,
    tournament: Sequence[Round],
    individual: Sequence[Round],
    under_shock: Mapping[float, Sequence[Round]],
) -> tuple[Line, ...]:
    """Return what the frozen row demands, beside what was found."""
    return (
        above_zero("effort in the tournament less that under individual conditions", gain(tournament, individual)),
        *(
            within(
                f"effect of a common shock of {shock:+g} on effort in the tournament",
                effect(found, tournament),
                float(need.numbers["shock"]),
            )
            for shock, found in under_shock.items()
        ),
    )


def words(
    tournament: Sequence[Round], individual: Sequence[Round], under_shock: Mapping[float, Sequence[Round]]
) -> str:
    """Return what was found in one sentence."""
    largest = max(abs(effect(found, tournament)[0]) for found in under_shock.values())
    moved = (
        "a shock to all changes nothing, since it changes no rank: that half holds by construction and cannot fail"
        if largest == 0
        else f"a shock to all changes effort by up to {largest:.1%}"
    )
    return (
        f"{efforts(tournament)[0]:.0%} of the reforms are adopted in the tournament and {efforts(individual)[0]:.0%} under "
        f"individual conditions that are enforced with probability .1; {moved}"
    )


def underived(tournament: Sequence[Round], individual: Sequence[Round], empty: Sequence[Round]) -> list[Line]:
    """Return the comparison with a threat that is empty because the money has no other use, declared with `EMPTY`."""
    over = gain(individual, empty)
    return [
        above_zero(
            "effort in the tournament less that under individual conditions on money without another use",
            gain(tournament, empty),
        ),
        Line(
            "effort under individual conditions at credibility .1 less that on money without another use",
            "not below 0 in the mean",
            told(over),
            bool(over[0] >= 0),
        ),
        information(
            "effort under individual conditions on money without another use",
            told(efforts(empty)),
            "not demanded; no threat is carried out, so that only those adopt who want to",
        ),
    ]


def _same(one: Sequence[Round], other: Sequence[Round]) -> bool:
    return all((a.adopted, a.paid) == (b.adopted, b.paid) for a, b in zip(one, other, strict=True))


def reproduce(quick: bool = False, watch: Watch = silent) -> Reproduction:
    """Run one round of contracts of each kind, with and without a shock."""
    need = requirement("P6", "literature")
    chosen = seeds_of(need, quick)
    with watch(NAME, (5 + 2 * len(SHOCKS) + len(CREDIBILITY)) * len(chosen)) as advance:
        tournament = rounds(chosen, TOURNAMENT, advance=advance)
        heard = rounds(chosen, TOURNAMENT, listen=True, advance=advance)
        individual = rounds(chosen, INDIVIDUAL, advance=advance)
        measured = rounds(chosen, MEASURED, advance=advance)
        storms = {one: shocked(one, chosen, advance) for one in (TOURNAMENT, MEASURED)}
        empty = rounds(chosen, *EMPTY, advance=advance)
        firm = {one: rounds(chosen, INDIVIDUAL, f"credibility={one}", advance=advance) for one in CREDIBILITY}
    same = _same(tournament, heard) and all(_same(tournament, found) for found in storms[TOURNAMENT].values())
    rewarded = [one.rewarded for one in tournament if not np.isnan(one.rewarded)]
    lines: list[Line] = [
        *judge(need, tournament, individual, storms[TOURNAMENT]),
        Theorem(
            "projects adopted and paid in the tournament under each shock, and with states asked one by one",
            "the same, project by project",
            "the same" if same else "not the same",
            same,
        ),
    ]
    for shock, found in storms[MEASURED].items():
        change = effect(found, measured)
        lines.append(
            Line(
                f"effect of a common shock of {shock:+g} on effort under individual conditions on measured performance",
                "below 0 (95% interval): the shock is not filtered",
                told(change, ".1%"),
                bool(change[2] < 0),
            )
        )
    level = gain(firm[1.0], tournament)
    lines += underived(tournament, individual, empty)
    lines += [
        Line(
            "effort under individual conditions that are always enforced less that in the tournament",
            "not below 0 (95% interval): a tournament pays some that refuse, and not all that adopt",
            told(level),
            bool(level[1] >= 0),
        ),
        information(
            "effort: tournament, individual conditions, individual conditions on measured performance",
            "; ".join(told(efforts(found)) for found in (tournament, individual, measured)),
        ),
        information(
            f"effort under individual conditions at credibility {', '.join(f'{one:g}' for one in CREDIBILITY)}",
            ", ".join(f"{efforts(found)[0]:.3f}" for found in firm.values()),
        ),
        information(
            "effort in the first quarter alone: tournament less individual conditions",
            told(
                interval([a.effort_at_first - b.effort_at_first for a, b in zip(tournament, individual, strict=True)])
            ),
            "not demanded; the same sign as over all projects",
        ),
        information(
            "by how much more often those who adopt are paid in the first quarter, and by how much they believe",
            f"{np.mean(rewarded):.2f} and {np.mean([one.believed for one in heard]):.2f}" if rewarded else "all adopt",
            "not demanded; noise in the measurement is not foreseen, so that the first is lower",
        ),
    ]
    return Reproduction(
        name=NAME,
        title="Aid as a tournament",
        source='J. Svensson 2003, "Why conditional aid does not work and what can be done about it?" (abstract)',
        lines=tuple(lines),
        not_reproduced=(
            (
                "why the threat of an individual condition is empty (money committed beforehand has no other use)",
                "in what the frozen row judges its credibility is given, the default of .1; that it follows from what the donor "
                "would lose is in the lines on money without another use alone, and there nobody has the choice to commit",
            ),
            ("effort as a matter of degree", "a state adopts a reform or does not"),
            (
                "the money goes to the winners",
                "it returns to the donor, who spends it as it likes, in any later quarter",
            ),
            ("aid that is paid has no relation to reform in the data", "no data on disbursement are among those used"),
        ),
        seeds=chosen,
    )
