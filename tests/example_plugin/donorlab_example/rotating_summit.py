"""A third party's architecture in one file: a class and its options."""

from dataclasses import dataclass, replace

from donorlab.sim.architectures import Architecture
from donorlab.sim.scenario import option


@dataclass(frozen=True)
class SummitOptions:
    """Options of the summit."""

    delegation_cost: float = option(
        0.002, "EUR m a pair and year", "cost of travelling to the summit", "assumption; range 0 to 0.01", low=0.0
    )


class RotatingSummit(Architecture):
    """All donors but rivals meet and tell each other their plans; nothing else."""

    name = "rotating_summit"
    summary = "donors meet and tell their plans; no secretariat, no leads, no fund"
    source = "assumption: an example"
    Options = SummitOptions

    def design(self, scenario):
        """Return a register of plans that costs delegations instead of a secretariat."""
        return replace(
            super().design(scenario),
            member=~scenario.donors.rival,
            register="plans",
            reporting_rate=scenario.parameters.reporting_rate,
            negotiation_cost=self.options.delegation_cost,
        )
