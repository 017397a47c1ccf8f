"""The report on what the model must reproduce: complete, honest about failure, and readable."""

import dataclasses
import hashlib
import html
import importlib.resources
import math
import re

import pandas as pd
import pytest
import yaml

from donorlab.experiments import validate
from donorlab.experiments.arguments import InputError
from donorlab.experiments.command import program
from donorlab.experiments.validation import checks, page, theorems
from donorlab.experiments.validation.checks import CHECKS, FAIL, NOT_YET, PASS, answer, run_all
from donorlab.experiments.validation.frame import Finding, Line, interval, requirement, tolerances

FROZEN = "3c483f505bb3afca03f5b41dc8b98ce09cd66c6f66bdfcf8e47080ba089692b3"


def test_the_demands_are_the_frozen_ones():
    """A change of this file is a change of what counts as passing: CHANGELOG says why, and this line changes with it."""
    assert tolerances().digest == FROZEN
    file = importlib.resources.files("donorlab.experiments.validation").joinpath("tolerances.yaml")
    assert hashlib.sha256(file.read_bytes()).hexdigest() == FROZEN


def test_every_row_has_a_check_or_says_what_it_waits_for():
    for need in tolerances().rows:
        assert (need.key in CHECKS) != bool(need.waits_for), need.key
        if not need.waits_for:
            assert callable(checks.check_of(need))
    assert set(CHECKS) <= {need.key for need in tolerances().rows}


def test_the_rows_are_complete():
    ids = [need.id for need in tolerances().rows]
    assert set(ids) == {
        *(f"T{i}" for i in range(1, 10)),
        *(f"C{i}" for i in range(1, 7)),
        *(f"P{i}" for i in range(1, 10)),
    }
    assert all(need.level == need.id[0].replace("T", "V") for need in tolerances().rows)
    assert all(
        need.source and need.prediction and need.passes and need.read in page._READ for need in tolerances().rows
    )


# ---------------------------------------------------------------------- answers that are not good news
def passing(need, quick):
    return Finding(True, 0.5, "share", "all is well", "seed 1", lines=(Line("this", "1", "1", True),))


def failing(need, quick):
    return Finding(
        False, 0.25, "share", "it is <b>not</b> so", "seed 1", low=0.2, high=0.3, lines=(Line("a", "1", "2", False),)
    )


def broken(need, quick):
    raise ZeroDivisionError("one over nothing")


@pytest.fixture
def replaced(monkeypatch):
    """Let rows be answered by functions of this file: row to function."""

    def replace(**functions):
        real = checks.check_of
        monkeypatch.setattr(checks, "check_of", lambda need: functions.get(need.id) or real(need))

    return replace


def run(words, capsys):
    with pytest.raises(SystemExit) as stop:
        program.main(args=words)
    return stop.value.code, capsys.readouterr()


def test_a_theorem_that_fails_exits_with_status_1_and_is_told(replaced, tmp_path, capsys):
    replaced(T5=failing, T6=passing)
    status, told = run(["validate", "only=[T5,T6]", "workers=1", f"out={tmp_path / 'r'}"], capsys)
    assert status == 1
    assert "What must hold exactly does not: T5/core" in " ".join(told.out.split())
    text = (tmp_path / "r" / "validation.html").read_text(encoding="utf-8")
    assert "✗ fail" in text
    assert "It is &lt;b&gt;not&lt;/b&gt; so" in text, "what checks say is escaped"
    assert "0.2 to 0.3" in text
    table = pd.read_csv(tmp_path / "r" / "validation.csv")
    assert table.verdict.tolist() == ["fail", "pass"]
    assert pd.read_csv(tmp_path / "r" / "lines.csv").agrees.tolist() == ["no", "yes"]


def test_a_pattern_that_fails_is_reported_but_is_no_error(replaced, tmp_path, capsys):
    replaced(T5=passing, P9=failing, C1=failing)
    status, told = run(["validate", "only=[T5,P9,C1]", "workers=1", f"out={tmp_path / 'r'}"], capsys)
    assert status == 0
    assert "Reported as failing: C1/world, P9/world" in " ".join(told.out.split())


def test_a_check_that_breaks_is_a_failure_with_its_reason(replaced):
    replaced(T5=broken)
    found = answer("T5/core", True)
    assert found.verdict == FAIL
    assert page.found_words(found) == "the check itself broke: ZeroDivisionError: one over nothing"
    assert "T5" in page.summary([found])


def test_what_is_not_a_number_does_not_pass(replaced):
    replaced(T5=lambda need, quick: dataclasses.replace(passing(need, quick), found=math.nan))
    found = answer("T5/core", True)
    assert found.verdict == FAIL
    assert "not a number" in page.found_words(found)


