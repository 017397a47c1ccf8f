"""Checks of the engine, run without compilation in a process of its own: ``python -m faults.of_engine``.

Prints, as JSON, whether each check passes as the engine is, and which faults it catches.
"""

from __future__ import annotations

import functools
import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "sim")]

import numpy as np
import pytest
from hypothesis import settings

from donorlab.scenarios.byhand import plain_parameters, scenario
from donorlab.sim import baseline, simulate
from faults import of_games
from faults.break_it import caught, in_force
from faults.drawn import agreement, drawn
from faults.table import FAULTS, Fault


def conservation(fault: Fault) -> None:
    """Nothing is lost and nothing appears."""
    from test_conservation import check_run

    for number, world in drawn(fault):
        check_run(world, number)


def certificate(fault: Fault) -> None:
    """T6: dual equals primal, and both are those of the money and tasks."""
    from test_bound import check_certificate

    for number, world in drawn(fault):
        for architecture in ("fragmented", "umbrella"):
            one = world.replace(architecture=architecture, overhead=0.2, budget_elasticity=0.0, joint_programming="off")
            for quarter in (1, world.parameters.quarters):
                check_certificate(one, baseline(one, number), quarter)


def bound(fault: Fault) -> None:
    """T6: no run exceeds the bound."""
    from test_bound import check_bound

    for number, world in drawn(fault):
        check_bound(simulate(world, number))


def every_purchase(fault: Fault) -> None:
    """T6: no purchase of whole tasks and projects exceeds the bound."""
    from test_bound import best_integer_plan, tiny

    for seed in range(40):
        world = tiny(seed)
        quarter = 1 + seed % world.parameters.quarters
        money = world.parameters.money / 4 * min(quarter, world.parameters.horizon)
        base = baseline(world, seed)
        assert best_integer_plan(world, base, quarter, money) <= base.welfare_bound[quarter - 1] * (1 + 1e-9)


def one_bound(fault: Fault) -> None:
    """The bound does not depend on the architecture."""
    for number, world in drawn(fault):
        world = world.replace(overhead=0.2)
        bounds = [baseline(world.replace(architecture=a), number).welfare_bound for a in ("fragmented", "umbrella")]
        np.testing.assert_array_equal(bounds[0], bounds[1])


def bars_sum(fault: Fault) -> None:
    """T9: the bars of the waterfall sum to the appropriations."""
    for number, world in drawn(fault):
        assert sum(simulate(world, number).waterfall.shares.values()) == pytest.approx(1, abs=1e-9)


def one_bar(fault: Fault) -> None:
    """T9: one friction alone makes one bar alone."""
    from test_waterfall import ALONE

    for name in ("overhead", "transaction", "mismatch", "duplication_ignorance", "idle"):
        shares = simulate(ALONE[name](), seed=3).waterfall.shares
        assert shares[name] > 1e-3
        assert {other for other, share in shares.items() if abs(share) > 1e-9} <= {name, "effective"}


def optimum(fault: Fault) -> None:
    """T5: donors without motive and friction buy what a planner would."""
    from test_theorems import best_first, counts

    chance = np.random.default_rng(1)
    world = scenario(
        score=[[0.1, 0.3], [0.4, 0.0], [0.0, 0.2]], users=chance.lognormal(0, 0.6, 3).tolist(),
        mandate=[[0.5, 0.5]] * 3, skill=[[1.0]] * 3, mix=[[1.0]] * 2, budget=[8.0, 4.0, 16.0],
        donor_ids=["A", "B", "C"], state_ids=["S", "T", "U"],
        parameters=plain_parameters(
            money=28.0, user_weight_exponent=0.5, tasks_per_pillar=10, planning_slots=0, administration_intercept=1e6,
            pace=100.0, horizon=3,
        ),
    )  # fmt: skip
    result = simulate(world, 1)
    expected = best_first(result.baseline, result.baseline.land.task_price, 21.0)
    np.testing.assert_array_equal(counts(result._model.state.standing), expected)


def check_of(name: str) -> Callable[[Fault], None]:
    """Return the check of this name."""
    kind, _, test = name.partition(": ")
    return functools.partial(of_games.of_suite, kind, test) if kind in of_games.SUITE else CHECKS[name]


@functools.cache
def healthy(name: str, worlds: tuple[tuple[str, int], ...]) -> bool:
    """Whether a check passes as things are. Tests of the suite are left out: they pass there, with compilation."""
    return not caught(check_of(name), Fault("nothing", "", "", "", "", "", worlds=worlds))


CHECKS: dict[str, Callable[[Fault], None]] = {
    "agreement": agreement,
    "conservation": conservation,
    "T5": optimum,
    "T6 certificate": certificate,
    "T6": bound,
    "T6 every purchase": every_purchase,
    "one bound for all": one_bound,
    "T9 sum": bars_sum,
    "T9 one friction, one bar": one_bar,
    **of_games.CHECKS,
}


def main(all_checks: bool = False) -> None:
    """Run each fault of the engine against its checks (or all), and the checks on the engine as it is."""
    settings.load_profile("faults")
    of_games.import_suite()
    warnings.simplefilter("ignore", RuntimeWarning)  # whole numbers of one machine word overflow by design
    found: dict[str, dict[str, dict[str, bool]]] = {}
    for fault in FAULTS:
        if fault.module.startswith("donorlab."):
            names = (*CHECKS, *fault.caught_by) if all_checks else fault.caught_by
            of_engine = [name for name in names if name in CHECKS]
            fails = {name: not healthy(name, () if name in of_games.CHECKS else fault.worlds) for name in of_engine}
            with in_force(fault):
                found[fault.name] = {"healthy": fails, "broken": {n: caught(check_of(n), fault) for n in names}}
    print(json.dumps(found))


if __name__ == "__main__":
    main("--all" in sys.argv)
