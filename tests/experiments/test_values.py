"""The switch of value judgements."""

from __future__ import annotations

import pandas as pd
import pytest

from donorlab.experiments import values
from donorlab.experiments.comparison import study
from experiments import fake


def test_each_switch_is_run_once_and_the_own_one_not_again() -> None:
    scenario = fake.scenario()
    assert values.as_set(scenario) == "by users^0.5"
    allowed, refused = values.possible(scenario)
    assert list(allowed) == ["equal states", "by users", "poorest first"]
    assert refused == {}
    assert values.as_set(scenario.replace(user_weight_exponent=1)) == "by users"
    allowed, _ = values.possible(scenario.replace(user_weight_exponent=1))
    assert list(allowed) == ["equal states", "poorest first"]
    asked = values.jobs({"fragmented": scenario}, range(1, 31))
    assert len(asked) == 3 * values.SEEDS


def test_a_switch_that_the_data_do_not_allow_is_told() -> None:
    import dataclasses

    scenario = dataclasses.replace(fake.scenario(), income_group_weights={"Low income": 1.0})
    allowed, refused = values.possible(scenario)
    assert "poorest first" not in allowed
    assert "income group" in refused["poorest first"]


def test_swaps_are_pairs_that_change_places() -> None:
    mean = pd.DataFrame({"a": [0.5, 0.4], "b": [0.4, 0.5], "c": [0.1, 0.1]}, index=["x", "y"])
    (swap,) = values.swaps(mean)
    assert (swap.one, swap.other, swap.ahead, swap.behind) == ("a", "b", "x", "y")
    assert (swap.by, swap.minus) == pytest.approx((0.1, 0.1))
    assert values.swaps(mean[["a", "c"]]) == []


def test_a_ranking_that_depends_on_who_counts(model: None) -> None:
    found = study({n: fake.scenario(architecture=n) for n in ("fragmented", "central")}, (1, 2, 3), None, False, True)
    assert found.rankings is not None
    mean = values.means(found.rankings)
    assert list(mean.index) == ["by users^0.5", "equal states", "by users", "poorest first"]
    (swap,) = values.swaps(mean)
    assert {swap.ahead, swap.behind} == {"poorest first", "by users^0.5"}
