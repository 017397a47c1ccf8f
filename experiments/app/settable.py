"""What can be set in the app: scenarios, designs, parameters with their bounds, value judgements. Nothing else can.

Bounds are the ranges of the parameter table. A lever that is not offered is named with its reason in `LEFT_OUT`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from donorlab import scenarios as catalogue
from donorlab.experiments.values import SWITCHES
from donorlab.scenarios import composition
from donorlab.scenarios import proposals as shipped
from donorlab.scenarios.parameters import ParameterRow, Value
from donorlab.sim.scenario import Scenario, ScenarioError


@dataclass(frozen=True)
class World:
    """A scenario that the app offers.

    Attributes
    ----------
    name : in a choice; scenario : its name on the command line; overrides : words that go with it
    title : in plain words
    without : parameters that are not offered here: they follow from the scenario, or do nothing in it
    real : whether its states and donors exist
    """

    name: str
    scenario: str
    title: str
    overrides: tuple[str, ...] = ()
    without: frozenset[str] = frozenset()
    real: bool = False


WORLDS: Final[Mapping[str, World]] = MappingProxyType(
    {
        world.name: world
        for world in (
            # the table's range of money is the world's: 115 times the toy's budgets would be another toy
            World("toy", "toy", "Three donors and five made-up states", without=frozenset({"money", "rival_share"})),
            World("world", "world", "48 donors and 134 states", real=True),
            World(
                "synthetic-small",
                "synthetic",
                "Ten donors and thirty drawn states",
                ("synthetic.donors=10", "synthetic.beneficiaries=30", "synthetic.money_per_donor=5"),
                frozenset({"money"}),  # follows from the number of donors
            ),
        )
    }
)

UNCERTAINTIES: Final = (
    "money",
    "observation_probability",
    "rival_share",
    "herding",
    "failure",
    "lapse",
    "poaching",
    "value_concavity",
)
"""What can be set of the world, and of what is worth how much: the few that a reader asks for first."""

LEFT_OUT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "narrative_target": "does nothing unless donors share a narrative, which no scenario here lets them",
        "selectivity": "belongs to rival forms of contract, which no shipped design uses",
        "prize_share": "belongs to rival forms of contract, which no shipped design uses",
        "shun_quarters": "has no range of plausible values",
    }
)
"""Levers that are not offered, and why."""

AS_SET: Final = "as-set"
JUDGEMENTS: Final[Mapping[str, Mapping[str, Value]]] = MappingProxyType(
    {AS_SET: {}, **{name.replace(" ", "-"): changes for name, changes in SWITCHES.items()}}
)
"""Who counts how much; the first one is the scenario's own."""


@functools.lru_cache(maxsize=1)
def rows() -> Mapping[str, ParameterRow]:
    """Return the parameters that can be set, by name, in the order of the parameter table."""
    return MappingProxyType(
        {
            row.name: row
            for row in catalogue.parameter_table()
            if row.name in UNCERTAINTIES or (row.kind == "lever" and row.name not in LEFT_OUT)
        }
    )


@functools.lru_cache(maxsize=1)
def levers() -> frozenset[str]:
    """Return the names of all levers, offered or not."""
    return frozenset(row.name for row in catalogue.parameter_table() if row.kind == "lever")


@functools.lru_cache(maxsize=1)
def architectures() -> tuple[str, ...]:
    """Return the architectures that come with DonorLab: no plug-in."""
    return composition.options("architecture")


@functools.lru_cache(maxsize=1)
def proposals() -> tuple[str, ...]:
    """Return the proposals that come with DonorLab."""
    return shipped.names()


def names() -> tuple[str, ...]:
    """Return all designs, architectures first, whether a world has the donors that they name or not."""
    return (*architectures(), *proposals())


@functools.lru_cache(maxsize=8)
def designs(world: str) -> tuple[str, ...]:
    """Return the designs that can be chosen in a world, architectures first: a proposal names donors that another may not have."""
    fitting = []
    for name in proposals():
        try:
            loaded(world, name)
        except ScenarioError:
            continue
        fitting.append(name)
    return (*architectures(), *fitting)


@functools.lru_cache(maxsize=64)
def loaded(world: str, design: str) -> Scenario:
    """Return a world under a design, nothing else changed; read once.

    Parameters
    ----------
    world : of `WORLDS`
    design : of `designs`
    """
    one = WORLDS[world]
    if design in architectures():
        return catalogue.load(one.scenario, [*one.overrides, f"architecture={design}"])
    return catalogue.load(one.scenario, one.overrides, proposal(design))


@functools.lru_cache(maxsize=32)
def proposal(name: str) -> catalogue.Proposal:
    """Return a proposal that comes with DonorLab; read once."""
    return catalogue.load_proposal(name)
