"""Sentences about sweeps and studies: when each appears, when not, and what happens at the edges of the rules."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from donorlab.experiments.ensemble import Futures
from donorlab.experiments.pages import claims_of_conditions as told
from donorlab.experiments.pages import claims_of_regimes as turns
from donorlab.experiments.pages import claims_of_studies as said
from donorlab.experiments.rivals import AS_SET, Conclusion, Standing, conclusions
from donorlab.experiments.studies.boxes import Counted
from donorlab.experiments.studies.factors import NOISE
from donorlab.experiments.studies.findings import Question
from donorlab.experiments.studies.indices import REST
from donorlab.experiments.studies.trees import Leaf

MINUS = "\N{MINUS SIGN}"


def called(name: str) -> str:
    return "donors who act apart" if name == "fragmented" else name


# ---------------------------------------------------------------------- regimes
def regimes(verdicts: list[list[str]], other: str = "umbrella") -> turns.Regimes:
    """Return a map: a list a decision lag, an entry an overhead."""
    sizes = {"better": 3.0, "a little better": 1.0, "worse": -3.0, "a little worse": -1.0, "not told from chance": 0.5}
    cells = pd.DataFrame(
        {"x": 0.1 * i, "y": j, "points": sizes[verdict] - i - j / 10, "verdict": verdict}
        for j, row in enumerate(verdicts)
        for i, verdict in enumerate(row)
    )
    return turns.Regimes(other, "donors who act apart", "overhead", "decision_lag", cells, "2 points")


OPEN = "not told from chance"


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        ([["better", "worse"]], "overhead and decision lag decide whether umbrella is better or worse"),
        (
            [["better", OPEN]],
            "better than donors who act apart in 1 of 2 settings of overhead and decision lag, worse in none",
        ),
        ([["better", "a little worse"]], "in 1 of 2 settings of overhead and decision lag, and a little worse in 1"),
        (
            [["worse", "a little better"]],
            "worse than donors who act apart in 1 of 2 settings of overhead and decision lag, and a little better in 1",
        ),
        ([["worse", OPEN]], "better in none"),
        ([["better", "better"]], "better than donors who act apart at all 2 settings"),
        (
            [["a little better", OPEN]],
            "no setting of overhead and decision lag is shown to make a difference of 2 points",
        ),
        ([[OPEN, OPEN]], "no difference over overhead and decision lag is told from chance"),
    ],
)
def test_the_heading_of_a_map_follows_from_its_cells(verdicts: list[list[str]], words: str) -> None:
    found = turns.title(regimes(verdicts))
    assert words in found
    assert found.startswith("At default values")


def test_a_little_worse_is_never_worse_in_none() -> None:
    assert "in none" not in turns.title(regimes([["better", "a little worse"]]))


def test_settings_are_counted_by_what_they_are() -> None:
    text = turns.counts_said(regimes([["better", OPEN], ["worse", OPEN]]))
    assert text == (
        "Of 4 settings of overhead and decision lag, umbrella is, against donors who act apart, better by 2 points of "
        "efficiency or more in 1, worse by 2 points or more in 1 and not told from chance in 2."
    )
    assert "Of 1 setting of" in turns.counts_said(regimes([["better"]]))


def test_ends_of_a_map_are_told_only_of_what_is_told_from_chance() -> None:
    text = turns.ends(regimes([["better", OPEN], ["worse", OPEN]]))
    assert "+3.0 points at overhead 0% and decision lag 0 quarters" in text
    assert f"{MINUS}3.1 points at overhead 0% and decision lag 1 quarter" in text
    assert turns.ends(regimes([["better", OPEN]])) == ""  # one setting has no other end
    assert turns.ends(regimes([[OPEN, OPEN]])) == ""


def test_one_lever_decides_only_where_the_other_changes_nothing() -> None:
    text = turns.lever(regimes([["better", "better"], ["worse", "worse"]]))
    assert text == "Of the two decision lag decides: over overhead from 0% to 10% the verdict stays the same."
    assert turns.lever(regimes([["better", "worse"], ["better", "worse"]])).startswith("Of the two overhead decides")
    assert turns.lever(regimes([["better", "better"], ["better", "worse"]])) == ""
    assert turns.lever(regimes([["better", "better"], ["better", "better"]])) == ""


# ---------------------------------------------------------------------- sensitivity
def indices(rows: list[tuple[str, float, bool, float]]) -> pd.DataFrame:
    """Return indices: factor, total, told, chance_first."""
    return pd.DataFrame(
        {
            "factor": name,
            "first": total / 2,
            "total": total,
            "total_low": total - 0.1,
            "total_high": total + 0.1,
            "told": is_told,
            "chance_first": chance,
        }
        for name, total, is_told, chance in rows
    )


@pytest.mark.parametrize(
    ("chance", "sure"), [(1.0, "sure"), (0.95, "sure"), (0.949, "likely"), (0.66, "likely"), (0.659, "open")]
)
def test_what_drives_most_is_as_sure_as_resamples_say(chance: float, sure: str) -> None:
    table = indices([("pace", 0.5, True, chance), ("lapse", 0.2, False, 1 - chance), (NOISE, 0.6, True, math.nan)])
    assert said.driver(table) == ("pace", sure)


def test_a_driver_is_named_with_its_meaning_and_share() -> None:
    table = indices([("reform_cost", 0.5, True, 0.97), ("lapse", 0.2, True, 0.0), (NOISE, 0.1, True, math.nan)])
    text = said.drives(table, "the difference")
    assert text == (
        "What drives the difference most is reform cost (what a reform costs a government politically): 50% (40 to "
        "60) of the spread over the "
        "futures; then lapse (20%)."
    )
    assert said.sensitivity_title(table, "the difference") == "The difference hangs most on one assumption: reform cost"
    likely = table.assign(chance_first=[0.7, 0.3, math.nan])
    assert "most is likely reform cost" in said.drives(likely, "it")
    assert "likely hangs most" in said.sensitivity_title(likely, "it")


def test_no_share_is_above_the_whole() -> None:
    table = indices([("pace", 1.2, True, 0.97), ("lapse", 1.05, True, 0.0)]).assign(total_low=0.8, total_high=1.4)
    text = said.drives(table, "it")
    assert "80% or more of the spread" in text
    assert "lapse (100%)" in text


def test_no_driver_is_named_where_none_is_told() -> None:
    table = indices([("pace", 0.5, False, 1.0), (REST, 0.9, True, math.nan), (NOISE, 0.6, True, math.nan)])
    assert said.driver(table) == ("", "none")
    assert "pace" not in said.drives(table, "it") + said.sensitivity_title(table, "it")


def test_a_larger_index_that_is_not_told_leaves_the_driver_open() -> None:
    table = indices([("pace", 0.3, True, 0.99), ("lapse", 0.5, False, 0.0)])
    assert said.driver(table)[1] == "open"
    assert said.drives(table, "it") == "Which assumption drives it most is open; told from luck is pace."
    assert said.sensitivity_title(table, "it") == "Which assumption drives it most is open"


def test_luck_is_a_share_up_to_the_whole() -> None:
    assert "makes 60% (50 to 70) of that spread" in said.luck(indices([(NOISE, 0.6, True, math.nan)]))
    more = indices([(NOISE, 1.22, True, math.nan)]).assign(total_low=0.77, total_high=1.68)
    assert said.luck(more) == (
        "The luck of the seed makes most or all (77% or more) of that spread, which no knowledge of the assumptions would take "
        "away."
    )
    assert "makes 40% or more of that spread" in said.luck(more.assign(total_low=0.4))
    assert "makes 50% or more of that spread" in said.luck(more.assign(total_low=0.5))
    assert "makes all of that spread" in said.luck(more.assign(total_low=1.0))
    assert "makes 90% (80 to 100) of" in said.luck(more.assign(total=0.9, total_low=0.8, total_high=1.1))
    assert "makes 5% (0 to 20) of" in said.luck(more.assign(total=0.05, total_low=-0.1, total_high=0.2))
    assert said.luck(indices([("pace", 0.6, True, 1.0)])) == ""


def test_only_unsettled_shares_have_a_warning() -> None:
    assert "not settled" in said.settled("no")
    assert "roughly" in said.settled("roughly")
    assert said.settled("settled") == said.settled("") == ""


def screening(verdicts: list[str]) -> pd.DataFrame:
    names = ["pace", "lapse", "failure", "herding", "salience"][: len(verdicts)]
    rows = [
        {"factor": n, "mu_star": 0.1 - i / 100, "verdict": v}
        for i, (n, v) in enumerate(zip(names, verdicts, strict=True))
    ]
    return pd.DataFrame([*rows, {"factor": NOISE, "mu_star": 0.3, "verdict": "luck"}])


def test_a_screening_names_what_matters_and_counts_what_is_open() -> None:
    text = said.screened(screening(["matters", "open", "small"]), "it", "2 points")
    assert (
        text == "Of 3 assumptions 1 is shown to move it by more than 2 points over the whole of its range: "
        "pace (how fast a project works when nothing holds it up); 1 stays open."
    )
    assert (
        said.screened_title(screening(["matters", "open", "small"]), "it")
        == "1 of 3 assumptions is shown to matter for it"
    )
    many = said.screened(screening(["matters"] * 5), "it", "2 points")
    assert "2 more." in many
    assert "salience" not in many
    none = screening(["open", "nothing"])
    assert said.screened(none, "it", "2 points").startswith("Of 2 assumptions none is shown to move it")
    assert said.screened_title(none, "it") == "No single assumption is shown to matter for it"


def test_what_is_not_known_in_words_is_not_explained() -> None:
    assert said.explained("reform_cost") == "reform cost (what a reform costs a government politically)"
    assert said.explained("of_a_plugin") == "of a plugin"
    both = said.glossary(["reform_cost", "of_a_plugin", "reform_cost"])
    assert both == "Reform cost: what a reform costs a government politically."


# ---------------------------------------------------------------------- robustness
def scores(
    own: dict[str, tuple[float, float]], near: float = 0.96, others: tuple[tuple[str, str, float], ...] = ()
) -> pd.DataFrame:
    """Return scores: by design the points it lacks and how often it is nearest; others: judgement, nearest design, how sure."""
    rows: list[dict[str, Any]] = []
    for judgement, kind, found in (
        ("efficiency, by users^0.5", "as set", own),
        *((name, "who counts", {who: (0.01, sure), "z": (0.5, 1 - sure)}) for name, who, sure in others),
    ):
        rows += [
            {
                "judgement": judgement,
                "kind": kind,
                "futures": 200,
                "design": design,
                "regret_95": lacks,
                "regret_95_low": lacks - 0.01,
                "regret_95_high": lacks + 0.01,
                "near_share": near,
                "best_share": 0.5,
                "clear_share": 0.2,
                "chance_nearest": chance,
            }
            for design, (lacks, chance) in found.items()
        ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("chance", "near", "title"),
    [
        (0.9, 0.96, "A is very likely never far from the best"),
        (0.66, 0.95, "A is likely never far from the best"),
        (0.66, 0.94, "A is likely nearest to the best, but not always near"),
        (0.65, 0.96, "Which design is never far from the best is open"),
    ],
)
def test_the_heading_of_robustness_is_calibrated(chance: float, near: float, title: str) -> None:
    table = scores({"fragmented": (0.1, 1 - chance), "a": (0.03, chance)}, near)
    assert said.robust_title(table, called) == title
    assert said.never_far(table, called).startswith("Which design" if chance < 0.66 else "A is")


def test_what_the_nearest_lacks_and_how_far_the_reference_is() -> None:
    table = scores({"fragmented": (0.1, 0.0), "a": (0.03, 1.0)})
    assert (
        "in 95 of 100 futures it lacks no more than 3.0 points of efficiency (2.0 to 4.0) against the best of the 2 designs"
        in said.never_far(table, called)
    )
    assert (
        said.lag_of(table, "fragmented", called)
        == "Donors who act apart lack up to 10.0 points of efficiency in 95 of 100 futures."
    )
    assert said.lag_of(table, "elsewhere", called) == ""
    assert said.lag_of(scores({"fragmented": (0.01, 1.0), "a": (0.03, 0.0)}), "fragmented", called) == ""
    assert said.best_in(table, "2 points", called) == (
        "A is the best in 100 of 200 futures considered, and ahead of all others by 2 points in 40."
    )


def test_other_value_judgements_are_counted() -> None:
    own = {"fragmented": (0.1, 0.0), "a": (0.03, 1.0)}
    assert said.judged(scores(own), called) == ""
    assert (
        said.judged(scores(own, others=(("x", "a", 0.5),)), called)
        == "Under the other value judgement that was tried a is nearest to the best as well."
    )
    same = scores(own, others=(("x", "a", 0.5), ("y", "a", 0.5)))
    assert said.judged(same, called) == "Under all 2 other value judgements a is nearest to the best as well."
    turned = scores(own, others=(("x", "b", 0.9), ("y", "b", 0.89), ("w", "a", 1.0)))
    assert (
        said.judged(turned, called)
        == "Under 2 of 3 other value judgements another design than a is nearest to the best, for sure in 1."
    )
    unsure = scores(own, others=(("x", "b", 0.8),))
    assert said.judged(unsure, called).startswith(
        "Under the other value judgement that was tried another design than a"
    )
    assert said.judged(unsure, called).endswith("none of them for sure.")


def test_judgements_are_in_plain_words_with_the_next_design() -> None:
    table = said.judgements(
        scores({"fragmented": (0.1, 0.0), "a": (0.03, 1.0)}, others=(("efficiency, equal states", "b", 0.9),))
    )
    assert table["judgement"].tolist() == ["efficiency as the scenario has it", "efficiency, all states count the same"]
    assert table["nearest"].tolist() == ["a", "b"]
    assert table["next"].tolist() == ["fragmented", "z"]
    assert table["lacks"].tolist() == pytest.approx([3.0, 1.0])
    alone = said.judgements(scores({"a": (0.03, 1.0)}))
    assert alone["next"].tolist() == [""]
    assert math.isnan(alone["next_lacks"][0])


# ---------------------------------------------------------------------- value of information
def information(rows: list[tuple[str, float, bool]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "judgement": "own",
            "chosen": "fragmented",
            "assumption": name,
            "value": value,
            "low": 0.0,
            "high": 2 * value,
            "told": is_told,
            "changes": 0.47,
            "to": "umbrella",
        }
        for name, value, is_told in rows
    )


def test_what_would_change_the_choice_is_told_for_three_at_most() -> None:
    table = information(
        [("reform_cost", 0.001, True), ("pace", 0.004, True), ("lapse", 0.003, True), ("failure", 0.002, True)]
    )
    found = said.would_change(table, called)
    assert len(found) == 3
    assert found[0].startswith("If we knew how fast a project works when nothing holds it up (pace)")
    assert said.would_change(table.head(1), called) == [
        "If we knew what a reform costs a government politically (reform cost), the choice would change from donors "
        "who act apart in 47% of "
        "futures considered, mostly to umbrella; worth about 0.1 points of efficiency (0.0 to 0.2), "
        "less than the 2 points that count."
    ]


def test_what_is_worth_less_than_counts_is_told_to_be() -> None:
    table = information([("reform_cost", 0.0199, True)])
    (text,) = said.would_change(table, called, 500)
    assert "in 47% of the 500 futures of that study, mostly to umbrella" in text
    assert text.endswith(", less than the 2 points that count.")
    assert (
        said.worth_title(table)
        == "Knowing one assumption would change the choice, but gain less than the 2 points that count"
    )
    enough = table.assign(value=0.02)
    assert "that count" not in said.would_change(enough)[0]
    assert "that count" in said.would_change(enough, smallest=0.03)[0]
    assert said.worth_title(enough) == "What would be worth knowing"
    assert said.worth_title(enough, 0.03).endswith("less than the 3 points that count")


def test_what_is_not_told_from_chance_changes_nothing() -> None:
    table = information([("reform_cost", 0.9, False)])
    assert said.would_change(table) == ["No single assumption, if it were known, is shown to change the choice."]
    assert said.worth_title(table) == "No single assumption is shown to be worth knowing"
    assert said.would_change(pd.DataFrame()) == []


def test_only_the_first_judgement_changes_the_choice() -> None:
    other = information([("pace", 0.9, True)]).assign(judgement="other")
    found = said.would_change(pd.concat([information([("lapse", 0.001, False)]), other]))
    assert found == ["No single assumption, if it were known, is shown to change the choice."]


def test_a_missing_interval_or_alternative_is_left_out() -> None:
    table = information([("lapse", 0.001, True)]).assign(low=math.nan, to=None)
    (text,) = said.would_change(table)
    assert "mostly" not in text
    assert text.endswith("worth about 0.1 points of efficiency, less than the 2 points that count.")


# ---------------------------------------------------------------------- discovery
def searched(
    boxes: tuple[told.Held, ...] = (),
    leaves: tuple[tuple[str, Leaf], ...] = (),
    case: str = "loses",
    outcome: str = "efficiency",
) -> told.Searched:
    own = Counted(200, 40, 200, 40)
    return told.Searched(
        "donors who act apart", "umbrella", Question(outcome, case, 0.02), own, Counted(100, 25, 100, 25), boxes, leaves
    )


def held(place: int = 1) -> told.Held:
    return told.Held(place, {"overhead": (0.1, math.inf)}, Counted(200, 40, 30, 20), Counted(100, 25, 20, 15))


LIMITS = (
    (1, "overhead", "low", 0.1),
    (1, "overhead", "high", 0.2),
    (1, "pace", "high", 0.5),
    (2, "lapse", "low", 0.01),
)


def boxes_table(beyond: bool = True) -> pd.DataFrame:
    counted = {"futures": 200, "cases": 40, "inside": 30, "hits": 20}
    fresh = {"fresh_futures": 100, "fresh_cases": 25, "fresh_inside": 20, "fresh_hits": 15}
    return pd.DataFrame(
        {
            "architecture": "umbrella",
            "against": "fragmented",
            "box": box,
            "name": name,
            "end": end,
            "limit": limit,
            **counted,
            **fresh,
            "beyond_chance": beyond and box == 1,
        }
        for box, name, end, limit in LIMITS
    )


def test_only_boxes_beyond_chance_are_found() -> None:
    (one,) = told.held_boxes(boxes_table(), "umbrella")
    assert one.limits == {"overhead": (0.1, 0.2), "pace": (-math.inf, 0.5)}
    assert (one.fresh.inside, one.fresh.hits) == (20, 15)
    assert told.held_boxes(boxes_table(beyond=False), "umbrella") == ()
    assert told.held_boxes(boxes_table(), "conditional") == ()


def test_how_often_it_happens_counts_fresh_futures() -> None:
    assert told.how_often(searched()) == (
        "Umbrella loses to donors who act apart by 2 points of efficiency or more in 40 of 200 futures considered (20%), and in "
        "25 of 100 fresh ones, kept back from the search (25%)."
    )
    assert "wins over donors" in told.how_often(searched(case="wins"))
    assert "is not better than donors" in told.how_often(searched(case="not_better"))
    assert "is below donors" in told.how_often(searched(outcome="duplication_share"))


def test_where_it_happens_rests_on_fresh_futures() -> None:
    (text,) = told.where(searched((held(),)))
    assert text == (
        "Where overhead above 0.1, it loses in 15 of 20 fresh futures (75%), against 25% of all; 60% of the fresh futures in "
        "which it loses lie there."
    )
    assert told.where(searched((held(), held(2))))[1].startswith(
        "Elsewhere, where overhead above 0.1, it loses in 15 of 20"
    )
    assert told.discovery_title(searched((held(),))) == "Umbrella loses more often at certain values of overhead"


def test_nothing_is_found_without_a_box_or_a_tree_that_tells() -> None:
    (text,) = told.where(searched())
    assert text.startswith("Under which conditions cannot be said from 200 futures")
    assert told.discovery_title(searched()) == "Under which conditions umbrella loses is not found"
    alike = tuple((f"leaf {i}", Leaf({}, Counted(200, 40, 100, 20), Counted(100, 25, 50, 12 + i))) for i in range(2))
    assert told.discovery_title(searched(leaves=alike)) == "Under which conditions umbrella loses is not found"


def test_a_tree_that_tells_is_loose_evidence() -> None:
    leaves = (
        ("overhead above 0.1", Leaf({}, Counted(200, 40, 100, 35), Counted(100, 25, 50, 23))),
        ("overhead below 0.1", Leaf({}, Counted(200, 40, 100, 5), Counted(100, 25, 50, 2))),
    )
    one = searched(leaves=leaves)
    assert "told, if loosely" in told.discovery_title(one)
    (text,) = told.where(one)
    assert "most often where overhead above 0.1 (23 of 50 fresh futures (46%))" in text
    assert "least where overhead below 0.1 (2 of 50 fresh futures (4%))" in text


def test_the_section_is_headed_by_the_pair_that_says_something() -> None:
    assert (
        told.searched_title([searched(), searched((held(),))])
        == "Umbrella loses more often at certain values of overhead"
    )
    assert told.searched_title([searched(), searched()]) == "Under which conditions the answer turns is not found"
    assert told.searched_title([searched()]) == "Under which conditions umbrella loses is not found"


# ---------------------------------------------------------------------- rivals
def standing(form: str, verdict: str, same_as: str = "") -> Standing:
    count = {"better": Futures(9, 1, 0, 0), "worse": Futures(0, 1, 9, 0), "open": Futures(5, 0, 5, 0)}[verdict]
    return Standing(form, "umbrella", count, 0.0, verdict, same_as or form)  # type: ignore[arg-type]


def fate(*forms: Standing, own: str = "better") -> tuple[Conclusion, str]:
    (one,) = conclusions([standing(AS_SET, own), *forms])
    return one, told.fate(one, "donors who act apart", called)


def test_a_conclusion_survives_turns_or_is_left_open() -> None:
    is_so = "That umbrella is better than donors who act apart"
    one, text = fate(standing("lapse=ageing", "better"), standing("ignorance=task", "better"))
    assert text == f"{is_so} survives all 2 rival forms that act."
    assert told.rivals_title([one]) == "The conclusion that is drawn survives every rival submodel"
    assert told.rivals_title([one, one]) == "All 2 conclusions survive every rival submodel"
    turned, text = fate(standing("lapse=ageing", "worse"), standing("ignorance=task", "better"))
    assert text.startswith(
        f"{is_so} turns: the opposite holds with \N{LEFT DOUBLE QUOTATION MARK}when delivered tasks fall into disuse: "
    )
    assert text.endswith("it holds with the other one that acts.")
    assert told.rivals_title([turned, one]) == "1 of 2 conclusions turns under a rival submodel"
    opened, text = fate(standing("lapse=ageing", "open"))
    assert text.startswith(f"{is_so} is left open: it is open with")
    assert told.rivals_title([opened, one]) == "1 of 2 conclusions survives every rival submodel; none turns"


def test_nothing_survives_a_form_that_does_not_act() -> None:
    one, text = fate(standing("credit=equal", "better", AS_SET))
    assert text.endswith("is not tested: no rival form changes a run of the two.")
    assert told.rivals_title([one]) == "Rival submodels test no conclusion here"


def test_what_is_open_as_set_is_no_conclusion() -> None:
    one, text = fate(standing("lapse=ageing", "open"), own="open")
    assert (
        text
        == "Whether umbrella is better or worse than donors who act apart is open in these futures, with every form that acts."
    )
    assert told.rivals_title([one]).endswith(": with the forms as set all is open")
    _, text = fate(standing("lapse=ageing", "better"), own="open")
    assert "; not so with" in text


def test_forms_are_in_plain_words() -> None:
    assert told.form_in_words("ignorance=task") == "what may go unseen: each task of a project is seen or not"
    assert told.form_in_words(AS_SET) == "forms as set"
    assert told.form_in_words("credit=equal = by_eur").count("takers") == 2
    assert told.form_in_words("new=form") == "new=form"
    assert told.idle([]) == ""
    assert told.idle(["credit=equal", "credit=by_eur"]) == (
        "2 rival forms change nothing here (about who is credited for a task): nothing survives or turns by them."
    )


def test_a_table_of_rivals_is_read_as_it_was_written() -> None:
    table = pd.DataFrame(
        {
            "form": [AS_SET, "lapse=ageing"],
            "architecture": "umbrella",
            "acts": [False, True],
            "same_as": [math.nan, math.nan],
            "better": 1,
            "same": 2,
            "worse": 3,
            "undefined": 0,
            "median_difference": 0.1,
            "verdict": "open",
        }
    )
    found = told.standings_of(table)
    assert [one.same_as for one in found] == [AS_SET, "lapse=ageing"]
    assert [one.acts for one in found] == [False, True]
    assert found[0].futures.count == 6


def test_every_number_that_is_drawn_is_told_in_plain_words() -> None:
    from donorlab.experiments.ensemble import drawable
    from donorlab.experiments.pages.plainly import PLAIN

    assert set(PLAIN) == {row.name for row in drawable()}
    assert all(not set(text) & set("=*^_;") for text in PLAIN.values())
