"""Conditions without commitment (Kanbur on a World Bank study): few are met, nearly all money is released.

Compliance is the share of conditional projects with reform tasks whose reforms the state adopts; release the share of them
that is not withheld. The closed form counts the same projects by `credibility * (stake - replaced) >= cost - benefit`, from
what each state was told when it decided.

Declared before it was run: all states, the defaults of the file of ranges. The line on Africa was added after the first run, which
found more compliance than is demanded; it is told only and decides nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from donorlab.experiments.literature import Line, Reproduction, Theorem, interval, scenario, seeds
from donorlab.sim import Beneficiary, simulate
from donorlab.sim.mechanisms.contracts import ReformView
from donorlab.sim.scenario import Scenario

NAME: Final = "kanbur-conditions"
COMPLIANCE: Final = (0.25, 0.50)
RELEASE: Final = 0.97
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
    views: list[ReformView] = []

    class Listening(Beneficiary):
        """A state that decides by the rule, and remembers what it was told."""

        def decide_reform(self, view: ReformView) -> bool:
            views.append(view)
            return super().decide_reform(view)

    people = dict.fromkeys(world.beneficiaries.ids, Listening) if closed_form else {}
    found = simulate(world, seed, beneficiaries=people).outcomes
    asked = [view for view in views if view.conditional]
    share = [view.credibility * (view.stake - view.replaced) >= view.cost - view.benefit for view in asked]
    return Contracts(found["compliance_rate"], found["release_rate"], float(np.mean(share)) if share else float("nan"))


def at(credibility: float, replications: Sequence[int], closed_form: bool = False) -> list[Contracts]:
    """Return the contracts of each seed at one credibility."""
    world = scenario(NAME, overrides=[f"credibility={credibility}"])
    return [contracts(world, seed, closed_form) for seed in replications]


def _africa() -> Scenario:
    """Return the scenario with the states of Africa alone."""
    states = scenario(NAME).beneficiaries
    ids = [name for name, region in zip(states.ids, states.regions, strict=True) if region == "Africa"]
    return scenario(NAME, overrides=[f"beneficiaries=[{','.join(ids)}]"])


def _text(values: Sequence[float]) -> str:
    mean, low, high = interval(values)
    return f"{mean:.3f} ({low:.3f} to {high:.3f})"


def reproduce(quick: bool = False) -> Reproduction:
    """Run the world with conditions at each credibility."""
    chosen = seeds(5 if quick else 20)
    found = {level: at(level, chosen) for level in CREDIBILITY}
    none = found[0.0]
    compliance, release = ([getattr(one, what) for one in none] for what in ("compliance", "release"))
    mean = float(np.mean(compliance))
    lines = [
        Line("compliance without commitment, all states", ".30-.40 in the source; .25-.50 demanded", _text(compliance),
             COMPLIANCE[0] <= mean <= COMPLIANCE[1]),
        Line("release without commitment", ".999 in the source; at least .97 demanded", _text(release),
             float(np.mean(release)) >= RELEASE),
    ]  # fmt: skip
    means = [float(np.mean([one.compliance for one in found[level]])) for level in CREDIBILITY]
    released = [float(np.mean([one.release for one in found[level]])) for level in CREDIBILITY]
    text = ", ".join(f"{value:.3f}" for value in means)
    rising = all(a <= b for a, b in itertools.pairwise(means))
    lines.append(Line("compliance at credibility 0, .1, .5, 1", "does not fall", text, rising))
    text = ", ".join(f"{value:.3f}" for value in released)
    lines.append(Line("release at credibility 0, .1, .5, 1", "told", text, None))
    told = _text([contracts(_africa(), seed).compliance for seed in chosen])
    lines.append(Line("compliance without commitment in Africa alone", "told: the paper is on Africa", told, None))
    for level in CREDIBILITY:
        one = at(level, chosen[:1], closed_form=True)[0]
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
