"""A rival without conditions (Hernandez 2017; Watkins 2021): the more it gives, the fewer conditions are set, or met.

Declared before it was run. *Conditions* of a run are the outcome ``conditions_demanded`` with their number as a choice
(``conditions_choice = on``); *compliance* is ``compliance_rate`` without (off). A *point* is one percent of all money that
rivals hold (``rival_share``), over the shares of the frozen row. For each seed the *fall per point* is ``1 - exp(b)``, b the
least-squares slope of the logarithm of conditions on points; the slope of compliance is linear, per point. Signs are judged by
95% intervals over the seeds, the size of the fall by its mean, as the row names no interval for it.

Expected beforehand: what a rival holds replaces the same share of what is at stake, so that a point lowers the stake by about 1%
and, with it, the number of conditions that a state bears by about as much or less; the 5% that are demanded at least would
need states that give up much more than they lose. OTHERWISE are settings told beside it, of which nothing is demanded.

Added after the first run, which found far less than is demanded and no clear sign of compliance: the *bought* conditional
projects, those whose reforms a state would not do by itself. They say why, and decide nothing.
"""

from __future__ import annotations

import math
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
    idle,
    interval,
    scenario,
    silent,
)
from donorlab.experiments.literature.rules import Interval, above_zero, information, seeds_of, told, under
from donorlab.experiments.validation.frame import Requirement, requirement
from donorlab.sim import simulate
from donorlab.sim.result import Result
from donorlab.sim.scenario import FloatArray, Scenario
from donorlab.sim.state import DEMANDED, FLAGS, IMPOSED

NAME: Final = "hernandez-rival"
OTHERWISE: Final = {
    "credibility .5": ("credibility=0.5",),
    "credibility 1": ("credibility=1",),
    "threats as the donor would carry them out": ("credibility_rule=endogenous",),
}


@dataclass(frozen=True)
class Erosion:
    """Conditions or compliance in each seed and at each share of the rivals.

    Attributes
    ----------
    conditions, compliance : (S, X) shares; with the number of conditions as a choice, and without
    met : (S, X) compliance where their number is a choice
    bought : (S, X) of the projects of donors that set conditions, those whose reforms are adopted for the money alone
    """

    conditions: FloatArray
    compliance: FloatArray
    met: FloatArray
    bought: FloatArray


def shares_of(need: Requirement) -> list[float]:
    """Return the shares of the rivals that the frozen row names."""
    return [float(share) for share in need.numbers["shares"]]


def grid(
    world: Scenario, shares: Sequence[float], replications: Sequence[int], advance: Advance = idle
) -> dict[str, FloatArray]:
    """Return conditions, compliance and bought reforms, each (seeds, shares), of one scenario."""
    runs = [world.replace(rival_share=share) for share in shares]
    found: dict[str, list[list[float]]] = {"conditions_demanded": [], "compliance_rate": [], "bought": []}
    for seed in replications:
        results = [simulate(run, seed) for run in runs]
        for name in ("conditions_demanded", "compliance_rate"):
            found[name].append([result.outcomes[name] for result in results])
        found["bought"].append([bought(result) for result in results])
        advance()
    return {name: np.array(rows) for name, rows in found.items()}


def erosion(
    need: Requirement, replications: Sequence[int], overrides: Sequence[str] = (), advance: Advance = idle
) -> Erosion:
    """Return what rivals' shares do with the number of conditions as a choice, and without."""
    chosen = grid(scenario(NAME, overrides=[*overrides]), shares_of(need), replications, advance)
    all_of_them = scenario(NAME, overrides=[*overrides, "conditions_choice=off"])
    fixed = grid(all_of_them, shares_of(need), replications, advance)
    return Erosion(chosen["conditions_demanded"], fixed["compliance_rate"], chosen["compliance_rate"], chosen["bought"])


def bought(result: Result) -> float:
    """Return, of the projects with reforms of donors that set conditions, the share that complies for the money alone."""
    ledger = result.model.state.ledger
    rows = ledger.whole[: ledger.size]
    asked = rows[:, DEMANDED] >= 0
    return float((rows[asked, FLAGS] & IMPOSED != 0).mean())


def slopes(shares: Sequence[float], values: FloatArray) -> FloatArray:
    """Return the least-squares slope per point of each row of ``values`` (S, X)."""
    points = 100.0 * np.asarray(shares)
    centred = points - points.mean()
    return np.asarray(values @ centred / (centred @ centred))


