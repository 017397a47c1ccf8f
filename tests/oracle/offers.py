"""Section 4.3 of the ODD, offers: where a state can choose between donors."""

from __future__ import annotations

from oracle.records import OracleProject, World
from oracle.wants import choices_by_cell


def offered_states(world: World, donor: int, quarter: int) -> set[int]:
    """The states of a donor's best cells at the start of its slot."""
    best = sorted(choices_by_cell(world, donor, [], quarter), key=lambda choice: (-choice.score, choice.j, choice.k))
    return {choice.j for choice in best[: world.scenario.parameters.choice_cells]}


def mark_chosen(offers: dict[int, set[int]], contracted: list[OracleProject]) -> None:
    """A project of this quarter is chosen where another donor that contracted something offers the state too."""
    active = {project.donor for project in contracted}
    for project in contracted:
        project.chosen = any(
            project.beneficiary in states
            for donor, states in offers.items()
            if donor in active and donor != project.donor
        )
