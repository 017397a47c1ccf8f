"""Proposals: what a file may say, what is refused, what it changes in a scenario and what goes before it."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from donorlab.scenarios import composition, configuration, load, load_proposal, plain, proposals
from donorlab.sim import simulate
from scenarios.comparing import refused, same

GOOD = """\
name: mine
title: Mine
description: What would change.
sources: [https://example.org]
facts:
  - {fact: It exists., source: https://example.org}
assumed:
  - "overhead 0.1: assumption: because."
architecture: umbrella
members: [state]
reporters: [NORDIA]
parameters: {overhead: 0.1, register: projects}
"""
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "\n".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.fixture
def own(tmp_path):
    def write(old: str = "", new: str = "", text: str = GOOD) -> Path:
        assert old in text
        path = tmp_path / "mine.yaml"
        path.write_text(text.replace(old, new, 1))
        return path

    return write


@pytest.fixture(params=proposals.names())
def shipped(request):
    return load_proposal(request.param)


# ------------------------------------------------------------------------------------------------ those that are there


def test_there_are_at_least_eight():
    assert len(proposals.names()) >= 8


def test_each_says_where_it_is_from_and_what_is_assumed(shipped):
    assert shipped.name in proposals.names()
    assert (proposals.FOLDER / f"{shipped.name}.yaml").is_file()
    assert shipped.sources
    assert shipped.assumed
    assert {item.source for item in shipped.facts} <= set(shipped.sources)
    for line in shipped.assumed:
        assert "assumption" in line or "default" in line or "derived" in line, line


def test_each_number_that_is_no_default_is_explained(shipped):
    words = " ".join([*shipped.assumed, *(item.fact for item in shipped.facts)])
    for name, value in shipped.parameters.items():
        if not isinstance(value, str):
            assert f"{name} {value:g}" in words, name


def test_each_runs_on_the_world(shipped):
    scenario = load("world", ["beneficiaries=ldc-and-sids", "horizon=3", "wind_down=1"], shipped)
    assert scenario.architecture == shipped.architecture
    assert all(getattr(scenario.parameters, name) == value for name, value in shipped.parameters.items())
    assert simulate(scenario, seed=1).outcomes["projects"] > 0


# ------------------------------------------------------------------------------------------------ what it changes


def test_a_proposal_says_all_that_its_file_says(own):
    mine = load_proposal(own())
    assert mine == proposals.Proposal(
        name="mine", title="Mine", description="What would change.", architecture="umbrella",
        sources=("https://example.org",), facts=(proposals.Fact("It exists.", "https://example.org"),),
        assumed=("overhead 0.1: assumption: because.",), members=("state",), reporters=("NORDIA",),
        parameters={"overhead": 0.1, "register": "projects"},
    )  # fmt: skip
    with pytest.raises(dataclasses.FrozenInstanceError):
        mine.name = "other"  # type: ignore[misc]


def test_it_is_the_same_as_its_words_given_as_overrides(own):
    words = ["architecture=umbrella", "members=[state]", "reporters=[NORDIA]", "overhead=0.1", "register=projects"]
    mine, words_alone = load("toy", proposal=load_proposal(own())), load("toy", words)
    assert same(mine, words_alone)
    assert (
        (mine.members, mine.reporters)
        == (words_alone.members, words_alone.reporters)
        == (("NORDIA", "SURIA"), ("NORDIA",))
    )
    assert not same(mine, load("toy", words[:-1]))


def test_what_wins_from_weak_to_strong(own, tmp_path):
    text = (composition.CONF / "scenario" / "toy.yaml").read_text()
    scenario = tmp_path / "scenario.yaml"
    start = (
        "select: {members: [FUND, NORDIA, SURIA], reporters: [FUND]}\nparameters:\n  overhead: 0.2\n  discipline: 0.9\n"
    )
    scenario.write_text(
        text.replace("parameters:", start, 1).replace("name: toy", "name: toy\narchitecture: pledge", 1)
    )
    mine = load_proposal(own())

    def made(*words: str):
        found = load(scenario, list(words), mine)
        p = found.parameters
        return found.architecture, p.overhead, p.discipline, p.credibility, found.members, found.reporters

    assert made() == ("umbrella", 0.1, 0.9, 0.1, ("NORDIA", "SURIA"), ("NORDIA",))
    words = ("overhead=0.05", "members=[SURIA]", "reporters=[SURIA]", "architecture=umbrella_conditional")
    assert made(*words) == ("umbrella_conditional", 0.05, 0.9, 0.1, ("SURIA",), ("SURIA",))
    silent = dataclasses.replace(mine, members=None, reporters=None, parameters={})
    below = load(scenario, (), silent)
    assert (below.parameters.overhead, below.reporters) == (0.2, ("FUND",))


def test_it_goes_before_the_file_of_the_architecture():
    plain = load_proposal("credit-only")
    assert load("toy", (), dataclasses.replace(plain, parameters={})).parameters.credit == "marginal"
    assert load("toy", (), dataclasses.replace(plain, parameters={"credit": "equal"})).parameters.credit == "equal"


def test_nothing_changes_without_one():
    assert "proposal" not in configuration("toy")
    assert configuration("toy", (), load_proposal("credit-only"))["proposal"] == "credit-only"


def test_members_that_a_scenario_has_not(own):
    message = refused(load, "toy", (), load_proposal("world-bank-trust-fund"))
    assert message.startswith("proposal world-bank-trust-fund: members: 'EST' is no donor of this scenario")
    assert "no member" in refused(load, "toy", (), load_proposal(own("[NORDIA]", "[FUND]")))


# ------------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("attack", "part"),
    [
        ("_target_: os.system\n" + GOOD, "_target_"),
        (GOOD.replace("overhead: 0.1", "overhead: {_target_: os.system}"), "_target_"),
        ("# @package _global_\n" + GOOD, "@package"),
        (GOOD.replace("title: Mine", "title: ${oc.env:HOME}"), "${"),
        (GOOD.replace("overhead: 0.1", "overhead: ${oc.env:HOME}"), "${"),
        ("defaults: [world]\n" + GOOD, "'defaults' is refused"),
        (GOOD.replace("parameters: {", "parameters: {defaults: [world], "), "'defaults' is refused"),
        (BOMB + "\n" + GOOD, "anchors and aliases"),
        ("hydra: {callbacks: {}}\n" + GOOD, "'hydra' is refused"),
        (GOOD.replace("Mine", "!!python/object/apply:os.system [ls]"), "tags"),
    ],
)
@pytest.mark.usefixtures("fresh_cache")
def test_a_file_is_data_and_never_code(own, monkeypatch, attack, part):
    def never(*arguments: object) -> str:
        raise AssertionError("reached Hydra")

    monkeypatch.setattr(composition, "_composed", never)
    monkeypatch.setenv("HOME", "a-secret")
    message = refused(load_proposal, own(text=attack))
    assert part in message
    assert "a-secret" not in message


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("overhead: 0.1,", "failure: 0.1,", ("mine.yaml, parameters, failure", "an uncertainty", "not a lever")),
        ("overhead: 0.1,", "state_weighting: poorest,", ("a value judgement", "not a lever")),
        ("overhead: 0.1,", "horizon: 4,", ("part of how a run is made", "not a lever")),
        ("overhead: 0.1,", "overhaed: 0.1,", ("did you mean 'overhead'",)),
        ("overhead: 0.1,", "overhead: 1.5,", ("parameters, overhead",)),
        ("overhead: 0.1,", "overhead: [0.1],", ("overhead", "not one number")),
        ("overhead: 0.1,", "pooled_fund: yes,", ("pooled_fund", "on")),
        ("parameters: {", "overhead: 0.1\nparameters: {", ("unknown key 'overhead'", "under parameters")),
        ("parameters: {", "money: 3\nparameters: {", ("unknown key 'money'",)),
        ("members:", "membres:", ("unknown key", "did you mean 'members'")),
        ("architecture: umbrella", "architecture: umbrela", ("did you mean 'umbrella'",)),
        ("architecture: umbrella", "architecture: os.system", ("not one of",)),
        ("architecture: umbrella\n", "", ("'architecture' is missing",)),
        ("name: mine", "name: umbrella", ("is an architecture",)),
        ("name: mine", "name: central", ("is an architecture",)),
        ("name: mine", "name: my plan", ("not a name",)),
        ("name: mine", f"name: {'x' * 29}", ("at most 28",)),
        ("title: Mine", "title: 3", ("title", "must be words")),
        ("[https://example.org]", "https://example.org", ("sources", "must be a list")),
        ('"overhead 0.1: assumption: because."', "overhead: because.", ("assumed", "put the whole line in quotes")),
        (", source: https://example.org}", "}", ("facts", "fact and source")),
        ("members: [state]", "members: []", ("members", "a list of ids and kinds")),
        ("members: [state]", "members: [1]", ("members", "a list of ids and kinds")),
        ("members: [state]", "members: {a: b}", ("members", "a list of ids and kinds")),
    ],
)  # fmt: skip
def test_wrong_files(own, old, new, parts):
    message = refused(load_proposal, own(old, new))
    for part in parts:
        assert part in message


def test_files_that_are_no_proposal(own, tmp_path):
    assert "mapping" in refused(load_proposal, own(text="[1, 2]"))
    assert "characters" in refused(load_proposal, own(text="# " + "x" * 2_000_000))
    assert "cannot be read" in refused(load_proposal, tmp_path / "absent.yaml")
    assert "did you mean 'credit-only'" in refused(load_proposal, "credit-onyl")
    assert "not one of" in refused(load_proposal, "../template/proposal")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
@pytest.mark.parametrize("read", [load, load_proposal])
def test_pipes_devices_and_folders_are_refused_and_not_waited_for(read, tmp_path):
    pipe, device, folder = (tmp_path / f"{name}.yaml" for name in ("pipe", "device", "folder"))
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    folder.mkdir()
    what = "scenario" if read is load else "proposal"
    for path in (pipe, device, folder):
        assert refused(read, path).endswith(f": is no regular file; a {what} is a text in a file of its own")


def test_a_file_without_end_is_read_no_further_than_its_limit(own, monkeypatch):
    path = own(text="#" * 50 + "\n" + GOOD)
    monkeypatch.setattr(plain, "FILE_BYTES_MAXIMUM", 40)
    assert len(plain._bytes_of(path)) == 41
    assert "more than 40 bytes; a proposal is smaller" in refused(load_proposal, path)


def test_faults_of_the_text_are_told_in_plain_words(own):
    deep = refused(load_proposal, own(text="a: " + "[" * 100 + "]" * 100))
    assert "more than 12 levels deep; no proposal needs so many" in deep
    assert "no scenario needs so many" in refused(load, own(text="a: " + "[" * 100 + "]" * 100))
    odd = refused(load_proposal, own("title: Mine", "title: Mi\x00ne"))
    assert odd.endswith(", line 2: holds a character that is no text (code 0); remove it")


def test_line_ends_of_other_systems_are_read_alike(own):
    path = own()
    first = load_proposal(path)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_proposal(path) == first


def test_the_template_is_a_proposal():
    assert load_proposal(proposals.TEMPLATE).name == "my-proposal"
