"""Watch a run, without a browser: the address, what each button does, what a frame shows, names that are hidden."""

from __future__ import annotations

import re

import pytest

from donorlab.experiments.app import settable, watch_asked, watch_lessons, watch_money, watch_tiles
from donorlab.experiments.app.choices import Choice
from donorlab.experiments.app.lessons import lessons
from donorlab.experiments.app.watch_asked import Asked
from donorlab.experiments.app.watch_facts import Facts
from donorlab.experiments.app.watch_state import NOTHING, Records, Watch

RECORDS = Records()


def opened(**query: str) -> Watch:
    """A page of an address, with its run."""
    asked, wrong = watch_asked.read({key: [value] for key, value in query.items()})
    watch = Watch(asked, wrong, RECORDS)
    made(watch)
    return watch


def made(watch: Watch) -> None:
    for _ in watch.record():
        pass


def facts_of(watch: Watch) -> Facts:
    assert watch.facts is not None
    return watch.facts


def all_html(watch: Watch) -> str:
    parts = (
        watch.said_html,
        watch.setting_html,
        watch.controls_html,
        watch.now_html,
        watch.tiles_html,
        watch.money_html,
        watch.places_html,
    )
    marks = (watch.control_marks, watch.tile_marks, watch.place_marks)
    return "\n".join([*(str(part()) for part in parts), *(str(part()) for part in marks)])


# ---------------------------------------------------------------------- the address
def test_an_address_gives_back_what_is_watched() -> None:
    choice = Choice("toy", ("fragmented", "umbrella"), (("overhead", 0.2),), seed=4)
    for asked in (
        Asked(choice, "umbrella", "CORA", 7),
        Asked(choice, "fragmented", "State 2", 16, hidden=True),
        *(watch_asked.of_lesson(one) for one in lessons()),
        watch_asked.of_lesson(lessons()[0], hidden=True),
    ):
        found, wrong = watch_asked.read({key: [value] for key, value in asked.to_query().items()})
        assert (found, wrong) == (asked, "")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"quarter": "17"}, "quarter: '17' is none of this run; it has 0 (the start) to 16"),
        ({"quarter": "-1"}, "quarter: '-1' is none of this run"),
        ({"state": "KEN"}, "state: there is no 'KEN' in scenario toy"),
        ({"watch": "central"}, "watch: 'central' is none of the designs fragmented, umbrella"),
        ({"hidden": "yes"}, "hidden: 'yes' is neither 0 nor 1"),
        ({"lesson": "<script>"}, "lesson: there is no '<script>'"),
        ({"scenario": "../../etc/passwd"}, "scenario: there is no '../../etc/passwd'"),
        ({"seed": "0"}, "seed: must be a whole number"),
        ({"money": "1"}, "money: cannot be set in scenario toy"),
        ({"wath": "x"}, "address: unknown key 'wath'"),
        ({"address": "too long"}, "address: unknown key 'address'"),
    ],
)
def test_a_wrong_address_is_one_line_and_the_default_in_its_place(query: dict[str, str], told: str) -> None:
    asked, wrong = watch_asked.read({key: [value] for key, value in query.items()})
    assert wrong.startswith(told)
    assert "\n" not in wrong
    assert asked == watch_asked.of_lesson(lessons()[0])
    html = str(Watch(asked, wrong).said_html())
    assert '<p class="wrong" role="alert">' in html
    assert "<script>" not in html


def test_a_key_that_is_given_twice_is_refused() -> None:
    assert watch_asked.read({"quarter": ["1", "2"]})[1] == "quarter: give it once"


def test_who_hides_names_reads_none_in_the_refusal() -> None:
    asked, wrong = watch_asked.read({"lesson": ["alone"], "hidden": ["1"], "state": ["DUNA"]})
    assert wrong == "state: states are told by number here, such as 'State 1'"
    assert asked.state.startswith("State ")


