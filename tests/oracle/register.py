"""Section 5.2 of the ODD: members report projects to each other."""

from __future__ import annotations

from donorlab.sim import streams
from oracle.design import POOL
from oracle.records import OracleProject, World


def report(world: World, project: OracleProject) -> None:
    """At the end of the slot: draw whether a member reports its project; a register of plans shows it at once."""
    design = world.design
    if design.register == "none" or not design.member[project.donor]:
        return
    reporters = world.scenario.reporters
    name = world.scenario.donors.ids[project.donor]
    if reporters is not None and name not in reporters and name != POOL:
        return
    key = world.derived.donor_key[project.donor]
    u = streams.uniform(streams.REPORT, world.seed, project.quarter, key, 0, 0, project.serial)
    project.reported = u < design.reporting_rate
    if project.reported and design.register == "plans":
        show_to_members(world, project)


def show_due_projects(world: World, quarter: int) -> None:
    """In Observe: a register of projects shows what started long enough ago and is still live."""
    if world.design.register != "projects":
        return
    for project in world.live():
        if project.reported and project.start > 0 and quarter == project.start + 1 + world.design.register_lag:
            show_to_members(world, project)


def show_to_members(world: World, project: OracleProject) -> None:
    """Let every other member see all of a project from now on."""
    for other in world.donors:
        if world.design.member[other] and other != project.donor:
            project.registered_for.add(other)


def sees(world: World, donor: int, project: OracleProject) -> bool:
    """Whether a donor sees a project as such: through the register, or by itself where projects go unseen."""
    if donor in project.registered_for:
        return True
    return world.scenario.parameters.ignorance == "project" and donor in project.seen_by
