"""Plug-in of ``literature/covering-games``: donors revise by best reply under a rule of credit until nobody gains.

Cells of one task, full information, each donor takes one task a quarter. From a stated profile the donors of the quarter
take turns, in the order of their ids; each moves to the task that is credited most to it, given what the others hold, and
stays where nothing is credited more. Where nobody gains, all contract at the same time. Sources: best replies in covering
games with a sharing rule end in an equilibrium (Gairing 2009: improving steps end; marginal contribution has a potential,
Vetta 2002). Payoffs are those of ``donorlab.sim.game`` and ``credit``: nothing about credit stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from donorlab.sim.credit import RULES, credit_rule
from donorlab.sim.game import Tables, covering_game, tables
from donorlab.sim.mechanisms import register_mechanism
from donorlab.sim.mechanisms.answers import Contract
from donorlab.sim.mechanisms.calendar import contract_together
from donorlab.sim.mechanisms.planning import AFFORDABLE
from donorlab.sim.scenario import ScenarioError, option
from donorlab.sim.value import bit_counts

if TYPE_CHECKING:
    from donorlab.sim.model import CoordinationModel

ROUNDS_MAXIMUM: Final = 1000  # more rounds of revision than any of the bounded rules needs: the play runs in a circle


@dataclass(frozen=True)
class Options:
    """Options of the mechanism."""

    rule: str = option(
        "equal", "-", "how the credit for a task is shared", "Gairing 2009; range: all rules", choices=tuple(RULES)
    )
    start: str = option(
        "most_valuable",
        "-",
        "where everybody stands before the first revision: its most, or its least valuable task",
        "assumption: the two ends",
        choices=("most_valuable", "least_valuable"),
    )


def equilibrium(model: CoordinationModel, quarter: int) -> None:
    """Donors revise by best reply under a rule of credit until nobody gains. The phase ``planning = equilibrium``.

    Raises
    ------
    ScenarioError
        If cells have more than one task, there are too many profiles to list, or revision never ends.
    """
    options: Options = model.options["planning"]
    if model.parameters.tasks_per_pillar != 1:
        raise ScenarioError("mechanism.planning=equilibrium: cells of one task only; set tasks_per_pillar=1")
    choices = {d: cells for d in range(len(model.state.cash)) if len(cells := _choices(model, d))}
    if not choices:
        contract_together(model, quarter, {})
        return
    gain = model.land.value[1] - model.land.value[0]
    values = np.outer(model.state.state_weight, model.land.pillar_weight).ravel() * gain
    game = covering_game(list(values), [[[int(c)] for c in cells] for cells in choices.values()])
    best = np.argmax if options.start == "most_valuable" else np.argmin
    profile = [int(best(values[cells])) for cells in choices.values()]
    _revise(tables(game, credit_rule(options.rule)), profile)
    pillars = model.land.standing.shape[1]
    taken = [cells[action] for cells, action in zip(choices.values(), profile, strict=True)]
    answers = {d: [Contract(int(c) // pillars, int(c) % pillars, 1)] for d, c in zip(choices, taken, strict=True)}
    contract_together(model, quarter, answers)


def _choices(model: CoordinationModel, donor: int) -> npt.NDArray[np.intp]:
    """Return the cells among which a donor may choose: open, inside its mandate, and within its cash."""
    state, giving = model.state, model.giving
    counts = bit_counts((state.standing | state.known[donor]).ravel()).reshape(state.standing.shape)
    due = model.fixed[donor] + np.where(state.own_running[donor] == 0, model.relation, 0.0)
    cost = model.state.price * giving.price_factor[donor][None, :] + due[:, None]
    possible = (counts == 0) & (giving.mandate[donor] > 0)[None, :] & (cost <= state.cash[donor] + AFFORDABLE)
    possible &= ~state.closed[:, None] & (np.arange(len(due)) != giving.itself[donor])[:, None]
    if len(state.shun_until):
        possible &= (state.shun_until[donor] < model.quarter)[:, None]
    return np.flatnonzero(possible)


def _revise(game: Tables, profile: list[int]) -> None:
    """Let donors revise by best reply, in turn, until nobody gains; changes ``profile``."""
    for _ in range(ROUNDS_MAXIMUM):
        before = list(profile)
        for d in range(len(profile)):
            best = game.best_replies(d, profile)
            if profile[d] not in best:
                profile[d] = int(best[0])
        if profile == before:
            return
    raise ScenarioError(
        f"mechanism.planning=equilibrium: under credit '{game.rule.name}' revision never ends (no equilibrium from here)"
    )


equilibrium.Options = Options  # type: ignore[attr-defined]
register_mechanism("planning", "equilibrium", equilibrium)
