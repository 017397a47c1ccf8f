"""Proposals from words to results: ``compare proposals=``, ``check``, ``new``."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from donorlab.experiments import break_even, canvas, check, levers, proposals
from donorlab.experiments.words import in_lines
from donorlab.scenarios import Proposal, load, load_proposal
from donorlab.scenarios import proposals as shipped
from donorlab.sim import Scenario, simulate
from donorlab.sim.setup import yearly_budgets
from experiments.conftest import Shell

SMALL = (
    "synthetic.donors=8",
    "synthetic.beneficiaries=10",
    "synthetic.pillars=2",
    "horizon=10",
    "wind_down=4",
    "money=40",
)
MINE = """\
name: my-fund
title: A fund
description: All pay into one fund.
sources: [https://example.org]
assumed: ["members, pooled_fund, pool_share, overhead: assumption: an example."]
architecture: umbrella
members: all
parameters: {register: none, division: none, pooled_fund: "on", pool_share: 0.5, overhead: 0.02}
"""
NAMES = ["fragmented", "gfce-clearing-house", "my-fund", "credit-only"]

DESIGNS: dict[str, dict[str, Any]] = {
    "gfce-clearing-house": {
        "register": "projects", "reporting_rate": 0.4, "register_lag": 4, "division": "none", "joint": False, "pool": -1,
        "overhead": 0.005, "negotiation_cost": 0, "decision_lag": 0, "credit": "none", "members": 43, "conditional": 0,
    },
    "un-voluntary-fund": {
        "register": "projects", "reporting_rate": 0.5, "register_lag": 2, "division": "none", "pool_share": 0.25,
        "overhead": 0.03, "negotiation_cost": 0.001, "decision_lag": 2, "joint": False, "members": 34, "conditional": 0,
    },
    "world-bank-trust-fund": {
        "register": "none", "division": "none", "pool_share": 0.25, "overhead": 0.015, "decision_lag": 1, "members": 4,
        "joint": False, "conditional": 0,
    },
    "eu-joint-programming": {
        "register": "plans", "reporting_rate": 0.9, "division": "none", "joint": True, "joiner_fixed_share": 0.3,
        "pool": -1, "overhead": 0.025, "decision_lag": 2, "members": 18, "conditional": 0,
    },
    "lead-donors": {
        "register": "plans", "reporting_rate": 0.8, "division": "beneficiary", "discipline": 0.6, "joint": False,
        "pool": -1, "overhead": 0.02, "decision_lag": 1, "members": 43, "conditional": 0,
    },
    "regional-hubs": {
        "register": "projects", "reporting_rate": 0.6, "register_lag": 1, "division": "beneficiary", "discipline": 0.8,
        "pool": -1, "overhead": 0.04, "decision_lag": 1, "members": 15, "conditional": 0,
    },
    "budapest-treaty": {
        "register": "none", "division": "none", "pool": -1, "overhead": 0.01, "decision_lag": 1, "credibility": 0.5,
        "linked": True, "members": 7, "conditional": 3,
    },
    "itu-universal": {
        "register": "none", "division": "none", "pool_share": 0.1, "overhead": 0.01, "negotiation_cost": 0,
        "decision_lag": 0, "members": 35, "conditional": 0,
    },
    "credit-only": {"credit": "marginal", "pool": -1, "members": 0, "conditional": 0},
}  # fmt: skip
"""What each proposal is on `world`, written down apart from its file."""


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a result folder that the tests of this file only read."""
    folder = tmp_path_factory.mktemp("proposals")
    (folder / "mine.yaml").write_text(MINE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        result = Shell(folder)(
            "compare", "synthetic", *SMALL, "proposals=[gfce-clearing-house,mine.yaml,credit-only]", "replications=2",
            "draws=3", "levers=pessimistic", "rivals=[lapse]", "rivals_draws=2", "out=answer", "workers=1",
        )  # fmt: skip
    assert result.exit_code == 0, result.output
    (folder / "screen.txt").write_text(result.stdout)
    return folder / "answer"


def _changed(text: str, **parts: str) -> str:
    for old, fresh in parts.items():
        assert old in text
        text = text.replace(old, fresh)
    return text


def _proposal(**changes: Any) -> Proposal:
    return dataclasses.replace(load_proposal("lead-donors"), name="mine", **changes)


# ------------------------------------------------------------------------------------------------ compare


def test_the_screen_says_where_winners_and_losers_are_told(answer: Path) -> None:
    told = (answer.parent / "screen.txt").read_text()
    assert 'donorlab winners "proposals=[gfce-clearing-house,mine.yaml,credit-only]" scenario=synthetic' in told


def test_all_tables_name_the_proposals(answer: Path) -> None:
    for table in ("runs", "ensemble", "steps", "projects", "rivals"):
        assert list(pd.read_parquet(answer / f"{table}.parquet")["architecture"].unique()) == NAMES, table
    assert set(pd.read_csv(answer / "values.csv")["architecture"]) == set(NAMES)
    for figure in ("futures", "losses", "efficiency_and_duplication", "break_even"):
        assert (answer / "figures" / f"{figure}.png").is_file()
    assert {"my-fund", "my-fund_minus_fragmented"} <= set(pd.read_csv(answer / "summary.csv"))


def test_what_was_proposed_is_kept_whole(answer: Path) -> None:
    for found in (
        json.loads((answer / "configuration.json").read_text()),
        json.loads((answer / "manifest.json").read_text())["configuration"],
    ):
        assert found["architectures"] == NAMES
        assert list(found["proposals"]) == NAMES[1:]
        mine = found["proposals"]["my-fund"]
        assert mine["assumed"] == ["members, pooled_fund, pool_share, overhead: assumption: an example."]
        assert mine["parameters"]["pool_share"] == 0.5
        assert mine["members"] == "all"
        changed = found["changed_by_architecture"]["my-fund"]
        assert changed["architecture"] == "umbrella"
        assert changed["parameters.pooled_fund"] == "on"
        assert len(changed["members"]) == 8
        assert found["changed_by_architecture"]["fragmented"] == {}


def test_a_proposal_runs_as_its_words_do(answer: Path) -> None:
    words = ["architecture=umbrella", "members=all", "register=none", "division=none", "pooled_fund=on"]
    scenario = load("synthetic", [*SMALL, *words, "pool_share=0.5", "overhead=0.02"])
    runs = pd.read_parquet(answer / "runs.parquet").set_index(["architecture", "seed"])
    for seed in (1, 2):
        outcomes = simulate(scenario, seed=seed).outcomes
        for name in ("efficiency", "duplication_share", "overhead_share", "projects"):
            assert runs.loc[("my-fund", seed), name] == outcomes[name]
    assert runs.loc[("my-fund", 1), "overhead"] == 0.02
    assert runs.loc[("fragmented", 1), "overhead"] == 0.05


def test_pessimistic_levers_go_before_those_of_proposals_in_the_futures_alone(answer: Path) -> None:
    runs, draws = (pd.read_parquet(answer / f"{name}.parquet") for name in ("runs", "ensemble"))
    share = {
        name: table[table["architecture"] == "gfce-clearing-house"]["overhead_share"]
        for name, table in (("runs", runs), ("draws", draws))
    }
    assert share["runs"].to_numpy() == pytest.approx(0.005 * 0.95)  # rivals, who have 5% of the money, pay nothing
    assert share["draws"].between(0.25 * 0.5, 0.3).all()  # a future has at most half the money with rivals
    assert (draws[draws["architecture"] == "credit-only"]["overhead_share"] == 0).all()


def test_break_even_is_asked_of_those_only_that_use_the_lever(answer: Path) -> None:
    curves = pd.read_csv(answer / "break_even.csv")
    who = {name: set(part["architecture"]) for name, part in curves.groupby("parameter")}
    assert who == {
        "overhead": {"gfce-clearing-house", "my-fund"},
        "decision_lag": {"gfce-clearing-house", "my-fund"},
        "reporting_rate": {"gfce-clearing-house"},
        "observation_probability": set(NAMES[1:]),
    }
    assert set(who) == set(break_even.PARAMETERS)


def test_the_screen_says_what_each_is_and_where_levers_stand(answer: Path) -> None:
    text = " ".join((answer.parent / "screen.txt").read_text().split())
    assert "my-fund: no register, no leads, no joint programming, a fund of 50% of members' money" in text
    assert "but for what the scenario, a proposal or you set" in text
    assert "at the end that is worse for coordination: overhead=0.25" in text
    assert "my-fund is better than fragmented by at least" in text


def test_levers_that_differ_are_all_named() -> None:
    both = {name: load("world", (), load_proposal(name)) for name in ("gfce-clearing-house", "lead-donors")}
    used = levers.in_use(both, {})
    assert used["overhead"] == (0.005, 0.02)
    assert used["register_lag"] == (4,)
    assert used["discipline"] == (0.6,)
    assert "credibility" not in used


@pytest.mark.usefixtures("model")
def test_architectures_are_the_reference_alone_unless_they_are_named() -> None:
    from donorlab.experiments.arguments import parse

    for words, expected in (
        (["proposals=[credit-only]"], ["fragmented"]),
        (["proposals=[credit-only]", "architectures=[umbrella,central]"], ["umbrella", "central"]),
        ([], ["fragmented", "umbrella", "conditional", "umbrella_conditional", "central"]),
    ):
        arguments = parse("compare", words)
        assert len(proposals.chosen(arguments)) == len(words[:1])
        assert arguments.experiment["architectures"] == expected


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["proposals=[credit-onyl]"], "did you mean 'credit-only'"),
        (["proposals=[credit-only,credit-only]"], "'credit-only' is given twice"),
        (["proposals=[absent.yaml]"], "cannot be read"),
        (["toy", "proposals=[world-bank-trust-fund]"], "proposal world-bank-trust-fund: members: 'EST' is no donor"),
        (["proposals=[lost.yaml]"], "proposal my-fund: pool_share: does nothing while pooled_fund is off"),
        (["proposals=[joint.yaml]"], "joint_programming: members can only join what is reported"),
        (
            ["proposals=[credit-only]", "overhead=0.1"],
            "overhead: a lever that does nothing under fragmented, credit-only",
        ),
        (["proposals=[gfce-clearing-house]", "pool_share=0.1"], "pool_share: does nothing while pooled_fund is off"),
    ],
)
def test_mistakes_are_one_line(shell: Shell, words: list[str], part: str) -> None:
    (shell.folder / "lost.yaml").write_text(_changed(MINE, **{'"on"': '"off"'}))
    (shell.folder / "joint.yaml").write_text(
        _changed(MINE, pooled_fund="joint_programming", **{" pool_share: 0.5,": ""})
    )
    assert part in shell.refused("compare", *words)


