"""Break-even points on functions whose crossing is known, and who uses which lever."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from donorlab.experiments import break_even, levers
from donorlab.experiments.arguments import InputError
from donorlab.experiments.break_even import crossings, reading
from donorlab.sim.scenario import Scenario, ScenarioError
from experiments import fake

X = [0.0, 0.05, 0.1, 0.15, 0.2, 0.25]


def lines(*shifts: float, slope: float = -1.0, zero: float = 0.12) -> np.ndarray:
    """Return a line through 0 at ``zero``, a column a seed, moved up by its shift."""
    return np.array([[slope * (x - zero) + shift for shift in shifts] for x in X])


def test_a_line_is_found_exactly_with_students_interval() -> None:
    shifts = (-0.01, 0.01, 0.0)
    (found,) = crossings(X, lines(*shifts))
    assert found.at == pytest.approx(0.12)
    assert not found.rising
    error = 4.302652730 * np.std(shifts, ddof=1) / math.sqrt(3)  # tables of Student's t, 2 degrees of freedom
    assert (found.low, found.high) == pytest.approx((0.12 - error, 0.12 + error))


def test_noise_up_to_the_end_of_the_range_and_a_single_seed() -> None:
    (found,) = crossings(X, lines(-0.3, 0.3))
    assert (found.low, found.high) == (-math.inf, math.inf)
    (found,) = crossings(X, lines(0.0, slope=1.0))
    assert found.rising
    assert (found.low, found.high) == (-math.inf, math.inf)  # one seed tells nothing from chance


def test_no_crossing_two_crossings_and_exact_zeros() -> None:
    assert crossings(X, lines(1.0, 1.1)) == []
    assert crossings(X, np.zeros((6, 2))) == []
    parabola = np.array([[(x - 0.06) * (x - 0.19)] * 2 for x in X])
    assert [place.rising for place in crossings(X, parabola)] == [False, True]
    at_zero = np.array([[1.0], [0.5], [0.0], [0.0], [-0.5], [-1.0]])
    (found,) = crossings(X, at_zero)
    assert found.at == pytest.approx(0.125)


def curve(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"parameter": "overhead", "value": x, "architecture": "umbrella", "seed": seed, "difference": row[seed]}
            for x, row in zip(X, values, strict=True)
            for seed in range(len(row))
        ]
    )


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (
            lines(-0.01, 0.01, *[-0.01, 0.01] * 3),
            "better below 0.12 (0.11 to 0.13), worse above; less than 2 points from 0.1 to 0.14",
        ),
        (
            lines(0.0, 0.0, slope=1.0),
            "worse below 0.12 (0.12 to 0.12), better above; less than 2 points from 0.1 to 0.14",
        ),
        (lines(0.0, slope=1.0), "not told from 0 anywhere: -12.0 to +13.0 points; less than 2 points from 0.1 to 0.14"),
        (lines(1.0), "not told from 0 anywhere: +87.0 to +112.0 points"),
        (lines(1.0, 1.0), "always better, by 87.0 to 112.0 points"),
        (lines(-1.0, -1.0), "always worse, by 88.0 to 113.0 points"),
        (
            lines(-0.011, 0.009, -0.011, 0.009, zero=0.26),
            "better, by 0.9 to 25.9 points; not told from 0 at 0.25; less than 2 points above 0.24",
        ),
        (lines(0.0, 0.0, zero=0.26), "better, by 1.0 to 26.0 points; less than 2 points above 0.24"),
        (lines(-0.05, 0.05, slope=0.1), "not told from 0 anywhere: -1.2 to +1.3 points; never by 2 points"),
        (lines(0.0, slope=0.0), "no difference at all"),
        (lines(0.0, 0.0, slope=0.01), "worse below 0.12 (0.12 to 0.12), better above; never by 2 points"),
        (
            np.array([[(x - 0.06) * (x - 0.19)] * 2 for x in X]) * 100,
            "better below 0.064 (0.064 to 0.064), worse from there to 0.19 (0.19 to 0.19), better above; less than 2 points "
            "from 0.062 to 0.066 and from 0.18 to 0.19",
        ),
        (
            np.array([[0.3, 0.31], [0.1, 0.11], [0.05, -0.06], [0.1, 0.11], [0.2, 0.21], [0.3, 0.31]]).repeat(3, axis=1),
            "no clear change of sign: better where told from 0, -0.5 to +30.5 points; not told from 0 at 0.1; less than 2 "
            "points from 0.089 to 0.11",
        ),
    ],
)  # fmt: skip
def test_lines_in_words(values: np.ndarray, text: str) -> None:
    (line,) = break_even.lines(curve(values)).to_dict("records")
    assert reading(line, 0.02) == text


def test_where_a_difference_is_too_small_to_matter() -> None:
    """A straight line from .12 to -.13 is within .02 of 0 from .1 to .14, and a parabola in two places."""
    (line,) = break_even.lines(curve(lines(0.0, 0.0))).to_dict("records")
    assert break_even.small(line, 0.02) == [pytest.approx((0.1, 0.14))]
    assert break_even.small(line, 0.2) == [(0.0, 0.25)]
    (line,) = break_even.lines(curve(lines(1.0, 1.0))).to_dict("records")
    assert break_even.small(line, 0.02) == []
    hill = np.array([[value] * 2 for value in (0.01, 0.05, 0.05, 0.0, 0.05, 0.01)])
    (line,) = break_even.lines(curve(hill)).to_dict("records")
    assert break_even.small(line, 0.02) == [
        pytest.approx(stretch) for stretch in ((0, 0.0125), (0.13, 0.17), (0.2375, 0.25))
    ]


def test_the_grid_goes_from_end_to_end() -> None:
    assert break_even.grid("decision_lag") == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    values = break_even.grid("overhead")
    assert (values[0], values[-1], len(values)) == (0, 0.25, 7)


def test_who_uses_what(toy: Scenario) -> None:
    def uses(name: str, lever: str, **changes: object) -> bool:
        values = (0, 4) if lever == "register_lag" else break_even.grid(lever)
        return levers.uses(toy.replace(architecture=name, **changes), lever, values)

    assert uses("umbrella", "overhead")
    assert not uses("fragmented", "overhead")
    assert not uses("conditional", "decision_lag")
    assert uses("umbrella_conditional", "reporting_rate")
    assert not uses("umbrella", "reporting_rate", register="none")
    assert not uses("umbrella", "register_lag")
    assert uses("umbrella", "register_lag", register="projects")


def test_only_who_uses_a_lever_is_run(toy: Scenario) -> None:
    names = ("fragmented", "umbrella", "conditional", "central")
    asked = break_even.jobs({name: toy.replace(architecture=name) for name in names}, (1, 2))
    by_name: dict[str, set[tuple[str, ...]]] = {}
    for job in asked:
        by_name.setdefault(next(iter(job.changes)), set()).add(job.architectures)
    assert by_name["overhead"] == by_name["decision_lag"] == by_name["reporting_rate"] == {("umbrella",)}
    assert by_name["observation_probability"] == {names}
    assert break_even.jobs({"fragmented": toy}, (1,)) == []


def test_a_made_up_lever_through_the_whole_machine(model: None) -> None:
    from donorlab.experiments.comparison import study

    found = study({name: fake.scenario(architecture=name) for name in ("fragmented", "umbrella")}, (1, 2), None, True)
    assert found.curves is not None
    rows = {row["parameter"]: row for row in break_even.lines(found.curves).to_dict("records")}
    (place,) = rows["overhead"]["crossings"]
    assert place.at == pytest.approx(0.1)
    assert rows["decision_lag"]["crossings"] == []


def test_designs_in_words_say_what_runs(toy: Scenario) -> None:
    def told(name: str, **changes: object) -> str:
        return levers.in_words(toy.replace(architecture=name, **changes))

    plain = told("umbrella", planning_slots=13)
    assert plain == (
        "register of plans, 80% reported, leads by cell (discipline 0.6), no joint programming, no fund, own calendar; "
        "3 of 3 donors are members; costs 5% and 1 quarter, and EUR 0.0005m a pair of members and year"
    )
    changed = told(
        "umbrella", register="projects", division="none", pooled_fund="on", joint_programming="on", calendar="serial",
        credit="equal", decision_lag=3, overhead=0.1, planning_slots=13,
    )  # fmt: skip
    for part in (
        "register of projects, known after 1 quarter", "no leads", "a fund of 50% of members' money", "equal credit",
        "one plans after the other", "3 of 3 donors", "costs 10% and 3 quarters", ", joint programming",
    ):  # fmt: skip
        assert part in changed, part
    assert "discipline" not in changed
    assert "reported" not in told("umbrella", register="none")
    both = told("umbrella_conditional", planning_slots=13, credibility=0.25)
    assert (
        both
        == f"{plain}; conditions (linked) set by 1 donor, aid withheld in 25% of refusals, costs EUR 0.02m a project"
    )
    assert told("fragmented").startswith("donors act apart")
    assert "a pledge of 3 donors" in told("pledge")
    assert "marginal credit" in told("credit", credit="marginal")


def test_designs_that_run_alike_are_told(toy: Scenario) -> None:
    pairs = {name: toy.replace(architecture=name) for name in ("fragmented", "conditional", "pledge")}
    assert levers.same_as_first(pairs) == []
    rivals = dataclasses.replace(toy.donors, rival=np.ones(toy.donors.count, dtype=bool))
    nobody = {name: toy.replace(donors=rivals, architecture=name) for name in ("fragmented", "pledge", "central")}
    assert levers.same_as_first(nobody) == ["pledge"]


def test_a_value_that_contradicts_another_lever_is_no_mistake_of_the_lever(toy: Scenario) -> None:
    """The ends of a lever's range are tried, to see whether it acts; some of them are impossible."""
    umbrella = toy.replace(architecture="umbrella", pooled_fund="on", joint_programming="on")
    levers.check({"umbrella": umbrella}, {"pooled_fund", "pool_share", "joint_programming", "register"})
    two = toy.replace(
        donors=dataclasses.replace(toy.donors, conditional=np.zeros(toy.donors.count, dtype=bool)),
        conditional_donors="all",
        architecture="conditional",
    )
    levers.check({"conditional": two}, {"conditional_donors"})
    with pytest.raises(InputError, match="a lever that does nothing under umbrella"):
        levers.check({"umbrella": umbrella}, {"conditional_donors"})
    with pytest.raises(ScenarioError, match="declares conditions"):
        levers.check({"conditional": two.replace(conditional_donors="declared")}, ())
