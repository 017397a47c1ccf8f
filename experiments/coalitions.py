"""Would donors join, and stay? Stability of a coalition by paired runs, and the payments between members that make it stable.

A coalition S is *internally stable* if no member would be better off outside, all others staying, and *externally stable*
if no outsider would be better off inside (d'Aspremont, Jacquemin, Gabszewicz and Weymark 1983). Runs are paired: the same seed
for S, for S without each member, and for S with each outsider. A member is one donor: each moves alone, also those that are shown
together as a group. Only in orders of joining a group comes and goes as one, to save runs.

Who would move is told from chance among members, and among outsiders, by the rule of `chances` (false discoveries at 5%). A side is
*unstable* if one of it is told to gain by moving, *stable* if the 95% interval of each leaves it where it is, else *not told*.

What a donor gets out of a run is its account: the sum over the tasks that its projects deliver usefully of the gain in
capacity, weighted by what the donor itself wants (omega0 of the year), a year; of a common fund's account it has the share that
it paid. A difference is told in money: ``budget * (inside / outside - 1)``, EUR m a year, what the donor would have to add to its
own programme outside to get as much, at its average there. Side payments go among members, sum to nothing, and are the least
that leave no member better off outside (a linear program). All this is assumption about what donors want, see 4.1.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy import optimize

from donorlab.experiments.calls import called_in_order
from donorlab.experiments.chances import changes
from donorlab.experiments.crew import Workers
from donorlab.experiments.reporters import Player, players
from donorlab.scenarios import plugins
from donorlab.sim import CoordinationModel
from donorlab.sim.architectures import get_architecture
from donorlab.sim.scenario import FloatArray, Scenario, ScenarioError
from donorlab.sim.setup import yearly_budgets

APART: Final = "fragmented"  # what is left of an umbrella without members
Coalition = frozenset[int]
Verdict = Literal["stable", "unstable", "not told"]


def accounts(scenario: Scenario, members: tuple[str, ...], seed: int) -> FloatArray:
    """Return what each donor gets out of a run in which ``members`` are under the umbrella, (D,) a year.

    Nobody under it: donors act apart. The common fund's account is its payers', by what they paid.
    """
    plugins.register()
    if members:  # who is in is what is asked about: nobody moves within the run
        world = scenario.replace(members=members, voluntary_membership="off")
    else:
        world = scenario.replace(architecture=APART, members=None)
    return accounts_of(CoordinationModel(world, rng=seed, keep_accounts=True).run(), scenario.donors.ids)


def accounts_of(model: CoordinationModel, ids: Sequence[str]) -> FloatArray:
    """Return what donors got out of a finished run that kept accounts, (D,) a year; the fund's is its payers'.

    Parameters
    ----------
    model : made with ``keep_accounts=True``
    ids : of the donors, who take part in the run by themselves
    """
    found = np.sum([*model.accounts, model.state.account], axis=0)
    own = with_fund(model, ids, found)
    return np.asarray(own / (model.parameters.horizon / 4), dtype=np.float64)


def with_fund(model: CoordinationModel, ids: Sequence[str], values: FloatArray) -> FloatArray:
    """Return a sum by donor of the run as one by donor of the scenario: the common fund's goes to its payers, by what they paid.

    Parameters
    ----------
    model : finished
    ids : of the D donors, who take part in the run by themselves
    values : (D',) by donor of the run, the fund among them
    """
    known = model.inputs.donors.ids
    rows = [known.index(name) for name in ids]
    own = values[rows]
    if model.design.pool >= 0:
        paid = model.state.pool_paid[rows]
        total = float(paid.sum())
        own = own + (values[model.design.pool] * paid / total if total > 0 else 0.0)
    return own


def priced(budget: FloatArray, inside: FloatArray, outside: FloatArray) -> FloatArray:
    """Return what ``inside`` is worth where a donor has ``outside`` otherwise, EUR m a year; NaN where that is nothing.

    What it would have to add to its own programme outside to get as much, at its average there: an average of nothing has no
    price.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(outside > 0, budget * (inside / outside - 1.0), np.nan)


@dataclass
class Payoffs:
    """Accounts by coalition and seed; each is run once.

    Attributes
    ----------
    scenario : with the umbrella's design; its own members do not matter
    players : who joins or stays out as one
    seeds : of the paired runs
    workers : processes
    advance : called for each run
    known : what was found, by the ids of the members and the seed
    """

    scenario: Scenario
    players: tuple[Player, ...]
    seeds: tuple[int, ...]
    workers: Workers = 1
    advance: Callable[[], None] = lambda: None
    known: dict[tuple[tuple[str, ...], int], FloatArray] = field(default_factory=dict)

    def members(self, coalition: Collection[int]) -> tuple[str, ...]:
        """Return the ids of the donors of a coalition, sorted."""
        return tuple(sorted(name for i in coalition for name in self.players[i].ids))

    def need(self, coalitions: Iterable[Coalition]) -> None:
        """Run what is not known yet."""
        members = dict.fromkeys(self.members(one) for one in coalitions)
        asked = [(one, seed) for one in members for seed in self.seeds if (one, seed) not in self.known]
        words = [(self.scenario, one, seed) for one, seed in asked]
        self.known.update(zip(asked, called_in_order(accounts, words, self.workers, self.advance), strict=True))

    def singly(self) -> Payoffs:
        """Return the same runs with every donor that has a budget by itself."""
        everybody = players(self.scenario, len(self.scenario.donors.ids), everybody=True)
        return replace(self, players=tuple(everybody))

    def worth(self, player: int, inside: Coalition, outside: Coalition) -> FloatArray:
        """Return what being inside is worth to a player, EUR m a year by seed; donors without a price are left out."""
        self.need([inside, outside])
        budget = yearly_budgets(self.scenario)
        rows = [self.scenario.donors.ids.index(name) for name in self.players[player].ids]
        values = []
        within, without = self.members(inside), self.members(outside)
        for seed in self.seeds:
            worth = priced(budget[rows], self.known[within, seed][rows], self.known[without, seed][rows])
            values.append(float(worth[~np.isnan(worth)].sum()))
        return np.array(values)


@dataclass(frozen=True)
class Worth:
    """What something is worth, EUR m a year: mean over paired seeds, and its 95% interval (Student's t; NaN for one seed)."""

    mean: float
    low: float
    high: float


def worths(values: Sequence[FloatArray]) -> list[Worth]:
    """Return what each row of values by seed comes to."""
    if not len(values):
        return []
    found = changes(np.array(values).T)
    return [Worth(*(float(x) for x in one)) for one in zip(found.mean, found.low, found.high, strict=True)]


@dataclass(frozen=True)
class Stand:
    """Where a player stands to a coalition.

    Attributes
    ----------
    player : index; member : whether it is in
    by_seed : EUR m a year that being in is worth; worth : what they come to
    told : whether that is told from nothing, among all on its side (false discoveries at 5%)
    """

    player: int
    member: bool
    by_seed: FloatArray
    worth: Worth
    told: bool

    @property
    def moves(self) -> bool:
        """Whether the mean says that it does not stay where it is."""
        return self.worth.mean < 0 if self.member else self.worth.mean > 0

    @property
    def stays(self) -> bool:
        """Whether chance leaves no doubt that it does not want to move."""
        return self.worth.low >= 0 if self.member else self.worth.high <= 0


def stands(payoffs: Payoffs, coalition: Coalition) -> list[Stand]:
    """Return where each player stands: members against leaving alone, outsiders against joining alone."""
    others = {i: coalition ^ {i} for i in range(len(payoffs.players))}
    payoffs.need([coalition, *others.values()])
    found: list[Stand] = []
    for member in (True, False):
        side = [i for i in others if (i in coalition) == member]
        if not side:
            continue
        pairs = ((i, coalition, others[i]) if member else (i, others[i], coalition) for i in side)
        values = [payoffs.worth(*pair) for pair in pairs]
        told = changes(np.array(values).T).told
        for i, own, worth, sure in zip(side, values, worths(values), told, strict=True):
            found.append(Stand(i, member, own, worth, bool(sure)))
    return sorted(found, key=lambda one: one.player)


def verdict(moves: Sequence[bool], told: Sequence[bool], stays: Sequence[bool]) -> Verdict:
    """Return whether one side of a coalition is stable, by the rule above; a side without anybody is.

    Parameters
    ----------
    moves, told, stays : by donor of that side, as of `Stand`
    """
    if any(move and sure for move, sure in zip(moves, told, strict=True)):
        return "unstable"
    return "stable" if all(stays) else "not told"


def side_payments(gains: npt.ArrayLike) -> FloatArray | None:
    """Return the least payments among members after which nobody is better off outside, EUR m a year; None if none does.

    Parameters
    ----------
    gains : (n,) what being in is worth to each member

    Returns
    -------
    numpy.ndarray or None
        (n,) received (above 0) or paid (below 0); they sum to 0.

    Notes
    -----
    minimise sum(p) with payments p - q, p, q >= 0, sum(p) = sum(q), gains + p - q >= 0. Source: a linear program, solved by
    HiGHS (scipy); transfers as what stabilises a coalition, Carraro and Siniscalco 1993.
    """
    values = np.asarray(gains, dtype=np.float64)
    count = len(values)
    if count == 0:
        return np.zeros(0)
    unit = np.eye(count)
    solved = optimize.linprog(
        np.concatenate([np.ones(count), np.zeros(count)]),
        A_ub=np.hstack([-unit, unit]),
        b_ub=values,
        A_eq=np.concatenate([np.ones(count), -np.ones(count)])[None, :],
        b_eq=[0.0],
        bounds=(0, None),
        method="highs",
    )
    return None if solved.x is None or not solved.success else np.asarray(solved.x[:count] - solved.x[count:])


@dataclass(frozen=True)
class Step:
    """One who joins.

    Attributes
    ----------
    player : who; gain : what joining is worth to it
    least : the least that staying is worth to a member then, by the mean
    whose : that member
    paid : EUR m a year that change hands then so that all stay; 0 where nobody need be paid
    """

    player: int
    gain: Worth
    least: Worth
    whose: int
    paid: float


def sequence(payoffs: Payoffs, payments: bool) -> list[Step]:
    """Return an order in which players join so that after each step no member wants to leave, by the means.

    It begins with nobody. Of those who can join next, the one to whom joining is worth most is tried first: the largest of several
    means of the same seeds, so that luck helps to pick it. A group comes and goes as one.

    Parameters
    ----------
    payments : whether members may pay each other at each step; without, each must want to stay by itself
    """
    inside: Coalition = frozenset()
    steps: list[Step] = []
    everybody = range(len(payoffs.players))
    while len(inside) < len(everybody):
        larger = {j: inside | {j} for j in everybody if j not in inside}
        payoffs.need([inside, *larger.values()])
        gains = dict(zip(larger, worths([payoffs.worth(j, larger[j], inside) for j in larger]), strict=True))
        step = None
        for j in sorted(larger, key=lambda one: (-gains[one].mean, one)):
            if gains[j].mean < 0 and not payments:
                break
            step = _joined(payoffs, larger[j], j, gains[j], payments)
            if step is not None:
                break
        if step is None:
            break
        steps.append(step)
        inside = larger[step.player]
    return steps


def _joined(payoffs: Payoffs, coalition: Coalition, joiner: int, gain: Worth, payments: bool) -> Step | None:
    """Return the step, or None if a member would leave."""
    payoffs.need([coalition, *(coalition - {i} for i in coalition)])
    inside = sorted(coalition)
    worth = dict(zip(inside, worths([payoffs.worth(i, coalition, coalition - {i}) for i in inside]), strict=True))
    whose = min(worth, key=lambda i: (worth[i].mean, i))
    moved = side_payments([one.mean for one in worth.values()])
    if moved is None or (not payments and worth[whose].mean < 0):
        return None
    return Step(joiner, gain, worth[whose], whose, float(np.maximum(moved, 0.0).sum()))


def refuse_impossible(scenario: Scenario) -> None:
    """Raise unless the scenario's architecture has members at all.

    Raises
    ------
    ScenarioError
        In one line.
    """
    architecture = get_architecture(scenario.architecture, scenario.options)
    if not architecture.design(architecture.prepare(scenario)).member.any():
        raise ScenarioError(
            f"architecture: nobody is a member under '{scenario.architecture}'; membership needs an umbrella or a proposal of one"
        )


def start(payoffs: Payoffs) -> Coalition:
    """Return the coalition of the scenario: the players all of whose donors are members."""
    able = {name for name, one in zip(payoffs.scenario.donors.ids, payoffs.scenario.able, strict=True) if one}
    return frozenset(i for i, one in enumerate(payoffs.players) if set(one.ids) <= able)
