"""States that decide by the rule, and remember what they were told."""

from __future__ import annotations

from donorlab.sim import Beneficiary
from donorlab.sim.mechanisms.contracts import ReformView
from donorlab.sim.scenario import Scenario


def listeners(world: Scenario) -> tuple[dict[str, type[Beneficiary]], list[ReformView]]:
    """Return the states of a scenario, to run it with, and the list that takes what each is told when it decides."""
    views: list[ReformView] = []

    class Listening(Beneficiary):
        """A state that decides by the rule."""

        def decide_reform(self, view: ReformView) -> bool:
            views.append(view)
            return super().decide_reform(view)

    return dict.fromkeys(world.beneficiaries.ids, Listening), views