def test_another_setting_is_no_longer_the_lesson() -> None:
    query = {key: [value] for key, value in watch_asked.of_lesson(lessons()[0]).to_query().items()}
    asked, wrong = watch_asked.read({**query, "seed": ["9"]})
    assert (asked.lesson, asked.choice.seed, wrong) == ("", 9, "")


# ---------------------------------------------------------------------- moving
def test_it_moves_quarter_by_quarter_and_rewinds_to_the_same_tiles() -> None:
    watch = opened(lesson="alone")
    seen = [watch.tile_marks()]
    for _ in range(watch.last):
        assert "frame" in watch.act("step", "")
        seen.append(watch.tile_marks())
    assert watch.asked.quarter == 16
    watch.act("step", "")
    assert watch.asked.quarter == 16  # there is no further one
    for before in reversed(seen[:-1]):
        watch.act("back", "")
        assert watch.tile_marks() == before
    watch.act("back", "")
    assert watch.asked.quarter == 0
    watch.act("end", "")
    assert watch.tile_marks() == seen[-1] != seen[0]
    watch.act("quarter", "5")
    assert watch.tile_marks() == seen[5]


def test_playing_ends_at_the_end_and_begins_again_at_the_start() -> None:
    watch = opened(lesson="alone", quarter="14")
    assert "address" not in watch.act("play", "")
    assert watch.playing
    assert "address" not in watch.tick()  # while it plays the address stays
    assert "address" in watch.tick()
    assert (watch.asked.quarter, watch.playing) == (16, False)
    assert watch.tick() == NOTHING
    watch.act("play", "")
    assert (watch.asked.quarter, watch.playing) == (0, True)
    watch.act("quarter", "4")
    assert not watch.playing
    watch.act("play", "")
    assert "address" in watch.act("play", "")
    assert not watch.playing


def test_the_next_task_paid_twice_is_where_more_counts_than_before() -> None:
    watch = opened(lesson="alone")
    found = []
    while True:
        watch.act("next", "")
        if watch.note:
            break
        found.append(watch.asked.quarter)
        assert any(" new" in str(kind) for kind, _ in watch.tile_marks().values())
    assert found == facts_of(watch).emerging("DUNA")
    assert len(found) == 3
    assert watch.asked.quarter == found[0]  # behind the last one it begins again, and says so
    watch.act("state", "CORA")
    watch.act("next", "")
    assert watch.note == "In Cora nothing is paid twice in this run."
    watch.act("most", "")
    assert watch.asked.state == "DUNA"


def test_what_is_unknown_is_passed_over_and_what_is_impossible_is_one_line() -> None:
    watch = opened(lesson="alone")
    before = watch.asked
    for name in ("x", "", "__init__", "record", "facts", "_go"):
        assert watch.act(name, "1") == NOTHING
    for name, value in (
        ("quarter", "99"), ("quarter", "1.5"), ("tile", "legal 12"), ("tile", "law 1"), ("tile", "x"), ("tile", "legal ²"),
        ("state", "<b>"), ("speed", "9"), ("seed", "0"), ("seed", "1000001"), ("seed", "x"), ("lesson", "x"), ("watch", "central"),
        ("design", "x"), ("scenario", "x"), ("hidden", "x"),
    ):  # fmt: skip
        watch.act(name, value)
        assert watch.wrong, (name, value)
        assert "\n" not in watch.wrong
        assert watch.asked == before
        assert "<b>" not in watch.said_html()
    watch.act("step", "")
    assert watch.wrong == ""


def test_while_a_run_is_made_only_settings_are_taken() -> None:
    watch = opened(lesson="alone")
    assert "run" in watch.act("seed", "7")
    assert watch.act("step", "") == NOTHING
    assert "quarter 0" in watch.said_html()
    assert "run" in watch.act("watch", "umbrella")
    made(watch)
    assert facts_of(watch).recording.seed == 7
    assert watch.asked.lesson == ""  # another seed is another run than the lesson's
    assert "run is being made" not in watch.said_html()


