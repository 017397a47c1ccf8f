"""Lessons: each says what will be seen, and it is."""

from __future__ import annotations

import pandas as pd
import pytest

from donorlab.experiments import tables
from donorlab.experiments.app import lessons
from donorlab.experiments.app.answers import Explorer, Stage
from donorlab.experiments.app.choices import ready
from donorlab.experiments.app.lessons import FILE, MINUTES, Lesson, read
from donorlab.experiments.app.watched import Recording
from donorlab.experiments.arguments import InputError
from donorlab.sim.scenario import ScenarioError


@pytest.fixture(scope="module")
def explorer() -> Explorer:
    return Explorer()


@pytest.mark.parametrize("lesson", lessons.lessons(), ids=lambda one: one.key)
def test_what_a_lesson_says_will_be_seen_is_seen(lesson: Lesson, explorer: Explorer) -> None:
    for expectation, so, count in lesson.seen(explorer):
        assert so, f"{expectation.say} ({count} of {expectation.seeds} seeds)"


def test_five_lessons_fill_the_hour_and_have_questions_and_timed_notes() -> None:
    found = lessons.lessons()
    assert len(found) == 5
    assert sum(one.minutes for one in found) == MINUTES
    for one in found:
        assert all(question.endswith(("?", ".")) for question in one.questions)
        assert any("?" in question for question in one.questions)
        times = [note.partition(" min: ")[0].split("-") for note in one.notes]
        assert [start for start, _ in times] == ["0", *(end for _, end in times[:-1])]
        assert times[-1][1] == str(one.minutes)
    assert [one.choice.scenario for one in found].count("world") == 1
    assert found[0].choice.scenario == "toy"


def test_the_umbrella_that_is_worse_is_late_costly_and_herds() -> None:
    worse = next(one for one in lessons.lessons() if one.key == "worse")
    values = worse.choice.settings
    assert values["overhead"] > 0.1  # type: ignore[operator]
    assert values["decision_lag"] >= 4  # type: ignore[operator]
    assert values["herding"] == 1
    told = next(one for one in worse.expect if one.outcome == "efficiency")
    assert (told.below, told.seeds) == ("fragmented", 20)
    assert told.at_least > told.seeds / 2


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("minutes: 8", "minutes: 9", "all lessons together take 46 minutes, not 45"),
        ("key: register", "key: alone", "each lesson needs a key of its own"),
        ("state: DUNA", "state: DUNE", "state: there is no 'DUNE' in scenario toy"),
        ("watch: fragmented", "watch: pledge", "watch: 'pledge' is none of its designs"),
        ("overhead: 0.2", "overhead: 2", "overhead: '2' is not in its range"),
        ("above: 0.05}", "above: 0.05, below: 1}", "give one of above and below"),
        ("outcome: overhead_share", "outcome: overheads", "there is no outcome 'overheads'"),
        ("    watch: fragmented\n", "", "'watch' is missing"),
        ("    watch: fragmented\n", "    watch: fragmented\n    sound: loud\n", "unknown key 'sound'"),
        ("scenario: toy", "scenario: toys", "scenario: there is no 'toys'"),
        ("lessons:", "lesson:", "must have the one key lessons"),
        ("seed: 3", "seed: ${oc.env:HOME}", "interpolation is not allowed"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_in_one_line(old: str, new: str, told: str) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises((InputError, ScenarioError)) as caught:
        read(text.replace(old, new, 1), "lessons.yaml")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("one", lessons.lessons(), ids=lambda one: str(one.key))
def test_the_state_of_a_lesson_shows_duplication_and_how_it_vanishes(one: Lesson) -> None:
    made = ready(one.choice).scenarios
    twice = {}
    for design in ("fragmented", "umbrella"):
        recording = Recording(made[design], one.choice.seed)
        twice[design] = recording.duplicated_so_far(recording.last)[one.state]
    assert twice["fragmented"] > 0
    assert twice["umbrella"] <= twice["fragmented"] / 4


def test_of_the_faults_of_the_umbrella_that_is_worse_only_the_delay_is_mended_by_itself() -> None:
    """A note for the teacher says so, with these numbers."""
    choice = next(one.choice for one in lessons.lessons() if one.key == "worse")
    explorer, stage = Explorer(), Stage("lesson", 20, 0)

    def reached(mended: str | None) -> pd.Series:
        found = choice if mended is None else choice.with_value(mended, None)
        return tables.paired(explorer.answer(found, (stage,)).comparison.runs, "efficiency")["umbrella"]

    as_it_is = reached(None)
    assert as_it_is.mean() == pytest.approx(0.41, abs=0.01)
    assert reached("decision_lag").mean() == pytest.approx(0.53, abs=0.01)
    for mended in ("overhead", "herding"):
        assert abs(reached(mended).mean() - as_it_is.mean()) < 0.05
