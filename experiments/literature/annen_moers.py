"""Donors that want relative impact (Annen and Moers 2012): the loss, and how it depends on the equality of budgets.

Declared before it was run: two donors with 20 tasks' money together, three recipients whose worth is drawn for each seed,
log-uniform between one half and one; the first donor has half to nine tenths of the money (frozen list). Loss = 1 - efficiency of
the engine (nothing but what donors want is in the way). The slope is that of the loss on the Herfindahl index of the two budgets,
seed by seed.
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
    Watch,
    idle,
    interval,
    scenario,
    section,
    silent,
)
from donorlab.experiments.literature.rules import Interval, information, seeds_of, told, under
from donorlab.experiments.validation.frame import Requirement, requirement
from donorlab.sim import simulate

NAME: Final = "annen-moers"
MONEY: Final = 80.0  # EUR m a year of the scenario
RULES: Final = {
    "relative_impact": "relative impact",
    "marginal": "what is added",
    "by_eur": "shares of what was spent",
}
LEAST_WORTH: Final = 0.5


@dataclass(frozen=True)
class Play:
    """One run: loss (1 - efficiency), and recipients a donor."""

    loss: float
    recipients: float


def worths(seed: int, recipients: int = 3) -> list[float]:
    """Return the recipients' worth, log-uniform between one half and one."""
    rng = np.random.default_rng([seed, *b"annen moers"])
    return [float(LEAST_WORTH ** rng.random()) for _ in range(recipients)]


def play(rule: str, share: float, seed: int) -> Play:
    """Run one seed with a share of the money in the first donor's hands."""
    states, donors = section(NAME, "beneficiaries"), section(NAME, "donors")
    for state, worth in zip(states.values(), worths(seed, len(states)), strict=True):
        state["users_m"] = worth
    for donor, part in zip(donors.values(), (share, 1.0 - share), strict=True):
        donor["budget"] = dict.fromkeys(("low", "central", "high"), MONEY * part)
    changes = {"beneficiaries": states, "donors": donors}
    found = simulate(scenario(NAME, changes, [f"mechanism.planning.rule={rule}"]), seed)
    return Play(1.0 - found.outcomes["efficiency"], float(found.donors["beneficiaries"].mean()))


Plays = Mapping[str, Mapping[float, Sequence[Play]]]


def all_plays(need: Requirement, seeds: Sequence[int], advance: Advance = idle) -> Plays:
    """Return the runs by rule and share, a seed a value."""
    found: dict[str, dict[float, list[Play]]] = {}
    for rule in RULES:
        found[rule] = {}
        for share in need.numbers["shares"]:
            found[rule][share] = [play(rule, share, seed) for seed in seeds]
            advance()
    return found


def loss(plays: Plays, rule: str, share: float = 0.5) -> Interval:
    """Return the mean loss over seeds with its interval."""
    return interval([one.loss for one in plays[rule][share]])


def slope(plays: Plays, rule: str) -> Interval:
    """Return the slope of the loss on the Herfindahl index of budgets, seed by seed."""
    shares = sorted(plays[rule])
    concentration = np.array([share**2 + (1.0 - share) ** 2 for share in shares])
    losses = np.array([[one.loss for one in plays[rule][share]] for share in shares])
    centred = concentration - concentration.mean()
    return interval(centred @ losses / (centred @ centred))


def judge(need: Requirement, plays: Plays) -> tuple[Line, ...]:
    """Return the three lines that decide."""
    least, times = need.numbers["loss"], need.numbers["times"]
    equal, added = loss(plays, "relative_impact"), loss(plays, "marginal")
    return (
        Line("loss where budgets are equal", f"at least {least:.0%}", told(equal, ".4f"), bool(equal[0] >= least)),
        Line(
            "the same under credit for what is added",
            f"at most a {times:g}th of it: {equal[0] / times:.4f}",
            told(added, ".4f"),
            bool(times * added[0] <= equal[0]),
        ),
        under("slope of the loss on the Herfindahl index of budgets", slope(plays, "relative_impact"), 0.0, ".4f"),
    )


def beside(plays: Plays) -> tuple[Line, ...]:
    """Return what is told for information."""
    shares = sorted(plays["relative_impact"])
    curve = ", ".join(f"{loss(plays, 'relative_impact', share)[0]:.4f}" for share in shares)
    held = ", ".join(f"{share:g}" for share in shares)
    each = [f"{words} {np.mean([one.recipients for one in plays[rule][0.5]]):.2f}" for rule, words in RULES.items()]
    return (
        information("loss where budgets are equal and credit goes by money spent", told(loss(plays, "by_eur"), ".4f")),
        information(f"loss where the first donor holds {held} of the money", curve),
        information("recipients a donor, equal budgets", "; ".join(each), "more under relative impact (fragmentation)"),
    )


def words(plays: Plays) -> str:
    """Return what was found in one sentence."""
    equal, added, falls = loss(plays, "relative_impact"), loss(plays, "marginal"), slope(plays, "relative_impact")
    how = "falls" if falls[2] < 0 else "rises" if falls[1] > 0 else "does not clearly change"
    return (
        f"donors that want relative impact lose {equal[0]:.2%} where budgets are equal, those credited for what they add "
        f"{added[0]:.2%}; the loss {how} as budgets concentrate"
    )


def reproduce(quick: bool = False, watch: Watch = silent) -> Reproduction:
    """Play all rules and shares."""
    need = requirement("P2", "literature")
    chosen = seeds_of(need, quick)
    with watch(NAME, len(RULES) * len(need.numbers["shares"])) as advance:
        plays = all_plays(need, chosen, advance)
    return Reproduction(
        name=NAME,
        title="Donors that want to do better than each other",
        source="K. Annen and L. Moers 2012 (abstract)",
        lines=(*judge(need, plays), *beside(plays)),
        not_reproduced=(
            ("uniqueness of the equilibrium", "one path of best replies is followed; others may end elsewhere"),
            ("aid on countries' data", "the model is about a game of two donors"),
        ),
        seeds=chosen,
    )
