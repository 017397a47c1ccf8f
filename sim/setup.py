"""What a scenario and a seed fix before the first quarter: prices, weights, first tasks, motives.

The beneficiaries' side does not depend on the architecture and is shared by all architectures of a paired
comparison; the donors' side is made anew for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from donorlab.sim import streams
from donorlab.sim.compiled import compiled
from donorlab.sim.scenario import MOTIVES, BoolArray, FloatArray, ReadOnlyArrays, Scenario
from donorlab.sim.users import users_by_year, weights_by_year
from donorlab.sim.value import pillar_weights, value_table

REFORM_INSTRUMENT = "advice"  # laws and strategies: what only the state itself can adopt
HAVEN_PILLARS = ("legal", "technical")  # of which too little makes a safe haven
REGIONAL = "regional_org"  # kind of donor whose members are each other's peers
CONTEXTS = 3  # thirds of government effectiveness in which methods succeed differently

WordArray = npt.NDArray[np.uint64]
KeyArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class BeneficiarySetup(ReadOnlyArrays):
    """The beneficiaries' side, J states x K pillars x L tasks; arrays are read-only.

    Attributes
    ----------
    keys : (J,) address of each state in random draws
    task_price : (J,) EUR m a task, kappa_j
    administration, ownership : (J,) task-quarters hosted a quarter; share
    government_rank : (J,) 0 to 1; norm_position : (J,) at the start
    state_weight : (J,) of the first year, pillar_weight : (K,), value : (L + 1,) as in ``value.py``
    users_by_year, weights_by_year : (Y + 1, J) million; w_j after each year, see ``users.py``
    standing : (J, K) first tasks, one bit each
    initial_count : (J, K) how many they are
    priority : (J, K) own priorities, rows sum to 1 (or to 0 where nothing is open)
    instrument_words : (K, M) tasks of each instrument, one bit each
    instrument_of : (K, L) instrument of each task
    reform_words : (K,) reform tasks, one bit each (those of instrument ``advice``)
    reform_cost, reform_benefit : (J,) EUR m a project
    haven_pillar : (K,) pillars of which too little makes a safe haven: ``legal`` and ``technical``, or all if there is neither
    peer_start : (J + 1,), peer_of : (E,) the peers of state j are the rows ``peer_of[peer_start[j]:peer_start[j + 1]]``
    context : (J,) third of government effectiveness, 0 to 2; method_success : (3, M) probability that a task takes
    """

    keys: KeyArray
    task_price: FloatArray
    administration: FloatArray
    ownership: FloatArray
    government_rank: FloatArray
    norm_position: FloatArray
    state_weight: FloatArray
    users_by_year: FloatArray
    weights_by_year: FloatArray
    pillar_weight: FloatArray
    value: FloatArray
    standing: WordArray
    initial_count: KeyArray
    priority: FloatArray
    instrument_words: WordArray
    instrument_of: KeyArray
    reform_words: WordArray
    reform_cost: FloatArray
    reform_benefit: FloatArray
    haven_pillar: BoolArray
    peer_start: KeyArray
    peer_of: KeyArray
    context: KeyArray
    method_success: FloatArray


@dataclass(frozen=True, eq=False)
class DonorSetup(ReadOnlyArrays):
    """The donors' side, D donors; arrays are read-only.

    Attributes
    ----------
    keys : (D,) address of each donor in random draws
    budget : (D,) EUR m a year
    mandate : (D, K) times K, so that its mean is 1
    price_factor : (D, K) 1 + mismatch * (1 - mandate / largest mandate)
    skill : (D, M) shares
    need, security, visibility : (D,) motives; where there can be no safe havens security is served by need
    political : (D, J) political motive times affinity over its mean
    motives : (D, 4) need, security, political, visibility after everything, rows sum to 1
    itself : (D,) row of the beneficiary that is this donor, or -1
    """

    keys: KeyArray
    budget: FloatArray
    mandate: FloatArray
    price_factor: FloatArray
    skill: FloatArray
    need: FloatArray
    security: FloatArray
    visibility: FloatArray
    political: FloatArray
    motives: FloatArray
    itself: KeyArray


@compiled
def task_instruments(mix, tasks):  # type: ignore[no-untyped-def]
    """Return the instrument of each task, shape (K, L): largest remainder, so that every prefix has the mix."""
    pillars, instruments = mix.shape
    result = np.zeros((pillars, tasks), dtype=np.int64)
    for k in range(pillars):
        claim, used = np.empty(instruments), np.zeros(instruments)
        for task in range(tasks):
            for m in range(instruments):
                claim[m] = mix[k, m] * (task + 1) - used[m]
            least = claim.max() - 1e-9
            chosen = 0
            while not claim[chosen] > least:
                chosen += 1
            result[k, task] = chosen
            used[chosen] += 1
    return result


def yearly_budgets(scenario: Scenario) -> FloatArray:
    """Return EUR m a year by donor, shape (D,), summing to ``money`` with rivals at ``rival_share``."""
    donors, parameters = scenario.donors, scenario.parameters
    money = parameters.money
    columns = np.stack([donors.budget_low, donors.budget_central, donors.budget_high])
    totals = columns.sum(axis=1)
    if (np.diff(totals) > 0).all():
        base = np.array([np.interp(money, totals, columns[:, d]) for d in range(donors.count)])
    else:
        base = columns[1].copy()
    rival = donors.rival
    held, others = base[rival].sum(), base[~rival].sum()
    share = parameters.rival_share if held > 0 and others > 0 else float(held > 0)
    result = np.zeros(donors.count)
    if held > 0:
        result[rival] = base[rival] * (share * money / held)
    if others > 0:
        result[~rival] = base[~rival] * ((1.0 - share) * money / others)
    return result


@compiled
def _first_tasks(noise, target, spread, standing):  # type: ignore[no-untyped-def]
    """Set the ``target`` tasks with the smallest l / L + spread * noise; ties to the smallest l."""
    states, pillars, tasks = noise.shape
    score = np.empty(tasks)
    for j in range(states):
        for k in range(pillars):
            for task in range(tasks):
                score[task] = task / tasks + spread * noise[j, k, task]
            word = np.uint64(0)
            for _ in range(target[j, k]):
                best = -1
                for task in range(tasks):
                    free = not (word >> np.uint64(task)) & np.uint64(1)
                    if free and (best < 0 or score[task] < score[best]):
                        best = task
                word |= np.uint64(1) << np.uint64(best)
            standing[j, k] = word


@compiled
def _initial_uniforms(seed, keys, out):  # type: ignore[no-untyped-def]
    for j in range(out.shape[0]):
        for k in range(out.shape[1]):
            for task in range(out.shape[2]):
                out[j, k, task] = streams.uniform(streams.INITIAL, seed, 0, keys[j], 0, 64 * k + task, 0)


def _frozen(**arrays: Any) -> dict[str, Any]:
    for array in arrays.values():
        array.setflags(write=False)
    return arrays


def peers_of(scenario: Scenario) -> npt.NDArray[np.bool_]:
    """Return who is a peer of whom, (J, J), nobody of itself (4.8): by subregion, or by common regional organisations."""
    states, donors = scenario.beneficiaries, scenario.donors
    if scenario.parameters.peer_scope == "subregion":
        names = np.array(states.subregions, dtype=object)
        peers = np.asarray(names[:, None] == names[None, :], dtype=np.bool_)
    else:
        regional = np.array([kind == REGIONAL for kind in donors.kinds]) & (donors.affinity < 1.0).any(axis=1)
        member = donors.affinity[regional] >= 1.0
        peers = (member[:, :, None] & member[:, None, :]).any(axis=0)
    np.fill_diagonal(peers, False)
    return peers


def _method_success(seed: int, failure: float, instruments: int) -> FloatArray:
    """Return the probability that a task takes, by context and instrument (4.4)."""
    draws = [
        [streams.uniform(streams.METHOD, seed, 0, 0, 0, 64 * c + m, 0) for m in range(instruments)]
        for c in range(CONTEXTS)
    ]
    return np.asarray(1.0 - 2.0 * failure * np.array(draws))


def beneficiary_setup(scenario: Scenario, seed: int) -> BeneficiarySetup:
    """Realise the beneficiaries' side of a scenario for one seed (replication)."""
    p, states = scenario.parameters, scenario.beneficiaries
    keys = np.array([streams.actor_key(name) for name in states.ids], dtype=np.int64)
    length, pillars = p.tasks_per_pillar, len(scenario.pillars)
    relative = states.users_relative
    rank = states.government_rank

    noise = np.array([streams.uniform(streams.OWNERSHIP, seed, 0, key, 0, 0, 0) for key in keys])
    ownership = p.ownership_intercept + p.ownership_slope * rank + p.ownership_noise * streams.normal_cut(noise)

    target = np.minimum(length, np.floor(states.initial_score * p.headroom * length + 0.5)).astype(np.int64)
    draws = np.empty((states.count, pillars, length))
    _initial_uniforms(seed, keys, draws)
    standing = np.zeros((states.count, pillars), dtype=np.uint64)
    _first_tasks(streams.normal_cut(draws), target, p.initial_noise, standing)

    weight = pillar_weights(scenario)
    wish = weight * (1.0 - target / length)
    total = wish.sum(axis=1, keepdims=True)
    priority = np.divide(wish, total, out=np.zeros_like(wish), where=total > 0)

    instrument_of = task_instruments(scenario.instrument_mix, length)
    words = np.zeros((pillars, len(scenario.instruments)), dtype=np.uint64)
    for k in range(pillars):
        for task in range(length):
            words[k, instrument_of[k, task]] |= np.uint64(1 << task)

    reform = scenario.instruments.index(REFORM_INSTRUMENT) if REFORM_INSTRUMENT in scenario.instruments else -1
    will = np.array([streams.uniform(streams.REFORM, seed, 0, key, 0, 0, 0) for key in keys])
    ownership = np.clip(ownership, 0.05, 0.95)

    peers = peers_of(scenario)
    users = users_by_year(scenario)
    weights = weights_by_year(scenario, users)
    guarding = np.array([name in HAVEN_PILLARS for name in scenario.pillars])
    base = p.administration_intercept + p.administration_slope * rank
    return BeneficiarySetup(
        **_frozen(
            keys=keys,
            task_price=np.array([p.task_cost * float(u) ** p.task_cost_users_exponent for u in relative]),
            administration=p.administration_factor
            * base
            * np.array([float(u) ** p.administration_users_exponent for u in relative]),
            ownership=ownership,
            government_rank=rank.copy(),
            norm_position=states.norm_position.copy(),
            state_weight=weights[0].copy(),
            users_by_year=users,
            weights_by_year=weights,
            pillar_weight=weight,
            value=value_table(length, p.value_concavity),
            standing=standing,
            initial_count=target,
            priority=priority,
            instrument_words=words,
            instrument_of=instrument_of,
            reform_words=words[:, reform].copy() if reform >= 0 else np.zeros(pillars, dtype=np.uint64),
            reform_cost=p.reform_cost * np.exp(p.reform_cost_spread * streams.normal_cut(will)),
            reform_benefit=p.reform_benefit * ownership,
            haven_pillar=guarding if guarding.any() else np.ones(pillars, dtype=np.bool_),
            peer_start=np.append(0, peers.sum(axis=1).cumsum()).astype(np.int64),
            peer_of=np.nonzero(peers)[1].astype(np.int64),
            context=np.minimum(CONTEXTS - 1, np.floor(CONTEXTS * rank)).astype(np.int64),
            method_success=_method_success(seed, p.method_failure, len(scenario.instruments)),
        )
    )


