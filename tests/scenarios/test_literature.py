"""Published models: ordinary files, at most one plug-in each, run by the same model and no loop of their own."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from donorlab.scenarios import literature, load, names, plugins
from donorlab.scenarios.literature import annen_moers, covering_games, halonen_miniature
from donorlab.sim import mechanisms, simulate
from donorlab.sim.credit import credit_rule
from donorlab.sim.mechanisms.answers import Contract
from donorlab.sim.mechanisms.calendar import contract_together
from donorlab.sim.model import CoordinationModel
from donorlab.sim.scenario import ScenarioError

MODULES = sorted(literature.FOLDER.glob("*.py"))
PLUGINS = [path for path in MODULES if path.stem != "__init__"]
GAME = "literature/covering-games"
MINIATURE = "literature/halonen-miniature"


def words_in(node: ast.AST) -> set[str]:
    """Return all names and attributes in a piece of code."""
    found = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    return found | {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}


def loops_of_its_own(source: str) -> list[str]:
    """Return what a module does that is the engine's business: to subclass the model, to step, to run, to go through quarters."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and any("Model" in name for base in node.bases for name in words_in(base)):
            found.append(f"class {node.name} is a model")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in ("step", "run"):
            found.append(f"defines {node.name}")
        if isinstance(node, ast.While):
            found.append("has a while loop")
        if isinstance(node, ast.For | ast.comprehension):
            over = words_in(node.iter) | words_in(node.target)
            if over & {"quarter", "quarters", "horizon", "wind_down"}:
                found.append("loops over quarters")
        if isinstance(node, ast.Call) and words_in(node.func) & {"step", "run", "simulate", "CoordinationModel"}:
            found.append("runs the model")
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(
                isinstance(one, ast.Attribute) and one.attr in ("step", "run", "quarter", "phases") for one in targets
            ):
                found.append("puts its own in place of a part of the model")
    return found


