"""Which way each mechanism pulls, paired over seeds: the same draws, one parameter changed.

Signs only, and only those that follow from what a mechanism is. Where theory gives no sign (does a shared narrative
raise duplication?) nothing is asserted.
"""

import functools

import pytest

from donorlab.scenarios import load
from donorlab.sim import CoordinationModel, simulate

SEEDS = (1, 2, 3, 4)


@functools.cache
def drawn():
    # one thing at a time: every state wants its reforms, and nothing moves by itself
    still = ("ownership_rate", "user_growth", "turnover", "haven_threshold", "norm_pull", "peer_discount")
    return load("synthetic", ["reform_cost=0", "imposed_lapse=1", *(f"{name}=0" for name in still)])


@functools.cache
def outcomes(seed, **changes):
    result = simulate(drawn().replace(**changes), seed)
    steps, projects = result.steps, result.projects
    extra = {
        "queued": steps.queued.sum(),
        "delivered": steps.delivered_tasks.sum(),
        "lapsed": steps.lapsed_tasks.sum(),
        "own": steps.own_effort_tasks.sum(),
        "contracted": projects.tasks.sum(),
        "funded standing": result.beneficiaries.tasks_funded.sum(),
        "quarters a project takes": (projects.end - projects.start)[projects.status == "completed"].mean(),
        "largest project": projects.tasks.max(),
        "herfindahl of sizes": (projects.base_cost_m**2).sum() / projects.base_cost_m.sum() ** 2,
    }
    return result.outcomes | extra


