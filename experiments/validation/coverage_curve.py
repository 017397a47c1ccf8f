"""T7: what share of a task list is covered when donors pick at random and see each other with probability q.

Equations (derived; ``sim/ODD.md`` 4.2), serial limit, r = 1 - q, n_m the share of tasks in exactly m projects, s the
effort per task: ``dn_m/ds = (r^(m-1) n_(m-1) - r^m n_m) / sum_i r^i n_i``, n_0(0) = 1, f = 1 - n_0. Where ignorance is
drawn for each task and observer: ``s = q f - (1 - q) ln(1 - f)``.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from donorlab.scenarios.byhand import plain_parameters, scenario
from donorlab.sim import CoordinationModel, Scenario
from donorlab.sim.scenario import FloatArray
from donorlab.sim.state import PILLAR, TASKS
from donorlab.sim.value import bit_counts

LENGTH = 60  # tasks of each list
SIGHT = (0.0, 0.3, 0.6, 0.9, 1.0)
MOMENTS = (0.5, 1.0, 2.0)  # efforts per task at which the curve is compared


@functools.cache
def crowded(cells: int, donors: int, q: float, ignorance: str) -> Scenario:
    """Return one state with independent cells; in each, ``donors`` that buy one task each, one after the other."""
    n = cells * donors
    return scenario(
        score=[[0.0] * cells],
        mandate=np.repeat(np.eye(cells), donors, axis=0).tolist(),
        skill=[[1.0]] * n,
        mix=[[1.0]] * cells,
        budget=[4.0] * n,
        donor_ids=[f"D{d:05d}" for d in range(n)],
        state_ids=["S"],
        parameters=plain_parameters(
            money=4.0 * n,
            tasks_per_pillar=LENGTH,
            value_concavity=1.0,
            observation_probability=q,
            ignorance=ignorance,
            planning_slots=0,
            pace=1e-6,
            queue_limit=1e9,
        ),
    )


def coverage(cells: int, donors: int, q: float, ignorance: str, seeds: int) -> FloatArray:
    """Return the share of the list that is taken after each purchase, shape (donors + 1, cells * seeds)."""
    curves = []
    for seed in range(seeds):
        model = CoordinationModel(crowded(cells, donors, q, ignorance), rng=seed)
        model.step()
        ledger = model.state.ledger
        pillar, words = ledger.whole[: ledger.size, PILLAR], ledger.words[: ledger.size, TASKS]
        for k in range(cells):
            taken = np.bitwise_or.accumulate(np.append(np.uint64(0), words[pillar == k]))
            curve = bit_counts(taken) / LENGTH
            curves.append(np.append(curve, np.full(donors + 1 - len(curve), curve[-1])))
    return np.array(curves).T


def by_equation(q: float, s: float, most: int = 40) -> float:
    """Return f at effort s where a whole project is seen or not, by integrating the equations for m < ``most``."""
    r = (1 - q) ** np.arange(most)

    def change(_: float, n: FloatArray) -> FloatArray:
        flow = r * n / max(float((r * n).sum()), 1e-300)
        return np.asarray(np.append(0, flow[:-1]) - flow)

    if q == 1:
        return min(1.0, s)
    start = np.append(1.0, np.zeros(most - 1))
    return float(1 - solve_ivp(change, (0, s), start, rtol=1e-9, atol=1e-12).y[0, -1])


def by_task(q: float, s: float) -> float:
    """Return f at effort s where each task of a project is seen or not: solve s = q f - (1 - q) ln(1 - f)."""
    if q == 1:
        return min(1.0, s)
    return float(brentq(lambda f: q * f - (1 - q) * math.log(1 - f) - s, 0, 1 - 1e-15))


def tolerance(f: float, runs: int, errors: float = 4.0, bias: float = 0.4) -> float:
    """Return how far a mean over ``runs`` lists may lie from f.

    Standard errors of a share of the list, no more spread than independent draws, and the bias of 1 / L: at q = 0 the
    exact value exceeds the limit by s exp(-s) / (2 L) < .19 / L.
    """
    return errors * math.sqrt(f * (1 - f) / (LENGTH * runs)) + bias / LENGTH
