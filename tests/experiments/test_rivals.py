"""Rival submodels: which there are, and which conclusions survive them, by the rule that was fixed first."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pandas as pd
import pytest

from donorlab import sim
from donorlab.experiments import disagreements, ensemble, figures_of_rivals, report_of_rivals, rivals
from donorlab.experiments.disagreements import DISAGREEMENTS, NO_RIVALS, Disagreement
from donorlab.experiments.ensemble import Futures
from donorlab.scenarios import load, parameter_table, plugins
from donorlab.sim import mechanisms
from donorlab.sim.scenario import ScenarioError
from experiments.conftest import Shell
from experiments.test_figures import STAMP, assert_legible

QUICK = ("replications=1", "break_even=false", "values=false")


# ---------------------------------------------------------------------- which disagreements there are
def test_every_registered_form_belongs_to_a_disagreement_or_is_declared_not_to_be_one() -> None:
    plugins.register()
    declared = {one.key: one for one in DISAGREEMENTS}
    for phase in mechanisms.phases():
        own = [
            name
            for name in mechanisms.mechanism_names(phase)
            if mechanisms.get_mechanism(phase, name).__module__.startswith("donorlab.")
            and disagreements.is_rival(phase, name)
        ]
        if len(own) > 1:
            one = declared.get(f"mechanism.{phase}")
            assert one is not None, f"{phase} has {', '.join(own)}: say in disagreements.py what they disagree about"
            assert set(own) <= set(one.forms), f"{phase}: say in disagreements.py what each of {', '.join(own)} says"
    for name in NO_RIVALS:
        phase, _, form = name.partition(".")
        assert form in mechanisms.mechanism_names(phase), f"{name} is declared no rival and is not there"


def test_every_choice_that_is_uncertain_belongs_to_a_disagreement() -> None:
    declared = {one.key: one for one in DISAGREEMENTS}
    rows = {row.name: row for row in parameter_table()}
    for row in rows.values():
        if row.kind == "uncertainty" and row.choices:
            assert row.name in declared, f"{row.name}: a choice between submodels without a disagreement"
    for key, one in declared.items():
        if not key.startswith("mechanism."):
            assert set(rows[key].choices) <= {*one.forms, *one.silent}, f"{key}: say what each form says"
        assert one.source
        assert one.question


def test_a_form_of_a_third_party_appears_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "effort" not in [one.name for one in disagreements.registered()]
    monkeypatch.setitem(mechanisms._REGISTRY["effort"], "steady", lambda model, quarter: None)
    (found,) = [one for one in disagreements.registered() if one.name == "effort"]
    assert [form.label for form in disagreements.forms(found)] == ["effort=poisson", "effort=steady"]
    monkeypatch.setitem(mechanisms._REGISTRY["lapse"], "never", lambda model, quarter: None)
    (found,) = [one for one in disagreements.registered() if one.name == "lapse"]
    assert [form.name for form in disagreements.forms(found)][-1] == "never"


def test_a_form_that_is_not_registered_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(mechanisms._REGISTRY, "lapse", {"exponential": "ownership:lapse"})
    assert "lapse" not in [one.name for one in disagreements.registered()]
    with pytest.raises(disagreements.InputError, match="'lapse' has one form only in this build"):
        disagreements.chosen(["lapse"])
    assert disagreements.chosen(["false"]) == disagreements.chosen(["none"]) == ()
    assert [one.name for one in disagreements.chosen(["peers", "ignorance"])] == ["ignorance", "peers"]


def form(name: str, of: str) -> disagreements.Form:
    (one,) = [item for item in DISAGREEMENTS if item.name == of]
    return disagreements.Form(one, name, "")


def test_a_form_takes_the_place_of_the_own_one_only_where_the_question_arises() -> None:
    scenario = load("toy")
    assert disagreements.with_form(scenario, form("project", "ignorance")) is scenario
    assert disagreements.with_form(scenario, form("task", "ignorance")).parameters.ignorance == "task"
    assert disagreements.with_form(scenario, form("equal", "credit")) is scenario  # nobody is credited here
    credited = load("toy", ["architecture=credit"])
    assert disagreements.with_form(credited, form("equal", "credit")).parameters.credit == "equal"
    theirs = dataclasses.replace(scenario, options={"mechanism.lapse.speed": 2, "mechanism.effort.x": 1})
    changed = disagreements.with_form(theirs, form("ageing", "lapse"))
    assert changed.mechanisms.lapse == "ageing"
    assert changed.mechanisms.effort == scenario.mechanisms.effort
    assert changed.options == {"mechanism.effort.x": 1}


def test_variants_are_one_form_at_a_time_then_all_second_ones() -> None:
    scenarios = {name: load("toy", [f"architecture={name}"]) for name in ("fragmented", "credit")}
    found = disagreements.variants(scenarios, disagreements.chosen(["ignorance", "credit"]))
    names = [one.name for one in found]
    assert names[0] == "ignorance=task"
    assert names[1] == "credit=equal"
    assert names[-1] == disagreements.ALL
    assert list(found[0].scenarios) == ["fragmented", "credit"]
    assert list(found[1].scenarios) == ["credit"]  # fragmented asks no such question and is not run again
    both = found[-1].scenarios
    assert both["credit"].parameters.ignorance == "task"
    assert both["credit"].parameters.credit == "equal"
    assert both["fragmented"].parameters.credit == "none"
    alone = disagreements.variants(
        {"fragmented": scenarios["fragmented"]}, disagreements.chosen(["ignorance", "credit"])
    )
    assert [one.name for one in alone if one.scenarios] == ["ignorance=task"]  # nothing to put together with it
    # where the scenario has the second form, the first is its rival
    set_so = {"fragmented": scenarios["fragmented"].replace(ignorance="task")}
    assert [one.name for one in disagreements.variants(set_so, disagreements.chosen(["ignorance"]))] == [
        "ignorance=project"
    ]


def test_a_form_that_an_architecture_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(scenario: Any) -> None:
        raise ScenarioError("no register here")

    monkeypatch.setattr(disagreements.levers, "composition", refuse)
    (one,) = disagreements.variants({"fragmented": load("toy")}, disagreements.chosen(["ignorance"]))
    assert one.refused == "no register here"
    assert not one.scenarios
    told = report_of_rivals.sentences(rivals.Contest((one,), (1,)), [], "fragmented")
    assert told == ["Not possible here: ignorance=task (no register here)."]


def test_a_form_of_a_published_model_is_no_rival() -> None:
    plugins.register()
    assert "equilibrium" in mechanisms.mechanism_names("planning")
    assert not disagreements.is_rival("planning", "equilibrium")
    assert disagreements.is_rival("planning", "best_cell")
    assert "planning" not in [one.name for one in disagreements.registered()]


# ---------------------------------------------------------------------- the rule
@pytest.mark.parametrize(
    ("better", "same", "worse", "median", "verdict"),
    [
        (10, 0, 0, 0.03, "better"),
        (0, 0, 10, -0.03, "worse"),
        (10, 0, 0, -0.001, "open"),  # the median says otherwise
        (0, 0, 10, 0.0, "open"),
        (4, 36, 0, 0.01, "open"),  # 4 is not more than 2 * 2
        (5, 35, 0, 0.01, "better"),
        (20, 0, 11, 0.02, "open"),  # 9 is less than 2 * 5.57
        (22, 0, 9, 0.02, "better"),
        (0, 40, 0, 0.01, "open"),
        (0, 0, 0, float("nan"), "open"),
    ],
)
def test_what_a_set_of_forms_says(better: int, same: int, worse: int, median: float, verdict: str) -> None:
    assert rivals.verdict(Futures(better, same, worse, 0), median) == verdict


def contested(**by_form: dict[str, list[float]]) -> pd.DataFrame:
    """Return a table of runs from differences to the first architecture by form and architecture."""
    names = list(next(iter(by_form.values())))
    rows: list[dict[str, Any]] = []
    for name_of, differences in by_form.items():
        label = rivals.AS_SET if name_of == "own" else name_of
        for draw in range(len(differences[names[0]])):
            rows.append({"form": label, "architecture": "fragmented", "draw": draw, "efficiency": 0.3})
            rows += [
                {"form": label, "architecture": name, "draw": draw, "efficiency": 0.3 + differences[name][draw]}
                for name in names
            ]
    frame = pd.DataFrame(rows)
    frame["architecture"] = pd.Categorical(frame["architecture"], categories=["fragmented", *names])
    return frame


UP, DOWN, FLAT = [0.05] * 10, [-0.05] * 10, [0.001] * 10
HIGHER = [0.06] * 10


def test_what_survives_what_turns_and_what_is_left_open() -> None:
    frame = contested(
        own={"a": UP, "b": UP, "c": UP, "d": FLAT, "e": DOWN},
        x={"a": HIGHER, "b": DOWN, "c": FLAT, "d": UP, "e": DOWN},
        y={"a": UP, "b": HIGHER, "c": HIGHER, "d": FLAT, "e": DOWN},
    )
    found = rivals.standings(frame, 0.02)
    told = {one.architecture: one for one in rivals.conclusions(found)}
    assert {name: one.fate for name, one in told.items()} == {
        "a": "survives", "b": "turns", "c": "left open", "d": "no conclusion", "e": "not tested",
    }  # fmt: skip
    assert told["a"].same == ("x",)  # y changes nothing of a
    assert (told["b"].opposite, told["b"].same) == (("x",), ("y",))
    assert told["d"].opposite == ("x",)
    words = report_of_rivals.sentences(rivals.Contest((), tuple(range(10))), found, "fragmented")
    assert words == [
        "Survives: a is better than fragmented under the only one that acts (x).",
        "Turns: b is better than fragmented with the forms as set; the opposite under x, the same under y.",
        "Left open: c is better than fragmented with the forms as set; open under x, the same under y.",
        "No conclusion to survive: d against fragmented is open with the forms as set; not so under x.",
        "Not tested: e is worse than fragmented, and no rival form acts on it.",
    ]
    marks = {(one.form, one.architecture): one for one in found}
    own = {name: marks[rivals.AS_SET, name] for name in "abcde"}
    assert [report_of_rivals.mark(marks["x", name], own[name]) for name in "abcde"] == ["", "!", "?", "?", "="]
    title = report_of_rivals.claim(found, "fragmented")
    assert title == (
        "Against fragmented: 'a better' survives every rival form; 'b better' turns under some; 'c better' is left open by "
        "some; d is open from the start; 'e worse' is not tested"
    )
    drawn = figures_of_rivals.rivals(found, "fragmented", 0.02, tuple(range(10)), STAMP)
    assert drawn.title == title
    assert_legible(drawn)


def test_forms_that_are_the_same_run_are_one() -> None:
    """``credit=b`` is ``credit=a`` everywhere; ``other=d`` is it for a alone, and ``credit=c`` nowhere, by a bit."""
    a, b = [0.05] * 10, [-0.03] * 10
    frame = contested(own={"a": UP, "b": DOWN}, **{
        "credit=a": {"a": HIGHER, "b": b}, "credit=b": {"a": HIGHER, "b": b},
        "other=d": {"a": HIGHER, "b": DOWN}, "credit=c": {"a": [*a[1:], 0.05 + 1e-15], "b": [*b[1:], -0.03 - 1e-15]},
    })  # fmt: skip
    found = rivals.standings(frame, 0.02)
    told = {one.architecture: one for one in rivals.conclusions(found)}
    assert told["a"].same == ("credit=a = b = other=d", "credit=c")
    assert told["b"].same == ("credit=a = b", "credit=c")  # other=d changes nothing of b
    assert {one.fate for one in told.values()} == {"survives"}
    assert rivals.merged(found) == {
        "credit=a": ("credit=a", "credit=b"), "other=d": ("other=d",), "credit=c": ("credit=c",),
    }  # fmt: skip
    words = report_of_rivals.sentences(rivals.Contest((), tuple(range(10))), found, "fragmented")
    assert (
        words[0] == "Survives: a is better than fragmented under both that act (credit=a = b = other=d and credit=c)."
    )
    assert words[-1] == "The same run here, to the last bit, and counted once: credit=a = b."
    (table,) = report_of_rivals.shown(found)
    assert [str(cell) for cell in table.columns[0].cells] == ["forms as set", "credit=a\n= b", "other=d", "credit=c"]
    drawn = figures_of_rivals.rivals(found, "fragmented", 0.02, tuple(range(10)), STAMP)
    assert_legible(drawn)
    csv = rivals.summary(found).set_index(["form", "architecture"])["same_as"]
    assert csv["credit=b", "b"] == "credit=a"
    assert csv["other=d", "b"] == rivals.AS_SET
    assert csv["credit=c", "a"] == csv["credit=a", "a"] == ""


def test_rules_of_credit_that_are_one_behaviour_are_counted_once(shell: Shell) -> None:
    words = ("rivals=credit", "draws=3", "workers=1")
    result = shell("compare", "toy", *QUICK, *words, "architectures=[fragmented,credit]", "out=answer")
    assert result.exit_code == 0, result.output
    text = " ".join(result.stdout.split())
    assert "counted once: credit=equal = by_eur = gairing = shapley." in text
    assert "To test credit" not in text
    told = pd.read_csv(shell.folder / "answer" / "rivals.csv", keep_default_na=False).set_index("form")
    assert told["same_as"].to_dict()["credit=shapley"] == "credit=equal"
    assert told["same_as"].to_dict()["credit=relative_impact"] == ""
    result = shell("compare", "toy", *QUICK, *words, "architectures=[fragmented,central]", "out=other")
    assert "(change no outcome by a bit). - To test credit, add credit to architectures." in " ".join(
        result.stdout.split()
    )


def test_a_form_that_changes_nothing_is_inert_and_nothing_survives_it() -> None:
    frame = contested(own={"a": UP}, x={"a": UP})
    found = rivals.standings(frame, 0.02)
    assert rivals.inert(found) == ["x"]
    (one,) = rivals.conclusions(found)
    assert one.fate == "not tested"
    variant = disagreements.Variant("x", (form("task", "ignorance"),))
    words = report_of_rivals.sentences(rivals.Contest((variant,), (1,)), found, "fragmented")
    assert len(words) == 2
    assert words[-1] == "Inert here, so that nothing survives or turns by it: x (changes no outcome by a bit)."
    assert "Survives" not in " ".join(words)
    assert report_of_rivals.claim(found, "fragmented").startswith("No rival submodel changes anything here")


def test_a_bit_of_any_outcome_of_either_of_the_two_is_an_effect() -> None:
    frame = contested(own={"a": UP, "b": UP}, x={"a": UP, "b": UP}).assign(orphans=3.0, empty=float("nan"))
    assert not any(one.acts for one in rivals.standings(frame, 0.02))
    at = (frame["form"] == "x") & (frame["architecture"] == "a") & (frame["draw"] == 4)
    frame.loc[at, "orphans"] += 1e-15 * 3
    assert {one.architecture for one in rivals.standings(frame, 0.02) if one.acts} == {"a"}
    frame.loc[(frame["form"] == "x") & (frame["architecture"] == "fragmented") & (frame["draw"] == 4), "empty"] = 1.0
    assert {one.architecture for one in rivals.standings(frame, 0.02) if one.acts} == {"a", "b"}


# ---------------------------------------------------------------------- runs
def test_on_the_toy_world(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form that is the same under another name is inert; one that differs is what running it by hand gives."""
    own = mechanisms.get_mechanism("lapse", "exponential")
    monkeypatch.setitem(mechanisms._REGISTRY["lapse"], "twin", own)
    monkeypatch.setitem(mechanisms._REGISTRY["lapse"], "never", lambda model, quarter: None)
    words = (
        "rivals=[ignorance,lapse]",
        "draws=8",
        "rivals_draws=5",
        "architectures=[fragmented,umbrella]",
        "workers=1",
    )
    result = shell("compare", "toy", *QUICK, *words, "out=answer")
    assert result.exit_code == 0, result.output
    runs = pd.read_parquet(shell.folder / "answer" / "rivals.parquet")
    futures = pd.read_parquet(shell.folder / "answer" / "ensemble.parquet")
    assert sorted(runs["draw"].unique()) == [1, 2, 3, 4, 5]
    as_set = runs[runs["form"] == rivals.AS_SET].reset_index(drop=True)
    first = futures[futures["draw"] <= 5].reset_index(drop=True)
    assert as_set["efficiency"].equals(first["efficiency"])  # the same futures
    told = pd.read_csv(shell.folder / "answer" / "rivals.csv").set_index("form")
    assert not told.loc["lapse=twin", "acts"]
    assert told.loc["lapse=never", "acts"]
    assert told.loc["ignorance=task", "acts"]
    assert (told[["better", "same", "worse", "undefined"]].sum(axis=1) == 5).all()
    text = " ".join(result.stdout.split())
    assert "the first 5 futures again" in text
    assert "lapse=twin" in text.partition("Inert here")[2].partition("(")[0]
    manifest = json.loads((shell.folder / "answer" / "manifest.json").read_text())["configuration"]["rivals"]
    assert manifest["draws"] == 5
    assert manifest["forms"]["lapse=never"] == {"mechanism.lapse": "never"}
    plan = ensemble.plan(load("toy"), 8)
    scenario = disagreements.with_form(load("toy", ["architecture=umbrella"]), form("never", "lapse"))
    again = sim.simulate(scenario.replace(**plan.changes(3)), seed=3).outcomes["efficiency"]
    here = runs[(runs["form"] == "lapse=never") & (runs["architecture"] == "umbrella") & (runs["draw"] == 3)]
    assert here["efficiency"].item() == again