POOR = {"money": 60.0}  # money is short: nothing saturates
DIRECTIONS = [
    # before, after, what rises, what falls
    ({"observation_probability": 0.0}, {"observation_probability": 0.3}, ["efficiency"],
     ["duplication_share", "duplication_ignorance_share"]),
    ({"observation_probability": 0.3}, {"observation_probability": 1.0}, ["efficiency"],
     ["duplication_share", "duplication_ignorance_share", "task_overlap"]),
    ({"planning_slots": 1}, {"planning_slots": 13}, ["efficiency"], ["duplication_race_share", "queued"]),
    ({"planning_slots": 13}, {"planning_slots": 64}, [], ["duplication_race_share", "queued"]),
    ({"lapse": 0.0}, {"lapse": 0.02}, ["lapsed"], ["funded standing"]),
    ({"lapse": 0.02}, {"lapse": 0.1}, ["lapsed"], ["funded standing", "welfare"]),
    (POOR, {"money": 120.0}, ["welfare", "welfare_bound", "projects", "contracted"], []),
    ({"fixed_cost": 0.0}, {"fixed_cost": 0.15}, ["transaction_cost_share"], ["contracted"]),
    ({"relation_cost": 0.0}, {"relation_cost": 0.3}, ["transaction_cost_share", "fragmentation_hhi"],
     ["contracted", "objective_overlap", "donors_per_recipient"]),
    ({"mismatch": 0.0}, {"mismatch": 0.6}, ["mismatch_cost_share"], ["contracted"]),
    ({"task_cost": 0.2}, {"task_cost": 0.4}, [], ["contracted", "duplication_share"]),
    ({"administration_factor": 0.5}, {"administration_factor": 2.0}, ["delivered", "welfare"],
     ["queued", "absorption_use"]),
    ({"oversight_per_project": 0.0}, {"oversight_per_project": 0.2}, ["queued"], ["delivered", "welfare"]),
    ({"presence_oversight": 0.0}, {"presence_oversight": 0.3}, ["queued"], ["delivered", "welfare"]),
    ({"pace": 0.15}, {"pace": 1.0}, [], ["quarters a project takes"]),
    ({"own_effort": 0.2}, {"own_effort": 0.8}, ["attribution_share", "own", "welfare_no_aid"], ["efficiency"]),
    ({"own_effort": 0.8, "crowding_out": 0.0}, {"own_effort": 0.8, "crowding_out": 1.0}, [], ["own"]),
    ({"failure": 0.0}, {"failure": 0.3}, ["failure_share"], ["delivered"]),
    ({"failure": 0.1}, {"failure": 0.35}, ["failure_share"], ["delivered"]),
    ({"impatience": 0.0}, {"impatience": 0.5}, [], ["queued"]),
    ({"queue_limit": 3.0}, {"queue_limit": 12.0}, ["queued"], ["idle_share"]),
    ({"headroom": 0.7}, {"headroom": 1.0}, ["welfare_no_aid", "duplication_share"], ["delivered"]),
    ({"ownership_intercept": 0.05}, {"ownership_intercept": 0.45}, ["ownership", "own", "welfare_no_aid"], ["lapsed"]),
    ({"project_tasks_maximum": 2}, {"project_tasks_maximum": 6}, ["largest project", "herfindahl of sizes"],
     ["projects", "transaction_cost_share"]),
    ({"motive_visibility": 0.0}, {"motive_visibility": 2.0}, ["effective_donors", "donors_per_recipient"],
     ["fragmentation_hhi"]),
    ({"user_weight_exponent": 0.0}, {"user_weight_exponent": 1.0}, ["coverage_gini"], []),
    ({"rival_share": 0.05}, {"rival_share": 0.5}, ["fragmentation_hhi"], ["effective_donors"]),
    ({"horizon": 20, "wind_down": 16}, {"horizon": 40, "wind_down": 16}, ["welfare", "projects"], []),
    ({"wind_down": 0}, {"wind_down": 16}, ["welfare", "delivered"], ["idle_share", "unfinished_share"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "rises", "falls"), DIRECTIONS, ids=lambda v: ",".join(f"{k}={x}" for k, x in v.items())
    if isinstance(v, dict) else None
)  # fmt: skip
@pytest.mark.parametrize("seed", SEEDS)
def test_direction(before, after, rises, falls, seed):
    low, high = outcomes(seed, **before), outcomes(seed, **after)
    for name in rises:
        assert high[name] > low[name], f"{name} should rise: {low[name]:.4g} to {high[name]:.4g}"
    for name in falls:
        assert high[name] < low[name], f"{name} should fall: {low[name]:.4g} to {high[name]:.4g}"


@pytest.mark.parametrize("seed", SEEDS)
def test_one_need_and_full_sight_leave_no_duplication(seed):
    found = outcomes(seed, observation_probability=1.0, planning_slots=0)
    assert found["duplication_share"] == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_donors_of_one_slot_are_blind_even_with_full_sight(seed):
    found = outcomes(seed, observation_probability=1.0, planning_slots=1)
    assert found["duplication_ignorance_share"] == 0
    assert found["duplication_race_share"] > 0


def test_motives_without_spread_are_the_same_for_all():
    model = CoordinationModel(drawn().replace(motive_spread=0.0), rng=1)
    motives = model.giving.motives
    assert (motives.max(axis=0) - motives.min(axis=0) < 1e-12).all()
    spread = CoordinationModel(drawn().replace(motive_spread=0.8), rng=1).giving.motives
    assert (spread.std(axis=0) > 0).sum() >= 3


@pytest.mark.parametrize("target", ["mean", "need"])
def test_a_shared_narrative_makes_donors_alike(target):
    def difference(coherence):
        scenario = drawn().replace(narrative_coherence=coherence, narrative_target=target)
        giving = CoordinationModel(scenario, rng=1).giving
        return giving.mandate.std(axis=0).sum() + giving.need.std()

    apart, halfway, alike = (difference(nu) for nu in (0.0, 0.5, 1.0))
    assert apart > halfway > alike
    assert alike == pytest.approx(0, abs=1e-12)


OFF = [
    # a mechanism that is off leaves every bit as if it were absent: what tunes it has no effect
    ({"own_effort": 0.0}, {"crowding_out": 1.0}),
    ({"oversight_per_project": 0.0}, {"oversight_economies": 0.0}),
    ({"narrative_coherence": 0.0}, {"narrative_target": "need"}),
]


@pytest.mark.parametrize(("off", "tuned"), OFF)
def test_what_is_off_has_no_effect(off, tuned):
    plain = CoordinationModel(drawn().replace(**off), rng=1).run()
    other = CoordinationModel(drawn().replace(**off, **tuned), rng=1).run()
    assert (plain.state.standing == other.state.standing).all()
    assert (plain.record.numbers == other.record.numbers).all()
