"""``donorlab membership``: coalitions whose stability is known, payments, orders of joining, and words that follow from rules."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from donorlab.experiments import coalitions, membership, reporters
from donorlab.experiments.coalitions import Payoffs, Step, Worth, accounts, sequence, side_payments, stands
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
                payoffs.known[payoffs.members(coalition), seed] = np.array([get(i, coalition) for i in range(len(IDS))])
    return payoffs


def test_stands_are_priced_by_what_is_had_outside() -> None:
    payoffs = known(lambda i, coalition: 3.0 if i in coalition else 2.0)
    budget = coalitions.yearly_budgets(WORLD)
    for one in stands(payoffs, frozenset({0, 1})):
        assert one.worth.mean == pytest.approx(budget[one.player] * 0.5)
        assert one.member == (one.player < 2)
        assert one.moves != one.member  # members stay, and the outsider would join


def test_intervals_are_of_paired_seeds() -> None:
    payoffs = known(lambda i, coalition: 1.0, seeds=(1, 2, 3))
    for (coalition, seed), found in payoffs.known.items():
        if coalition:
            payoffs.known[coalition, seed] = found * (1 + 0.1 * seed)
    (first, *_) = stands(payoffs, frozenset({0}))
    budget = coalitions.yearly_budgets(WORLD)[0]
    assert first.worth.mean == pytest.approx(0.2 * budget)
    assert first.worth.high - first.worth.mean == pytest.approx(4.3027 * 0.1 * budget / math.sqrt(3), rel=1e-4)
    assert not first.told
    assert not first.stays


def test_a_group_is_its_donors_each_moving_alone() -> None:
    """Leaving alone pays for one of two; the other would rather stay: as one bloc they would lose."""

    def get(i: int, coalition: frozenset[int]) -> float:
        if not coalition & {0, 1}:
            return 0.1  # the bloc left
        return {(0, False): 2.0, (1, False): 0.5}.get((i, i in coalition), 1.0)

    payoffs = known(get, seeds=(1, 2, 3))
    group = Player("2 other states", IDS[:2], 2.0)
    who = (Player(IDS[2], (IDS[2],), 1.0), group)
    blocs = dataclasses.replace(payoffs, players=who)
    singly = blocs.singly()
    assert {one.ids for one in singly.players} == {(name,) for name in IDS}
    inside = frozenset(i for i, one in enumerate(singly.players) if one.name in IDS[:2])
    standing = stands(singly, inside)
    single = membership.donor_table(singly, standing)
    budget = dict(zip(IDS, coalitions.yearly_budgets(WORLD), strict=True))
    rows = single.set_index("donor")
    assert rows.loc[IDS[0], "gain_m"] == pytest.approx(-0.5 * budget[IDS[0]])
    assert rows.loc[IDS[1], "gain_m"] == pytest.approx(budget[IDS[1]])
    found = membership.table(who, singly, standing, single).set_index("player")
    assert found.loc[group.name, "count"] == 2
    assert found.loc[group.name, "moving"] == 1
    assert found.loc[group.name, "moving_told"] == 1
    assert found.loc[group.name, "staying_told"] == 1
    assert found.loc[group.name, "gain_m"] == pytest.approx(budget[IDS[1]] - 0.5 * budget[IDS[0]])
    assert membership.together(standing).mean == pytest.approx(found.loc[group.name, "gain_m"])


def test_what_a_group_is_told_is_beyond_chance() -> None:
    """By the mean one of two would leave, but what it gets inside is luck."""
    payoffs = known(lambda i, coalition: 1.0, seeds=(1, 2, 3))
    for (members, seed), found in payoffs.known.items():
        if IDS[0] in members:
            found[0] = {1: 0.2, 2: 1.5, 3: 0.8}[seed]
    singly = payoffs.singly()
    standing = stands(singly, frozenset(i for i, one in enumerate(singly.players) if one.name in IDS[:2]))
    single = membership.donor_table(singly, standing)
    group = membership.table((Player("2 other states", IDS[:2], 2.0),), singly, standing, single).iloc[0]
    assert (group["moving"], group["moving_told"], group["staying_told"]) == (1, 0, 0)


def test_a_side_is_stable_unstable_or_not_told() -> None:
    assert coalitions.verdict([], [], []) == "stable"
    assert coalitions.verdict([False, False], [False, True], [True, True]) == "stable"
    assert coalitions.verdict([False, False], [False, True], [False, True]) == "not told"
    assert coalitions.verdict([True, False], [False, True], [False, True]) == "not told"
    assert coalitions.verdict([True, False], [True, True], [False, True]) == "unstable"


def test_who_does_not_mind_stays() -> None:
    alike = known(lambda i, coalition: 1.0, seeds=(1, 2, 3))
    for one in stands(alike, frozenset({0})):
        assert (one.moves, one.told, one.stays) == (False, False, True)


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
    assert all(step.least.mean > 0 and step.paid == 0 for step in steps)


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
    assert paid[1].least.mean < 0 < paid[1].paid


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
def table(gains: list[float], members: int, payments: list[float] | None, reach: float = 0.01) -> pd.DataFrame:
    """Return a table of donors with these gains, told from chance where the interval leaves 0 out; members first."""
    count = len(gains)
    member = [i < members for i in range(count)]
    low, high = [gain - reach for gain in gains], [gain + reach for gain in gains]
    return pd.DataFrame(
        {
            "donor": [f"D{i}" for i in range(count)], "member": member, "budget_m": 10.0, "gain_m": gains,
            "gain_low": low, "gain_high": high,
            "moves": [gain < 0 if inside else gain > 0 for gain, inside in zip(gains, member, strict=True)],
            "told": [abs(gain) > reach for gain in gains],
            "stays": [least >= 0 if inside else most <= 0 for least, most, inside in zip(low, high, member, strict=True)],
            "payment_m": [*(payments or [math.nan] * members), *[math.nan] * (count - members)],
        }
    )  # fmt: skip


def told(
    single: pd.DataFrame,
    together: tuple[float, float, float],
    steps: dict[str, list[Step]] | None = None,
    players: int = 3,
) -> str:
    return " ".join(sentences("P", single, Worth(*together), steps or {}, players))


def step(gain: float, reach: float = 0.1) -> Step:
    worth = Worth(gain, gain - reach, gain + reach)
    return Step(0, worth, worth, 0, 0.0)


def test_words_of_a_stable_coalition() -> None:
    path = {"without payments": [step(1.0), step(1.0), step(0.05)]}
    text = told(table([1.0, 2.0, -1.0], 2, [0.0, 0.0]), (3.0, 2.9, 3.1), path)
    assert "Internally stable, beyond chance: leaving alone would pay for none of 2 members." in text
    assert "Externally stable, beyond chance: joining alone would pay for none of 1 outsider." in text
    assert "No payments are needed to keep them. " in text
    assert "all 3 donors and groups come in, and by the means at no step anyone wants to leave; " in text
    assert "joining pays beyond chance at 2 of 3 steps." in text


def test_words_of_an_unstable_one() -> None:
    text = told(table([3.0, -1.0, 0.5], 2, [-1.0, 1.0]), (2.0, 1.9, 2.1), {"with payments": [step(1.0)] * 2})
    assert (
        "Not internally stable, beyond chance: 1 of 2 members would be better off outside P, each moving alone (D1)."
        in text
    )
    assert (
        "Not externally stable, beyond chance: 1 of 1 outsider would be better off inside, each moving alone (D2)."
        in text
    )
    assert (
        "Payments of EUR 1.00m a year among members would keep all of them (5.0% of their money); that they have enough"
        in text
    )
    assert "ends after 2 of 3 donors and groups" in text
    lost = told(table([1.0, -3.0], 2, None), (-2.0, -2.1, -1.9))
    assert "Externally stable: nobody is left outside." in lost
    assert (
        "No payments among members make it stable, beyond chance: in sum being in is worth EUR -2.00m a year to them"
        in lost
    )


def test_words_where_chance_leaves_all_open() -> None:
    text = told(table([3.0, -1.0, 0.5, -0.1], 2, [-1.0, 1.0], reach=99.0), (2.0, -9.0, 13.0))
    assert (
        "Internal stability is not told from chance: by the mean 1 of 2 members would be better off outside P (D1), beyond chance "
        "none of them; that leaving would not pay is told for none."
    ) in text
    assert (
        "External stability is not told from chance: by the mean 1 of 2 outsiders would be better off inside (D2)"
        in text
    )
    assert (
        "Whether payments among members make it stable is not told from chance: in sum being in is worth EUR +2.00m"
        in text
    )
    assert "by the means payments of EUR 1.00m a year" in text
    assert "beyond chance:" not in text
    losing = told(table([1.0, -3.0], 2, None, reach=99.0), (-2.0, -9.0, 5.0))
    assert "not told from chance: in sum being in is worth EUR -2.00m" in losing
    assert "by the means none do." in losing
    gaining = told(table([3.0, 1.0, -0.5], 2, [0.0, 0.0], reach=2.0), (4.0, 1.0, 7.0))
    assert (
        "by the mean none of 2 members would be better off outside P, but that leaving would not pay is told for 1 of them."
        in gaining
    )
    assert (
        "none of 1 outsider would be better off inside, but that joining would not pay is told for none of them."
        in gaining
    )
    assert "No payments are needed to keep them, by the means." in gaining


def test_words_of_what_is_hardly_anything_and_of_one_seed() -> None:
    little = told(table([0.001, -0.003], 2, None, reach=1.0), (-0.002, -1.0, 1.0))
    assert "EUR -0.002m a year" in little
    assert "0.00m" not in little
    single = table([0.001, -0.003], 2, None).assign(gain_low=math.nan, gain_high=math.nan, told=False, stays=False)
    one = told(single, (-0.002, math.nan, math.nan))
    assert (
        "Internal stability cannot be told from one seed; in it 1 of 2 members would be better off outside P (D1)."
        in one
    )
    assert "By one seed, which tells nothing from chance, no payments would do" in one
    many = told(table([-1.0 - 0.1 * i for i in range(30)], 30, None), (-9.0, -9.1, -8.9))
    assert "(D29, D28, D27, D26, D25, D24, D23, D22 and 22 more)" in many


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
    assert set(found["count"]) == {1}
    single = pd.read_csv(shell.folder / "found" / "membership_by_donor.csv")
    assert set(single["donor"]) == set(IDS)
    np.testing.assert_allclose(found.set_index("player").loc[single["donor"], "gain_m"], single["gain_m"])
    steps = pd.read_csv(shell.folder / "found" / "sequence.csv")
    assert (steps["joining_low"] <= steps["joining_is_worth_m"]).all()
    payoffs = pd.read_parquet(shell.folder / "found" / "payoffs.parquet")
    assert (shell.folder / "found" / "report.txt").read_text(encoding="utf-8").count("\n") >= 2
    assert set(payoffs["seed"]) == {1, 2}
    assert json.loads((shell.folder / "found" / "manifest.json").read_text())["command"] == "membership"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("no-such",), "proposal"),
        (("proposal=none",), "nobody is a member under 'fragmented'"),
        (("credit-only",), "nobody is a member"),
        (("un-voluntary-fund", "replications=0"), "replications: 0 is out of range"),
        (("un-voluntary-fund", "players=1000"), "players: 1000 is out of range"),
    ],
)
def test_mistakes_are_one_line(shell: Shell, words: tuple[str, ...], message: str) -> None:
    done = shell("membership", *words)
    assert done.exit_code == 2
    assert message in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert shell.left() == []