def lost(need: Requirement, values: FloatArray) -> Interval:
    """Return mean and 95% interval of the share of ``values`` (S, X) that is lost per point."""
    with np.errstate(
        divide="ignore", invalid="ignore"
    ):  # where nothing is left there is no number, which does not pass
        steps = slopes(shares_of(need), np.log(values))
    return interval([1.0 - math.exp(step) for step in steps])


def fall(need: Requirement, found: Erosion) -> Interval:
    """Return mean and 95% interval of the share of conditions lost per point."""
    return lost(need, found.conditions)


def loss(need: Requirement, found: Erosion) -> Interval:
    """Return mean and 95% interval of the slope of compliance per point."""
    return interval(slopes(shares_of(need), found.compliance))


def judge(need: Requirement, found: Erosion) -> tuple[Line, ...]:
    """Return what the frozen row demands, beside what was found."""
    low, high = (float(one) for one in need.numbers["fall"])
    found_fall = fall(need, found)
    return (
        above_zero("conditions lost per point of the rival's share, where their number is a choice", found_fall, ".2%"),
        Line(
            "size of that fall",
            f"mean from {low:.0%} to {high:.0%} (15% in the source)",
            f"{found_fall[0]:.2%}",
            bool(low <= found_fall[0] <= high),
        ),
        under("slope of compliance per point, where their number is no choice", loss(need, found), 0.0, ".5f"),
    )


def beside(need: Requirement, found: Erosion) -> list[Line]:
    """Return levels at the ends and what becomes of bought reforms, of which nothing is demanded."""
    shares = shares_of(need)
    ends = f"at a rival's share of {shares[0]:g} and {shares[-1]:g}"
    levels = {
        "share of reforms demanded": found.conditions,
        "compliance": found.compliance,
        "share of conditional projects whose reforms are bought": found.bought,
    }
    told_levels = {name: (values[:, 0].mean(), values[:, -1].mean()) for name, values in levels.items()}
    return [
        *(information(f"{name} {ends}", f"{low:.4f} and {high:.4f}") for name, (low, high) in told_levels.items()),
        information("bought reforms lost per point", told(lost(need, found.bought), ".2%")),
    ]


def words(need: Requirement, found: Erosion) -> str:
    """Return what was found in one sentence."""
    share, slope, of_bought = fall(need, found), loss(need, found), lost(need, found.bought)
    low = float(need.numbers["fall"][0])
    wanted = "" if share[0] >= low else f" ({low:.0%} at least are demanded)"
    clear = "falls" if slope[2] < 0 else "does not clearly fall"
    return (
        f"{share[0]:.2%} of conditions are lost per point of the rival's share{wanted}: it replaces the same share of the "
        f"stake, which moves only bought reforms, {found.bought[:, 0].mean():.0%} of the projects, of which {of_bought[0]:.1%} "
        f"are lost per point; compliance {clear} where their number is no choice"
    )


def reproduce(quick: bool = False, watch: Watch = silent) -> Reproduction:
    """Run the world at each share of the rivals, with the number of conditions as a choice and without."""
    need = requirement("P7", "literature")
    chosen = seeds_of(need, quick)
    with watch(NAME, 2 * (1 + len(OTHERWISE)) * len(chosen)) as advance:
        found = erosion(need, chosen, advance=advance)
        other = {name: erosion(need, chosen, overrides, advance) for name, overrides in OTHERWISE.items()}
    met = found.met
    lines = [
        *judge(need, found),
        Theorem(
            "conditions that are met where a donor demands what a state accepts",
            "1 in every run",
            f"{met.min():.6f} to {met.max():.6f}",
            bool((met == 1).all()),
        ),
        *beside(need, found),
    ]
    for name, one in other.items():
        lines.append(information(f"conditions lost per point, {name}", told(fall(need, one), ".2%")))
        lines.append(information(f"slope of compliance per point, {name}", told(loss(need, one), ".5f")))
    return Reproduction(
        name=NAME,
        title="A rival without conditions",
        source="D. Hernandez 2017 and M. Watkins 2021 (abstracts)",
        lines=tuple(lines),
        not_reproduced=(
            (
                "15% fewer conditions per point, and clearly less compliance",
                "a point of the rival replaces a hundredth of what is at stake, and so about a hundredth of what is bought; most "
                "conditions ask for what a state wants itself, which no rival can buy back",
            ),
            (
                "that a rival makes threats less believable (Watkins 2021)",
                "credibility is given, or follows from what money does elsewhere, whoever else gives",
            ),
            ("that aid of other established donors does not do this", "they are among those who set conditions here"),
            ("loans of one lender to 42 and more countries", "the projects of the model are grants of many donors"),
        ),
        seeds=chosen,
    )