@pytest.mark.parametrize("row", ["T5", "T6", "T9"])
def test_a_bar_or_an_efficiency_that_is_not_a_number_is_noticed(row, monkeypatch):
    real = theorems.sim.simulate

    def spoiled(scenario, seed, **words):
        result = real(scenario, seed, **words)
        if row == "T6":
            result.outcomes["efficiency"] = math.nan
        else:
            result.waterfall.shares["misallocation_pillars"] = math.nan
        return result

    monkeypatch.setattr(theorems.sim, "simulate", spoiled)
    assert answer(f"{row}/core", True).verdict == FAIL


@pytest.mark.parametrize(
    ("row", "changes"),
    [
        ("T1", {"floor": 0.9}),
        ("T1", {"rounding": -1.0}),
        ("T2", {"rounding": -1.0}),
        ("T3", {"rounding": -1.0}),
        ("T3", {"tight": -1.0}),
        ("T4", {"rounding": -1.0}),
        ("T4", {"tight": -1.0}),
        ("T5", {"rounding": -1.0}),
        ("T6", {"rounding": -1.0}),
        ("T7", {"errors": 0.0, "bias": 1e-9}),
        ("T8", {"cases": 7}),
        ("T9", {"rounding": -1.0}),
    ],
)
def test_the_frozen_numbers_are_those_in_force(row, changes):
    """With any of them made impossible, the row fails."""
    need = requirement(row, "core")
    small = {name: 30 for name in need.numbers if name.startswith("games")} | {"seeds_quick": 1, "worlds_quick": 5}
    strict = dataclasses.replace(need, numbers={**need.numbers, **small, **changes})
    assert not checks.check_of(need)(strict, True).passed


def test_what_cannot_be_checked_yet_says_what_it_waits_for(monkeypatch):
    waiting = dataclasses.replace(requirement("C4", "world"), waits_for="a table")
    monkeypatch.setattr(checks, "requirement", lambda row, where: waiting)
    found = answer("C4/world", True)
    assert found.verdict == NOT_YET
    assert found.finding is None
    assert page.found_words(found) == "waits for: a table"


def test_quick_is_a_flag_or_a_key(replaced, tmp_path, capsys):
    asked = []

    def spy(need, quick):
        asked.append(quick)
        return passing(need, quick)

    replaced(T5=spy)
    for number, words in enumerate((["--quick"], ["quick=true"], [])):
        assert run(["validate", *words, "only=T5", "workers=1", f"out={tmp_path / str(number)}"], capsys)[0] == 0
    assert asked == [True, True, False]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["only=[T55]"], "only: there is no row 'T55' (did you mean 'T5'?)"),
        (["only=[P1/moon]"], "only: there is no row 'P1/moon'"),
        (["money=300"], "money: validate checks the model at its defaults"),
        (["workers=none"], "workers: 'none' is neither auto nor a number"),
        (["only="], "only: a value is missing"),
        (["--quick", "quick=true"], "quick is given twice"),
    ],
)
def test_mistakes_are_told_in_one_line(words, told, capsys, tmp_path):
    status, said = run(["validate", *words, f"out={tmp_path / 'r'}"], capsys)
    assert status == 2
    assert told in said.err
    assert said.err.count("\n") == 1
    assert not (tmp_path / "r").exists()


def test_an_occupied_folder_is_refused_before_any_work(tmp_path):
    (tmp_path / "kept").write_text("mine")
    with pytest.raises(InputError, match="is not empty"):
        validate.run(["only=T5", f"out={tmp_path}"])


def test_processes_give_the_same_answers_in_the_same_order():
    needs = [requirement("T9", "core"), requirement("T4", "core"), requirement("T5", "core")]
    alone, together = run_all(needs, True, workers=1), run_all(needs, True, workers=2)
    told = [[(a.need.key, a.verdict, repr(a.finding)) for a in answers] for answers in (alone, together)]
    assert told[0] == told[1]
    assert [a.verdict for a in alone] == [PASS, PASS, PASS]


def test_the_page_stands_alone(replaced, tmp_path):
    replaced(**dict.fromkeys((need.id for need in tolerances().rows), passing))
    found = [answer(need.key, True) for need in tolerances().rows]
    facts = dict.fromkeys(("version", "made", "command", "ranges", "sources", "wall", "work", "workers"), "x")
    text = page.page(found, True, facts)
    assert not re.search(r"(src|href)\s*=", text), "nothing is loaded from elsewhere"
    for need in tolerances().rows:
        assert f'id="{need.key.replace("/", "-")}"' in text
        assert html.escape(need.source, quote=False).replace("'", "&#39;") in text


def test_interval_is_that_of_student():
    assert interval([1.0, 2.0, 3.0]) == pytest.approx((2.0, 2.0 - 4.302653 / 3**0.5, 2.0 + 4.302653 / 3**0.5), abs=1e-6)
    assert interval([5.0]) == (5.0, 5.0, 5.0)


def test_the_file_can_be_read_by_people_too():
    file = importlib.resources.files("donorlab.experiments.validation").joinpath("tolerances.yaml")
    data = yaml.safe_load(file.read_text("utf-8"))
    assert {"schema", "frozen", "rows"} == set(data)
