"""Checks of credit, games and rounds that a fault of the engine must fail: theorems in small, and tests of the suite.

Without compilation a game of a few thousand profiles takes a second: the theorems are asked of fewer games here.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings

from donorlab.experiments.validation import games
from donorlab.scenarios import load
from faults.table import Fault

NEAR = 1e-9

# one failure is enough, and the first one found is told as it is
settings.register_profile(
    "faults", deadline=None, derandomize=True, database=None, max_examples=50, report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip

# tests of the suite by name, and in which file they stand
SUITE: Final = {
    "metamorphic": "test_metamorphic", "credit": "test_credit", "game": "test_game", "rounds": "test_rounds",
    "theorems": "test_theorems_of_games", "owners": "test_owners", "havens": "test_havens", "peers": "test_peers",
    "poaching": "test_poaching", "methods": "test_methods", "credited": "test_credited",
    "contracts": "test_contracts", "ownership": "test_ownership", "bound": "test_bound", "membership": "test_membership",
}  # fmt: skip


def t1(fault: Fault) -> None:
    """T1: half of the optimum in every equilibrium; both conditions of bounded credit."""
    for found in games.t1(games=25, seed=1):
        assert found.violations == 0
        assert min(found.slack_marginal, found.slack_total) >= -NEAR
        assert found.equilibria > 25


def t2(fault: Fault) -> None:
    """T2: the regret form in every profile of small games."""
    for found in games.t2_small(games=25, seed=1):
        assert found.violations == 0


def t2_along_runs(fault: Fault) -> None:
    """T2: the regret form in every round of runs."""
    for found in games.t2_along_runs(load("toy"), (1, 2), ("marginal", "equal", "gairing")):
        assert found.violations == 0


def t3(fault: Fault) -> None:
    """T3: the exact floor of equal credit with one-task cells."""
    for found in games.t3(games=4, seed=1):
        assert found.formula == pytest.approx(found.floor, abs=NEAR)
        assert found.random.violations == 0
        assert found.stays
        assert found.tight == pytest.approx(found.floor, abs=2e-6)


def t4(fault: Fault) -> None:
    """T4: the exact floors of Gairing's weights and of marginal contribution with one-task cells."""
    found = games.t4(games=15, seed=1, donors=(2, 3, 4))  # five each; those of five donors take as long as all of these
    for item in [*found["gairing"], *found["marginal"]]:
        assert item.formula == pytest.approx(item.floor, abs=NEAR)
        assert item.random.violations == 0
        assert item.stays
        assert item.tight == pytest.approx(item.floor, abs=2e-6)


def _cases(test: Callable[..., None]) -> Iterator[dict[str, Any]]:
    """All sets of arguments with which pytest would call a test: parameters that are written out, and scenarios."""
    choices = []
    for mark in getattr(test, "pytestmark", []):
        if mark.name == "parametrize":
            names = (
                [n.strip() for n in mark.args[0].split(",")] if isinstance(mark.args[0], str) else list(mark.args[0])
            )
            choices.append([dict(zip(names, v if len(names) > 1 else (v,), strict=True)) for v in mark.args[1]])
    wanted = inspect.signature(test).parameters
    scenarios = {name: load(name) for name in ("toy", "synthetic", "world") if name in wanted}
    for chosen in itertools.product(*choices):
        yield scenarios | {key: value for case in chosen for key, value in case.items()}


def import_suite() -> None:
    """Import the files of the suite while nothing is broken, so that none keeps what is."""
    for file in SUITE.values():
        importlib.import_module(file)


def of_suite(kind: str, name: str, fault: Fault) -> None:
    """Run a test of the suite with all its parameters; a metamorphic one under the architecture of the fault."""
    test = getattr(importlib.import_module(SUITE[kind]), f"test_{name}")
    if kind == "metamorphic":
        test(fault.worlds[0][0])
        return
    for case in _cases(test):
        test(**case)


CHECKS: Final[dict[str, Callable[[Fault], None]]] = {
    "T1": t1, "T2": t2, "T2 along runs": t2_along_runs, "T3": t3, "T4": t4,
}  # fmt: skip
