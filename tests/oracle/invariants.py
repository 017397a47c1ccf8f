"""What must hold in every run of the oracle, under every architecture."""

from __future__ import annotations

import math

import pytest

from donorlab.sim.scenario import Scenario
from oracle.bound import highest_ownership
from oracle.derived import task_prices
from oracle.model import OracleRun, shares_of_race

ENDS = ("completed", "failed", "withheld", "stalled")


def check(world: Scenario, result: OracleRun) -> None:
    """Check a run of a scenario; fail with an AssertionError."""
    check_money(world, result)
    check_tasks(world, result)
    check_duplication(world, result)
    check_design(world, result)
    check_what_moves(world, result)
    check_what_others_do(world, result)


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
    shows_all = shows_all and parameters.voluntary_membership == "off"
    if serial and (sees_all or (shows_all and not world.donors.rival.any())):
        assert total == 0.0


def check_design(world: Scenario, result: OracleRun) -> None:
    umbrella = world.architecture in ("umbrella", "umbrella_conditional")
    conditional = world.architecture in ("conditional", "umbrella_conditional")
    rivals = {name for name, is_rival in zip(world.donors.ids, world.donors.rival, strict=True) if is_rival}
    parameters = world.parameters
    assert ("POOL" in result.donor_ids) == (umbrella and parameters.pooled_fund == "on")
    for project in result.projects:
        member = result.member[project.quarter - 1][project.donor]
        assert not member or (umbrella and (world.members is not None or result.donor_ids[project.donor] not in rivals))
        assert project.due == project.quarter + (parameters.decision_lag if member else 0) + project.joined
        assert not project.reported or (member and parameters.register != "none")
        assert not project.joined or (member and parameters.joint_programming == "on" and project.relation == 0.0)
        asked = project.conditional or project.demanded is not None
        contract = world.mechanisms.contract
        assert not asked or conditional
        assert project.monitoring == (parameters.monitoring_cost if asked else 0.0)
        assert project.demanded != 0 or (not project.conditional and parameters.conditions_choice == "on")
        if parameters.conditions_choice == "on" and contract == "ex_ante":
            assert project.status != "withheld"  # nothing is demanded that would be refused
        assert project.status != "withheld" or (project.conditional and not project.blocked)
        assert project.status != "withheld" or not project.complied or contract == "tournament"
        assert project.status != "withheld" or contract != "ex_post"
        assert (
            not project.complied or not project.blocked or (project.for_money and parameters.conditions_choice == "on")
        )
        assert not project.for_money or (project.conditional and project.complied)
    for one in result.projects:
        if one.status == "withheld" and not one.complied:
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


def check_what_moves(world: Scenario, result: OracleRun) -> None:
    parameters, states = world.parameters, world.beneficiaries
    kappa = task_prices(states, parameters)
    at_start = list(states.norm_position)
    positions = [*at_start, *world.donors.norm_position]
    for t in range(parameters.quarters):
        for j in range(states.count):
            assert (
                0.0
                <= result.ownership[t][j]
                <= highest_ownership(result.ownership_start[j], parameters.ownership_rate, t + 2) * (1 + 1e-12)
            )
            assert min(positions) - 1e-9 <= result.norm_position[t][j] <= max(positions) + 1e-9
            for price in result.price[t][j]:
                assert kappa[j] * (1 - parameters.peer_discount) * (1 - 1e-12) <= price <= kappa[j]
            assert -1e-12 <= result.exposure[t][j] <= 1 + 1e-12
            assert result.alarm_until[t][j] <= t + 1 + parameters.salience_quarters
            heard = [q + 1 for q in range(t + 1) if result.incidents[q][j] > 0]
            assert result.alarm_until[t][j] == (heard[-1] + parameters.salience_quarters if heard else 0)
        if parameters.state_weighting == "users" or any(result.state_weight[t]):
            assert sum(result.state_weight[t]) == pytest.approx(states.count)
    moves = {
        "ownership": parameters.ownership_rate > 0,
        "norm_position": parameters.norm_pull > 0,
        "state_weight": parameters.user_growth > 0 and parameters.state_weighting == "users",
        "price": parameters.peer_discount > 0,
        "haven": parameters.haven_threshold > 0,
        "alarm_until": parameters.salience > 0 and parameters.incident_rate > 0,
    }
    for name, may_move in moves.items():
        path = getattr(result, name)
        assert may_move or all(now == path[0] for now in path), name
    assert parameters.haven_threshold > 0 or not any(result.haven[-1])
    assert parameters.turnover > 0 or not any(n for quarter in result.obsolete for row in quarter for n in row)
    sustained = result.outcomes["sustained_share"]
    assert math.isnan(sustained) or 0.0 <= sustained <= 1.0


def check_what_others_do(world: Scenario, result: OracleRun) -> None:
    parameters = world.parameters
    weight = result.state_weight[0]
    if parameters.user_growth == 0.0:  # so that these are the weights of the start
        gross = sum(w * g for w, g in zip(weight, result.gross_pull, strict=True)) / len(weight)
        assert sum(result.influence) == pytest.approx(gross)
    assert min(result.influence) >= 0.0
    for donor, contexts in enumerate(result.trials):
        seen = sum(sum(row) for row in contexts)
        took = sum(sum(row) for row in result.successes[donor])
        own = [p for p in result.projects if p.donor == donor]
        delivered = sum(len(p.delivered) for p in result.projects)
        if parameters.method_failure > 0.0:
            assert sum(len(p.delivered) for p in own) <= seen <= delivered
            assert 0 <= seen - took <= sum(len(p.spoiled) for p in result.projects)
        else:
            assert seen == 0
    for project in result.projects:
        assert not project.spoiled or parameters.method_failure > 0.0
        assert not project.chosen or parameters.ownership_rate > 0.0
        others = {p.donor for p in result.projects if p.quarter == project.quarter} - {project.donor}
        assert not project.chosen or others
        assert not project.imposed or (project.conditional and project.complied)
