"""5.1 Fragmented: every donor for itself, seeing little of the others."""

from __future__ import annotations

from typing import ClassVar

from donorlab.sim.architectures.base import Architecture


class Fragmented(Architecture):
    """Own choice, no register, no conditions: what the field is today."""

    name: ClassVar[str] = "fragmented"
    summary: ClassVar[str] = "donors act apart: each sees another's project with a small probability"
    source: ClassVar[str] = "Pawlak 2016"
