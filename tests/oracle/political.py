"""The mechanisms of the political economy in drawn worlds: each in its own group, off unless it is asked for."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

import numpy as np

from donorlab.sim.scenario import Beneficiaries, Scenario
from oracle.credit import RULES
from oracle.model import OracleRun

Choose = Callable[[Sequence[Any]], Any]

# Group: its parameters, the extreme values less often.
VALUES: Final[dict[str, dict[str, tuple[Any, ...]]]] = {
    "credit": {},
    "havens": {
        "haven_threshold": (0.35, 0.5, 0.35, 0.5, 1.0),
        "haven_spill": (0.5, 1.0, 0.0),
        "motive_security": (0.5, 0.15, 2.0),
    },
    "herding": {"herding": (1.0, 0.5, 3.0)},
    "imposed": {"imposed_lapse": (2.0, 4.0), "lapse": (0.1, 0.3), "credibility": (1.0, 0.6), "reform_cost": (0.5, 0.8)},
    "lapse_forms": {},
    "methods": {"method_failure": (0.3, 0.1, 0.5), "method_learning": (1.0, 3.0, 0.0)},
    "norms": {"norm_pull": (0.1, 0.02, 1.0)},
    "ownership": {"ownership_rate": (0.1, 0.02, 0.2), "mistrust_cost": (1.0, 2.0, 0.0), "choice_cells": (5, 2, 1)},
    "ownership_forms": {"ownership_rate": (0.1, 0.2), "mistrust_cost": (1.0, 0.0)},
    "peers": {"peer_discount": (0.3, 0.1, 0.9), "peer_scope": ("subregion", "organisation")},
    "per_task": {},
    "poaching": {"poaching": (0.5, 0.3, 1.0), "poaching_altruism": (0.3, 0.0, 0.3, 1.0)},
    "salience": {
        "salience": (1.0, 2.0, 10.0),
        "salience_quarters": (4, 1, 2),
        "incident_rate": (0.3, 0.1, 0.3, 2.0),
        "haven_spill": (0.5, 0.0),
    },
    "turnover": {"turnover": (0.02, 0.01, 0.05, 0.02, 0.01, 0.3)},
    "users": {"user_growth": (1.0, 0.5, 3.0), "user_weight_exponent": (1.0, 0.5)},
    "voluntary": {
        "voluntary_membership": ("on",),
        "founding_share": (0.5, 0.8, 0.3, 0.5, 1.0, 0.0),
        "membership_term": (1, 1, 1, 2),
        "membership_memory": (0.3, 1.0, 0.1),
        "membership_similarity": (2.0, 10.0, 1.25),
        "membership_curiosity": (0.05, 0.3, 0.0),
    },
}
GROUPS: Final = tuple(VALUES)


def political(world: Scenario, choose: Choose, on: Collection[str], always: bool) -> Scenario:
    """Switch on each of these groups: always, or in half of the worlds."""
    for group in sorted(on):
        if always or choose((True, False)):
            more = {name: choose(values) for name, values in VALUES[group].items()}
            if group == "salience":  # havens may have set it
                more["haven_spill"] = max(more["haven_spill"], world.parameters.haven_spill)
            world = world.replace(**more)
            if group in BESIDE:
                world = BESIDE[group](world, choose)
    return world


# --- what a group needs beside its parameters ---


def other_rules_of_credit(world: Scenario, choose: Choose) -> Scenario:
    """A rule of credit where the architecture has one."""
    rule = choose(RULES)
    return world.replace(credit=rule) if world.architecture not in ("fragmented", "pledge", "conditional") else world


def names_of_pillars(world: Scenario, choose: Choose) -> Scenario:
    """Pillars that make havens, or none of that name."""
    names = (("legal", "technical", "other"), ("other", "technical", "legal"), ("one", "two", "three"))
    return world.replace(pillars=tuple(choose(names)[: len(world.pillars)]))


def forms_of_lapse(world: Scenario, choose: Choose) -> Scenario:
    """Another form of lapse; as often as not with hazard."""
    form = choose(("ageing", "after_exit"))
    return world.replace(
        mechanisms=dataclasses.replace(world.mechanisms, lapse=form), lapse=choose((world.parameters.lapse, 0.1))
    )


def alignment_alone(world: Scenario, choose: Choose) -> Scenario:
    """Ownership that rises with alignment, whoever offers."""
    return world.replace(mechanisms=dataclasses.replace(world.mechanisms, ownership="alignment_alone"))


def room_per_task(world: Scenario, choose: Choose) -> Scenario:
    """Room shared by number of tasks."""
    return world.replace(mechanisms=dataclasses.replace(world.mechanisms, absorption="per_task"))


def positions(world: Scenario, choose: Choose) -> Scenario:
    """Positions on norms of donors and states."""

    def some(n: int) -> np.ndarray:
        return np.array([choose((-1.0, 0.0, 0.5, 2.0)) for _ in range(n)])

    donors = dataclasses.replace(world.donors, norm_position=some(world.donors.count))
    states = replaced(world.beneficiaries, norm_position=some(world.beneficiaries.count))
    return world.replace(donors=donors, beneficiaries=states)


def neighbours(world: Scenario, choose: Choose) -> Scenario:
    """Subregions, and donors that are regional organisations, one of which may serve everybody."""
    subregions = tuple(choose(("North", "North", "South")) for _ in range(world.beneficiaries.count))
    kinds = tuple(choose(("state", "regional_org")) for _ in range(world.donors.count))
    affinity = np.array(world.donors.affinity)
    if world.donors.count > 1 and choose((False, True)):
        kinds, affinity[0] = ("regional_org", *kinds[1:]), 1.0
    donors = dataclasses.replace(world.donors, kinds=kinds, affinity=affinity)
    return world.replace(donors=donors, beneficiaries=replaced(world.beneficiaries, subregions=subregions))


def growing(world: Scenario, choose: Choose) -> Scenario:
    """Growth of population, share of users and its rate."""
    n = world.beneficiaries.count
    columns = {
        "population_growth": np.array([choose((0.02, 0.0, -0.01, 0.5)) for _ in range(n)]),
        "internet_share": np.array([choose((0.2, 0.7, 0.95, 1.0)) for _ in range(n)]),
        "internet_share_rate": np.array([choose((0.2, 0.0, 1.0)) for _ in range(n)]),
    }
    return world.replace(beneficiaries=replaced(world.beneficiaries, **columns))


def replaced(states: Beneficiaries, **columns: Any) -> Beneficiaries:
    """Beneficiaries with other columns, also those that a scenario may lack."""
    known = {field.name for field in dataclasses.fields(states)}
    result = dataclasses.replace(states, **{name: column for name, column in columns.items() if name in known})
    if not columns.keys() <= known:
        result = copy.copy(result)
        for name in columns.keys() - known:
            object.__setattr__(result, name, columns[name])
    return result


BESIDE: Final[dict[str, Callable[[Scenario, Choose], Scenario]]] = {
    "credit": other_rules_of_credit,
    "havens": names_of_pillars,
    "lapse_forms": forms_of_lapse,
    "norms": positions,
    "ownership_forms": alignment_alone,
    "peers": neighbours,
    "per_task": room_per_task,
    "users": growing,
}


def acted(group: str, run: OracleRun, without: OracleRun) -> bool:
    """Whether a group changed what was done, beside the same world without it (norms change nothing but positions)."""
    if group == "norms":
        return sum(run.gross_pull) > 0.0
    return what_was_done(run) != what_was_done(without)


def what_was_done(run: OracleRun) -> object:
    """Contracts, and what stands."""
    return [(p.donor, p.beneficiary, p.pillar, p.quarter, p.tasks, p.status, p.end) for p in run.projects], run.standing
