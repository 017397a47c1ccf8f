"""5.3 Tournament: the reform projects of one donor and quarter compete, and the best are paid.

Of N competitors `W = ceil(prize_share * N)` are paid. With `a` others believed to adopt, adopting wins with `min(1, W / (a + 1))`,
refusing with `max(0, W - a) / (N - a)`; a state adopts by its own will or if the difference times `stake - replaced` covers
`cost - benefit`. Paid are the best by `adopted + tournament_noise * z + common shock`. Source: aid committed to a group and
disbursed by relative performance makes the threat to withhold true, and what is common to all cancels (Svensson 2003);
chances and beliefs are ours, and assumptions: states foresee who adopts, but not what noise in the measurement does, which
speaks for the tournament.

Small groups are no contest: at prize_share .7 all are paid where N is at most 3. On `world` (three seeds) that are 80% of the
groups and 43% of the competing projects with conditional_donors = all, 36% and 13% with `declared`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from donorlab.sim import streams
from donorlab.sim.mechanisms.reforms import adopts, by_the_rule, carry_out, is_conditional, stake, to_decide
from donorlab.sim.scenario import FloatArray, option
from donorlab.sim.state import DONOR, SERIAL

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel

ROUNDING = 1e-9  # of a number of projects


@dataclass(frozen=True)
class Options:
    """Options of the mechanism."""

    common_shock: float = option(
        0.0, "-", "added to the measured performance of every competitor", "assumption: 0; a test of what cancels"
    )


def paid_of(competitors: int, prize_share: float) -> int:
    """Return W, the number of competitors that are paid."""
    return min(competitors, math.ceil(prize_share * competitors - ROUNDING))


def gain_in_chance(others: int, competitors: int, paid: int) -> float:
    """Return by how much adopting raises the chance to be paid, if ``others`` of the other competitors adopt."""
    adopting = min(1.0, paid / (others + 1))
    refusing = max(0, paid - others) / (competitors - others)
    return adopting - refusing


def gains(believed: Sequence[bool], paid: int) -> list[float]:
    """Return each competitor's gain in chance, given who is believed to adopt."""
    total = sum(believed)
    return [gain_in_chance(total - one, len(believed), paid) for one in believed]


def settled(own_will: Sequence[bool], answer: Callable[[int, float], bool], paid: int) -> list[bool]:
    """Return who is believed to adopt: from own will on, each answers the others in turn until nobody changes.

    After as many rounds as there are competitors beliefs are left as they are. Answers gain on a potential, since the gain in
    chance depends on the number of the others alone: they cannot go round in a circle.

    Parameters
    ----------
    own_will : (N,) who adopts whatever the others do
    answer : whether competitor i adopts at a gain in chance
    paid : W
    """
    believed = list(own_will)
    for _ in own_will:
        before = list(believed)
        for i in range(len(believed)):
            believed[i] = answer(i, gain_in_chance(sum(believed) - believed[i], len(believed), paid))
        if believed == before:
            break
    return believed


def beliefs(model: CoordinationModel, group: Sequence[int], paid: int) -> list[bool]:
    """Return who of a group is believed to adopt, by the rule; states that are asked in Python as all others."""
    at_stake = [stake(model, row) for row in group]

    def answer(i: int, gain: float) -> bool:
        return by_the_rule(model, group[i], gain, *at_stake[i])

    return settled([by_the_rule(model, row) for row in group], answer, paid)


def performance(
    model: CoordinationModel, quarter: int, group: Sequence[int], adopted: Mapping[int, bool], common_shock: float
) -> FloatArray:
    """Return what is measured of each project of a group, (N,): the reform, noise, and what is common to all."""
    whole, keys, p = model.state.ledger.whole, model.giving.keys, model.parameters
    draws = [
        streams.uniform(
            streams.TOURNAMENT, model.seed, quarter, int(keys[whole[row, DONOR]]), 0, 0, int(whole[row, SERIAL])
        )
        for row in group
    ]
    reforms = np.array([float(adopted[row]) for row in group])
    return np.asarray(reforms + p.tournament_noise * streams.normal_cut(np.array(draws)) + common_shock)


def contract(model: CoordinationModel, quarter: int) -> None:
    """States compete for the money of each donor with conditions, and the best are paid. The phase ``contract = tournament``."""
    p, whole = model.parameters, model.state.ledger.whole
    options: Options = model.options["contract"]
    rows = to_decide(model)
    groups: dict[int, list[int]] = {}
    for row in rows:
        if is_conditional(model, row):
            groups.setdefault(int(whole[row, DONOR]), []).append(row)
    chance: dict[int, float] = {}
    for group in groups.values():
        paid = paid_of(len(group), p.prize_share)
        chance |= dict(zip(group, gains(beliefs(model, group, paid), paid), strict=True))
    answers = {
        row: adopts(model, quarter, row, chance[row], *stake(model, row)) if row in chance else adopts(model, quarter, row)
        for row in rows
    }
    unpaid: set[int] = set()
    for group in groups.values():
        measured = performance(model, quarter, group, answers, options.common_shock)
        ranked = np.argsort(-measured, kind="stable")  # ties by ledger order
        unpaid |= {group[i] for i in ranked[paid_of(len(group), p.prize_share) :]}
    carry_out(model, quarter, answers, unpaid)


contract.Options = Options  # type: ignore[attr-defined]
