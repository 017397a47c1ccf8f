"""Architectures of coordination, found by name."""

from donorlab.sim.architectures.base import (
    Architecture,
    architecture_names,
    get_architecture,
    register_architecture,
)
from donorlab.sim.architectures.central import Central
from donorlab.sim.architectures.conditional import Conditional, UmbrellaConditional
from donorlab.sim.architectures.credit import Credit
from donorlab.sim.architectures.fragmented import Fragmented
from donorlab.sim.architectures.pledge import Pledge
from donorlab.sim.architectures.umbrella import Umbrella

for _built_in in (Fragmented, Umbrella, Conditional, UmbrellaConditional, Pledge, Credit, Central):
    register_architecture(_built_in.name, _built_in)

__all__ = [
    "Architecture",
    "Central",
    "Conditional",
    "Credit",
    "Fragmented",
    "Pledge",
    "Umbrella",
    "UmbrellaConditional",
    "architecture_names",
    "get_architecture",
    "register_architecture",
]
