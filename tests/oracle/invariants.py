"""What must hold in every run of the oracle, under every architecture."""

from __future__ import annotations

import pytest

from donorlab.sim.scenario import Scenario
from oracle.model import OracleRun, shares_of_race

ENDS = ("completed", "failed", "withheld", "stalled")


def check(world: Scenario, result: OracleRun) -> None:
    """Check a run of a scenario; fail with an AssertionError."""
    check_money(world, result)
    check_tasks(world, result)
    check_duplication(world, result)
    check_design(world, result)


def check_money(world: Scenario, result: OracleRun) -> None:
    has_money = any(yearly > 0 for yearly in result.yearly_budget)
    assert sum(result.yearly_budget) == pytest.approx(world.parameters.money if has_money else 0.0)
    income = [0.0 for _ in result.donor_ids]
    for quarter, cash in enumerate(result.cash, start=1):
        overhead, pooled = result.overhead[quarter - 1], result.pooled[quarter - 1]
        if quarter <= world.parameters.horizon:
            of_year = result.yearly_budgets[(quarter - 1) // 4] if result.yearly_budgets else result.yearly_budget
        else:
            of_year = [0.0 for _ in result.donor_ids]
        for donor, left in enumerate(cash):
            income[donor] += of_year[donor] / 4 - overhead[donor] - pooled[donor]
            if result.donor_ids[donor] == "POOL":
                income[donor] += sum(pooled)
            spent = sum(p.cost - p.returned for p in result.projects if p.donor == donor and p.quarter <= quarter)
            assert left == pytest.approx(income[donor] - spent, abs=1e-9)
            assert left >= -1e-9
            assert -1e-12 <= overhead[donor] <= of_year[donor] / 4 + 1e-12
    for project in result.projects:
        paid = project.fixed + project.monitoring + project.relation + project.base_cost
        assert project.cost >= paid - 1e-9
        assert (project.returned > 0) == (project.status == "withheld")


def check_tasks(world: Scenario, result: OracleRun) -> None:
    before = result.standing_start
    for quarter, now in enumerate(result.standing):
        grown = sum(len(b) for row in now for b in row) - sum(len(b) for row in before for b in row)
        own = sum(sum(row) for row in result.own_effort[quarter])
        lapsed = sum(sum(row) for row in result.lapsed[quarter])
        obsolete = sum(sum(row) for row in result.obsolete[quarter])
        assert grown == own + result.delivered[quarter] - lapsed - obsolete
        before = now
    for project in result.projects:
        assert (project.end == 0) == project.live == (project.status not in ENDS)
        assert project.start in (0, project.due)
        never_started = project.status == "withheld" or project.due > world.parameters.quarters
        assert (project.start == 0) == never_started
        assert list(project.tasks) == sorted(set(project.tasks))
        assert project.delivered == set(project.workable[: len(project.delivered)]) == project.delivered_in.keys()
        assert project.spoiled <= project.delivered
        assert (project.status == "completed") == (len(project.delivered) == len(project.tasks))
        assert not project.live or project.progress < len(project.tasks)
        assert project.stalled == 0 or len(project.delivered) == len(project.workable) < len(project.tasks)
        if project.status == "stalled":
            assert project.end == project.stalled + world.parameters.reform_patience


def check_duplication(world: Scenario, result: OracleRun) -> None:
    total = sum(project.kappa * len(project.duplicated) for project in result.projects)
    assert sum(shares_of_race(result)) == pytest.approx(total)
    for project in result.projects:
        assert project.race <= project.duplicated <= set(project.tasks)
        assert project.task_overlap <= project.method_overlap
        assert project.objective_overlap or not project.method_overlap
        assert project.duplicated <= project.task_overlap
        for task, group in project.group.items():
            useful = [member for member in group.members if task not in member.duplicated]
            assert len({member.donor for member in group.members}) == len(group.members) >= 2
            assert useful
            lost = ("failed", "withheld", "stalled")
            gone = [member.status in lost or task in member.spoiled for member in useful[:-1]]
            assert all(gone) or group.finished
    parameters = world.parameters
    umbrella = world.architecture in ("umbrella", "umbrella_conditional")
    serial = parameters.planning_slots == 0 or (umbrella and parameters.calendar == "serial")
    sees_all = parameters.observation_probability == 1.0
    shows_all = umbrella and parameters.register == "plans" and parameters.reporting_rate == 1.0
    if serial and (sees_all or (shows_all and not world.donors.rival.any())):
        assert total == 0.0


def check_design(world: Scenario, result: OracleRun) -> None:
    umbrella = world.architecture in ("umbrella", "umbrella_conditional")
    conditional = world.architecture in ("conditional", "umbrella_conditional")
    rivals = {name for name, is_rival in zip(world.donors.ids, world.donors.rival, strict=True) if is_rival}
    parameters = world.parameters
    assert ("POOL" in result.donor_ids) == (umbrella and parameters.pooled_fund == "on")
    for project in result.projects:
        member = umbrella and result.donor_ids[project.donor] not in rivals
        assert project.due == project.quarter + (parameters.decision_lag if member else 0) + project.joined
        assert not project.reported or (member and parameters.register != "none")
        assert not project.joined or (member and parameters.joint_programming == "on" and project.relation == 0.0)
        assert not project.conditional or conditional
        assert project.monitoring == (parameters.monitoring_cost if project.conditional else 0.0)
        assert project.status != "withheld" or (project.conditional and not project.complied and not project.blocked)
        assert not project.complied or not project.blocked
        assert not project.for_money or (project.conditional and project.complied)
    for one in result.projects:
        if one.status == "withheld":
            stays_away = range(one.quarter + 1, one.quarter + parameters.shun_quarters + 1)
            for other in result.projects:
                same = (other.donor, other.beneficiary) == (one.donor, one.beneficiary)
                assert not (same and other.quarter in stays_away)
    for year in result.leads:
        assert (year is not None) == (umbrella and parameters.division != "none")
        for donor, row in enumerate(year or []):
            values = {value for state in row for value in state}
            assert values <= {1.0, 1.0 - parameters.discipline}
            assert 1.0 in values
            assert result.donor_ids[donor] not in rivals or values == {1.0}
