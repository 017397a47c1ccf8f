"""Roodman 2006 (working paper 89): donors choose the size of their projects, and choose them too small.

Declared before it was run (with the numbers in the scenario's file): SIZES and what is varied are those of
`roodman-proliferation`. A donor of one size contracts, in each quarter and until its cash does not pay for another, a project of
its size in the first sector with an open task (`Sized`, an overridden decision of the ordinary donor; in cells with fewer open
tasks than that, of what is open). All see everything and plan one after the other, so that nothing is paid twice. Welfare is
linear.
- *Planner*: one size for both donors, that with the highest welfare at the horizon; the smallest of equals.
- *Nash*: from the planner's size, the size that both hold is replaced by a donor's best reply to it until it is its own
  best reply: the first donor's size with most of its own tasks delivered at the horizon, the other's held; the smallest of equals.
  Where that runs in a circle the largest size of the circle stands (against the prediction), and the line says in how many seeds.
- *Too small*: the Nash size is below the planner's, in the share of seeds that the frozen row names.
- A sign of a comparative static holds as in `roodman-proliferation`: the planner's best size never moves the wrong way along the
  three values and differs between the ends. All three are demanded, governance as well: there it can only come through failure.
Told beside it, without any demand: the same Nash size where room is shared by tasks (`absorption = per_task`), and where each
donor counts the other's tasks as its own (altruism 1).

Added after the first runs, told and not demanded: best replies of both donors in turn, from the planner's size, until neither
gains. The declared rule asks for one size that both hold; what is found is that small projects pay against large ones and large
against small ones, so that such a size need not exist while a pair of different ones does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
    silent,
)
from donorlab.experiments.literature.roodman_proliferation import (
    ADMINISTRATION,
    MONEY,
    RANKS,
    SIZES,
    best_size,
    comparative,
    statics,
)
from donorlab.experiments.literature.rules import holds, information, seeds_of
from donorlab.experiments.validation.frame import Requirement, requirement
from donorlab.sim import baseline, simulate
from donorlab.sim.agents import Donor
from donorlab.sim.mechanisms.answers import Contract, PlanningView
from donorlab.sim.mechanisms.planning import AFFORDABLE
from donorlab.sim.scenario import Scenario

NAME: Final = "roodman-project-size"
PLAYERS: Final = ("DONOR1", "DONOR2")
PER_TASK: Final = ("mechanism.absorption=per_task",)


class Sized(Donor):
    """A donor whose projects have one size."""

    size = 1

    def decide(self, view: PlanningView) -> Iterable[Contract]:
        """Return projects of the donor's size in the first sector with an open task, while its cash pays for them."""
        answer: list[Contract] = []
        length = self.model.parameters.tasks_per_pillar
        counts, cash, first = view.believed_count[0].copy(), view.cash, True
        for pillar in range(len(counts)):
            for _ in range(length):
                tasks = min(self.size, length - int(counts[pillar]))
                due = float(view.fixed[0]) if first else float(self.model.fixed[self.row])
                cost = due + tasks * float(view.price[0, pillar])
                if tasks == 0:
                    break
                if cost > cash + AFFORDABLE or not view.open_to_projects[0]:
                    return answer
                answer.append(Contract(0, pillar, tasks))
                counts[pillar] += tasks
                cash -= cost
                first = False
        return answer


OF_SIZE: Final = {size: type(f"Sized{size}", (Sized,), {"size": size}) for size in SIZES}


@dataclass(frozen=True)
class Play:
    """What is chosen in one replication: tasks a project.

    Attributes
    ----------
    best : the planner's; nash : donors', where both hold the same; circle : whether best replies run in a circle
    kind : donors' where each counts the other's tasks as its own; turns : both donors' where they revise in turn, or None
    """

    best: int
    nash: int
    circle: bool
    kind: int
    turns: tuple[int, int] | None


class Table:
    """What each donor's projects deliver by the end of one replication, by the size of each donor: one run a pair of sizes."""

    def __init__(self, world: Scenario, seed: int) -> None:
        self.world, self.seed = world, seed
        self.baseline = baseline(world, seed)
        self.known: dict[tuple[int, int], tuple[float, float]] = {}

    def delivered(self, first: int, second: int) -> tuple[float, float]:
        """Return tasks delivered by the first and by the second donor."""
        if (first, second) not in self.known:
            donors = dict(zip(PLAYERS, (OF_SIZE[first], OF_SIZE[second]), strict=True))
            rows = simulate(self.world, self.seed, donors=donors, baseline=self.baseline).projects
            one, two = (float(rows.delivered[rows.donor == name].sum()) for name in PLAYERS)
            self.known[first, second] = one, two
        return self.known[first, second]

    def reply(self, other: int, who: int = 0, altruism: float = 0.0) -> int:
        """Return donor ``who``'s best size where the other holds ``other``; ``altruism`` weighs the other's tasks."""
        pairs = [(own, other) if who == 0 else (other, own) for own in SIZES]
        found = [self.delivered(*pair) for pair in pairs]
        return SIZES[int(np.argmax([one[who] + altruism * one[1 - who] for one in found]))]

    def settled(self, start: int, altruism: float = 0.0) -> tuple[int, bool]:
        """Return the size where best replies settle when both hold the same, and whether they run in a circle."""
        path = [start]
        for _ in SIZES:
            path.append(self.reply(path[-1], altruism=altruism))
            if path[-1] in path[:-1]:
                break
        circle = path[path.index(path[-1]) : -1]
        return max(circle), len(circle) > 1

    def in_turn(self, start: int) -> tuple[int, int] | None:
        """Return the sizes at which neither donor gains by another one, revising in turn; None if they never settle."""
        sizes = [start, start]
        for _ in SIZES:
            before = list(sizes)
            for who in (0, 1):
                sizes[who] = self.reply(sizes[1 - who], who)
            if sizes == before:
                return sizes[0], sizes[1]
        return None


