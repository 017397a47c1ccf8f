"""Section 4.4 of the ODD, with 5.3 on stalling: projects start, work as far as there is room, finish, fail or stall."""

from __future__ import annotations

import math

from donorlab.sim import streams
from oracle.coverage import finished, next_in_line, reclassify_after_loss
from oracle.derived import sum_in_order
from oracle.methods import takes
from oracle.poaching import administration
from oracle.records import OracleProject, World
from oracle.value import gain_of_next_task


def deliver(world: World, quarter: int) -> list[float]:
    """Start, work and finish; return per state the administration that this quarter's projects left."""
    for project in world.ledger:
        if project.status == "contracted" and project.due <= quarter:
            start(world, project, quarter)
    left: list[float] = []
    world.run.poached.append([])
    for j in world.beneficiaries:
        started = started_in(world, j)
        world.run.poached[-1].append(world.derived.administration[j] - administration(world, j, started))
        progressed = work(world, started, room(world, j, started))
        left.append(max(0.0, administration(world, j, started) - oversight(world, started) - progressed))
    newly = 0
    for project in world.live():
        if project.status == "running":
            newly += finish_tasks(world, project, quarter)
    world.run.delivered.append(newly)
    return left


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
    return min(0.95, world.scenario.parameters.failure * 2 * (1 - (rank + world.ownership[j]) / 2))


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


def room(world: World, j: int, started: list[OracleProject]) -> float:
    """room_j: capacity left for project work, beside these started live projects."""
    left = administration(world, j, started) - oversight(world, started)
    return max(world.scenario.parameters.room_floor, left)


def work(world: World, started: list[OracleProject], room_j: float) -> float:
    """Let the projects of one state progress; return how many tasks they progressed together."""
    limits = [min(world.scenario.parameters.pace, project.workload - project.progress) for project in started]
    if world.scenario.mechanisms.absorption == "per_task":
        gained = shared_by_number(room_j, limits, [project.workload - len(project.delivered) for project in started])
    else:
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


def shared_by_number(available: float, limits: list[float], numbers: list[int]) -> list[float]:
    """Shares in proportion to numbers of tasks; what one cannot use is shared again among those not yet served."""
    result = [0.0 for _ in limits]
    unserved = list(range(len(limits)))
    while unserved:
        together = sum(numbers[i] for i in unserved)
        rate = available / together if together > 0 else 0.0
        served = [i for i in unserved if limits[i] <= numbers[i] * rate]
        if not served:
            for i in unserved:
                result[i] = numbers[i] * rate
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
        project.delivered_in[task] = quarter
        if takes(world, project, task):
            finished(project, task)
            newly += let_stand(world, project, task)
        else:
            spoil(world, project, task)
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


def spoil(world: World, project: OracleProject, task: int) -> None:
    """A task that does not take changes nothing that stands; if its payment was useful, the next in line is."""
    project.spoiled.add(task)
    if task not in project.duplicated:
        next_in_line(world, project, task)


def let_stand(world: World, project: OracleProject, task: int) -> int:
    """Make a delivered task stand, owned by the project and to its donor's account; 0 where it stood already."""
    j, k = project.beneficiary, project.pillar
    if task in world.standing[j][k]:
        return 0
    gain = gain_of_next_task(world, len(world.standing[j][k]))
    world.run.accounts[-1][project.donor] += world.wish[project.donor][j][k] * gain
    project.credit += world.wish[project.donor][j][k] * gain
    world.standing[j][k].add(task)
    world.owner[j][k][task] = project
    world.endured[j][k][task] = 0.0
    return 1