def test_a_lever_that_a_proposal_uses_can_be_set() -> None:
    """The reference has no fund, but one of those compared has."""
    fund = load_proposal("world-bank-trust-fund")
    loaded = {"fragmented": load("world", ["pool_share=0.1"]), fund.name: load("world", ["pool_share=0.1"], fund)}
    levers.check(loaded, {"pool_share"})
    proposals.refuse_contradictions([fund], loaded)
    assert loaded[fund.name].parameters.pool_share == 0.1
    without = {fund.name: load("world", ["pooled_fund=off"], fund)}
    proposals.refuse_contradictions([fund], without)  # what you undo is no contradiction of the proposal


def test_so_many_proposals_can_be_told_apart() -> None:
    styles = (canvas.SHADES, canvas.DASHES, canvas.MARKERS)
    assert all(len(set(style)) == len(style) > len(shipped.names()) for style in styles)
    assert len({len(style) for style in styles}) == 1
    assert all(in_lines(name).count("\n") <= 1 for name in shipped.names())


# ------------------------------------------------------------------------------------------------ check


@pytest.fixture(params=shipped.names())
def proposal(request: pytest.FixtureRequest) -> Proposal:
    return load_proposal(request.param)


def test_every_proposal_is_checked_without_a_word(proposal: Proposal) -> None:
    found = check.report(proposal, load("world", (), proposal))
    assert (found.errors, found.warnings) == ([], [])


