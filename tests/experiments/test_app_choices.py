"""What can be set in the app: nothing but what is offered, and the command line gives the same numbers."""

from __future__ import annotations

import string
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from donorlab import scenarios as catalogue
from donorlab.experiments import check, levers, setting
from donorlab.experiments.app import saved, settable
from donorlab.experiments.app.choices import DESIGNS_MOST, KEYS, Choice, ready
from donorlab.experiments.app.levers_shown import STEPS, WORDS, shown, step_of
from donorlab.experiments.arguments import InputError, parse
from donorlab.scenarios.proposals import NAME_LONGEST, load_proposal
from donorlab.sim.scenario import ScenarioError


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    world = draw(st.sampled_from(list(settable.WORLDS)))
    first = draw(st.sampled_from(settable.architectures()))
    more = draw(st.lists(st.sampled_from(settable.designs(world)), min_size=1, max_size=DESIGNS_MOST - 1, unique=True))
    names = [first, *(name for name in more if name != first)]
    if len(names) < 2:
        names.append("lead-donors")
    names = sorted(names, key=lambda name: name in settable.proposals())
    changes = []
    rows = [row for row in settable.rows().values() if row.name not in settable.WORLDS[world].without]
    for row in draw(st.lists(st.sampled_from(rows), max_size=6, unique_by=lambda row: row.name)):
        assert row.range is not None
        if row.choices:
            value = draw(st.sampled_from(row.range))
        elif row.name in levers.WHOLE:
            value = draw(st.integers(int(row.range[0]), int(row.range[-1])))
        else:
            value = draw(st.floats(float(row.range[0]), float(row.range[-1])))
        changes.append((row.name, value))
    judgement = draw(st.sampled_from(list(settable.JUDGEMENTS)))
    return Choice(world, tuple(names), tuple(changes), judgement, draw(st.integers(1, 1_000_000)))


def _refusal(action: Callable[[], object]) -> str:
    """Return what an action is refused with, empty where it is not."""
    try:
        action()
    except (InputError, ScenarioError) as error:
        return str(error)
    return ""


# ---------------------------------------------------------------------- the address
@given(choices())
def test_an_address_gives_the_same_choice_back(choice: Choice) -> None:
    text = urllib.parse.urlencode(choice.to_query())
    assert Choice.from_query(urllib.parse.parse_qs(text)) == choice
    assert Choice.from_query(choice.to_query()) == choice
    assert len(text) < 2_000


@given(
    st.dictionaries(st.text(max_size=30), st.text(max_size=30) | st.lists(st.text(max_size=5), max_size=3), max_size=5)
)
def test_any_address_is_read_or_refused_in_one_line(query: dict[str, str | list[str]]) -> None:
    told = _refusal(lambda: Choice.from_query(query))
    assert "\n" not in told
    assert len(told) < 400


@given(st.sampled_from(sorted(settable.rows())), st.text(string.printable, max_size=40))
def test_a_value_of_an_address_is_a_value_of_the_range_or_refused(name: str, text: str) -> None:
    if told := _refusal(lambda: Choice.from_query({"scenario": "world", name: text})):
        assert "\n" not in told
        return
    found = Choice.from_query({"scenario": "world", name: text})
    row = settable.rows()[name]
    assert row.range is not None
    value = found.settings[name]
    if row.choices:
        assert value in row.range
    else:
        assert float(row.range[0]) <= float(value) <= float(row.range[-1])


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"overheads": "0.1"}, "address: unknown key 'overheads' (did you mean 'overhead'?)"),
        ({"overhead": "0.3"}, "overhead: '0.3' is not in its range, 0 to 0.25"),
        ({"overhead": "-0.1"}, "overhead: '-0.1' is not in its range, 0 to 0.25"),
        ({"overhead": "nan"}, "overhead: 'nan' is not a number"),
        ({"overhead": "1e999"}, "overhead: 'inf' is not in its range, 0 to 0.25"),
        ({"overhead": "0x1"}, "overhead: '0x1' is not a number"),
        ({"overhead": "\u0660"}, "overhead: '"),
        ({"overhead": "${oc.env:HOME}"}, "overhead: '${oc.env:HOME}' is not a number"),
        ({"overhead": ["0.1", "0.2"]}, "overhead: give it once"),
        ({"overhead": "0" * 200}, "overhead: 200 characters are too many; 120 at most"),
        ({"decision_lag": "1.5"}, "decision_lag: '1.5' is not a whole number"),
        ({"register": "plan"}, "register: 'plan' is not in its range, none or projects or plans"),
        ({"seed": "0"}, "seed: must be a whole number from 1 to 1000000"),
        ({"seed": "1.0"}, "seed: '1.0' is not a whole number"),
        ({"scenario": "../../etc/passwd"}, "scenario: there is no '../../etc/passwd'; there are toy, world, synthetic-small"),
        ({"scenario": "toy.yaml"}, "scenario: there is no 'toy.yaml'"),
        ({"money": "250"}, "money: cannot be set in scenario toy; leave it out"),
        ({"selectivity": "2"}, "selectivity: cannot be set here: it belongs to rival forms of contract"),
        ({"horizon": "4000"}, "address: unknown key 'horizon'"),
        ({"mechanism.planning": "own"}, "address: unknown key 'mechanism.planning'"),
        ({"designs": "umbrella"}, "designs: name two or 3"),
        ({"designs": "fragmented,mine.yaml"}, "designs: there is no 'mine.yaml'"),
        ({"designs": "lead-donors,umbrella"}, "designs: the first is what others are held against"),
        ({"designs": "fragmented,lead-donors,umbrella"}, "designs: architectures stand before proposals"),
        ({"designs": "fragmented,budapest-treaty"}, "designs: budapest-treaty names donors that scenario toy does not have"),
        ({"designs": "fragmented,fragmented"}, "designs: fragmented is given twice"),
        ({"judgement": "richest"}, "judgement: there is no 'richest'"),
        ({str(n): "1" for n in range(99)}, "address: 99 keys are more than there are"),
    ],
)  # fmt: skip
def test_what_is_no_choice_is_refused_in_one_line(query: dict[str, str | list[str]], told: str) -> None:
    with pytest.raises(InputError) as caught:
        Choice.from_query(query)
    assert caught.value.message.startswith(told)
    assert "\n" not in caught.value.message


