"""Plug-in of ``literature/annen-moers``: two donors split their tasks over recipients by best reply under a rule of credit.

Full information; donors never hold the same task (they have an instrument each). From a stated profile (all tasks where most is
gained) the two take turns; each moves to the split that is credited most to it, given the other's, and stays where none is
credited more. If the play runs in a circle, the profile of the circle with the smallest sum of regrets is played. Then both
contract at the same time. Source: own minus the rival's impact, Annen and Moers 2012 (abstract); payoffs are those of ``credit``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from donorlab.sim.credit import RULES, CreditRule, credit_rule
from donorlab.sim.mechanisms import register_mechanism
from donorlab.sim.mechanisms.answers import Contract
from donorlab.sim.mechanisms.calendar import contract_together
from donorlab.sim.scenario import FloatArray, ScenarioError, option
from donorlab.sim.value import bit_counts

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel

ROUNDING: Final = 1e-12
Split = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Options:
    """Options of the mechanism."""

    rule: str = option(
        "relative_impact", "-", "what a donor wants of what both gained", "Annen and Moers 2012; range: all rules",
        choices=tuple(RULES),
    )  # fmt: skip


def splits(tasks: int, recipients: int) -> Split:
    """Return all ways to split ``tasks`` tasks over recipients, shape (ways, recipients), in a fixed order."""
    bars = combinations(range(tasks + recipients - 1), recipients - 1)
    edges = [(-1, *bar, tasks + recipients - 1) for bar in bars]
    places = np.array(edges, dtype=np.int64)
    return np.asarray(places[:, 1:] - places[:, :-1] - 1)


def payoffs(rule: CreditRule, gained: FloatArray, first: int, second: int) -> tuple[FloatArray, FloatArray]:
    """Return what the first and the second donor are credited with in one cell by their numbers of tasks there.

    Parameters
    ----------
    gained : (L + 1,) value gained by the number of tasks covered; first, second : the most tasks that each may have
    """
    tables = np.zeros((2, first + 1, second + 1))
    taken = np.zeros((2, len(gained) - 1), dtype=np.bool_)
    for a in range(first + 1):
        for b in range(min(second, len(gained) - 1 - a) + 1):
            taken[:] = False
            taken[0, :a], taken[1, a : a + b] = True, True
            tables[:, a, b] = rule(taken, np.array([a, b], dtype=float), gained)
    return tables[0], tables[1]


def splitting(model: CoordinationModel, quarter: int) -> None:
    """Two donors split their tasks over recipients by best reply under a rule of credit. The phase ``planning = splitting``.

    Raises
    ------
    ScenarioError
        If there is more than one pillar, prices differ, or more than two donors have money.
    """
    state, land, options = model.state, model.land, model.options["planning"]
    price = float(state.price.max())
    money = np.floor(state.cash / price + ROUNDING).astype(np.int64)
    players = np.flatnonzero(money > 0)
    if state.price.shape[1] != 1 or state.price.min() < price or len(players) > 2:
        raise ScenarioError("mechanism.planning=splitting: one pillar, one price, and two donors with money at most")
    if not len(players):
        contract_together(model, quarter, {})
        return
    counts = bit_counts(state.standing.ravel())
    rule, both = credit_rule(options.rule), [int(money[d]) for d in players] + [0] * (2 - len(players))
    tables = []
    for j, count in enumerate(counts):
        gained = state.state_weight[j] * land.pillar_weight[0] * (land.value[count:] - land.value[count])
        tables.append(payoffs(rule, gained, *both))
    choices = [splits(tasks, len(counts)) for tasks in both]
    played = _revise(choices, tables)
    answers = {
        int(d): [Contract(j, 0, int(n)) for j, n in enumerate(choices[i][played[i]]) if n > 0]
        for i, d in enumerate(players)
    }
    contract_together(model, quarter, answers)


def _revise(choices: list[Split], tables: list[tuple[FloatArray, FloatArray]]) -> tuple[int, int]:
    """Return the profile (a split each) that best replies in turn end in."""

    def credit_of(player: int, other: int) -> FloatArray:
        """Credit of each split of one player against a split of the other."""
        theirs = choices[1 - player][other]
        total = np.zeros(len(choices[player]))
        for j, own in enumerate(choices[player].T):
            total += tables[j][player][own, theirs[j]] if player == 0 else tables[j][player][theirs[j], own]
        return total

    def regret(profile: tuple[int, int]) -> float:
        lost = 0.0
        for player in (0, 1):
            mine = credit_of(player, profile[1 - player])
            lost += float(mine.max() - mine[profile[player]])
        return lost

    best_cell = int(np.argmax([table[0][-1, 0] for table in tables]))
    first, second = (int(np.argmax(choice[:, best_cell])) for choice in choices)
    profile = (first, second)
    seen: list[tuple[int, int]] = []
    for _ in range(len(choices[0]) * len(choices[1])):
        if profile in seen:
            break
        seen.append(profile)
        for player in (0, 1):
            mine = credit_of(player, profile[1 - player])
            if mine.max() > mine[profile[player]] + ROUNDING:
                best = int(np.argmax(mine))
                profile = (best, profile[1]) if player == 0 else (profile[0], best)
    return min(seen[seen.index(profile) :], key=regret)


splitting.Options = Options  # type: ignore[attr-defined]
register_mechanism("planning", "splitting", splitting)