def test_the_design_is_what_the_words_say(proposal: Proposal) -> None:
    made = levers.composition(load("world", (), proposal))
    made["members"] = sum(made["member"]) - (made["pool"] >= 0)
    made["conditional"] = sum(made["conditional"])
    expected = DESIGNS[proposal.name]
    assert {name: made[name] for name in expected} == expected
    assert (made["pool"] >= 0) == ("pool_share" in expected)


def test_check_says_who_how_much_and_what_it_costs(shell: Shell) -> None:
    result = shell("check", "world-bank-trust-fund")
    assert result.exit_code == 0, result.output
    text = " ".join(result.stdout.split())
    world = load("world")
    budgets = yearly_budgets(world)
    theirs = sum(float(budgets[world.donors.ids.index(name)]) for name in ("EST", "DEU", "JPN", "NLD"))
    pairs = 4 * 3 / 2 * 0.0005
    pooled = 0.25 * ((1 - 0.015) * theirs - pairs)
    for part in (
        f"4 members with EUR {theirs:.0f}m a year, {100 * theirs / 250:.0f}% of all money: Germany 17.2, Japan 16.3",
        f"Overhead EUR {0.015 * theirs:.2f}m and negotiation EUR {pairs:.2f}m a year",
        f"Into the common fund, which is not a cost: EUR {pooled:.2f}m a year",
        "start 1 quarter later",
        "At the model's default, because the file says nothing: joint_programming=off",
        "negotiation_cost=0.0005",
        "Nothing is amiss",
    ):
        assert part in text


