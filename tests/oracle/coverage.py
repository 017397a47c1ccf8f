"""Section 4.2 of the ODD: who knows what is taken, what is paid twice, who overlaps with whom."""

from __future__ import annotations

from donorlab.sim import streams
from oracle.derived import sum_in_order
from oracle.methods import preference
from oracle.records import OracleProject, OracleRun, RaceGroup, World


def announce(world: World, project: OracleProject) -> None:
    """Draw once for ever which other donors see a new project (used where projects go unseen)."""
    key = world.derived.donor_key
    for other in world.donors:
        if other != project.donor:
            u = streams.uniform(
                streams.OBSERVATION, world.seed, project.quarter, key[project.donor], key[other], 0, project.serial
            )
            if u < world.scenario.parameters.observation_probability:
                project.seen_by.add(other)


def believed_taken(world: World, donor: int, j: int, k: int, own_new: list[OracleProject]) -> set[int]:
    """Tasks of a cell that a donor does not buy; ``own_new`` are its contracts of the running slot."""
    taken = set(world.standing[j][k])
    others_remaining: set[int] = set()
    for project in world.live() + own_new:
        if (project.beneficiary, project.pillar) != (j, k):
            continue
        if project.donor == donor or donor in project.registered_for:
            taken |= project.remaining
        elif world.scenario.parameters.ignorance == "project":
            if donor in project.seen_by:
                taken |= project.remaining
        else:
            others_remaining |= project.remaining
    for task in others_remaining - taken:
        if sees_task(world, donor, j, k, task):
            taken.add(task)
    return taken


def sees_task(world: World, donor: int, j: int, k: int, task: int) -> bool:
    """Whether a donor sees that somebody works on a task (used where tasks go unseen)."""
    derived = world.derived
    u = streams.uniform(
        streams.TASK_OBSERVATION,
        world.seed,
        0,
        derived.donor_key[donor],
        derived.beneficiary_key[j],
        64 * k + task,
        0,
    )
    return u < world.scenario.parameters.observation_probability


def pick_tasks(
    world: World, donor: int, j: int, k: int, believed_open: set[int], n: int, quarter: int, serial: int
) -> set[int]:
    """Take n open tasks one after the other, each in proportion to what the donor thinks of its instrument."""
    still_open = sorted(believed_open)
    picked: set[int] = set()
    for draw in range(n):
        weights = [preference(world, donor, j, world.derived.instrument[k][task]) for task in still_open]
        if all(weight == 0.0 for weight in weights):
            weights = [1.0 for _ in still_open]
        u = streams.uniform(streams.PICK, world.seed, quarter, world.derived.donor_key[donor], 0, draw, serial)
        limit = u * sum_in_order(weights)
        chosen = [task for task, weight in zip(still_open, weights, strict=True) if weight > 0.0][-1]
        running_sum = 0.0
        for task, weight in zip(still_open, weights, strict=True):
            running_sum += weight
            if running_sum > limit:
                chosen = task
                break
        picked.add(chosen)
        still_open.remove(chosen)
    return picked


def judge_duplication(world: World, project: OracleProject) -> None:
    """At the end of the slot: which payments buy what stands or what another live project will do.

    Here a payment that only projects of the same slot share is marked as race; which of those
    is useful is decided in ``form_race_groups``.
    """
    for task in project.tasks:
        holders = [
            other
            for other in world.live()
            if other is not project and same_cell(other, project) and task in other.remaining
        ]
        stands = task in world.standing[project.beneficiary][project.pillar]
        in_this_slot = [other for other in holders if (other.quarter, other.slot) == (project.quarter, project.slot)]
        if stands or len(in_this_slot) < len(holders):
            project.kind[task] = "ignorance"
            project.duplicated.add(task)
        elif holders:
            project.kind[task] = "race"


def same_cell(one: OracleProject, other: OracleProject) -> bool:
    """Whether two projects work in the same pillar of the same state."""
    return (one.beneficiary, one.pillar) == (other.beneficiary, other.pillar)


def form_race_groups(contracts: list[OracleProject]) -> None:
    """Collect the racing payments of a slot; at first the one of the lowest donor index is useful."""
    groups: dict[tuple[int, int, int], RaceGroup] = {}
    for project in contracts:  # by donor index
        for task in project.tasks:
            if project.kind.get(task) != "race":
                continue
            address = (project.beneficiary, project.pillar, task)
            if address not in groups:
                groups[address] = RaceGroup(task=task, members=[], useful=project)
            else:
                project.duplicated.add(task)
            groups[address].members.append(project)
            project.group[task] = groups[address]


def finished(project: OracleProject, task: int) -> None:
    """A project finished a task: the first member of a race group to do so becomes the useful one."""
    group = project.group.get(task)
    if group is None or group.finished:
        return
    group.finished = True
    if group.useful is not None and group.useful is not project:
        group.useful.duplicated.add(task)
        project.duplicated.discard(task)
        group.useful = project


def reclassify_after_loss(world: World, lost: OracleProject) -> None:
    """For each useful payment that is lost (failed, withheld, stalled), let the next duplicated one become useful."""
    for task in sorted(lost.remaining - lost.duplicated):
        next_in_line(world, lost, task)


def next_in_line(world: World, lost: OracleProject, task: int) -> None:
    """The payment for a task is lost: let the next live duplicated one, in ledger order, become useful."""
    for other in world.live():
        if same_cell(other, lost) and task in other.remaining and task in other.duplicated:
            other.duplicated.discard(task)
            group = lost.group.get(task)
            if group is not None:
                group.useful = other if other in group.members else None
            break


def judge_overlaps(world: World, project: OracleProject) -> None:
    """At the end of the slot: who else is at work in the cell, by the same method, on the same task."""
    instrument = world.derived.instrument[project.pillar]
    for other in world.live():
        if other.donor == project.donor or not same_cell(other, project):
            continue
        project.objective_overlap = True
        methods = {instrument[task] for task in other.tasks}
        project.method_overlap |= {task for task in project.tasks if instrument[task] in methods}
        project.task_overlap |= set(project.tasks) & set(other.tasks)


def shares_of_race(run: OracleRun) -> list[float]:
    """Each project's part of the duplicated base cost, in ledger order.

    The duplicated cost of a race group is split equally among all its members; what a project
    duplicated by ignorance is its own. The parts sum to all duplicated cost.
    """
    result = []
    for project in run.projects:
        part = project.kappa * len(project.duplicated - project.race)
        for task, group in project.group.items():
            duplicates = [member for member in group.members if task in member.duplicated]
            part += project.kappa * len(duplicates) / len(group.members)
        result.append(part)
    return result
