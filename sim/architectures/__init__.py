"""Architectures of coordination, found by name."""

from donorlab.sim.architectures.base import (
    Architecture,
    architecture_names,
    get_architecture,
    register_architecture,
)
from donorlab.sim.architectures.central import Central
from donorlab.sim.architectures.fragmented import Fragmented

for _built_in in (Fragmented, Central):
    register_architecture(_built_in.name, _built_in)

__all__ = [
    "Architecture",
    "Central",
    "Fragmented",
    "architecture_names",
    "get_architecture",
    "register_architecture",
]