def test_what_it_costs_is_what_the_first_year_takes() -> None:
    scenario = load("world", ["horizon=4", "wind_down=0"], load_proposal("un-voluntary-fund"))
    taken, pooled = check.first_year(scenario)
    run = simulate(scenario, seed=1)
    assert taken == pytest.approx(run.outcomes["overhead_share"] * 250)
    assert pooled == pytest.approx(0.25 * (float(yearly_budgets(scenario)[_inside(scenario)].sum()) - taken))


def _inside(scenario: Scenario) -> np.ndarray:
    return np.isin(scenario.donors.ids, scenario.members)


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"parameters": {"register": "none", "reporting_rate": 0.5}}, ["reporting_rate: does nothing while register is none"]),
        ({"parameters": {"pool_share": 0.5}}, ["pool_share: does nothing while pooled_fund is off"]),
        ({"parameters": {"register": "none", "joint_programming": "on"}}, ["joint_programming: members can only join"]),
        ({"parameters": {"pooled_fund": "on", "pool_share": 0}}, ["pool_share: at 0 the fund has no money"]),
        ({"members": ("GFCE",)}, ["architecture: umbrella has no members here"]),
        ({"parameters": {"register": "none"}, "reporters": "none"}, ["reporters: nothing is reported"]),
        ({"architecture": "credit", "parameters": {"credit": "equal"}}, ["members: nobody is a member of anything"]),
        ({"architecture": "umbrella_conditional", "members": ("DEU", "FRA")}, ["members: none of them sets conditions"]),
        ({"architecture": "umbrella_conditional", "members": ("DEU", "EU")}, []),
        ({}, []),
    ],
)  # fmt: skip
def test_contradictions_are_errors(changes: dict[str, Any], errors: list[str]) -> None:
    mine = _proposal(**changes)
    found = check.report(mine, load("world", (), mine)).errors
    assert [line[: len(part)] for line, part in zip(found, errors, strict=True)] == errors


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"sources": ()}, "sources: none"),
        ({"assumed": ()}, "assumed: nothing"),
        (
            {"facts": (shipped.Fact("Yes.", "https://else.where"),)},
            "facts: the source 'https://else.where' is not among",
        ),
        ({"members": ("USA",)}, "members: United States is alone"),
        ({"sources": ("nonsense",)}, "sources: 'nonsense' is no address"),
        ({"sources": ("https://",)}, "sources: 'https://' is no address"),
        ({"assumed": ("x",)}, "members: no line of assumed or facts names all-but-rivals; say where it is from"),
        (
            {
                "assumed": ("x", "overheads 2", "the members: all of them"),
                "parameters": {"overhead": 0.02, "decision_lag": 1},
            },
            "parameters: no line of assumed or facts names overhead, decision_lag; say where they are from",
        ),
        (
            {"assumed": ("of members: x, Germany too",), "members": ("USA", "DEU", "RUS", "regional_org"), "facts": ()},
            None,
        ),
        (
            {"assumed": ("DEU asked for it. Members: x",), "members": ("USA", "DEU", "RUS", "regional_org")},
            "members: no line of assumed or facts names USA, RUS, regional_org; say",
        ),
        ({"reporters": ("EU",)}, "reporters: no line of assumed or facts names EU; say where it is from"),
        (
            {"parameters": {"overhead": 0.6}},
            "overhead: 0.6 lies outside the range that is thought plausible, 0 to 0.25",
        ),
        ({"parameters": {"credibility": 0.5}}, "credibility: does nothing under umbrella"),
    ],
)
def test_warnings_are_no_errors(changes: dict[str, Any], warning: str | None) -> None:
    mine = _proposal(**changes)
    found = check.report(mine, load("world", (), mine))
    assert found.errors == []
    if warning is None:
        assert not any(line.startswith("members: no line") for line in found.warnings)
    else:
        assert any(line.startswith(warning) for line in found.warnings)