def test_a_choice_made_in_code_is_checked_as_one_of_an_address() -> None:
    assert Choice(changes=(("overhead", 0), ("decision_lag", 2.0))).settings == {"decision_lag": 2, "overhead": 0.0}
    for wrong in (
        (("overhead", True),),
        (("overhead", "0.1"),),
        (("register", 1),),
        (("overhead", 0.1), ("overhead", 0.2)),
    ):
        with pytest.raises(InputError):
            Choice(changes=wrong)
    moved = Choice().with_value("overhead", 0.1)
    assert moved.settings == {"overhead": 0.1}
    assert moved.with_value("overhead", None) == Choice()


# ---------------------------------------------------------------------- what is run, and saved
def _by_command(words: list[str]) -> dict[str, object]:
    """Return the scenarios that ``donorlab compare`` would run, with its own checks."""
    assert words[0] == "compare"
    arguments = parse("compare", words[1:])
    proposed = [load_proposal(name) for name in arguments.experiment["proposals"]]
    loaded = setting.load_each(arguments, "compare", proposed)
    levers.check(loaded, arguments.given)
    return {name: (levers.composition(one), vars(one.parameters)) for name, one in loaded.items()}


@settings(max_examples=8)
@given(choices())
def test_the_words_give_the_scenarios_that_are_run(choice: Choice) -> None:
    if told := _refusal(lambda: ready(choice)):
        assert "\n" not in told
        return
    made = ready(choice)
    assert set(made.idle) | set(made.given) == {*choice.settings, *settable.JUDGEMENTS[choice.judgement]}
    expected = {name: (levers.composition(one), vars(one.parameters)) for name, one in made.scenarios.items()}
    assert {name: one[0] for name, one in _by_command(saved.words(choice)).items()} == {
        name: one[0] for name, one in expected.items()
    }


MONEY = (
    ("credit", "equal"),
    ("monitoring_cost", 0.05),
    ("observation_probability", 0.3),
    ("overhead", 0.1),
    ("pledge_focus", 0.3),
)
NO_REGISTER = (("credit", "equal"), ("credibility", 0.5), ("pledge_focus", 0.3), ("register", "none"))


@pytest.mark.parametrize(
    "design", [name for name in settable.designs("world") if name not in ("central", "fragmented")]
)
@pytest.mark.parametrize("changes", [MONEY, NO_REGISTER])
def test_a_saved_file_is_accepted_and_is_the_same_design(design: str, changes: tuple, tmp_path: Path) -> None:
    where = "toy" if design in settable.designs("toy") else "world"
    choice = Choice(where, ("fragmented", design), changes, "poorest-first")
    if _refusal(lambda: ready(choice)):  # the command line says the same: what the proposal does needs a register
        assert changes == NO_REGISTER
        assert (
            settable.proposal(design).reporters is not None
            or settable.proposal(design).parameters["joint_programming"] == "on"
        )
        return
    made = ready(choice)
    assert design in saved.names(choice)
    path = tmp_path / f"{design}.yaml"
    path.write_text(saved.to_yaml(choice, design), encoding="utf-8")
    proposal = load_proposal(path)
    assert len(proposal.name) <= NAME_LONGEST
    report = check.report(proposal, catalogue.load(where, [], proposal))
    assert report.errors == []
    assert not [line for line in report.warnings if line.startswith(("parameters:", "members:", "reporters:"))]
    words = saved.words(choice, {design: str(path)})
    found = _by_command(words)
    assert found[proposal.name][0] == levers.composition(made.scenarios[design])
    world = {
        name: value for name, value in vars(made.scenarios[design].parameters).items() if name not in settable.levers()
    }
    assert {name: value for name, value in found[proposal.name][1].items() if name in world} == world


