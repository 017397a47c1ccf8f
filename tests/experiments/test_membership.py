"""``donorlab membership``: coalitions whose stability is known, payments, orders of joining, and words that follow from rules."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from donorlab.experiments import coalitions, reporters
from donorlab.experiments.coalitions import Payoffs, accounts, sequence, side_payments, stands
from donorlab.experiments.report_of_membership import sentences
from donorlab.experiments.reporters import Player
from donorlab.scenarios import load
from donorlab.sim.scenario import ScenarioError
from experiments.conftest import Shell

WORLD = load("toy", ["architecture=umbrella"])
IDS = WORLD.donors.ids


def known(get: Callable[[int, frozenset[int]], float], seeds: Sequence[int] = (1,)) -> Payoffs:
    """Return payoffs that a rule gives: what donor i gets if a coalition forms, with budgets of 1 by donor."""
    players = tuple(Player(name, (name,), 1.0) for name in IDS)
    payoffs = Payoffs(WORLD, players, tuple(seeds))
    for size in range(len(IDS) + 1):
        for some in itertools.combinations(range(len(IDS)), size):
            coalition = frozenset(some)
            for seed in seeds:
                payoffs.known[coalition, seed] = np.array([get(i, coalition) for i in range(len(IDS))])
    return payoffs


def test_stands_are_priced_by_what_is_had_outside() -> None:
    payoffs = known(lambda i, coalition: 3.0 if i in coalition else 2.0)
    budget = coalitions.yearly_budgets(WORLD)
    for one in stands(payoffs, frozenset({0, 1})):
        assert one.gain == pytest.approx(budget[one.player] * 0.5)
        assert one.member == (one.player < 2)
        assert one.agrees == one.member  # members stay, and the outsider would join


def test_intervals_are_of_paired_seeds() -> None:
    payoffs = known(lambda i, coalition: 1.0, seeds=(1, 2, 3))
    for (coalition, seed), found in payoffs.known.items():
        if coalition:
            payoffs.known[coalition, seed] = found * (1 + 0.1 * seed)
    (first, *_) = stands(payoffs, frozenset({0}))
    budget = coalitions.yearly_budgets(WORLD)[0]
    assert first.gain == pytest.approx(0.2 * budget)
    assert first.high - first.gain == pytest.approx(4.3027 * 0.1 * budget / math.sqrt(3), rel=1e-4)
    assert not first.sure


@given(st.lists(st.floats(-5, 5), max_size=8))
def test_payments_are_the_deficits_where_the_others_can_pay_them(gains: list[float]) -> None:
    paid = side_payments(gains)
    deficit = -sum(min(gain, 0.0) for gain in gains)
    if sum(gains) < -1e-7:
        assert paid is None
    elif sum(gains) > 1e-7 or deficit == 0:
        assert paid is not None
        assert paid.sum() == pytest.approx(0, abs=1e-7)
        assert (np.array(gains) + paid >= -1e-6).all()
        assert np.maximum(paid, 0).sum() == pytest.approx(deficit, abs=1e-6)


def test_all_join_where_each_gains_by_every_other() -> None:
    steps = sequence(known(lambda i, coalition: 1.0 + len(coalition) * (i in coalition)), payments=False)
    assert sorted(step.player for step in steps) == list(range(len(IDS)))
    assert all(step.least > 0 and step.paid == 0 for step in steps)


def test_nobody_begins_where_an_umbrella_only_costs() -> None:
    costly = known(lambda i, coalition: 1.0 - 0.1 * (i in coalition))
    assert sequence(costly, payments=False) == []
    assert sequence(costly, payments=True) == []


def test_payments_carry_an_order_that_would_end_without_them() -> None:
    """One of two gains more by the other than that one loses by being in."""

    def get(i: int, coalition: frozenset[int]) -> float:
        if i not in coalition:
            return 1.0
        return {1: 1.1, 2: 2.0 if i == min(coalition) else 0.9}.get(len(coalition), 0.1)

    payoffs = known(get)
    assert len(sequence(payoffs, payments=False)) == 1
    paid = sequence(payoffs, payments=True)
    assert len(paid) == 2
    assert paid[1].least < 0 < paid[1].paid


def test_accounts_are_what_projects_deliver_and_the_fund_is_its_payers() -> None:
    apart = accounts(WORLD, (), 1)
    assert apart.shape == (len(IDS),)
    assert (apart >= 0).all()
    assert apart.sum() > 0
    fund = WORLD.replace(pooled_fund="on", pool_share=1.0)
    pooled = accounts(fund, IDS[:2], 1)
    assert (pooled[:2] > 0).all()  # they have no projects of their own, and live by the fund's
    from donorlab.sim import CoordinationModel

    model = CoordinationModel(fund.replace(members=IDS[:2]), rng=1, keep_accounts=True).run()
    found = np.sum([*model.accounts, model.state.account], axis=0) / (WORLD.parameters.horizon / 4)
    assert pooled.sum() == pytest.approx(found.sum())


def test_who_may_join_and_who_is_in() -> None:
    world = load("world", ["architecture=umbrella", "members=[USA,EU,EST]"])
    who = tuple(reporters.players(world, 12, everybody=True))
    assert sum(one.budget_m for one in who) == pytest.approx(250)  # rivals may join too
    payoffs = Payoffs(world, who, (1,))
    assert {who[i].name for i in coalitions.start(payoffs)} == {"USA", "EU", "EST"}
    with pytest.raises(ScenarioError, match="nobody is a member under 'fragmented'"):
        coalitions.refuse_impossible(world.replace(architecture="fragmented"))


# ---------------------------------------------------------------------- words
def table(gains: list[float], members: int, payments: list[float] | None, sure: bool = True) -> pd.DataFrame:
    count = len(gains)
    reach = 0.01 if sure else 99.0
    member = [i < members for i in range(count)]
    return pd.DataFrame(
        {
            "player": [f"D{i}" for i in range(count)], "donors": "", "member": member, "budget_m": 10.0, "gain_m": gains,
            "gain_low": [gain - reach for gain in gains], "gain_high": [gain + reach for gain in gains],
            "stays": [gain >= 0 if inside else gain <= 0 for gain, inside in zip(gains, member, strict=True)],
            "payment_m": [*(payments or [math.nan] * members), *[math.nan] * (count - members)],
        }
    )  # fmt: skip


def test_words_of_a_stable_coalition() -> None:
    told = " ".join(sentences("P", table([1.0, 2.0, -1.0], 2, [0.0, 0.0]), {"without payments": 3}))
    assert "Internally stable: none of the 2 members" in told
    assert "Externally stable: none of 1 outsider" in told
    assert "No payments are needed" in told
    assert "all 3 come in" in told


def test_words_of_an_unstable_one() -> None:
    told = " ".join(sentences("P", table([3.0, -1.0, 0.5], 2, [-1.0, 1.0]), {"with payments": 2}))
    assert "Not internally stable: 1 of 2 members would be better off outside P (D1)." in told
    assert "Beyond chance (95%) this holds for 1 of them." in told
    assert "Not externally stable: joining would pay for D2." in told
    assert "Payments of EUR 1.00m a year among members would keep all of them (5.0% of their money)." in told
    assert "ends after 2 of 3" in told
    unsure = " ".join(sentences("P", table([3.0, -1.0], 2, [-1.0, 1.0], sure=False), {}))
    assert "this holds for 0 of them" in unsure
    assert "Externally stable: nobody is left outside." in unsure
    lost = " ".join(sentences("P", table([1.0, -3.0], 2, None), {}))
    assert "No payments among members make it stable: together they are EUR 2.00m a year better off outside" in lost


# ---------------------------------------------------------------------- the command
def test_the_command(shell: Shell) -> None:
    words = (
        "scenario=toy",
        "proposal=none",
        "architecture=umbrella",
        "replications=2",
        "horizon=8",
        "out=found",
        "workers=1",
    )
    done = shell("membership", *words)
    assert done.exit_code == 0, done.output
    assert "In words" in done.output
    found = pd.read_csv(shell.folder / "found" / "membership.csv")
    assert set(found["player"]) == set(IDS)
    payoffs = pd.read_parquet(shell.folder / "found" / "payoffs.parquet")
    assert set(payoffs["seed"]) == {1, 2}
    assert json.loads((shell.folder / "found" / "manifest.json").read_text())["command"] == "membership"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("no-such",), "proposal"),
        (("proposal=none",), "nobody is a member under 'fragmented'"),
        (("credit-only",), "nobody is a member"),
        (("un-voluntary-fund", "replications=0"), "replications: 0 is out of range"),
        (("un-voluntary-fund", "players=1000"), "players: 1000 is out of range"),
    ],
)
def test_mistakes_are_one_line(shell: Shell, words: tuple[str, ...], told: str) -> None:
    done = shell("membership", *words)
    assert done.exit_code == 2
    assert told in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert shell.left() == []