def test_without_the_word_no_rival_is_run(shell: Shell, model: None) -> None:
    result = shell("compare", "fake", *QUICK, "draws=4", "architectures=[fragmented,central]", "out=answer")
    assert result.exit_code == 0, result.output
    assert "Rival" not in result.stdout
    assert not (shell.folder / "answer" / "rivals.csv").exists()
    configuration = json.loads((shell.folder / "answer" / "configuration.json").read_text())
    assert "rivals" not in configuration


def test_where_no_form_acts_nothing_is_said_to_survive(shell: Shell, model: None) -> None:
    """The made-up model knows no mechanism."""
    words = ("rivals=true", "draws=8", "architectures=[fragmented,umbrella,central]", "out=results/answer")
    result = shell("compare", "fake", *QUICK, *words)
    assert result.exit_code == 0, result.output
    text = " ".join(result.stdout.split())
    assert "Not tested: central is better than fragmented, and no rival form acts on it." in text
    assert "Survives" not in text
    assert "Inert here" in text
    assert max(len(line) for line in result.stdout.splitlines() if "results/" not in line) <= 100
    assert (shell.folder / "results" / "answer" / "figures" / "rivals.png").is_file()


def test_words_of_a_form_that_is_not_declared_come_from_its_docstring(monkeypatch: pytest.MonkeyPatch) -> None:
    def steady(model: Any, quarter: int) -> None:
        """4.5 Own effort without chance. More words. Source: nobody."""

    monkeypatch.setitem(mechanisms._REGISTRY["effort"], "steady", steady)
    one = Disagreement("effort", "", "", "mechanism.effort", {})
    assert [item.words for item in disagreements.forms(one) if item.name == "steady"] == ["Own effort without chance"]
