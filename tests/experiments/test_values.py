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
    assert list(allowed) == ["equal states", "by users", "poorest first", "concavity 1", "concavity 3"]
    assert refused == {}
    assert values.as_set(scenario.replace(user_weight_exponent=1)) == "by users"
    allowed, _ = values.possible(scenario.replace(user_weight_exponent=1))
    assert list(allowed) == ["equal states", "poorest first", "concavity 1", "concavity 3"]
    allowed, _ = values.possible(scenario.replace(value_concavity=3))
    assert list(allowed) == ["equal states", "by users", "poorest first", "concavity 1"]
    asked = values.jobs({"fragmented": scenario}, range(1, 31))
    assert len(asked) == 5 * values.SEEDS
    assert [job.changes for job in asked][-1] == {"value_concavity": 3.0}


def test_a_switch_that_the_data_do_not_allow_is_told() -> None:
    import dataclasses

    scenario = dataclasses.replace(fake.scenario(), income_group_weights={"Low income": 1.0})
    allowed, refused = values.possible(scenario)
    assert "poorest first" not in allowed
    assert "income group" in refused["poorest first"]


def rankings(noise: float, seeds: int = 6, **efficiency: tuple[float, float]) -> pd.DataFrame:
    """Return efficiency by architecture under two value judgements, x and y, with noise of each architecture's own."""
    return pd.DataFrame(
        [
            {"judgement": judgement, "architecture": name, "seed": seed, "efficiency": value + noise * sign}
            for j, judgement in enumerate("xy")
            for i, (name, values_of) in enumerate(efficiency.items())
            for seed in range(seeds)
            for value, sign in [(values_of[j], (-1) ** (seed + i))]
        ]
    )


def test_swaps_are_pairs_that_change_places() -> None:
    (swap,), within = values.swaps(rankings(0.001, a=(0.5, 0.4), b=(0.4, 0.5), c=(0.1, 0.1)))
    assert (swap.one, swap.other, swap.ahead, swap.behind) == ("a", "b", "x", "y")
    assert (swap.by, swap.minus) == pytest.approx((0.1, 0.1))
    assert within == 0
    assert values.swaps(rankings(0.001, a=(0.5, 0.4), c=(0.1, 0.1))) == ([], 0)


def test_a_swap_within_noise_is_none() -> None:
    """A lead of .02 one way and the other, whose standard error is .0088 or .022."""
    close: dict[str, tuple[float, float]] = {"a": (0.42, 0.40), "b": (0.40, 0.42)}
    assert len(values.swaps(rankings(0.008, **close))[0]) == 1
    assert values.swaps(rankings(0.02, **close)) == ([], 1)
    leads = values.leads(rankings(0.02, **close), "a", "b")
    assert leads["lead"].tolist() == pytest.approx([0.02, -0.02])
    assert leads["error"].tolist() == pytest.approx([0.04 * (6 / 5) ** 0.5 / 6**0.5] * 2)


def test_one_seed_tells_no_lead_from_chance_and_two_hardly_any() -> None:
    close: dict[str, tuple[float, float]] = {"a": (0.42, 0.40), "b": (0.40, 0.42)}
    assert values.swaps(rankings(0.0, 1, **close)) == ([], 1)
    # a lead of .02 whose standard error is 2 * .002 is 5 of them: beyond 2, not beyond 12.7
    assert values.swaps(rankings(0.002, 2, **close)) == ([], 1)
    assert len(values.swaps(rankings(0.0005, 2, **close))[0]) == 1


def test_a_ranking_that_depends_on_who_counts(model: None) -> None:
    found = study({n: fake.scenario(architecture=n) for n in ("fragmented", "central")}, (1, 2, 3), None, False, True)
    assert found.rankings is not None
    mean = values.means(found.rankings)
    told = ["by users^0.5", "equal states", "by users", "poorest first", "concavity 1", "concavity 3"]
    assert list(mean.index) == told
    (swap,), _ = values.swaps(found.rankings)
    assert {swap.ahead, swap.behind} == {"poorest first", "by users^0.5"}
