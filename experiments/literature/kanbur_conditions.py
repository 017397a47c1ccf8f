"""Conditions without commitment (Kanbur on a World Bank study): few are met, nearly all money is released.

Compliance is the share of conditional projects with reform tasks whose reforms the state adopts; release the share of them
that is not withheld. The closed form counts the same projects by `credibility * (stake - replaced) >= cost - benefit`, from
what each state was told when it decided.

Declared before it was run: all states, the defaults of the file of ranges. The line on Africa was added after the first run, which
found more compliance than is demanded; it is told only and decides nothing. Release is built in: a threat is carried out with
probability credibility, which is 0 here, so that its line cannot fail.
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
    silent,
)
from donorlab.experiments.literature.listening import listeners
from donorlab.experiments.literature.rules import Interval, information, seeds_of, told
from donorlab.experiments.validation.frame import Requirement, requirement
from donorlab.sim import simulate
from donorlab.sim.scenario import Scenario

NAME: Final = "kanbur-conditions"
CREDIBILITY: Final = (0.0, 0.1, 0.5, 1.0)
ROUNDING: Final = 1e-9


@dataclass(frozen=True)
class Contracts:
    """Conditional contracts of one run: compliance, release, and compliance by the closed form (NaN if not asked for)."""

    compliance: float
    release: float
    closed_form: float


def contracts(world: Scenario, seed: int, closed_form: bool = False) -> Contracts:
    """Run one replication; ``closed_form`` also listens to every decision."""
    people, views = listeners(world) if closed_form else ({}, [])
    found = simulate(world, seed, beneficiaries=people).outcomes
    asked = [view for view in views if view.conditional]
    share = [view.credibility * (view.stake - view.replaced) >= view.cost - view.benefit for view in asked]
    return Contracts(found["compliance_rate"], found["release_rate"], float(np.mean(share)) if share else float("nan"))


def at(
    credibility: float, replications: Sequence[int], closed_form: bool = False, advance: Advance = idle
) -> list[Contracts]:
    """Return the contracts of each seed at one credibility."""
    return _each(scenario(NAME, overrides=[f"credibility={credibility}"]), replications, closed_form, advance)


def _each(world: Scenario, replications: Sequence[int], closed_form: bool, advance: Advance) -> list[Contracts]:
    return [contracts(world, seed, closed_form) for seed in each(replications, advance)]


def _africa() -> Scenario:
    """Return the scenario with the states of Africa alone."""
    states = scenario(NAME).beneficiaries
    ids = [name for name, region in zip(states.ids, states.regions, strict=True) if region == "Africa"]
    return scenario(NAME, overrides=[f"beneficiaries=[{','.join(ids)}]"])


def compliance(found: Sequence[Contracts]) -> Interval:
    """Return mean and 95% interval of the share of conditional projects that comply."""
    return interval([one.compliance for one in found])


def release(found: Sequence[Contracts]) -> Interval:
    """Return mean and 95% interval of the share of conditional projects that is not withheld."""
    return interval([one.release for one in found])


def judge(need: Requirement, found: Sequence[Contracts]) -> tuple[Line, ...]:
    """Return what the frozen row demands of contracts without commitment, beside what was found.

    The row names no interval, so that the means decide.
    """
    low, high = need.numbers["compliance"]
    least = float(need.numbers["release"])
    complied, released = compliance(found), release(found)
    return (
        Line(
            "compliance without commitment, all states",
            f"mean from {low:g} to {high:g} (.30 to .40 in the source)",
            told(complied),
            bool(low <= complied[0] <= high),
        ),
        Line(
            "release without commitment",
            f"mean at least {least:g} (.999 in the source); 1 by construction: at credibility 0 no threat is carried out",
            told(released),
            bool(released[0] >= least),
        ),
    )


def words(found: Sequence[Contracts]) -> str:
    """Return what was found in one sentence."""
    return (
        f"{compliance(found)[0]:.0%} of conditional projects comply and {release(found)[0]:.1%} are released where no threat "
        "is ever carried out; the release holds by construction and cannot fail"
    )


def reproduce(quick: bool = False, watch: Watch = silent) -> Reproduction:
    """Run the world with conditions at each credibility."""
    need = requirement("C3", "literature")
    chosen = seeds_of(need, quick)
    with watch(NAME, (len(CREDIBILITY) + 1) * len(chosen) + len(CREDIBILITY)) as advance:
        found = {level: at(level, chosen, advance=advance) for level in CREDIBILITY}
        africa = _each(_africa(), chosen, False, advance)
        listened = {level: at(level, chosen[:1], closed_form=True, advance=advance)[0] for level in CREDIBILITY}
    means = [compliance(found[level])[0] for level in CREDIBILITY]
    rising = all(a <= b for a, b in itertools.pairwise(means))
    levels = ", ".join(f"{level:g}" for level in CREDIBILITY)
    lines = [
        *judge(need, found[0.0]),
        Line(f"compliance at credibility {levels}", "does not fall", ", ".join(f"{one:.3f}" for one in means), rising),
        information(
            f"release at credibility {levels}",
            ", ".join(f"{release(found[level])[0]:.3f}" for level in CREDIBILITY),
        ),
        information(
            "compliance without commitment in Africa alone",
            told(compliance(africa)),
            ".30 to .40, though not demanded: the paper is on Africa",
        ),
    ]
    for level, one in listened.items():
        what = f"compliance and its closed form, credibility {level:g}, seed {chosen[0]}"
        same = abs(one.closed_form - one.compliance) <= ROUNDING
        lines.append(Theorem(what, f"{one.closed_form:.6f}", f"{one.compliance:.6f}", same))
    return Reproduction(
        name=NAME,
        title="Promises that nobody enforces",
        source="World Bank Operations Evaluation Department, quoted by R. Kanbur (a quotation of a talk)",
        lines=tuple(lines),
        not_reproduced=(
            ("structural adjustment loans", "the projects of the model are technical cooperation on reform"),
            ("why donors do not commit (the institution of aid dependence)", "credibility is given, not chosen"),
        ),
        seeds=chosen,
    )
