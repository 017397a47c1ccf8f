"""`donorlab reproduce`, the models behind it, and the rows of the frozen file that they answer."""

from __future__ import annotations

import dataclasses

import pytest

from donorlab.experiments import literature
from donorlab.experiments.literature import (
    Line,
    Reproduction,
    Theorem,
    covering_games,
    halonen_akatwijuka,
    halonen_miniature,
    kanbur_conditions,
    roodman_absorption,
)
from donorlab.experiments.validation import published
from donorlab.experiments.validation.frame import requirement
from experiments.conftest import Shell

DOUBTFUL = {"kanbur-conditions", "roodman-proliferation"}  # some of what their sources say is not found


@pytest.fixture(scope="module", params=literature.names())
def found(request: pytest.FixtureRequest) -> Reproduction:
    return literature.reproduce(request.param, quick=True)


def test_each_model_says_what_is_found_and_what_is_not(found: Reproduction) -> None:
    assert found.lines
    assert found.title
    assert found.source
    assert found.seeds[0] == 1
    assert all(line.what and line.expected and line.found for line in found.lines)
    assert all(what and why for what, why in found.not_reproduced)
    assert len({line.what for line in found.lines}) == len(found.lines)


def test_what_must_hold_exactly_holds(found: Reproduction) -> None:
    assert found.sound
    if found.name not in DOUBTFUL:
        assert not [line for line in found.lines if line.agrees is False]


def test_covering_games_are_exact_in_the_engine() -> None:
    equal = [covering_games.tight("equal", n) for n in (2, 3, 4, 5)]
    assert equal == pytest.approx([2 / 3, 3 / 5, 4 / 7, 5 / 9], abs=1e-5)
    gairing = [covering_games.tight("gairing", n) for n in (2, 3, 4, 5)]
    assert gairing == pytest.approx([0.6667, 0.6364, 0.6327, 0.6322], abs=1e-4)


def test_where_donors_start_decides_which_equilibrium_they_reach() -> None:
    rule = "mechanism.planning.rule=marginal"
    assert covering_games.reached(*covering_games.TIGHT_MARGINAL, rule) == pytest.approx(1.0)
    low = covering_games.reached(*covering_games.TIGHT_MARGINAL, rule, "mechanism.planning.start=least_valuable")
    assert low == pytest.approx(0.5)


def test_the_optimum_of_a_game_is_an_assignment() -> None:
    assert covering_games.optimum([3.0, 2.0], [[0], [0]]) == 3.0
    assert covering_games.optimum([3.0, 2.0], [[0, 1], [0]]) == 5.0
    assert covering_games.reached([3.0, 2.0], [[0, 1], [0]], "mechanism.planning.rule=marginal") == pytest.approx(1.0)
    # unrestricted, it is what the engine's own bound says
    values = [1.0, 0.4, 0.3]
    result = covering_games.simulate(covering_games.instance(values, [[0, 1, 2]] * 2)).outcomes
    assert covering_games.reached(values, [[0, 1, 2]] * 2) == pytest.approx(result["efficiency"], abs=1e-12)


def test_alike_mixes_the_common_sector_with_the_own_one() -> None:
    donors = halonen_akatwijuka.alike(0.25)["donors"]
    for i in range(1, 6):
        shares = donors[f"DONOR{i}"]["mandate"]
        assert {name: share for name, share in shares.items() if share} == {"common": 0.25, f"own_{i}": 0.75}


def test_the_kink_is_where_the_declared_rule_says() -> None:
    flat = [float(min(m, 40)) for m in roodman_absorption.MONEY]
    bent = roodman_absorption.curve(flat)
    assert (bent.first, bent.later, bent.kink) == (pytest.approx(1.0), pytest.approx(0.0, abs=1e-12), 48.0)
    straight = roodman_absorption.curve([float(m) for m in roodman_absorption.MONEY])
    assert straight.kink == 104.0  # one step beyond the last point: no kink


