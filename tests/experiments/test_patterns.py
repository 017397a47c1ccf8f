"""Patterns of the default world: each number on tables whose answer is known, each rule in both its outcomes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from donorlab.experiments.parts import packed
from donorlab.experiments.runner import Job, Run
from donorlab.experiments.validation import patterns
from donorlab.experiments.validation.frame import Finding, Requirement, requirement
from donorlab.experiments.validation.patterns import (
    aid_table,
    end_slopes,
    observed_aid,
    programmes,
    prune,
    slope,
    weighted_median,
)
from donorlab.sim import simulate
from donorlab.sim.outcomes.distribution import nonsignificant, nonsignificant_share
from donorlab.sim.scenario import Scenario

C1, P1, P4, P9 = (requirement(row, "world") for row in ("C1", "P1", "P4", "P9"))


# ------------------------------------------------------------------------------------ programmes
def projects(*rows: tuple[str, str, float, int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["programme", "beneficiary", "cost_m", "start", "end"])


def test_a_programme_by_hand() -> None:
    table = programmes(
        projects(
            ("a", "S", 1.0, 3, 6),
            ("a", "S", 2.0, 5, 10),
            ("a", "T", 3.0, 4, 4),
            ("b", "S", 0.5, 7, 7),
        ),
        last=20,
    )
    assert table.loc["a"].to_dict() == pytest.approx(
        {"budget": 6.0, "countries": 2, "months": 24.0, "density": 6.0 / (2 * 2.0)}  # quarters 3 to 10
    )
    assert table.loc["b"].to_dict() == pytest.approx({"budget": 0.5, "countries": 1, "months": 3.0, "density": 2.0})


def test_what_has_not_ended_lasts_and_what_has_not_started_has_no_dates() -> None:
    table = programmes(
        projects(
            ("running", "S", 1.0, 3, 0),
            ("mixed", "S", 1.0, 9, 10),
            ("mixed", "T", 1.0, 0, 0),
            ("idle", "S", 1.0, 0, 0),
        ),
        last=18,
    )
    assert table.loc["running", "months"] == 48.0  # quarters 3 to 18
    assert table.loc["mixed"].to_dict() == pytest.approx({"budget": 2.0, "countries": 2, "months": 6.0, "density": 2.0})
    assert table.loc["idle", "budget"] == 1.0
    assert math.isnan(table.loc["idle", "months"])
    assert math.isnan(table.loc["idle", "density"])


def test_median_weighted_by_money() -> None:
    assert weighted_median([1.0, 2.0, 3.0], [1.0, 1.0, 1.0]) == 2.0
    assert weighted_median([1.0, 2.0, 3.0], [1.0, 1.0, 5.0]) == 3.0
    assert weighted_median([3.0, 1.0], [1.0, 1.0]) == 1.0  # half the weight lies at 1 already
    assert weighted_median([np.nan, 1.0, 2.0], [9.0, 1.0, 3.0]) == 2.0
    assert math.isnan(weighted_median([np.nan], [1.0]))
    assert math.isnan(weighted_median([], []))


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 6)), min_size=1, max_size=12))
def test_a_weight_counts_like_as_many_copies(pairs: list[tuple[int, int]]) -> None:
    values, weights = (np.array(part) for part in zip(*pairs, strict=True))
    if weights.sum() == 0:
        assert math.isnan(weighted_median(values, weights))
    else:
        copies = np.quantile(np.repeat(values, weights), 0.5, method="inverted_cdf")
        assert weighted_median(values, weights) == copies
        assert weighted_median(values, weights * 0.1) == copies  # the unit of money does not matter


# ------------------------------------------------------------------------------------ slopes
@given(
    st.floats(-5, 5),
    st.floats(-5, 5),
    st.lists(st.integers(0, 100), min_size=2, max_size=8, unique=True),
)
def test_slope_of_a_line(rise: float, start: float, at: list[int]) -> None:
    x = np.array(at, dtype=float)
    assert slope(x, start + rise * x) == pytest.approx(rise, abs=1e-9)


def test_slopes_by_row() -> None:
    x = [0.0, 0.25, 0.5, 0.75, 1.0]
    y = np.random.default_rng(1).normal(size=(4, 5))
    assert slope(x, y) == pytest.approx(np.polyfit(x, y.T, 1)[0])


def test_slopes_at_the_two_ends() -> None:
    first, last = end_slopes([1.0, 3.0, 7.0, 8.0], [[0.0, 4.0, 9.0, 9.5], [1.0, 1.0, 5.0, 4.0]])
    assert first == pytest.approx([2.0, 0.0])
    assert last == pytest.approx([0.5, -1.0])


# ------------------------------------------------------------------------------------ pruning
# B gives S and T little of what they get, and most of what U gets; C gives to U alone.
AID = np.array([[95.0, 97.0, 0.0], [5.0, 3.0, 80.0], [0.0, 0.0, 20.0]])


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def test_which_relations_are_not_significant() -> None:
    expected = np.zeros((3, 3), dtype=bool)
    expected[1, :2] = True
    assert (nonsignificant(AID) == expected).all()
    assert nonsignificant_share(AID) == pytest.approx(2 / 6)
    assert not nonsignificant(np.zeros((2, 2))).any()


def test_pruning_by_hand() -> None:
    two = prune(AID, 2 / 6, 5, rng())
    assert (two.moved, two.gone, two.available, two.enough) == pytest.approx((8 / 300, 2 / 6, 2 / 6, True))
    assert two.held == pytest.approx(8 / 300)
    one = prune(AID, 0.1, 4000, rng())  # one of the two, 5 or 3
    assert one.held == two.held
    assert one.moved == pytest.approx(4 / 300, abs=2e-4)
    assert one.gone == pytest.approx(1 / 6)
    short = prune(AID, 0.5, 5, rng())  # three are wanted, two can go
    assert (short.moved, short.gone, short.enough) == pytest.approx((8 / 300, 2 / 6, False))
    none = prune(np.array([[1.0, 2.0]]), 0.23, 5, rng())
    assert (none.moved, none.gone, none.available, none.held, none.enough) == (0.0, 0.0, 0.0, 0.0, False)
    assert prune(AID, 0.0, 5, rng()).moved == 0.0
    with pytest.raises(ValueError, match="no relation"):
        prune(np.zeros((2, 2)), 0.23, 5, rng())


@settings(max_examples=60)
@given(
    st.integers(2, 6),
    st.integers(2, 6),
    st.integers(0, 10**6),
    st.floats(0, 1),
)
def test_pruning_any_table(donors: int, states: int, draw: int, share: float) -> None:
    drawn = np.random.default_rng(draw)
    aid = np.exp(2 * drawn.normal(size=(donors, states))) * (drawn.random((donors, states)) < 0.8)
    aid[0, 0] = 1.0
    found = prune(aid, share, 20, rng())
    small = np.sort(aid[nonsignificant(aid)])
    count = round(found.gone * (aid > 0).sum())
    assert found.enough == (found.gone >= share - 1e-9)
    assert count <= len(small)
    assert (count - 1) / (aid > 0).sum() < share or count == 0  # none more than needed
    moved = found.moved * aid.sum()
    assert small[:count].sum() - 1e-9 <= moved <= small[len(small) - count :].sum() + 1e-9
    assert found.held * aid.sum() == pytest.approx(small.sum())
    assert found.held <= patterns.NONSIGNIFICANT_AID + 1e-9  # by definition
    assert prune(aid * 7, share, 20, rng()).moved == pytest.approx(found.moved)


def test_aid_table() -> None:
    rows = pd.DataFrame(
        {"donor": ["B", "A", "B", "B"], "beneficiary": ["S", "S", "T", "S"], "cost_m": [1.0, 2.0, 3.0, 4.0]}
    )
    assert aid_table(rows, "beneficiary", "cost_m").tolist() == [[2.0, 0.0], [5.0, 3.0]]


def test_observed_aid_is_of_the_scored_years() -> None:
    aid = observed_aid()
    assert aid.shape == (40, 133)
    told = pd.read_csv(patterns.scenarios.observed.DATA / "beneficiaries.csv", keep_default_na=False)
    amounts = pd.to_numeric(told["technical_cooperation_usd_m"]).dropna()
    assert aid.sum() == pytest.approx(amounts.sum(), abs=0.01)


def test_tables_of_a_run_say_what_its_outcomes_say(toy: Scenario) -> None:
    result = simulate(toy, seed=3)
    aid = aid_table(result.projects, "beneficiary", "cost_m")
    assert nonsignificant_share(aid) == pytest.approx(result.outcomes["nonsignificant_relations_share"])
    table = programmes(result.projects, toy.parameters.quarters)
    assert table["budget"].sum() == pytest.approx(result.outcomes["contracted_m"])
    assert table["months"].max() <= 3 * toy.parameters.quarters


# ------------------------------------------------------------------------------------ the rules, on made-up runs
Answer = Callable[[int, Mapping[str, object]], dict[str, float] | pd.DataFrame]
Check = Callable[..., Finding]


def finding(monkeypatch: pytest.MonkeyPatch, toy: Scenario, check: Check, need: Requirement, answer: Answer) -> Finding:
    """Run a check in whole mode on runs of which ``answer(seed, changes)`` gives the outcomes or the projects."""

    def made_up(catalogue: Mapping[str, Scenario], jobs: Sequence[Job], workers: int | None) -> list[list[Run]]:
        assert workers == 1
        assert {scenario.architecture for scenario in catalogue.values()} == {"fragmented"}
        runs = []
        for job in jobs:
            found = answer(job.seed, job.changes)
            tables = {"projects": packed(found, "fragmented", 1)} if isinstance(found, pd.DataFrame) else {}
            runs.append([Run("fragmented", job.seed, found if isinstance(found, dict) else {}, None, tables)])
        return runs

    monkeypatch.setattr(patterns, "run_jobs", made_up)
    return check(need, False, toy.replace(architecture="central"))


def programme_runs(budget: float = 5.0, states: int = 8, quarters: int = 16, small: int = 0) -> Answer:
    """One large programme of ``states`` states, and ``small`` ones of EUR 1m in one quarter."""

    def answer(seed: int, _: Mapping[str, object]) -> pd.DataFrame:
        large = [("large", f"S{i}", budget / states, 1, quarters) for i in range(states)]
        return projects(*large, *((f"small{i}", "S0", 0.3, 1, 1) for i in range(small)))

    return answer


def test_c1_rule(monkeypatch: pytest.MonkeyPatch, toy: Scenario) -> None:
    good = finding(monkeypatch, toy, patterns.c1, C1, programme_runs())
    assert good.passed
    assert good.found == pytest.approx(5 / (8 * 4))
    assert [line.agrees for line in good.lines] == [True] * 5 + [None]
    assert good.basis == "seeds 1-10"

    def missed(**changes: float) -> list[int]:
        found = finding(monkeypatch, toy, patterns.c1, C1, programme_runs(**changes))  # type: ignore[arg-type]
        assert found.passed is not any(line.agrees is False for line in found.lines)
        return [i for i, line in enumerate(found.lines) if line.agrees is False]

    assert good.sentence == "all medians inside, outliers below the limit"
    long = finding(monkeypatch, toy, patterns.c1, C1, programme_runs(quarters=40, budget=13.0))
    assert long.sentence == "outside: median months 120 against 32-66"
    assert missed(budget=4.0 * 8 * 0.25) == [0]  # density .25
    assert missed(budget=14.0, states=15, quarters=16) == [1]
    assert missed(quarters=10, budget=4.0, states=8) == [2]  # density .2
    assert missed(states=17, budget=13.0) == [3]
    assert missed(small=1) == [4]  # one of two programmes is above 1
    assert missed(quarters=4, budget=2.0, states=3) == [0, 1, 2, 3]


def test_c1_counts_programmes_that_never_started(monkeypatch: pytest.MonkeyPatch, toy: Scenario) -> None:
    def answer(_: int, __: Mapping[str, object]) -> pd.DataFrame:
        return projects(("idle", "S", 1.0, 0, 0))

    found = finding(monkeypatch, toy, patterns.c1, C1, answer)
    assert not found.passed
    assert found.lines[-1].found == "10"


def duplication(poor: float, full: float, noise: float) -> Answer:
    def answer(seed: int, changes: Mapping[str, object]) -> dict[str, float]:
        x = float(changes["narrative_coherence"])  # type: ignore[arg-type]
        if changes["observation_probability"] == 1.0:
            assert changes["planning_slots"] == 0
            return {"duplication_share": 0.05 + full * x}
        assert changes["observation_probability"] == 0.2
        assert "planning_slots" not in changes
        return {"duplication_share": 0.05 * seed + (poor + noise * (-1) ** seed) * x}

    return answer


def test_p1_rule(monkeypatch: pytest.MonkeyPatch, toy: Scenario) -> None:
    good = finding(monkeypatch, toy, patterns.p1_world, P1, duplication(0.2, 0.019, 0.01))
    assert good.passed
    assert good.found == pytest.approx(0.2)
    assert 0.19 < good.low < 0.2 < good.high < 0.21
    assert "cannot fail" not in good.sentence  # something is duplicated at q = 1 here
    assert finding(monkeypatch, toy, patterns.p1_world, P1, duplication(0.2, -0.1, 0.01)).passed
    for case, agrees in (
        ((0.2, 0.021, 0.01), (True, False)),
        ((0.2, 0.0, 0.9), (False, True)),
        ((-0.2, 0.0, 0.01), (False, False)),
    ):
        bad = finding(monkeypatch, toy, patterns.p1_world, P1, duplication(*case))
        assert not bad.passed
        assert tuple(line.agrees for line in bad.lines[:2]) == agrees


def kink(exponents: Mapping[int, float], noise: float = 0.0, harm: int = 0) -> Answer:
    """Welfare by money: a power of it, whose exponent depends on the smallest project; lost where that is ``harm``."""

    def answer(seed: int, changes: Mapping[str, object]) -> dict[str, float]:
        assert changes["value_concavity"] == 1.0
        smallest, largest = int(changes["project_tasks_minimum"]), int(changes["project_tasks_maximum"])  # type: ignore[call-overload]
        exponent = exponents[smallest]
        assert {"smallest": smallest, "largest": largest} in (
            {"smallest": 2, "largest": 3},
            {"smallest": 4, "largest": 6},
        )
        money = float(changes["money"])  # type: ignore[arg-type]
        sign = -1 if smallest == harm else 1
        return {"welfare": seed + sign * money ** (exponent + noise * (-1) ** seed)}

    return answer


def test_p4_rule(monkeypatch: pytest.MonkeyPatch, toy: Scenario) -> None:
    scenario = toy.replace(project_tasks_minimum=2, project_tasks_maximum=3)
    good = finding(monkeypatch, scenario, patterns.p4_world, P4, kink({2: 0.5, 4: 0.8}))
    assert good.passed
    first, last = end_slopes(P4.numbers["money"], np.sqrt(P4.numbers["money"]))
    assert good.found == pytest.approx(float(first - last))
    assert good.sentence == "the last euro does less at much money than at little; larger projects lose less"
    for exponents, noise, harm, agrees, words in (
        ({2: 1.2, 4: 1.4}, 0.0, 0, (False, True), ("does more", "projects lose less")),
        ({2: 0.5, 4: 0.3}, 0.0, 0, (True, False), ("does less", "projects lose more")),
        ({2: 0.9, 4: 0.9}, 0.3, 0, (False, False), ("does more", "lose neither clearly less nor clearly more")),
        ({2: 0.5, 4: 1.2}, 0.0, 4, (True, False), ("does less", "have no ratio")),  # money that harms, however high
    ):
        bad = finding(monkeypatch, scenario, patterns.p4_world, P4, kink(exponents, noise, harm))
        assert not bad.passed
        assert all(word in bad.sentence for word in words), bad.sentence
        assert tuple(line.agrees for line in bad.lines[:2]) == agrees


def aid_of(aid: np.ndarray) -> Answer:
    def answer(_: int, __: Mapping[str, object]) -> pd.DataFrame:
        rows = [(d, j, aid[d, j]) for d, j in np.argwhere(aid > 0)]
        return pd.DataFrame(rows, columns=["donor", "beneficiary", "cost_m"])

    return answer


def test_p9_rule(monkeypatch: pytest.MonkeyPatch, toy: Scenario) -> None:
    cheap = finding(monkeypatch, toy, patterns.p9, P9, aid_of(AID))  # 2 of 6 relations are wanted
    assert cheap.passed
    assert (cheap.found, cheap.low, cheap.high) == pytest.approx((8 / 300,) * 3)
    assert "technical cooperation" in cheap.lines[3].what
    assert [line.agrees for line in cheap.lines[2:]] == [None, None]
    assert cheap.lines[2].found.startswith("2.7%")  # all that could go
    assert "nearly built in" in cheap.sentence
    dear = finding(monkeypatch, toy, patterns.p9, P9, aid_of(np.array([[90.0, 90.0, 0.0], [9.9, 9.9, 40.0]])))
    assert not dear.passed
    assert (dear.lines[0].agrees, dear.lines[1].agrees) == (False, True)
    short = finding(monkeypatch, toy, patterns.p9, P9, aid_of(np.array([[95.0, 0.0, 50.0], [5.0, 100.0, 50.0]])))
    assert not short.passed
    assert (short.lines[0].agrees, short.lines[1].agrees) == (True, False)
    assert "as far as possible" in short.sentence
    many = aid_of(np.exp(2 * np.random.default_rng(5).normal(size=(20, 20))))
    drawn = finding(monkeypatch, toy, patterns.p9, P9, many)
    assert drawn.low < drawn.found < drawn.high  # each run has its own prunings
    assert drawn == finding(monkeypatch, toy, patterns.p9, P9, many)


# ------------------------------------------------------------------------------------ the checks, on small worlds
@pytest.mark.parametrize(
    ("check", "need"), [(patterns.c1, C1), (patterns.p1_world, P1), (patterns.p4_world, P4), (patterns.p9, P9)]
)
def test_each_check_runs(check: Check, need: Requirement, toy: Scenario) -> None:
    small = toy.replace(horizon=16, wind_down=8)
    found = check(need, True, small)
    assert found == check(need, True, small)
    assert found.passed is all(line.agrees is not False for line in found.lines)
    assert found.low <= found.found <= found.high
    assert found.basis == f"seeds 1-{need.size('seeds', quick=True)}"
    assert found.sentence[0].islower() or found.sentence[0].isdigit()
    assert not found.sentence.endswith(".")
    assert not [line for line in found.lines if line.expected in ("-", "told")]
