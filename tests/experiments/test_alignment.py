"""Row C6: the count by hand, and the rule in both its outcomes."""

import numpy as np
import pytest

from donorlab.experiments.validation import alignment
from donorlab.experiments.validation.alignment import MEMBERS, c6, in_line, published
from donorlab.experiments.validation.frame import requirement
from donorlab.scenarios import load
from donorlab.scenarios.alignment import BEGIN, law

C6 = requirement("C6", "world")


def test_published_shares_are_straight_lines_between_the_dates():
    assert published("substantive", 2022) == 130 / MEMBERS
    assert published("substantive", 2023) == 131 / MEMBERS
    assert published("procedural", 2021) == pytest.approx((92 + (96 - 92) / 3) / MEMBERS)
    assert published("substantive", BEGIN - 1) == 67 / MEMBERS


def test_the_count_at_the_begin_is_that_of_the_scores():
    known = law()
    found = in_line(load("legal-alignment", ["horizon=4"]), 1, known)
    near = known.member & (known.norm_position >= known.farthest)
    for kind in alignment.KINDS:
        expected = (near & (known.legal(BEGIN) >= known.thresholds[kind])).sum()
        assert abs(found[kind][BEGIN - 1] - int(expected)) <= 2  # scores of beneficiaries are rounded to tasks
    assert set(found["substantive"]) == {BEGIN - 1, BEGIN}
    assert 0 < found["others"][BEGIN] < found["substantive"][BEGIN]


def test_nobody_is_simulated_where_no_state_is():
    """Members outside the scenario are counted by their scores: with two states, all but two."""
    known = law()
    scenario = load("legal-alignment", ["horizon=4", "beneficiaries=[KEN,PSE]", "norm_pull=0"])
    found = in_line(scenario, 1, known)
    near = known.member & (known.norm_position >= known.farthest)
    outside = near & ~np.isin(known.ids, ["KEN", "PSE"])
    assert found["others"][BEGIN] == (outside & (known.legal(BEGIN + 1) >= known.thresholds["substantive"])).sum()
    assert found["substantive"][BEGIN] - found["others"][BEGIN] in (0, 1)  # PSE is no member


def test_what_is_told_beside_differs_in_one_thing_each():
    world, known = load("legal-alignment"), law()
    rich, poor, idle, other = alignment.variants(world, known, 250.0)
    assert (rich[1].parameters.money, poor[1].parameters.money, idle[1].parameters.own_effort) == (250, 0, 0)
    assert rich[2] is poor[2] is idle[2] is known
    assert other[2].thresholds["substantive"] == known.thresholds["substantive"]
    assert other[2].thresholds["procedural"] == 1.0  # 37 parties have it anyway
    legal = world.pillars.index("legal")
    before, after = (one.beneficiaries.initial_score[:, legal] for one in (world, other[1]))
    parties = known.joined[[known.ids.index(iso3) for iso3 in world.beneficiaries.ids]] < BEGIN
    assert (after[parties] == 1.0).all()
    assert (after[~parties] == before[~parties]).all()


def test_votes_hold_states_back():
    known = law()
    scenario = load("legal-alignment", ["horizon=4"])
    found = in_line(scenario, 1, known)
    everybody = in_line(scenario, 1, type(known)(**(vars(known) | {"farthest": -9.0})))
    assert everybody["held back"][BEGIN] == 0
    assert everybody["substantive"][BEGIN] == found["substantive"][BEGIN] + found["held back"][BEGIN]
    assert found["held back"][BEGIN] > 0


@pytest.mark.parametrize(
    ("substantive", "procedural", "passed"),
    [
        (0, 0, True),
        (9, 9, True),
        (10, 10, False),
        (-9, -9, True),
        (-10, -10, False),
        (4, 0, True),
        (7, 0, False),
        (-9, 9, False),
    ],
)
def test_the_rule(monkeypatch, substantive, procedural, passed):
    """Nine of 193 members are under 5 points, ten above; 33 members lie between the two kinds of law, 20 to 38 may."""

    def counted(scenario, seed, known):
        years = (BEGIN - 1, 2015, 2017, 2019, *alignment.YEARS)
        counts = {
            kind: {year: round(published(kind, year) * MEMBERS) + off for year in years}
            for kind, off in (("substantive", substantive), ("procedural", procedural))
        }
        return counts | {"others": dict.fromkeys(years, 50), "held back": dict.fromkeys(years, 10)}

    monkeypatch.setattr(alignment, "in_line", counted)
    found = c6(C6, quick=True)
    assert found.passed is passed
    assert sum(line.agrees is not None for line in found.lines) == 9