def test_the_longest_name_of_a_saved_design_fits_in_tables() -> None:
    assert max(len(f"{name}{saved.ENDING}") for name in settable.designs("world")) <= NAME_LONGEST


def test_a_file_is_offered_only_where_a_lever_was_changed() -> None:
    choice = Choice("toy", ("fragmented", "umbrella", "pledge"), (("overhead", 0.1), ("lapse", 0.01)))
    assert saved.names(choice) == ("umbrella",)
    with pytest.raises(InputError, match="no lever that it uses"):
        saved.to_yaml(choice, "pledge")
    data = yaml.safe_load(saved.to_yaml(choice, "umbrella"))
    assert data["parameters"] == {"overhead": 0.1}  # nothing about the world
    assert '"architectures=[fragmented,pledge]" "proposals=[umbrella-set.yaml]"' in saved.line(choice)
    assert "lapse=0.01" in saved.line(choice)
    assert "overhead" not in saved.line(choice)


def test_what_does_nothing_is_left_out_and_named() -> None:
    made = ready(
        Choice("toy", ("fragmented", "umbrella"), (("pledge_focus", 0.3), ("register_lag", 2), ("overhead", 0.1)))
    )
    assert set(made.given) == {"overhead"}
    assert made.idle["register_lag"].startswith("register_lag: does nothing while register is plans")
    assert "belongs to pledge" in made.idle["pledge_focus"]


# ---------------------------------------------------------------------- what is shown
def test_every_lever_of_a_shipped_design_is_shown_or_left_out_with_a_reason() -> None:
    rows = {row.name: row for row in catalogue.parameter_table() if row.kind == "lever"}
    assert set(rows) == {name for name in settable.rows() if name in rows} | set(settable.LEFT_OUT)
    assert not set(settable.LEFT_OUT) & set(WORDS)
    assert set(WORDS) == set(settable.rows())
    for world in settable.WORLDS:
        for design in settable.designs(world):
            scenario = settable.loaded(world, design)
            for name in settable.LEFT_OUT:
                if name not in levers.NOT_OF_A_DESIGN and rows[name].range is not None:
                    values = levers.some_values(rows[name], getattr(scenario.parameters, name))
                    assert not levers.uses(scenario, name, values), (design, name)


def test_what_is_shown_has_bounds_of_the_table_words_and_users() -> None:
    found = {one.name: one for one in shown(Choice("toy", ("fragmented", "umbrella", "lead-donors")), every=True)}
    assert set(found) == set(settable.rows()) - settable.WORLDS["toy"].without
    table = {row.name: row for row in catalogue.parameter_table()}
    for one in found.values():
        limits = table[one.name].range
        assert limits is not None
        assert one.explanation.find(".") == len(one.explanation) - 1
        assert one.options == limits if one.low is None else (one.low, one.high) == (limits[0], limits[-1])
        assert bool(one.users) != bool(one.idle)
    assert found["overhead"].users == ("umbrella", "lead-donors")
    assert found["overhead"].now == {"fragmented": 0.05, "umbrella": 0.05, "lead-donors": 0.02}
    assert found["overhead"].percent
    assert found["pool_share"].idle.startswith("pool_share: does nothing while pooled_fund is off")
    with_fund = {one.name for one in shown(Choice("toy", ("fragmented", "umbrella"), (("pooled_fund", "on"),)))}
    assert "pool_share" in with_fund
    assert "pledge_focus" not in with_fund


def test_steps_are_round_and_fine() -> None:
    for row in settable.rows().values():
        if not row.choices:
            assert row.range is not None
            step, width = step_of(row), float(row.range[-1]) - float(row.range[0])
            assert step == 1 or STEPS - 1e-6 <= width / step <= 2.5 * STEPS + 1e-6, row.name
            assert f"{step:e}"[0] in "125"


def test_keys_of_an_address_are_no_parameters() -> None:
    assert not set(KEYS) & {row.name for row in catalogue.parameter_table()}