def _motives(scenario: Scenario, seed: int, keys: KeyArray) -> FloatArray:
    """Return each donor's own motives, shape (D, 4), rows sum to 1."""
    p = scenario.parameters
    central = np.array([p.motive_need, p.motive_security, p.motive_political, p.motive_visibility])
    draws = [[streams.uniform(streams.MOTIVES, seed, 0, key, 0, m, 0) for m in range(len(MOTIVES))] for key in keys]
    raw = central / central.sum() * np.exp(p.motive_spread * streams.normal_cut(np.array(draws)))
    return np.asarray(raw / raw.sum(axis=1, keepdims=True))


def _weighted_mean(rows: FloatArray, budget: FloatArray) -> FloatArray:
    weights = budget if budget.sum() > 0 else np.ones_like(budget)
    return np.asarray((rows * weights[:, None]).sum(axis=0) / weights.sum())


def donor_setup(scenario: Scenario, seed: int) -> DonorSetup:
    """Realise the donors' side of a scenario for one seed (replication)."""
    p, donors = scenario.parameters, scenario.donors
    keys = np.array([streams.actor_key(name) for name in donors.ids], dtype=np.int64)
    pillars = len(scenario.pillars)
    budget = yearly_budgets(scenario)
    motives = _motives(scenario, seed, keys)
    mandate = donors.mandate.copy()
    given = donors.motives if donors.motives is not None else np.full_like(motives, np.nan)
    own = np.isnan(given).any(axis=1)  # motives that follow from the parameters
    motives[~own] = given[~own]
    nu = p.narrative_coherence
    if nu > 0:
        if p.narrative_target == "mean":
            shared, shared_mandate = _weighted_mean(motives, budget), _weighted_mean(mandate, budget)
        else:
            shared, shared_mandate = np.array([1.0, 0.0, 0.0, 0.0]), np.full(pillars, 1.0 / pillars)
        motives = (1.0 - nu) * motives + nu * shared
        motives[:, 3] *= 1.0 - nu
        total = motives.sum(axis=1, keepdims=True)
        motives = np.divide(motives, total, out=np.zeros_like(motives), where=total > 0)
        mandate[own] = (1.0 - nu) * mandate[own] + nu * shared_mandate
    motives[~own] = given[~own]
    if p.haven_threshold <= 0:  # nowhere is a safe haven: security is served by need
        motives[:, 0] += motives[:, 1]
        motives[:, 1] = 0.0

    affinity = donors.affinity
    mean = affinity.mean(axis=1)
    friendless = mean <= 0
    motives[friendless, 0] += motives[friendless, 2]
    motives[friendless, 2] = 0.0
    relative = np.divide(affinity, mean[:, None], out=np.zeros_like(affinity), where=mean[:, None] > 0)

    row = {name: j for j, name in enumerate(scenario.beneficiaries.ids)}
    return DonorSetup(
        **_frozen(
            keys=keys,
            budget=budget,
            mandate=mandate * pillars,
            price_factor=1.0 + p.mismatch * (1.0 - mandate / mandate.max(axis=1, keepdims=True)),
            skill=donors.skill.copy(),
            need=motives[:, 0].copy(),
            security=motives[:, 1].copy(),
            visibility=motives[:, 3].copy(),
            political=motives[:, 2:3] * relative,
            motives=motives,
            itself=np.array([row.get(name, -1) for name in donors.ids], dtype=np.int64),
        )
    )