def test_a_lever_that_is_off_needs_no_words() -> None:
    quiet = _proposal(assumed=("x",), parameters={"register": "none", "pooled_fund": "off", "division": "none"})
    assert proposals.unnamed_levers(quiet) == []
    assert proposals.unnamed_levers(dataclasses.replace(quiet, parameters={"register": "plans"})) == ["register"]


def test_members_that_are_free_are_told_as_invited() -> None:
    mine = _proposal(parameters={"register": "plans", "voluntary_membership": "on", "founding_share": 0.25})
    found = check.report(mine, load("world", (), mine))
    words = " ".join(found.means)
    assert "are invited, 25% of them found it, and each stays, joins or leaves by what it sees" in words
    assert (
        "43 possible members, 42 of them with a budget and 1 without, who pay and plan nothing (Global Forum" in words
    )
    assert ", if all who are invited join." in " ".join(found.costs)
    bound = _proposal(parameters={"register": "plans"})
    assert (
        check.report(bound, load("world", (), bound)).costs[0].split(" of all")[0] in found.costs[0]
    )  # whoever founds it


def test_an_error_is_status_2_and_a_warning_0(shell: Shell) -> None:
    path = shell.folder / "mine.yaml"
    path.write_text(MINE)
    result = shell("check", "mine.yaml")
    assert result.exit_code == 0
    assert "Nothing is amiss: `donorlab compare proposals=[mine.yaml]` runs it." in result.stdout
    path.write_text(_changed(MINE, **{"[https://example.org]": "[]"}))
    result = shell("check", "mine.yaml")
    assert result.exit_code == 0
    assert "1 warning, no error" in result.stdout
    path.write_text(_changed(MINE, **{'"on"': '"off"'}))
    result = shell("check", "mine.yaml")
    assert result.exit_code == 2
    assert "Contradictory" in result.stdout
    assert result.stderr.startswith("donorlab: proposal my-fund: pool_share: does nothing while pooled_fund is off;")
    assert result.stderr.count("\n") == 1
    path.write_text("defaults: [world]\n" + MINE)
    assert "'defaults' is refused" in shell.refused("check", "mine.yaml")
    assert "name a proposal or your own file" in shell.refused("check")
    assert "did you mean 'world'" in shell.refused("check", "credit-only", "scenario=wrold")
    assert "proposal world-bank-trust-fund" in shell.refused("check", "world-bank-trust-fund", "scenario=toy")


def test_who_reports_and_who_usually_stays_outside_is_named() -> None:
    mine = _proposal(members=("USA", "CHN", "GFCE", "EU"), reporters=("EU",))
    words = " ".join(check.report(mine, load("world", (), mine)).means)
    assert "4 members, 3 of them with a budget and 1 without, who pay and plan nothing (Global Forum" in words
    assert "usually stay outside any coordination: China." in words
    assert "Projects are reported by European Union" in words
    treaty = load_proposal("budapest-treaty")
    assert (
        "Conditions are set by Council of Europe, European Union, United States."
        in check.report(treaty, load("world", (), treaty)).means
    )


def test_without_money_there_is_nothing_to_coordinate() -> None:
    mine = load_proposal("lead-donors")
    found = check.report(mine, load("world", ["money=0"], mine))
    assert found.means[1] == "43 members, but nobody in this scenario has any money: nothing can be coordinated."
    assert found.warnings[0].startswith("money: nobody has any")
    assert "0%" not in " ".join([*found.means[1:], *found.costs])


def test_members_are_counted_once() -> None:
    mine = load_proposal("gfce-clearing-house")
    first, second, *_ = check.report(mine, load("world", (), mine)).means
    assert "43 of 48 donors are members" in first
    assert second.startswith("43 members, 42 of them with a budget")


def test_what_you_set_is_not_what_the_file_says() -> None:
    mine = load_proposal("lead-donors")
    lines = check.report(mine, load("world", ["overhead=0.2"], mine), {"overhead"}).assumed
    assert any(line.startswith("Set by the file") and "overhead=0.02," in line for line in lines)
    assert "Set by you, whatever the file says: overhead=0.2." in lines
