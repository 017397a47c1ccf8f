"""Explore without a browser: what acts do, what is answered, what is written."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlencode

import pytest
from markupsafe import Markup

from donorlab.experiments.app import explore_answer, explore_places, explore_saved, settable
from donorlab.experiments.app.answers import Explorer
from donorlab.experiments.app.choices import Choice, in_world
from donorlab.experiments.app.explore_controls import amount, controls, digits, grid
from donorlab.experiments.app.explore_state import Done, Exploration
from donorlab.experiments.app.levers_shown import shown
from donorlab.experiments.arguments import RunError
from donorlab.scenarios.proposals import load_proposal


@pytest.fixture(scope="module")
def explorer() -> Explorer:
    return Explorer()


def at_rest(page: Exploration) -> Exploration:
    for _ in page.work():
        pass
    return page


@pytest.fixture(scope="module")
def rested(explorer: Explorer) -> Exploration:
    """A page at rest, whose overhead was raised after it had rested before."""
    page = at_rest(Exploration(explorer))
    page.act("set:overhead", "0.2")
    return at_rest(page)


# ---------------------------------------------------------------------- acts
@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("scenario", "synthetic-small", Choice("synthetic-small")),
        ("design-1", "central", Choice(designs=("fragmented", "central"))),
        ("design-2", "central", Choice(designs=("fragmented", "umbrella", "central"))),
        ("design-0", "umbrella", Choice(designs=("umbrella", "fragmented"))),
        ("judgement", "poorest-first", Choice(judgement="poorest-first")),
        ("seed", "7", Choice(seed=7)),
        ("set:overhead", "0.1", Choice(changes=(("overhead", 0.1),))),
        ("set:register", "projects", Choice(changes=(("register", "projects"),))),
    ],
)
def test_an_act_sets_what_it_says(explorer: Explorer, name: str, value: str, wanted: Choice) -> None:
    page = Exploration(explorer)
    done = page.act(name, value)
    assert page.error == ""
    assert page.choice == wanted
    assert done.runs


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scenario", "mars"),
        ("design-1", "umbrela"),
        ("design-7", "umbrella"),
        ("design-1", ""),
        ("judgement", "mine"),
        ("seed", "0"),
        ("seed", "1e3"),
        ("seed", "-4"),
        ("set:overhead", "0.9"),
        ("set:overhead", "nan"),
        ("set:overhead", "architecture=central"),
        ("set:no_such_thing", "1"),
        ("set:register", "everything"),
        ("reset", "no_such_thing"),
    ],
)
def test_a_wrong_act_is_one_line_and_changes_nothing(explorer: Explorer, name: str, value: str) -> None:
    page = Exploration(explorer)
    done = page.act(name, value)
    if name != "reset":
        assert page.error
        assert "\n" not in page.error
    assert page.choice == Choice()
    assert not done.runs
    assert page.act("set:overhead", "0.1").runs
    assert page.error == ""  # the next one that is right clears it


@pytest.mark.parametrize("name", ["", "quit", "set", "design", "__init__", "break-even", "undo"])
def test_what_is_not_known_is_passed_over(explorer: Explorer, name: str) -> None:
    page = Exploration(explorer)
    assert page.act(name, "x") == Done()
    assert page.choice == Choice()


def test_a_lever_is_left_to_the_designs_again(explorer: Explorer) -> None:
    page = Exploration(explorer)
    page.act("set:overhead", "0.1")
    page.act("set:register", "plans")
    page.act("set:register", "")
    assert page.choice.settings == {"overhead": 0.1}
    page.act("reset", "overhead")
    assert page.choice == Choice()


def test_all_levers_are_left_at_once(explorer: Explorer) -> None:
    page = Exploration(explorer, Choice(changes=(("overhead", 0.1), ("lapse", 0.02))))
    assert page.act("reset-all", "").runs
    assert page.choice == Choice()


def test_a_slider_is_not_drawn_anew_under_the_hand(explorer: Explorer) -> None:
    page = Exploration(explorer)
    assert not page.act("set:overhead", "0.1").controls
    assert page.act("set:register", "projects").controls
    assert page.act("set:overhead", "9").controls  # refused: it stands elsewhere than the page shows


def test_another_world_leaves_out_what_it_does_not_have() -> None:
    there = Choice("world", ("fragmented", "central", "budapest-treaty"), (("money", 300.0), ("overhead", 0.1)))
    assert in_world(there, "toy") == Choice("toy", ("fragmented", "central"), (("overhead", 0.1),))
    assert in_world(Choice("world", ("fragmented", "budapest-treaty")), "toy") == Choice(
        "toy", ("fragmented", "umbrella")
    )


def test_a_proposal_and_an_architecture_can_be_chosen_in_any_order(explorer: Explorer) -> None:
    page = Exploration(explorer)
    page.act("design-1", "lead-donors")
    page.act("design-2", "central")
    assert (page.choice.designs, page.error) == (("fragmented", "central", "lead-donors"), "")
    page.act("design-1", "")
    assert page.choice.designs == ("fragmented", "lead-donors")


def test_an_address_that_is_wrong_is_told_and_the_default_shown(explorer: Explorer) -> None:
    page = Exploration.opened(explorer, parse_qs("scenario=toy&overhead=<script>alert(1)</script>"))
    assert page.choice == Choice()
    assert "overhead" in page.error
    assert "<script>" not in explore_answer.answer(page)


def test_an_address_gives_the_same_page(explorer: Explorer) -> None:
    choice = Choice(
        "toy",
        ("fragmented", "umbrella", "gfce-clearing-house"),
        (("overhead", 0.1), ("register", "plans")),
        "by-users",
        5,
    )
    page = Exploration.opened(explorer, parse_qs(urlencode(choice.to_query())))
    assert (page.choice, page.error) == (choice, "")


# ---------------------------------------------------------------------- answers
def test_stages_come_one_after_the_other(explorer: Explorer) -> None:
    page = Exploration(explorer, Choice(seed=3))
    seen = [list(page.found) for more in page.work() if more]
    assert seen == [["first"], ["first", "more"], ["first", "more", "futures"], ["first", "more", "futures"]]
    assert page.resting
    assert page.progress is None


def test_what_changed_is_told_against_where_the_lever_stood_before_it_was_drawn(explorer: Explorer) -> None:
    page = at_rest(Exploration(explorer))
    for value in ("0.08", "0.12", "0.2"):  # drawn on before the first answer is refined
        page.act("set:overhead", value)
        work = page.work()
        while not next(work):
            pass
        work.close()
    assert page.before is not None
    assert page.before.choice == Choice()
    page.act("set:lapse", "0.02")  # another lever: told against where the first one was left
    next(page.work())
    assert next(iter(page.base.values())).choice.settings == {"overhead": 0.2}


def test_what_came_before_is_answered_as_finely_in_the_end(explorer: Explorer) -> None:
    page = Exploration(explorer, Choice(seed=11))
    work = page.work()
    while not next(work):
        pass
    work.close()  # only a first answer
    page.act("set:overhead", "0.15")
    at_rest(page)
    assert list(page.base) == list(page.found) == ["first", "more", "futures"]
    assert page.before is not None
    assert page.before.counts


def test_undo_goes_back(explorer: Explorer, rested: Exploration) -> None:
    page = at_rest(Exploration(explorer))
    page.act("set:overhead", "0.2")
    assert page.act("undo", "").runs
    assert page.choice == Choice()


def test_a_run_that_is_refused_is_told(explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    from donorlab.experiments.arguments import InputError

    def refused(*_: object) -> None:
        raise InputError("no room")

    page = Exploration(explorer)
    monkeypatch.setattr(explorer, "refine", refused)
    assert list(page.work()) == [True]
    assert page.error == "no room"


# ---------------------------------------------------------------------- what is written
def test_the_answer_says_what_holds_and_what_changed(rested: Exploration) -> None:
    text = Markup(explore_answer.answer(rested)).striptags()
    assert "40 futures" in text
    assert "“Overhead” is set to 20%." in text
    assert re.search(r"worse in \d+ \(before: \d+\)|, as before", text)
    assert "At rest." in text


def test_what_does_nothing_is_named_with_futures_too(explorer: Explorer) -> None:
    page = at_rest(Exploration(explorer, Choice(changes=(("pool_share", 0.5),))))
    assert "is set and does nothing here" in explore_answer.answer(page)


def test_a_run_that_fails_is_told(explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise RunError("replication 1 under umbrella: no room")

    page = Exploration(explorer)
    monkeypatch.setattr(explorer, "refine", failing)
    assert list(page.work()) == [True]
    assert "replication 1" in page.error


def test_bars_of_futures_add_up(rested: Exploration) -> None:
    answer = rested.answer
    assert answer is not None
    for count in answer.counts.values():
        told = re.search(r'aria-label="umbrella: ([^"]*) of 40 futures"', explore_answer.futures(answer))
        assert told is not None
        assert sum(map(int, re.findall(r"in (\d+)", told[1]))) == count.count == 40


def test_numbers_mark_what_is_told_from_chance(rested: Exploration) -> None:
    answer = rested.answer
    assert answer is not None
    text = Markup(explore_answer.numbers(rested)).striptags()
    row = answer.summary.set_index("outcome").loc["overhead_share"]
    assert f"{100 * row['umbrella']:.1f}% (+{100 * row['umbrella']:.1f}*)" in text  # donors apart have none


def test_all_outcomes_are_there_where_they_are_asked_for(explorer: Explorer) -> None:
    page = at_rest(Exploration(explorer))
    assert "Inequality of aid" not in explore_answer.numbers(page)
    page.act("every", "true")
    assert "Inequality of aid" in explore_answer.numbers(page)


def test_states_of_a_made_up_world_have_bars_and_names(rested: Exploration) -> None:
    places, winners = explore_places.places(rested), explore_places.winners(rested)
    assert places.count('class="place"') == 5
    assert "Alba" in places
    assert "Name states" not in winners  # nobody is named who exists


def test_states_of_the_world_are_named_only_where_that_is_asked_for(explorer: Explorer) -> None:
    page = Exploration(explorer, Choice("world"))
    work = page.work()
    while not next(work):
        pass
    work.close()
    assert not any(
        name in explore_places.places(page) + explore_places.winners(page) for name in ("Kenya", "Fiji", "Brazil")
    )
    page.act("named", "true")
    assert "Kenya" in explore_places.places(page)
    before = explore_places.places(page)
    page.act("told", "true")
    assert explore_places.places(page) != before
    before = explore_places.places(page).count("<svg")
    page.act("levels", "true")
    assert explore_places.places(page).count("<svg") == before + 1


def test_break_even_is_found_and_read(explorer: Explorer) -> None:
    page = Exploration(explorer)
    assert page.act("break-even", "overhead").asks == "break-even"
    assert "is tried" in explore_answer.even(page)
    for _ in page.find_break_even():
        pass
    assert page.break_even is not None
    assert page.break_even.lines is not None
    assert "Umbrella: " in explore_answer.even(page)
    page.act("set:overhead", "0.1")
    assert page.break_even is None  # it was of another choice


def test_a_changed_design_is_saved_as_a_file_that_is_read_again(rested: Exploration, tmp_path: Path) -> None:
    text = explore_saved.kept(rested)
    found = re.search(r'download="([^"]+)" href="data:text/yaml;charset=utf-8,([^"]+)"', text)
    assert found is not None
    assert found[1] == "umbrella-set.yaml"
    assert "umbrella-set.yaml" in Markup(text).striptags().split("donorlab compare")[1]
    (tmp_path / found[1]).write_text(unquote(found[2]), encoding="utf-8")
    assert load_proposal(tmp_path / found[1]).parameters["overhead"] == 0.2


def test_without_a_change_there_is_no_file(explorer: Explorer) -> None:
    assert "download" not in explore_saved.kept(Exploration(explorer))


# ---------------------------------------------------------------------- controls
@pytest.mark.parametrize("world", list(settable.WORLDS))
def test_each_control_has_a_name_and_its_range(world: str) -> None:
    choice = Choice(world, ("fragmented", "umbrella"))
    levers = shown(choice)
    text = controls(choice, levers)
    for one in levers:
        assert f'for="set-{one.name}"' in text
        assert text.count(f'data-act="set:{one.name}"') == 1
    for act in ("scenario", "design-0", "design-1", "design-2", "judgement", "seed"):
        assert f'<label for="{act}">' in text


def test_a_slider_can_stand_where_each_design_has_it() -> None:
    """A browser rounds what does not lie on a step, and the page would show what is not run."""
    for one in shown(Choice("world", ("fragmented", "umbrella", "gfce-clearing-house"))):
        if one.options:
            continue
        assert one.low is not None
        assert one.step is not None
        for value in (one.now[one.users[0]], one.default):
            step = grid(one.low, one.step, float(value))
            steps = (float(value) - one.low) / step
            assert steps == pytest.approx(round(steps), abs=1e-6)
            written = amount(one, value).split()[0].rstrip("%")
            assert float(written) == pytest.approx(100 * float(value) if one.percent else float(value), rel=1e-3)


@pytest.mark.parametrize(
    ("step", "percent", "wanted"), [(0.05, True, 0), (0.005, True, 1), (0.0001, False, 4), (1, False, 0)]
)
def test_decimals_follow_the_step(step: float, percent: bool, wanted: int) -> None:
    assert digits(step, percent) == wanted