def play(world: Scenario, seed: int) -> Play:
    """Return planner's and donors' sizes in one replication."""
    table, best = Table(world, seed), best_size(world, seed)
    nash, circle = table.settled(best)
    return Play(best, nash, circle, table.settled(best, 1.0)[0], table.in_turn(best))


def plays(replications: Sequence[int], overrides: Sequence[str] = (), advance: Advance = idle) -> list[Play]:
    """Return what is chosen in each replication."""
    world = scenario(NAME, overrides=overrides)
    return [play(world, seed) for seed in each(replications, advance)]


def pieces(replications: Sequence[int]) -> int:
    """Return how often ``advance`` is called by plays of one kind and the statics."""
    return len(replications) * (1 + len(MONEY) + len(ADMINISTRATION) + len(RANKS))


def _sizes(found: Sequence[Play]) -> str:
    best, nash = (np.mean([getattr(one, what) for one in found]) for what in ("best", "nash"))
    circles = sum(one.circle for one in found)
    return f"{nash:.1f} and {best:.1f} tasks; best replies run in a circle in {circles} of {len(found)} seeds"


def judge(need: Requirement, found: Sequence[Play], sizes: Sequence[Sequence[Sequence[int]]]) -> tuple[Line, ...]:
    """Return what the frozen row demands, beside what was found."""
    share = float(need.numbers["share"])
    below = float(np.mean([one.nash < one.best for one in found]))
    aid, scarce, ranks = sizes
    return (
        Line(
            "donors' size below the planner's, room shared per project",
            f"in {share:.0%} of seeds",
            f"in {below:.0%} of seeds; {_sizes(found)}",
            below >= share,
        ),
        comparative(
            "planner's size at aid of 4, 8 and 16 tasks a quarter", f"rises, in {share:.0%} of seeds", aid, share=share
        ),
        comparative(
            "planner's size with administration of 40, 20 and 10 task-quarters a quarter",
            f"rises as it gets scarcer, in {share:.0%} of seeds",
            scarce,
            share=share,
        ),
        comparative(
            "planner's size at rank of government .1, .5 and .9", f"rises, in {share:.0%} of seeds", ranks, share=share
        ),
    )


def smaller(found: Sequence[Play]) -> tuple[float, float, float]:
    """Return mean and 95% interval of the planner's size less the donors', tasks."""
    return interval([one.best - one.nash for one in found])


def words(lines: Sequence[Line], found: Sequence[Play]) -> str:
    """Return what was found in one sentence."""
    failing = [line.what for line in lines if line.agrees is False]
    verdict = "all signs hold" if holds(lines) else f"not in enough seeds: {'; '.join(failing)}"
    return f"donors' size and the planner's are {_sizes(found)}; {verdict}"


def _turns(found: Sequence[Play]) -> str:
    """Return how the mean size of two donors that revise in turn lies to the planner's."""
    pairs = [(one.turns, one.best) for one in found if one.turns is not None]
    means = [(np.mean(sizes), best) for sizes, best in pairs]
    if not means:
        return f"never settled in {len(found)} seeds"
    mean, planner = (float(np.mean([pair[i] for pair in means])) for i in (0, 1))
    below, above = (sum(sign * (best - size) > 0 for size, best in means) for sign in (1, -1))
    different = sum(sizes[0] != sizes[1] for sizes, _ in pairs)
    return (
        f"settled in {len(pairs)} of {len(found)} seeds, there {mean:.1f} on average and the planner's {planner:.1f}; smaller "
        f"in {below}, larger in {above}; the two differ in {different}"
    )


def beside(found: Sequence[Play], replications: Sequence[int], advance: Advance = idle) -> list[Line]:
    """Return what is told and not demanded."""
    shared = plays(replications, PER_TASK, advance)
    kind = [one.kind for one in found]
    return [
        information("donors' and planner's size, room shared by tasks", _sizes(shared)),
        information(
            "donors' size where each counts the other's tasks as its own",
            f"{np.mean(kind):.1f} tasks; that of the planner in {np.mean([one.kind == one.best for one in found]):.0%} of seeds",
        ),
        information("sizes of the donors where they revise in turn, room shared per project", _turns(found)),
        information("sizes of the donors where they revise in turn, room shared by tasks", _turns(shared)),
    ]


def reproduce(quick: bool = False, watch: Watch = silent) -> Reproduction:
    """Let donors, and the planner, choose the size of projects."""
    need = requirement("P3", "literature")
    chosen = seeds_of(need, quick)
    with watch(NAME, pieces(chosen) + len(chosen)) as advance:
        found = plays(chosen, advance=advance)
        lines = (*judge(need, found, statics(NAME, chosen, advance)), *beside(found, chosen, advance))
    return Reproduction(
        name=NAME,
        title="Donors that choose how small their projects are",
        source="D. Roodman 2006, Center for Global Development, working paper 89 (abstract)",
        lines=lines,
        not_reproduced=(
            (
                "oversight makes projects better, and less so where government is good",
                "in the engine oversight only costs; rank of government moves failure alone here",
            ),
            (
                "the smallest donors gain from splitting",
                "both donors are of one size; all equilibria but the one that best replies lead to are left out",
            ),
        ),
        seeds=chosen,
    )
