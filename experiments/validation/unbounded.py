"""T8: where no bound is claimed, a case in which it would be false, and whether asking for it is refused.

In each case a profile is stated with its welfare W, the optimum W* and the regrets that donors have by their payoffs; the
floor (W* - sum of regrets) / 2 of Vetta's theorem lies above W, so that claiming it would be wrong. Derived, one line each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from donorlab import scenarios as catalogue
from donorlab.experiments.validation import games
from donorlab.sim.credit import RULES, BoundNotClaimed, CreditRule
from donorlab.sim.game import Game, Setting, equilibrium_floor, floor, tables


@dataclass(frozen=True)
class Unbounded:
    """One case.

    Attributes
    ----------
    welfare, optimum, regret : of the stated profile; regret is the sum over donors, by the payoffs they have
    refusal : the answer to asking for the bound, "" if it was given
    """

    welfare: float
    optimum: float
    regret: float
    refusal: str

    @property
    def false_floor(self) -> float:
        """What the theorem would claim."""
        return (self.optimum - self.regret) / 2.0

    @property
    def agrees(self) -> bool:
        """Whether the bound would be false and is refused."""
        return self.false_floor > self.welfare + games.ROUNDING and bool(self.refusal)


def _of_game(example: tuple[Game, tuple[int, ...]], rule: str) -> tuple[float, float, float]:
    game, profile = example
    table = tables(game, RULES[rule])
    where: tuple[int | slice, ...] = (slice(None), *profile)
    regret = float(table.regrets()[where].sum())
    return float(table.welfare[profile]), table.optimum, regret


def weakest_link() -> tuple[float, float, float]:
    """Three donors with one unit each, all in one of three states; W = least served state, every payoff W.

    No donor alone can raise the least of two empty states: no regret, W = 0, W* = 1.
    """
    served = np.array([3, 0, 0])
    best_alone = max(float((served - np.eye(3, dtype=int)[0] + np.eye(3, dtype=int)[j]).min()) for j in range(3))
    welfare = float(served.min())
    return welfare, 1.0, 3 * max(0.0, best_alone - welfare)


def wrong_beliefs(donors: int = 3, step: float = 1e-3) -> tuple[float, float, float]:
    """Donors that see nobody all take the task worth 1 and leave those worth 1 - step; each believes to be alone.

    By what they believe nobody has regret. W = 1, W* = 1 + (n - 1) (1 - step).
    """
    return 1.0, 1.0 + (donors - 1) * (1.0 - step), 0.0


def recipient_costs(money: float = 2.1, cost: float = 1.0) -> tuple[float, float, float]:
    """Two donors, two states, linear value; each donor's presence costs the state ``cost``, which no payoff counts.

    Both spread their money over both states: no regret, W = 2 (money - 2 cost). One state each: W* = 2 (money - cost).
    """
    return 2 * (money - 2 * cost), 2 * (money - cost), 0.0


def conditions(donors: int = 2) -> tuple[float, float, float]:
    """Contracts are credited when they are made, one task each; then all is withheld: no regret, W = 0, W* = n."""
    return 0.0, float(donors), 0.0


def of_a_live_run() -> str:
    """Ask for the floor of the rounds of a run with conditional aid; return why it is refused ("" if it is not)."""
    run = catalogue.load("toy", ["architecture=conditional", "conditional_donors=all"])
    try:
        games.t2_along_runs(run, (1,))
    except BoundNotClaimed as reason:
        return str(reason)
    return ""


def refused(rule: CreditRule, setting: Setting) -> str:
    """Return why both floors are refused, "" if either is given."""
    asks: tuple[Callable[[], float], ...] = (
        lambda: floor(1.0, np.zeros(2), rule, setting),
        lambda: equilibrium_floor(1.0, 2, rule, setting),
    )
    reasons = []
    for ask in asks:
        try:
            ask()
        except BoundNotClaimed as reason:
            reasons.append(str(reason))
    return reasons[0] if len(reasons) == len(asks) else ""


def answers() -> dict[str, str]:
    """Ask for bounds where none is claimed; return the answer to each ask ("" where it was not refused)."""
    equal = RULES["equal"]
    return {
        "safe havens": refused(equal, Setting(welfare="weakest_link")),
        "relative impact": refused(RULES["relative_impact"], Setting()),
        "equal split per cell": refused(RULES["equal_per_cell"], Setting()),
        "wrong beliefs": refused(equal, Setting(observation=0.6)),
        "recipient-borne costs": refused(equal, Setting(recipient_costs=True)),
        "conditionality": refused(equal, Setting(conditional=True)),
    }


CASES: dict[str, Callable[[], tuple[float, float, float]]] = {
    "safe havens": weakest_link,
    "relative impact": lambda: _of_game(games.relative_example(), "relative_impact"),
    "equal split per cell": lambda: _of_game(games.per_cell_example(), "equal_per_cell"),
    "wrong beliefs": wrong_beliefs,
    "recipient-borne costs": recipient_costs,
    "conditionality": conditions,
}


def cases() -> dict[str, Unbounded]:
    """Return each case with the answer to asking for its bound."""
    asked = answers()
    found = {name: Unbounded(*CASES[name](), asked[name]) for name in CASES}
    live = of_a_live_run()
    with_conditions = found["conditionality"]
    if not live:  # the question must be refused of a run as well
        found["conditionality"] = Unbounded(
            with_conditions.welfare, with_conditions.optimum, with_conditions.regret, ""
        )
    return found
