"""4.1 Value: what a set of finished tasks is worth.

``W = sum_j w_j * sum_k pillar_weight_k * f(c_jk / L)``, ``f(c) = 1 - (1 - c)^gamma``: a monotone submodular
function of sets of tasks, concave of a count. Source: the form is an assumption that makes the theorems of
valid utility games (Vetta 2002) applicable; gamma, the exponent of users and the pillar weights are value judgements.
"""

from __future__ import annotations

import numpy as np

from donorlab.sim.compiled import compiled
from donorlab.sim.scenario import FloatArray, Scenario


def value_table(tasks: int, concavity: float) -> FloatArray:
    """Return f(c / L) for c = 0 .. L tasks standing, shape (L + 1,), dimensionless."""
    return np.array([1.0 - (1.0 - count / tasks) ** concavity for count in range(tasks + 1)])


def state_weights(scenario: Scenario, users: FloatArray) -> FloatArray:
    """Return w_j for ``users`` (J,), million: shape (J,), mean 1: users to a power, or by income group."""
    if scenario.parameters.state_weighting == "poorest":
        groups = scenario.beneficiaries.income_groups
        raw = np.array([float(scenario.income_group_weights[group]) for group in groups])
    else:
        raw = np.array([float(u) ** scenario.parameters.user_weight_exponent for u in users])
    return np.asarray(raw / raw.mean())


def pillar_weights(scenario: Scenario) -> FloatArray:
    """Return the pillar weights, shape (K,), mean 1."""
    return np.asarray(scenario.pillar_weights / scenario.pillar_weights.mean())


@compiled
def bit_count(word):  # type: ignore[no-untyped-def]
    """Return the number of set bits of a 64-bit word (compiles to one instruction)."""
    one = np.uint64(1)
    x = word - ((word >> one) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@compiled
def bit_counts(words):  # type: ignore[no-untyped-def]
    """Return the number of bits of each word of a flat array."""
    out = np.empty(words.shape[0], dtype=np.int64)
    for i in range(words.shape[0]):
        out[i] = bit_count(words[i])
    return out


@compiled
def welfare_of_counts(counts, state_weight, pillar_weight, value):  # type: ignore[no-untyped-def]
    """Return W for task counts of shape (J, K)."""
    total = 0.0
    for j in range(counts.shape[0]):
        inner = 0.0
        for k in range(counts.shape[1]):
            inner += pillar_weight[k] * value[counts[j, k]]
        total += state_weight[j] * inner
    return total