def test_a_run_that_cannot_be_made_leaves_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    from donorlab.experiments.app import watched

    watch = opened(lesson="alone")
    monkeypatch.setattr(watched, "BYTES_MOST", 1_000)
    watch.act("seed", "8")
    made(watch)
    assert "too large to be watched" in watch.wrong
    assert watch.asked.choice.seed == 3
    assert all_html(watch)


def test_settings_change_what_is_run() -> None:
    watch = opened(lesson="worse")
    assert "Overhead" in watch.setting_html()
    assert "overhead=0.2" in watch.setting_html()  # the link to the other page has all of it
    watch.act("design", "central")
    assert (watch.asked.choice.designs, watch.asked.watch) == (("fragmented", "central"), "central")
    watch.act("design", "lead-donors")
    assert watch.asked.choice.designs == ("fragmented", "lead-donors")
    watch.act("scenario", "synthetic-small")
    assert watch.asked.choice.scenario == "synthetic-small"
    assert watch.asked.quarter == 0
    watch.act("lesson", "alone")
    made(watch)
    assert watch.asked == watch_asked.of_lesson(lessons()[0])


def test_few_runs_are_kept_and_the_same_one_is_not_made_again() -> None:
    records = Records(2)
    watch = Watch(watch_asked.of_lesson(lessons()[0]), records=records)
    assert len(list(watch.record())) == 16
    assert list(watch.record()) == []
    for seed in "456":
        watch.act("seed", seed)
        made(watch)
    assert len(records) == 2


# ---------------------------------------------------------------------- what is shown
def test_numbers_of_a_frame_are_those_of_the_recording() -> None:
    facts = facts_of(opened(lesson="alone"))
    recording = facts.recording
    ledger = recording.model.state.ledger
    for quarter in range(recording.last + 1):
        money = recording.money(quarter)
        assert sum(facts.flows(quarter).values()) == pytest.approx(money["cost_m"].sum())
        assert facts.twice[quarter].sum() == sum(recording.duplicated_so_far(quarter).values())
        for amounts, most in zip(
            (money.groupby("donor")["cost_m"].sum(), money.groupby("state")["cost_m"].sum()), facts.most_m, strict=True
        ):
            assert all(amount <= most[one] + 1e-12 for one, amount in amounts.items())
    assert facts.contracted_m[-1] == pytest.approx(sum(recording.money(q)["cost_m"].sum() for q in range(17)))
    assert facts.twice_m[-1].sum() == pytest.approx(recording.worst()["lost_m"].sum())
    assert ledger.size > 0


def test_many_donors_are_gathered_and_rows_keep_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    from donorlab.experiments.app import watch_facts

    monkeypatch.setattr(watch_facts, "MOST", 2)
    facts = Facts(facts_of(opened(lesson="alone")).recording)
    assert (len(facts.states[0]), len(facts.states[1])) == (2, 3)
    assert facts.donors[1] == []  # one other is not gathered: it would take as much room
    texts = []
    for quarter in range(1, 17):
        html = str(watch_money.flowing(facts, "DUNA", quarter))
        assert "3 others" in html
        texts.append(re.findall(r'<text x="\d+" y="([\d.]+)" .*?<title>(.*?)</title>', html))
    assert all(one == texts[0] for one in texts)


def test_a_row_is_as_high_as_the_most_that_flows_there() -> None:
    assert watch_money._rows({"A": 4.0, "B": 0.1}, 10.0) == {"A": 30.5, "B": 64.0}  # 45 pixels and 22, below 8