def test_constants_are_the_frozen_ones() -> None:
    p1, p4, c3 = requirement("P1", "literature"), requirement("P4", "literature"), requirement("C3", "literature")
    assert list(halonen_akatwijuka.SIMILARITY) == p1.numbers["similarity"]
    assert list(halonen_akatwijuka.SIGHT) == p1.numbers["sight"]
    assert p1.numbers["left"] == halonen_akatwijuka.LEFT
    assert p4.numbers["half"] == roodman_absorption.HALF
    assert list(kanbur_conditions.COMPLIANCE) == c3.numbers["compliance"]
    assert c3.numbers["release"] == kanbur_conditions.RELEASE


def test_rows_of_the_frozen_file_are_answered() -> None:
    for row, check in (("C3", published.c3), ("P1", published.p1_literature), ("P4", published.p4_literature)):
        need = requirement(row, "literature")
        answer = check(need, True)
        assert answer.basis == f"seeds 1-{need.numbers['seeds_quick']}"
        assert answer.passed == all(line.agrees for line in answer.lines)
        assert answer.low <= answer.found <= answer.high
        assert answer.sentence.endswith(".")


def test_a_row_can_fail() -> None:
    need = requirement("C3", "literature")
    strict = dataclasses.replace(need, numbers={**need.numbers, "compliance": [0.0, 0.01]})
    assert not published.c3(strict, True).passed
    need = requirement("P4", "literature")
    strict = dataclasses.replace(need, numbers={**need.numbers, "half": -10.0})
    assert not published.p4_literature(strict, True).passed


def test_the_closed_form_is_not_compliance_by_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    world = literature.scenario("kanbur-conditions", overrides=["credibility=0.5"])
    one = kanbur_conditions.contracts(world, 1, closed_form=True)
    assert one.closed_form == pytest.approx(one.compliance, abs=1e-12)
    assert 0.5 < one.compliance < 0.95
    assert one.release < 1


def test_the_miniature_counts_choices() -> None:
    counts = halonen_miniature.priority_counts(range(1, 61))
    assert set(counts) == {0, 1, 2}


# --- the command ----------------------------------------------------------------------------------------------
def test_without_a_name_it_lists(shell: Shell) -> None:
    result = shell("reproduce")
    assert result.exit_code == 0
    for name in literature.names():
        assert name in result.stdout


def test_it_prints_expected_beside_found(shell: Shell) -> None:
    result = shell("reproduce", "halonen-miniature", "quick=true")
    assert result.exit_code == 0
    for text in ("expected", "found", "agrees", "0.4444", "yes", "Not reproduced", "Seeds 1-500"):
        assert text in result.stdout
    assert shell("reproduce", "literature/halonen-miniature", "quick=true").stdout == result.stdout


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["covering-game"], ["covering-game", "did you mean 'covering-games'"]),
        (["zzz"], ["kanbur-conditions"]),
        (["covering-games", "quick=perhaps"], ["quick", "neither true nor false"]),
        (["covering-games", "money=3"], ["money", "quick=true"]),
        (["covering-games", "quik=true"], ["did you mean 'quick'"]),
        (["covering-games", "covering-games"], ["twice"]),
    ],
)
def test_mistakes(shell: Shell, words: list[str], parts: list[str]) -> None:
    line = shell.refused("reproduce", *words)
    for part in parts:
        assert part in line


@pytest.mark.parametrize(("kind", "agrees", "status"), [(Theorem, False, 1), (Line, False, 0), (Theorem, None, 0)])
def test_only_a_theorem_that_fails_is_an_error(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, kind: type[Line], agrees: bool | None, status: int
) -> None:
    line = kind("what", "1", "2", agrees)
    made = Reproduction("covering-games", "title", "source", (line,), (("this", "that"),), (1,))
    monkeypatch.setattr(literature, "reproduce", lambda name, quick: made)
    result = shell("reproduce", "covering-games")
    assert result.exit_code == status
    assert ("NO" in result.stdout) == (agrees is False)
    assert "this: that" in result.stdout


def test_published_models_have_their_own_section_of_the_list(shell: Shell) -> None:
    text = shell("list").stdout
    first, _, rest = text.partition("Published models")
    assert "literature/" not in first
    for name in literature.names():
        assert f"literature/{name}" in rest