def registered(source: str) -> list[str]:
    """Return the calls with which a module registers something."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [name for call in calls for name in sorted(words_in(call.func)) if name.startswith("register_")]


# --- the files ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", literature.names())
def test_every_model_loads_and_names_its_source(name):
    scenario = load(name)
    assert scenario.name == name
    assert "Source" in scenario.description
    assert re.search(r"known\s+from|derived", scenario.description)
    assert literature.file_of(name).read_text().startswith("#")


REAL_WORLD = {"literature/hernandez-rival", "literature/samaritan"}  # as it moves: their files say so


@pytest.mark.parametrize("name", sorted({*literature.names()} - REAL_WORLD))
def test_nothing_moves_by_itself_of_which_a_published_model_knows_nothing(name):
    parameters = load(name).parameters
    for key in ("user_growth", "turnover", "haven_threshold", "norm_pull", "ownership_rate", "peer_discount"):
        assert getattr(parameters, key) == 0, key
    assert parameters.lapse == 0 or parameters.imposed_lapse == 1, "imposed reforms lapse faster"


def test_published_models_are_listed_apart():
    assert len(literature.names()) == len(list(literature.FOLDER.glob("*.yaml")))
    assert not set(literature.names()) & set(names())


@pytest.mark.parametrize("name", literature.names())
def test_the_same_model_runs_it(name):
    scenario = load(name, ["horizon=1", "wind_down=1"] if name != GAME else [])
    model = CoordinationModel(scenario)
    assert type(model).step is CoordinationModel.step
    for phase, function in model.phases.items():
        known = mechanisms.get_mechanism(phase, getattr(scenario.mechanisms, phase))
        assert function is known
    model.run()
    assert model.quarter == 2


# --- plug-ins -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_module_has_a_loop_of_its_own(path):
    assert loops_of_its_own(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "class Mine(CoordinationModel):\n    pass",
        "class Mine(model.CoordinationModel):\n    pass",
        "def step(self):\n    pass",
        "class Other:\n    def run(self):\n        pass",
        "def plan(model, quarter):\n    while model.quarter < 4:\n        pass",
        "def plan(model):\n    for quarter in range(model.parameters.horizon):\n        pass",
        "x = [1 for q in range(p.quarters)]",
        "def plan(model, quarter):\n    model.step()",
        "CoordinationModel.step = mine",
        "def plan(model, quarter):\n    model.quarter += 1",
    ],
)
def test_the_check_finds_loops(source):
    assert loops_of_its_own(source)


def test_at_most_one_plugin_a_model():
    assert {path.stem for path in PLUGINS} == {
        "annen_moers",
        "covering_games",
        "halonen_miniature",
        "svensson_tournament",
    }
    stems = {Path(literature.file_of(name)).stem.replace("-", "_") for name in literature.names()}
    for path in PLUGINS:
        assert path.stem in stems
        assert len(registered(path.read_text())) == 1


def test_the_registry_holds_one_phase_for_each_plugin():
    plugins.register()
    plugins.register()  # a second time changes nothing
    found = []
    for phase in mechanisms.phases():
        for name in mechanisms.mechanism_names(phase):
            module = mechanisms.get_mechanism(phase, name).__module__
            if module.startswith(literature.__name__):
                found.append(module.rpartition(".")[2])
    assert sorted(found) == sorted(path.stem for path in PLUGINS)


# --- mistakes -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "words", "parts"),
    [
        ("covering-games", [], ["published model", "did you mean 'literature/covering-games'"]),
        ("literature/coverng-games", [], ["did you mean 'literature/covering-games'"]),
        ("literature/nothing", [], ["literature/kanbur-conditions"]),
        (GAME, ["mechanism.planning.rul=equal"], ["did you mean 'rule'"]),
        (GAME, ["mechanism.planning.rule=equals"], ["did you mean 'equal'"]),
        (GAME, ["mechanism.planning.start=anywhere"], ["most_valuable"]),
    ],
)
def test_mistakes_are_one_line(name, words, parts):
    with pytest.raises(ScenarioError) as caught:
        load(name, words)
    assert "\n" not in str(caught.value)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize("name", [GAME, MINIATURE])
def test_plugins_refuse_cells_of_many_tasks(name):
    with pytest.raises(ScenarioError, match="cells of one task"):
        simulate(load(name, ["tasks_per_pillar=2"]))


def test_a_file_may_choose_its_architecture_and_mechanism(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(literature.file_of(GAME).read_text())
    load(GAME)  # its plug-in is registered
    assert load(file).mechanisms.planning == "equilibrium"
    assert load(file, ["mechanism.planning=best_cell"]).mechanisms.planning == "best_cell"
    assert load("literature/kanbur-conditions").architecture == "conditional"
    assert load("literature/kanbur-conditions", ["architecture=central"]).architecture == "central"
    file.write_text(file.read_text().replace("mechanism: {planning: equilibrium}", "mechanism: {planing: equilibrium}"))
    with pytest.raises(ScenarioError, match="did you mean 'planning'"):
        load(file)
    file.write_text(file.read_text().replace("mechanism: {planing: equilibrium}", "mechanism: equilibrium"))
    with pytest.raises(ScenarioError, match="mechanism: must be a mapping"):
        load(file)


# --- covering games -------------------------------------------------------------------------------------------
def taken(*words: str) -> list[str]:
    return list(simulate(load(GAME, list(words))).projects.pillar)


def test_equal_credit_keeps_everybody_on_the_big_cell_and_marginal_credit_nobody():
    assert taken() == ["big", "big", "big"]
    assert sorted(taken("mechanism.planning.rule=marginal")) == ["big", "small_1", "small_2"]
    assert sorted(taken("mechanism.planning.rule=gairing")) == ["big", "big", "small_1"]


def test_what_is_reached_is_an_equilibrium_and_nobody_revises_further():
    class Circle:
        rule = credit_rule("equal")

        def best_replies(self, donor, profile):
            return np.array([1 - profile[donor]])  # nobody is ever content

    with pytest.raises(ScenarioError, match="revision never ends"):
        covering_games._revise(Circle(), [0, 0])


def test_a_donor_keeps_to_its_mandate_and_its_cash():
    assert simulate(load(GAME, ["money=11.9"])).projects.empty
    model = CoordinationModel(load(GAME))
    model.appropriate()
    assert list(covering_games._choices(model, 0)) == [0, 1, 2]
    model.giving.mandate.setflags(write=True)
    model.giving.mandate[0, 1] = 0.0
    assert list(covering_games._choices(model, 0)) == [0, 2]


def test_contracts_that_break_a_rule_are_refused():
    model = CoordinationModel(load(GAME))
    with pytest.raises(ScenarioError, match=r"only 0\.000m is in cash"):
        contract_together(model, 1, {0: [Contract(0, 0, 1)]})


# --- the miniature --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("values", "donors"), [([2, 1], 2), ([3, 2, 1], 2), ([5, 1, 1], 3), ([10, 1, 1], 2)])
def test_no_cell_pays_more_than_those_that_are_played(values, donors):
    values = np.array(values, dtype=float)
    p = halonen_miniature.symmetric_equilibrium(values, donors)
    pays = values * (1 - p) ** (donors - 1)
    level = pays[p > 0].max()
    assert p.sum() == pytest.approx(1, abs=1e-12)
    assert pays[p > 0] == pytest.approx(level, abs=1e-9)
    assert (pays <= level + 1e-9).all()


def test_two_cells_have_the_closed_form():
    assert halonen_miniature.symmetric_equilibrium(np.array([2.0, 1.0]), 2) == pytest.approx([2 / 3, 1 / 3], abs=1e-12)
    assert list(halonen_miniature.symmetric_equilibrium(np.array([1.0, 3.0]), 1)) == [0, 1]


def test_payoffs_are_those_of_marginal_credit():
    """The equation of the plug-in is marginal contribution: a donor alone in a cell gains it, a second one nothing."""
    marginal = credit_rule("marginal")
    gained = np.array([0.0, 2.0])
    assert list(marginal(np.array([[True], [False]]), np.zeros(2), gained)) == [2, 0]
    assert list(marginal(np.array([[True], [True]]), np.zeros(2), gained)) == [0, 0]


# --- relative impact ------------------------------------------------------------------------------------------


def test_all_ways_to_split_are_listed_once():
    ways = annen_moers.splits(4, 3)
    assert len(ways) == 15
    assert (ways.sum(axis=1) == 4).all()
    assert len({tuple(way) for way in ways}) == 15
    assert (ways >= 0).all()


def test_what_one_gains_by_relative_impact_the_other_loses():
    gained = 1 - (1 - np.arange(11) / 10) ** 2
    mine, theirs = annen_moers.payoffs(credit_rule("relative_impact"), gained, 4, 6)
    assert np.allclose(mine, -theirs)
    assert mine[3, 0] == pytest.approx(gained[3])
    assert mine[2, 4] == pytest.approx((2 - 4) / 6 * gained[6])


def test_alone_a_donor_that_wants_relative_impact_reaches_the_optimum():
    # with all the money there is no rival: what is left of the loss must be nothing
    one = load("literature/annen-moers", ["mechanism.planning.rule=relative_impact"])
    alone = one.replace(donors=one.donors.__class__(**{
        **{name: getattr(one.donors, name) for name in one.donors.__dataclass_fields__},
        "budget_low": np.array([80.0, 0.0]), "budget_central": np.array([80.0, 0.0]), "budget_high": np.array([80.0, 0.0]),
    }))  # fmt: skip
    assert simulate(alone, seed=1).outcomes["efficiency"] == pytest.approx(1.0, abs=1e-9)
    assert simulate(one, seed=1).outcomes["efficiency"] < 1.0 - 1e-6
    added = load("literature/annen-moers", ["mechanism.planning.rule=marginal"])
    assert simulate(added, seed=1).outcomes["efficiency"] == pytest.approx(1.0, abs=1e-9)
