"""Section 4.6 of the ODD: deliveries draw a state towards its donors' position on norms."""

from __future__ import annotations

from oracle.records import World


def pull(world: World, quarter: int) -> None:
    """The phase: each state moves towards those who delivered in it this quarter; who drew how much is written down."""
    rate = world.scenario.parameters.norm_pull
    if rate == 0.0:
        return
    position = [float(x) for x in world.scenario.donors.norm_position]
    for j in world.beneficiaries:
        delivered = delivered_by(world, j, quarter)
        before = world.norm_position[j]
        for donor, tasks in enumerate(delivered):
            if tasks == 0:
                continue
            share = rate * tasks / sum(delivered)
            world.norm_position[j] += share * (position[donor] - before)
            gross = share * abs(position[donor] - before)
            weight = world.derived.state_weight[j] / len(world.beneficiaries)
            world.run.influence[donor] += weight * gross
            world.run.gross_pull[j] += gross


def delivered_by(world: World, j: int, quarter: int) -> list[int]:
    """Tasks that each donor's projects delivered in a state in a quarter, whether or not they stood already."""
    result = [0 for _ in world.donors]
    for project in world.ledger:
        if project.beneficiary == j:
            result[project.donor] += sum(when == quarter for when in project.delivered_in.values())
    return result