def test_tiles_say_all_in_words_and_the_receipt_is_whole() -> None:
    watch = opened(lesson="alone", quarter="12")
    tile = next(one for one in facts_of(watch).tiles("DUNA", 12) if one.paid_twice)
    words = f"{tile.pillar}, task {tile.task}: {tile.state}; paid twice; contracted by"
    assert words in str(watch.tile_marks()[f"tile {tile.pillar} {tile.task}"])
    assert watch.tiles_html().count('<button data-act="tile"') == 24
    assert "tiles" in watch.act("tile", f"{tile.pillar} {tile.task}")
    html = watch.tiles_html()
    assert "The receipt tells the whole run to its end; the tiles show year 3, quarter 4." in html
    assert "<strong>PAID TWICE</strong>" in html
    lines = facts_of(watch).recording.receipt("DUNA", tile.pillar, tile.task)
    joined = " ".join(text for _, text in watch_tiles.paragraphs(lines))
    assert joined.split() == " ".join(lines).replace("- ", "").split()
    watch.act("end", "")
    assert "tells the whole run" not in watch.tiles_html()
    watch.act("close", "")
    html = watch.tiles_html()
    assert 'class="receipt"' not in html
    assert f'data-focus="tile {tile.pillar} {tile.task}"' in html  # back to where one came from


def test_lines_of_a_terminal_become_paragraphs() -> None:
    lines = [
        "Receipt: Alba (ALBA), legal, task 3 (law)",
        "",
        "Year 1, quarter 4 (quarter 4)",
        "  Nordia (NORDIA) contracts project 4, EUR 48,333 for this task: PAID TWICE, not seen, and some more",
        "      words that are wrapped.",
        "      - Suria (SURIA), project 2: NORDIA did not see it by itself (chance 50%: the draw, 0.840, must",
        "        be below 0.5); there is no register.",
        "  Project 4 of NORDIA starts.",
    ]
    levels = watch_tiles.paragraphs(lines)
    assert [level for level, _ in levels] == [0, 0, 1, 2, 1]
    assert levels[3][1].endswith("must be below 0.5); there is no register.")


def test_lessons_show_questions_notes_and_what_is_to_be_seen() -> None:
    for lesson in lessons():
        html = str(watch_lessons.html(watch_asked.of_lesson(lesson))).replace("&#39;", "'")
        for line in (*lesson.questions, *lesson.notes, *(one.say for one in lesson.expect), lesson.title):
            assert line in html
        assert "Notes for the teacher" in html
        assert f"Questions, {lesson.minutes} minutes" in html
        for design in lesson.choice.designs:
            assert f'data-act="watch" data-value="{design}"' in html


# ---------------------------------------------------------------------- names
def test_hidden_names_stand_nowhere_and_nothing_else_differs() -> None:
    plain, hidden = opened(lesson="alone", quarter="9"), opened(lesson="alone", quarter="9", hidden="1")
    assert [kind for kind, _ in plain.tile_marks().values()] == [kind for kind, _ in hidden.tile_marks().values()]
    states = settable.loaded("toy", "fragmented").beneficiaries
    tile = next(one for one in facts_of(hidden).tiles(hidden.asked.state, 9) if one.paid_twice)
    text = ""
    for quarter in (0, 9, 16):
        hidden.act("quarter", str(quarter))
        hidden.act("tile", f"{tile.pillar} {tile.task}")
        text += all_html(hidden) + str(hidden.asked.to_query())
    assert "State 1" in text
    for name in (*states.ids, *states.names):
        assert name not in text
    hidden.act("state", "DUNA")
    assert "DUNA" not in all_html(hidden)
    hidden.act("hidden", "false")
    assert hidden.asked.state == "DUNA"  # the same state, by its name


def test_toy_states_are_a_grid_and_the_world_is_a_map() -> None:
    watch = opened(lesson="alone", quarter="3")
    html = watch.places_html()
    assert html.count('data-act="state"') == 5
    assert "<svg" not in html
    assert set(watch.place_marks()) == {"places", *(f"place {one}" for one in facts_of(watch).recording.ids)}
    assert "here" in str(watch.place_marks()["place DUNA"][0])
