"""Section 4.4 of the ODD, with 5.3 on stalling: projects start, work as far as there is room, finish, fail or stall."""

from __future__ import annotations

import math

from donorlab.sim import streams
from oracle.coverage import finished, reclassify_after_loss
from oracle.derived import sum_in_order
from oracle.omega import omega_alone
from oracle.records import OracleProject, World
from oracle.value import gain_of_next_task


def deliver(world: World, quarter: int) -> tuple[list[float], list[float]]:
    """Start, work and finish; return per state the tasks progressed and the oversight of this quarter."""
    for project in world.ledger:
        if project.status == "contracted" and project.due <= quarter:
            start(world, project, quarter)
    progressed: list[float] = []
    overseen: list[float] = []
    for j in world.beneficiaries:
        started = started_in(world, j)
        overseen.append(oversight(world, started))
        progressed.append(work(world, started, room(world, j, overseen[j])))
    newly = 0
    for project in world.live():
        if project.status == "running":
            newly += finish_tasks(world, project, quarter)
    world.run.delivered.append(newly)
    return progressed, overseen


def started_in(world: World, j: int) -> list[OracleProject]:
    """The started live projects of a state, in ledger order."""
    return [project for project in world.live() if project.beneficiary == j and project.status == "running"]


def start(world: World, project: OracleProject, quarter: int) -> None:
    """Start a project and draw whether, and after how many tasks, it will fail."""
    parameters = world.scenario.parameters
    project.status = "running"
    project.start = quarter
    if parameters.failure > 0.0:
        address = (streams.FAILURE, world.seed, project.quarter, world.derived.donor_key[project.donor])
        u = streams.uniform(*address, 0, 0, project.serial)
        if u < failure_probability(world, project.beneficiary):
            v = streams.second_uniform(*address, 0, 0, project.serial)
            project.stops_after = math.floor(v * len(project.tasks))
            if project.stops_after == 0:
                end(world, project, quarter, "failed")


def failure_probability(world: World, j: int) -> float:
    """p_j: higher where government is weak and ownership low."""
    rank = float(world.scenario.beneficiaries.government_rank[j])
    return min(0.95, world.scenario.parameters.failure * 2 * (1 - (rank + world.derived.ownership[j]) / 2))


def end(world: World, project: OracleProject, quarter: int, status: str) -> None:
    """End a project; its remaining tasks are open again."""
    project.status = status
    project.end = quarter
    reclassify_after_loss(world, project)


def oversight(world: World, started: list[OracleProject]) -> float:
    """Capacity that the started live projects of a state, and the presence of their donors, take."""
    parameters = world.scenario.parameters
    total = 0.0
    for project in started:
        total += parameters.oversight_per_project * len(project.tasks) ** (1 - parameters.oversight_economies)
    present = 0.0
    for donor in {project.donor for project in started}:
        joined = all(project.joined for project in started if project.donor == donor)
        present += 0.5 if joined else 1.0
    return total + parameters.presence_oversight * present


def room(world: World, j: int, oversight_j: float) -> float:
    """room_j: capacity left for project work."""
    return max(world.scenario.parameters.room_floor, world.derived.administration[j] - oversight_j)


def work(world: World, started: list[OracleProject], room_j: float) -> float:
    """Let the projects of one state progress; return how many tasks they progressed together."""
    limits = [min(world.scenario.parameters.pace, project.workload - project.progress) for project in started]
    gained = shared_equally(room_j, limits)
    for project, amount, limit in zip(started, gained, limits, strict=True):
        project.progress += amount
        if amount < limit:
            world.run.queued += 1
    return sum_in_order(gained)


def shared_equally(available: float, limits: list[float]) -> list[float]:
    """Equal shares; what one cannot use is shared again among those not yet served."""
    result = [0.0 for _ in limits]
    unserved = list(range(len(limits)))
    while unserved:
        share = available / len(unserved)
        served = [i for i in unserved if limits[i] <= share]
        if not served:
            for i in unserved:
                result[i] = share
            break
        for i in served:
            result[i] = limits[i]
            available -= limits[i]
        unserved = [i for i in unserved if i not in served]
    return result


def finish_tasks(world: World, project: OracleProject, quarter: int) -> int:
    """Deliver the tasks that are done, end the project where due; return how many tasks newly stand."""
    done = math.floor(project.progress + 1e-9)
    newly = 0
    for task in project.workable[:done]:
        if task in project.delivered:
            continue
        project.delivered.add(task)
        finished(project, task)
        newly += let_stand(world, project, task, quarter)
    if done == len(project.tasks):
        project.status = "completed"
        project.end = quarter
    elif project.stops_after is not None and done >= project.stops_after:
        end(world, project, quarter, "failed")
    elif done == len(project.workable):  # only blocked tasks are left
        if project.stalled == 0:
            project.stalled = quarter
        if quarter >= project.stalled + world.scenario.parameters.reform_patience:
            end(world, project, quarter, "stalled")
    return newly


def let_stand(world: World, project: OracleProject, task: int, quarter: int) -> int:
    """Make a delivered task stand, owned by the project and to its donor's account; 0 where it stood already."""
    j, k = project.beneficiary, project.pillar
    if task in world.standing[j][k]:
        return 0
    gain = gain_of_next_task(world, len(world.standing[j][k]))
    world.run.accounts[-1][project.donor] += omega_alone(world, project.donor, j, k) * gain
    world.standing[j][k].add(task)
    world.owner[j][k][task] = project
    world.owned_since[j][k][task] = quarter
    return 1
