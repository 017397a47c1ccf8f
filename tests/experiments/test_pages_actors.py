"""Sections of who gains, who joins, who reports and what two donors buy: sentences follow from numbers, folders may lack parts."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

pytest.importorskip("altair")
pytest.importorskip("vl_convert")

from donorlab.experiments.arguments import InputError
from donorlab.experiments.opened import Opened
from donorlab.experiments.pages import amounts, sections_of_actors, sections_of_cooperation
from donorlab.experiments.pages import claims_of_actors as claims
from donorlab.experiments.pages import claims_of_cooperation as joint
from donorlab.experiments.pages.blocks import Section
from donorlab.experiments.pages.case import Case
from donorlab.experiments.pages.claims_of_actors import Side, Verdicts
from donorlab.experiments.pages.claims_of_cooperation import Stand
from donorlab.experiments.pages.gathered import Gathered

NAN = math.nan


# ---------------------------------------------------------------------- made-up folders
def folder(
    place: Path, command: str, tables: Mapping[str, pd.DataFrame], told: str | None = None, **keys: Any
) -> Opened:
    place.mkdir(parents=True, exist_ok=True)
    configuration = {"scenario": "fake", "smallest_difference": 0.02, **keys}
    (place / "manifest.json").write_text(json.dumps({"command": command, "configuration": configuration}))
    for name, table in tables.items():
        if name.endswith(".parquet"):
            table.to_parquet(place / name)
        else:
            table.to_csv(place / f"{name}.csv", index=False)
    if told is not None:
        (place / "report.txt").write_text(told)
    return Opened(place)


def case(place: Path, *others: Opened, named: bool = False) -> Case:
    runs = pd.DataFrame({"architecture": ["fragmented", "better", "worse"], "seed": 1, "efficiency": 0.5})
    found: dict[str, tuple[Opened, ...]] = {"compare": (folder(place / "compare", "compare", {"runs.parquet": runs}),)}
    for one in others:
        command = str(one.manifest["command"])
        found[command] = (*found.get(command, ()), one)
    return Case(Gathered(found), named)


def over(verdict: str) -> dict[str, Any]:
    gain, lose = {"gains": (80, 5), "loses": (5, 80), "open": (40, 45)}[verdict]
    change = {"gains": 0.03, "loses": -0.03, "open": 0.0}[verdict]
    return {
        "futures_gain": gain, "futures_same": 100 - gain - lose, "futures_lose": lose, "future_change": change,
        "future_low": change - 0.05, "future_high": change + 0.05, "over_futures": verdict,
    }  # fmt: skip


def winners(place: Path, states: list[str], futures: bool = True, without: str = "", typical: float = 0.0) -> Opened:
    """Return results of `winners` of one proposal: a state a verdict; two members that lose and an outsider that gains."""
    mean = {"gains": 0.03, "open": 0.0, "loses": -0.03}
    rows = [
        {
            "proposal": "better", "iso3": f"S{i}", "name": f"Stateland {i}", "region": "Africa", "income_group": "Low income",
            "value_change": mean[one], "told": one != "open", "verdict": "same" if one == "open" else one,
            **(over(one) if futures else {}),
        }
        for i, one in enumerate(states)
    ]  # fmt: skip
    groups = [
        {
            "proposal": "better", "kind": kind, "group": group, "states": 3.0, "value_change": 0.01, "value_change_low": 0.0,
            "value_change_high": 0.02, **(over(verdict) if futures and kind != "served" else {}),
        }
        for kind, group, verdict in (
            ("all", "all states", "gains"), ("region", "Africa", "gains"), ("region", "Asia", "open"),
            ("income", "Low income", "loses"), ("un", "LDC", "gains"), ("served", "orphans", "open"),
        )
    ]  # fmt: skip
    donors = [
        {
            "proposal": "better", "donor": name, "name": f"Donorland {name}", "kind": "state", "member": member, "budget_m": 10.0,
            "worth_m": -1.0 if member else 1.0, "verdict": verdict, "overhead_m_change": 0.5 * member,
            **(over(verdict) if futures else {}),
        }
        for name, member, verdict in (("A", True, "loses"), ("B", True, "loses"), ("C", False, "gains"))
    ]  # fmt: skip
    chance = {"proposal": "better", "gains": 1, "may_gain": 2, "may_lose": 0, "loses": 1, "chance_called": 0.4}
    runs, accounts = [], []
    for sample, numbers in (("default", range(1, 7)), *([("future", range(100))] if futures else [])):
        for number in numbers:
            for name in ("fragmented", "better"):
                runs.append({"sample": sample, "number": number, "architecture": name})
                for donor, change in (("A", -0.1), ("B", -0.1), ("C", 0.1)):
                    account = 1.0 + 0.01 * number % 0.05 + change * (name == "better")
                    accounts.append({**runs[-1], "donor": donor, "budget_m": 10.0, "account": account})
    tables = {
        "states": pd.DataFrame(rows).drop(columns=without, errors="ignore"), "groups": pd.DataFrame(groups),
        "donors": pd.DataFrame(donors), "chance": pd.DataFrame([chance]), "runs.parquet": pd.DataFrame(runs),
        "donors.parquet": pd.DataFrame(accounts),
    }  # fmt: skip
    if typical:  # what states had: half of the futures lose it, half gain it
        tables["states.parquet"] = pd.DataFrame(
            {
                "sample": "future",
                "number": number,
                "architecture": name,
                "iso3": f"S{i}",
                "value": 0.5 + change * (name == "better"),
            }
            for i in range(len(states))
            for number in range(4)
            for name in ("fragmented", "better")
            for change in [-typical if number % 2 else typical]
        )
    return folder(place / "winners", "winners", tables)


def text(section: Section | None) -> str:
    assert section is not None
    return "".join(section.blocks)


# ---------------------------------------------------------------------- states
def test_states_that_gain_and_lose_are_counted_over_the_futures(tmp_path: Path) -> None:
    section = sections_of_actors.states(case(tmp_path, winners(tmp_path, ["gains"] * 10 + ["open"] * 8 + ["loses"])))
    assert section is not None
    assert section.title == "No state is told to lose under better, and 10 of 19 more often gain than lose"
    assert [chart.name for chart in section.charts] == ["gains-region", "gains-income"]
    told = text(section)
    assert (
        "Under better 10 of 19 states gain 2 points or more of own value in more than half of the 100 futures, and 1"
        in told
    )
    assert "10 more often gain that much than lose it, and 1 loses it more often; for 8 it is open" in told
    assert "The one that more often loses has 3.0 points less in its middle future." in told
    assert "more often gain than lose: Africa; more often lose: Low income; open: Asia" in told
    assert "At default values 1 state gains 2 points or more beyond chance and 1 loses as much; 2 more may gain" in told
    assert "Chance alone would call fewer than one." in told
    assert "Stateland" not in told


@pytest.mark.parametrize(("typical", "said"), [(0.04, ", and by little"), (0.2, "")])
def test_losses_are_little_only_where_they_are_so_in_futures_that_lose(
    tmp_path: Path, typical: float, said: str
) -> None:
    own = ["gains"] * 20 + ["open"] * 7 + ["loses"] * 3
    section = sections_of_actors.states(case(tmp_path, winners(tmp_path, own, typical=typical)))
    assert section is not None
    assert section.title == f"Few states lose under better{said}"
    assert f"Where they lose, that is {100 * typical:.0f} points" in text(section)


def test_states_are_named_only_if_asked(tmp_path: Path) -> None:
    told = text(sections_of_actors.states(case(tmp_path, winners(tmp_path, ["gains", "loses"]), named=True)))
    assert "Stateland 0" in told
    assert "names=true" not in told


def test_without_futures_everything_is_of_default_values(tmp_path: Path) -> None:
    found = case(tmp_path, winners(tmp_path, ["gains", "open"], futures=False))
    section = sections_of_actors.states(found)
    assert section is not None
    assert section.title.startswith("At default values: ")
    assert "middle future" not in text(section)
    assert "At default values better is worth" in text(sections_of_actors.donors(found))


def test_nothing_without_folders(tmp_path: Path) -> None:
    found = case(tmp_path)
    for make in (
        sections_of_actors.states, sections_of_actors.donors, sections_of_cooperation.membership, sections_of_cooperation.ignorance,
        sections_of_cooperation.buys,
    ):  # fmt: skip
        assert make(found) is None


@pytest.mark.parametrize("column", ["verdict", "over_futures", "name"])
def test_a_column_that_is_missing_is_named_in_a_line(tmp_path: Path, column: str) -> None:
    with pytest.raises(InputError, match=rf"states\.csv: has no column '{column}'"):
        sections_of_actors.states(case(tmp_path, winners(tmp_path, ["gains"], without=column)))


def test_a_table_that_is_missing_is_named_in_a_line(tmp_path: Path) -> None:
    found = winners(tmp_path, ["gains"])
    (found.path / "groups.csv").unlink()
    with pytest.raises(InputError, match=r"has no groups\.csv"):
        sections_of_actors.states(case(tmp_path, found))


@pytest.mark.parametrize(
    ("found", "typical", "said"),
    [
        (
            Verdicts(60, 40, 0, 1.0, 100),
            NAN,
            "No state is told to lose under x, and 60 of 100 more often gain than lose",
        ),
        (Verdicts(38, 95, 1, 5.9, 200), 0.05, "No state is told to lose under x; for 95 of 134 it is open"),
        (Verdicts(60, 68, 6, 5.9, 200), 0.05, "No state is told to lose under x; for 68 of 134 it is open"),
        (Verdicts(60, 67, 7, 5.9, 200), 0.05, "Few states lose under x, and by little"),
        (Verdicts(60, 67, 7, 5.9, 200), 0.051, "Few states lose under x"),
        (Verdicts(60, 67, 7, 5.9, 200), NAN, "Few states lose under x"),
        (Verdicts(50, 39, 11, 1.0, 100), 0.01, "More states gain than lose under x"),
        (Verdicts(30, 60, 10, 1.0, 100), 0.01, "More states gain than lose under x; for 60 of 100 it is open"),
        (Verdicts(5, 85, 10, 1.0, 100), 0.01, "More states lose than gain under x; for 85 of 100 it is open"),
        (Verdicts(50, 0, 50, 1.0, 100), 0.01, "As many states lose under x as gain"),
        (
            Verdicts(0, 1, 1, 0.05, 100),
            0.01,
            "1 of 2 states more often loses than gains under x, and none is told to gain",
        ),
        (Verdicts(3, 97, 0, 3.0, 100), NAN, "Which states would gain or lose under x is open"),
        (Verdicts(4, 92, 4, 3.0, 100), NAN, "Which states would gain or lose under x is open"),
        (Verdicts(0, 100, 0, 0.0, 100), NAN, "Which states would gain or lose under x is open"),
        (Verdicts(3, 97, 0, 0.0, 0), NAN, "At default values: no state is told to lose under x, and 3 of 100 gain"),
        (Verdicts(0, 99, 1, 0.0, 0), 0.1, "At default values: 1 of 100 states loses under x, and none is told to gain"),
    ],
)
def test_titles_of_states(found: Verdicts, typical: float, said: str) -> None:
    assert claims.states_title("x", found, typical) == said


def test_luck_is_told_beside_what_is_found() -> None:
    def said(*numbers: int, luck: float = 4.0) -> str:
        return claims.states_count("x", Verdicts(*numbers, luck, 100), "2 points")

    assert said(8, 90, 2).endswith(
        "A fair coin would call about 2 each way (up to 5 in 95 of 100 cases), so that all 2 that lose may be luck."
    )
    assert said(8, 91, 1).endswith("so that the one that loses may be luck.")
    assert said(8, 86, 6).endswith("each way (up to 5 in 95 of 100 cases).")
    assert said(5, 90, 5).endswith("these may all be luck.")
    assert said(2, 90, 8).endswith("so that all 2 that gain may be luck.")
    assert said(0, 5, 0, luck=0.05).endswith(
        "A fair coin would call fewer than one each way (none in 95 of 100 cases)."
    )
    assert "beyond chance" in claims.states_count("x", Verdicts(1, 4, 0, 0.0, 0), "2 points")


def test_who_gains_in_most_futures_comes_before_who_gains_more_often() -> None:
    text = claims.states_count("x", Verdicts(38, 95, 1, 5.9, 200, 1, 0), "2 points")
    assert text.startswith(
        "Under x 1 of 134 states gains 2 points or more of own value in more than half of the 200 futures, and 0 lose as much. 38 "
        "more often gain that much than lose it, though most of them do not gain it in most futures, and 1 loses it more often"
    )
    assert "though they do not gain it in most futures" in claims.states_count(
        "x", Verdicts(38, 95, 1, 5.9, 200, 0, 0), "2 points"
    )
    assert "though" not in claims.states_count("x", Verdicts(38, 95, 1, 5.9, 200, 19, 0), "2 points")


def test_sentences_of_states_appear_only_where_there_is_something_to_say() -> None:
    assert claims.losers(0, 0.0, 0.0) is None
    assert claims.losers(3, NAN, NAN) is None
    assert claims.losers(2, 0.01, 0.034) == (
        "In its middle future the middle one of those that more often lose has 1.0 points less, the one that loses most 3.4."
    )
    assert str(claims.losers(1, 0.01, 0.034, 0.052)).endswith(
        "Where it loses, that is 5 points in the middle of such futures."
    )
    assert claims.mean_state("x", (0.0, 0.0, 0.0), 0, 0, 0, "2 points") is None
    assert "(\N{MINUS SIGN}1.0 to +3.0 in nine of ten futures); it gains 2 points or more in 7 of 9" in str(
        claims.mean_state("x", (-0.01, 0.01, 0.03), 7, 1, 9, "2 points")
    )
    assert claims.groups("x", [], [], []) is None
    assert "none of 1 group" in str(claims.groups("x", [], [], ["a"]))
    assert claims.groups("x", ["a", "b"], [], ["c"], 3, "2 points") == (
        "Under x all 3 groups by region and income stay about the same in most futures (less than 2 points either way). In the "
        "other futures these more often gain than lose: a and b; open: c."
    )
    assert str(claims.groups("x", ["a"], [], ["c"], 1, "2 points")).startswith(
        "Under x 1 of 2 groups by region and income stays"
    )
    assert str(claims.groups("x", [], [], ["c"], 1, "2 points")).startswith(
        "Under x the one group by region and income stays"
    )
    assert "and 2 more" in str(claims.groups("x", list("abcdefgh"), ["i"], []))
    assert claims.at_default((0, 0, 0, 0), 0.0, "2 points") == (
        "At default values no state gains or loses 2 points in the mean of the runs."
    )
    assert "Chance" not in claims.at_default((1, 0, 0, 0), NAN, "2 points")


# ---------------------------------------------------------------------- donors
def test_free_riders_are_told_over_the_futures(tmp_path: Path) -> None:
    section = sections_of_actors.donors(case(tmp_path, winners(tmp_path, ["gains"])))
    assert section is not None
    assert section.title == "Members lose under better, and those outside ride free"
    told = text(section)
    assert (
        "To 2 members together better is worth EUR \N{MINUS SIGN}2.1 million a year in the middle future (2021 prices; "
        in told
    )
    assert "more than nothing in 0 of 100 futures" in told
    assert "more than nothing in 100 of 100 futures, and they pay nothing" in told
    assert "At default values members pay EUR 1.0 million a year (2021 prices) for it" in told
    assert "Donorland A" in told


def side(verdict: str) -> Side:
    return Side(3, -1.0, 0.0, 1.0, 5, 5, verdict)


@pytest.mark.parametrize(
    ("inside", "outside", "said"),
    [
        ("gains", "gains", "Members gain under x, and those outside ride free"),
        ("open", "gains", "Those outside x ride free; whether members gain is open"),
        ("loses", "open", "Members lose under x; whether those outside do is open"),
        ("open", "open", "Whether members or outsiders gain under x is open"),
    ],
)
def test_titles_of_donors(inside: str, outside: str, said: str) -> None:
    assert claims.donors_title("x", side(inside), side(outside)) == said


def test_titles_of_donors_on_one_side_only() -> None:
    assert claims.donors_title("x", side("loses"), None) == "Donors together lose under x"
    assert (
        claims.donors_title("x", None, side("open")) == "Whether donors outside together gain or lose under x is open"
    )
    assert claims.donors_title("x", None, None) == "What donors would get out of x is not known"


def test_free_riding_across_proposals() -> None:
    assert claims.across({"x": (side("loses"), side("gains"))}) is None
    assert "Under none of 2" in str(claims.across({n: (side("open"), side("open")) for n in "xy"}))
    two = {"x": (side("loses"), side("gains")), "y": (side("gains"), side("open"))}
    assert str(claims.across(two)).endswith("a free ride. Under it members lose together.")
    assert "Under none of the 2 members" in str(claims.across({n: (side("gains"), side("gains")) for n in "xy"}))
    assert claims.across({"x": (None, side("gains")), "y": (side("open"), side("open"))}) is None


def test_one_donor_is_not_together_and_nothing_paid_is_not_told() -> None:
    alone = claims.side("outsider", "x", Side(1, 0.1, 0.2, 0.3, 9, 1, "gains"), 10)
    assert alone.startswith(
        "To 1 outsider x is worth EUR +0.20 million a year in the middle future (2021 prices; +0.10 to +0.30"
    )
    assert claims.overhead(0.0) is None
    assert claims.overhead(-1.0) is None
    assert claims.overhead(NAN) is None
    assert claims.donors_count("member", Verdicts(0, 0, 0, 0.0, 10)) is None
    assert "1 of 1 member more often gains than loses, 0 more often lose than gain" in str(
        claims.donors_count("member", Verdicts(1, 0, 0, 0.1, 10))
    )


def test_a_middle_is_no_finer_than_its_range() -> None:
    assert amounts.alike(0.03, -9.3, 14.0) == ["0", "\N{MINUS SIGN}9", "+14"]
    assert amounts.alike(0.0) == ["0"]
    assert amounts.euros_within(NAN, 1.5, NAN, "a year", "by chance") == "EUR +1.5 million a year (2021 prices)"


# ---------------------------------------------------------------------- membership
def membership(place: Path, proposal: str, told: bool) -> Opened:
    donors = pd.DataFrame(
        {
            "donor": ["A", "B", "C"], "member": [True, True, False], "budget_m": 10.0, "gain_m": [-1.0, 0.5, -0.2],
            "moves": [True, False, False], "told": [told, False, False], "stays": [False, True, False],
        }
    )  # fmt: skip
    players = pd.DataFrame(
        {
            "player": ["A", "B", "C"],
            "count": 1,
            "member": [True, True, False],
            "gain_m": [-1.0, 0.5, -0.2],
            "gain_low": -1.5,
            "gain_high": 0.9,
        }
    )
    tables = {"membership_by_donor": donors, "membership": players}
    return folder(place / proposal, "membership", tables, "First.\n and its end.\nSecond <b>.\n", proposal=proposal)


def test_membership_of_several_proposals(tmp_path: Path) -> None:
    section = sections_of_cooperation.membership(
        case(tmp_path, membership(tmp_path, "one", True), membership(tmp_path, "two", False))
    )
    assert section is not None
    assert section.title == "At default values 1 of 2 members of one would be better off outside"
    told = text(section)
    assert "one: 1 of 2 members would be better off outside, beyond chance; none of 1 outsider" in told
    assert "two: 1 of 2 members would be better off outside by the mean, none of them beyond chance" in told
    assert "<li>First.<ul" in told
    assert "<li>and its end.</li></ul></li><li>Second &lt;b&gt;.</li>" in told
    assert len({chart.name for chart in section.charts}) == 2


def test_an_old_folder_without_words_has_none(tmp_path: Path) -> None:
    one = membership(tmp_path, "one", True)
    (one.path / "report.txt").unlink()
    assert "in its own words" not in text(sections_of_cooperation.membership(case(tmp_path, one)))


def test_donors_are_called_by_their_names(tmp_path: Path) -> None:
    one = membership(tmp_path, "one", True)
    (one.path / "configuration.json").write_text(
        json.dumps({"resolved": {"donors": {"ids": ["A"], "names": ["Atlantis"]}}})
    )
    assert "Atlantis" in text(sections_of_cooperation.membership(case(tmp_path, one)))
    (one.path / "configuration.json").write_text("{")
    with pytest.raises(InputError, match=r"configuration\.json: cannot be read"):
        sections_of_cooperation.membership(case(tmp_path, one))


def stand(inside: Any, told: int = 0, members: int = 3, name: str = "x") -> Stand:
    return Stand(name, inside, "not told", members, 0, 2, told, 0, 0)


@pytest.mark.parametrize(
    ("stands", "said"),
    [
        ([stand("unstable", 1, 1)], "1 of 1 member of x would be better off outside"),
        ([stand("unstable", 2), stand("stable")], "2 of 3 members of x would be better off outside"),
        (
            [stand("unstable", 1, 42), stand("unstable", 32, 34, "y")],
            "1 of 42 members of x and 32 of 34 of y would be better off outside",
        ),
        (
            [*([stand("unstable", 2)] * 3), stand("unstable", 1, 42), stand("stable")],
            "some members would be better off outside 4 of 5 proposals: from 1 of 42 to 2 of 3",
        ),
        ([stand("unstable", 2)] * 4, "some members would be better off outside each of 4 proposals: 2 of 3"),
        ([stand("stable")], "members of x would stay"),
        ([stand("not told")], "it is open whether members of x would stay"),
        ([stand("stable")] * 2, "members of all 2 proposals would stay"),
        ([stand("stable"), stand("stable", members=0, name="y")], "members of x would stay"),
        ([stand("stable"), stand("not told")], "members of x would stay"),
        ([stand("not told")] * 2, "it is open whether members would stay"),
    ],
)
def test_titles_of_membership(stands: list[Stand], said: str) -> None:
    assert joint.membership_title(stands) == f"At default values {said}"


def test_nobody_who_is_not_there_stays() -> None:
    assert joint.membership_title([stand("stable", members=0)]) == "x has no members who could leave"
    assert "have no members" in joint.membership_title(
        [stand("stable", members=0), stand("stable", members=0, name="y")]
    )
    assert joint.stands(stand("stable", members=0)) == "x has no members among those who may join."


def test_who_is_not_counted_is_named(tmp_path: Path) -> None:
    one = membership(tmp_path, "one", True)
    donors = {"ids": list("ABCD"), "names": ["Atlantis", "B", "C", "Broker"], "budget_central": [1.0, 1.0, 1.0, 0.0]}
    (one.path / "configuration.json").write_text(json.dumps({"resolved": {"donors": donors}}))
    told = text(sections_of_cooperation.membership(case(tmp_path, one)))
    assert "Of 4 donors 3 are counted: Broker has no money of its own." in told
    assert "being in rather than out, each member alone, summed" in told
    assert joint.left_out(3, 3, []) is None
    assert (
        joint.left_out(48, 42, ["B"])
        == "Of 48 donors 42 are counted: B has no money of its own and 5 more are not among the members."
    )
    assert str(joint.left_out(2, 1, [])).endswith("1 is counted: 1 is not among the members.")


# ---------------------------------------------------------------------- ignorance
def ignorance(place: Path, removed: float, paid: tuple[float, float] = (10.0, 2.0)) -> Opened:
    curve = pd.DataFrame(
        {
            "reporters": [0, 1, 2, 3], "donors": [0, 1, 2, 5], "last": [None, "A", "B", "3 others"],
            "paid_twice_m": [paid[0], 8.0, 5.0, paid[1]], "removed": [0.0, 0.2, removed, 1.0],
            "removed_low": [0.0, 0.1, removed - 0.1, 1.0], "removed_high": [0.0, 0.3, removed + 0.1, 1.0],
        }
    )  # fmt: skip
    reporters = pd.DataFrame(
        {
            "player": ["A", "B", "3 others"], "count": [1, 1, 3], "budget_m": 5.0, "budget_share": 0.3, "saved_m": [3.0, 2.0, 1.0],
            "saved_m_low": 0.5, "saved_m_high": 3.5, "saved_share": [0.5, 0.3, 0.2],
        }
    )  # fmt: skip
    return folder(place / "ignorance", "ignorance", {"curve": curve, "reporters": reporters}, report="plans")


@pytest.mark.parametrize(
    ("removed", "title"),
    [
        (0.7, "At default values the plans of 2 donors remove most of what is paid twice and need not be"),
        (
            0.3,
            "At default values the plans of 2 donors are not enough: they remove less than half of what could be saved",
        ),
        (0.55, "At default values it is open whether the plans of 2 donors remove most of what could be saved"),
    ],
)
def test_what_the_first_few_remove(tmp_path: Path, removed: float, title: str) -> None:
    section = sections_of_cooperation.ignorance(case(tmp_path, ignorance(tmp_path, removed)))
    assert section is not None
    assert section.title == title
    told = text(section)
    assert "At default values EUR 10 million a year (2021 prices) are paid twice if nobody reports" in told
    assert f"The plans of A and B remove {100 * removed:.0f}%" in told
    assert ("it takes at most 5 of 5 donors" in told) is (removed < 0.5)


def test_nothing_to_save(tmp_path: Path) -> None:
    section = sections_of_cooperation.ignorance(case(tmp_path, ignorance(tmp_path, 0.7, (0.0, 0.0))))
    assert section is not None
    assert section.title == "At default values reports of plans would save nothing"
    assert section.charts == ()
    assert "there is nothing to save" in text(section)


def test_sentences_of_ignorance() -> None:
    assert joint.few_remove([], 0.5, 0.4, 0.6, "plans") is None
    assert joint.few_remove(["A"], NAN, NAN, NAN, "plans") is None
    assert "(in one run)" in str(joint.few_remove(["A"], 0.5, NAN, NAN, "plans"))
    assert joint.told_of_most(0.5, 0.7) == "open"
    assert joint.told_of_most(NAN, NAN) == "open"
    assert joint.needed(0, 5, True) is None
    assert joint.needed(1, 1, True) == "In this order it takes 1 of 1 donor to remove more than half."


# ---------------------------------------------------------------------- buys
def buys(place: Path, error: float = 0.01) -> Opened:
    rows = [
        {
            "donor": name, "way": "alone", "measure": measure, "per_million": value, "standard_error": error, "range_low": 0.1,
            "range_high": 2.0,
        }
        for name, values in (("COE", (1.3, -0.2, 0.5)), ("ITU", (-0.4, 2.5, 1.8)))
        for measure, value in zip(("legal", "capacity_development", "tasks"), values, strict=True)
    ]  # fmt: skip
    contest = pd.DataFrame(
        {"measure": ["legal", "tasks"], "first_more": [8, 1], "neither": [2, 5], "second_more": [0, 4]}
    )
    told = "EUR 10m of COE buys law.\nMissed: Benin.\nFalse alarms: Kenya.\n"
    return folder(place / "buys", "buys", {"buys": pd.DataFrame(rows), "contest": contest}, told, replications=5)


def test_what_two_donors_buy(tmp_path: Path) -> None:
    section = sections_of_cooperation.buys(case(tmp_path, buys(tmp_path)))
    assert section is not None
    assert section.title == "For its money COE gets law, ITU training"
    told = text(section)
    assert (
        "In 8 of 10 futures the same money of COE buys more tasks of law, in 0 that of ITU, in 2 about as much." in told
    )
    assert "+13.0\N{NO-BREAK SPACE}*" in told
    assert "8 / 2 / 0" in told
    assert "EUR 10 million (prices of 2013 to 2024, not deflated) of COE buys law." in told
    assert "Benin" not in told
    assert "Kenya" not in told


def test_what_is_not_told_from_chance_makes_no_title(tmp_path: Path) -> None:
    section = sections_of_cooperation.buys(case(tmp_path, buys(tmp_path, error=2.0), named=True))
    assert section is not None
    assert section.title == "What COE and ITU buy for a euro"
    assert "Benin" in text(section)


def test_both_may_buy_the_same() -> None:
    assert joint.buys_title("A", "B", "law", "law") == "For their money both A and B get law"
    assert joint.buys_title("A", "B", "law", "") == "What A and B buy for a euro"
    assert "In 0 of 1 future " in joint.contest("A", "B", "tasks", 0, 1, 0)
