"""Checks of the oracle alone: what must hold under every architecture, and what the drawn worlds show."""

import numpy as np
import pytest

from oracle.design import ARCHITECTURES
from oracle.invariants import check
from oracle.model import run
from oracle.worlds import numbered, shown, shown_by_design


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_what_holds_under_every_architecture(architecture):
    for number in range(50):
        world = numbered(number, (architecture,))
        result = run(world, number)
        check(world, result)
        if number % 10 == 0:
            assert repr(result) == repr(run(world, number))


def test_worlds_show_what_the_rules_do():
    worlds = [numbered(number) for number in range(300)]
    runs = [run(world, number) for number, world in enumerate(worlds)]
    umbrellas = [r for world, r in zip(worlds, runs, strict=True) if world.architecture.startswith("umbrella")]
    conditions = [r for world, r in zip(worlds, runs, strict=True) if world.architecture.endswith("conditional")]
    assert np.mean([shown(r).all for r in runs]) >= 0.5
    assert np.mean([shown_by_design(r).stalled for r in runs]) >= 0.25
    assert np.mean([shown_by_design(r).late for r in umbrellas]) >= 0.4
    assert np.mean([shown_by_design(r).pool_spent for r in umbrellas]) >= 0.2
    assert np.mean([shown_by_design(r).joined for r in umbrellas]) >= 0.08
    assert np.mean([shown_by_design(r).withheld for r in conditions]) >= 0.15
    assert np.mean([shown_by_design(r).complied_for_money for r in conditions]) >= 0.15
    assert np.mean([shown_by_design(r).unasked for r in conditions]) >= 0.05
    assert np.mean([shown_by_design(r).fewer for r in conditions]) >= 0.01
