"""Words and files of the user: what they may change, what is refused; Hydra's state, threads."""

from __future__ import annotations

import importlib
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from donorlab.scenarios import build, composition, configuration, load
from donorlab.sim.scenario import ScenarioError
from scenarios.comparing import arrays, refused, same

# ------------------------------------------------------------------------------------------------ overrides


def test_overrides_reach_the_scenario():
    scenario = load(
        "world", ["architecture=central", "horizon=8", "planning_slots=serial", "mechanism.lapse=exponential"]
    )
    assert scenario.architecture == "central"
    assert scenario.parameters.horizon == 8
    assert scenario.parameters.planning_slots == 0
    assert load("toy", ["horizon=8", " horizon = 9 "]).parameters.horizon == 9
    assert load("toy", ["money=1e-2"]).parameters.money == 0.01
    assert load("toy", ["money=1000000"]).parameters.money == 1e6, "outside its range, inside its hard limits"
    assert load("toy", ["ignorance=task"]).parameters.ignorance == "task"


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("horizon", ("key=value",)),
        ("horizn=4", ("horizn", "did you mean 'horizon'")),
        ("mechanism.plan=x", ("mechanism.plan", "did you mean 'mechanism.planning'")),
        ("mechanism.zzzzzzzzz=x", ("mechanism.zzzzzzzzz",)),
        ("synthetic.donor=3", ("synthetic.donor", "did you mean 'synthetic.donors'")),
        ("synthetic.donors=3", ("synthetic.donors", "scenario world")),
        ("scenario=toy", ("scenario", "first argument")),
        ("architecture=centrl", ("architecture", "did you mean 'central'")),
        ("architecture=../central", ("architecture", "not a name")),
        ("mechanism.lapse=exponentil", ("mechanism.lapse", "did you mean 'exponential'")),
        ("mechanism=defalt", ("mechanism", "did you mean 'default'")),
        ("beneficiaries=oad", ("beneficiaries", "oda-without-china", "did you mean 'oda'")),
        ("beneficiaries=[KEN,TZX]", ("beneficiaries", "TZX", "did you mean 'TZA'")),
        ("beneficiaries=[KEN,KEN]", ("beneficiaries", "twice")),
        ("beneficiaries=[]", ("beneficiaries", "empty")),
        ("beneficiaries=3", ("beneficiaries", "list of ids")),
        ("donors=[USX]", ("donors", "did you mean 'USA'")),
        ("donors=[1,2]", ("donors", "not a word")),
        ("horizon=-1", ("horizon", "between 1 and 4000")),
        ("horizon=4.5", ("horizon", "whole number")),
        ("horizon=soon", ("horizon", "'soon' is not a number", "between 1 and 4000")),
        ("horizon='40'", ("horizon", "not a number")),
        ("horizon=true", ("horizon", "not a number")),
        ("horizon=010", ("horizon", "not a number")),
        ("horizon=1:30", ("horizon", "not a number")),
        ("horizon=[1,2]", ("horizon", "list", "sweep")),
        ("horizon={a: 1}", ("horizon", "mapping")),
        ("horizon=", ("horizon", "no value")),
        ("horizon=[", ("horizon", "cannot be read")),
        ("horizon=1\n2", ("horizon", "not a number")),
        ("money=nan", ("money", "not a finite number", "at least 0")),
        ("money=.NaN", ("money", "not a finite number")),
        ("money=-inf", ("money", "not a finite number")),
        ("money=Infinity", ("money", "not a finite number")),
        ("money=1e999", ("money", "not a finite number")),
        ("money=" + "9" * 5000, ("money", "not a finite number")),
        ("money=" + "9" * 200_000, ("money", "at most")),
        ("ignorance=projct", ("ignorance", "did you mean 'project'")),
        ("ignorance=3", ("ignorance", "project, task")),
        ("project_tasks_maximum=1", ("project_tasks_minimum", "project_tasks_maximum")),
    ],
)
def test_wrong_overrides(override, parts):
    message = refused(load, "world", [override])
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    "attack",
    [
        "hydra.callbacks.x._target_=os.system",
        "hydra.run.dir=/tmp/x",
        "hydra=x",
        "defaults=[x]",
        "_target_=os.system",
        "money._target_=os.system",
        "architecture={_target_: os.system}",
        "# @package _global_",
        "money=1 # @package _global_",
        "money=1\n# @package _global_\nhydra: {}",
        "architecture=${oc.env:HOME}",
        "money=${oc.env:HOME}",
        "money=$HOME",
        "+horizon=1",
        "++horizon=1",
        "~horizon",
        "~horizon=1",
        "+hydra.verbose=true",
        "architecture@hydra=central",
        "scenario/architecture=central",
        "money=!!python/object/apply:os.system [ls]",
        "donors=&a [*a]",
        "architecture=central,hydra.verbose=true",
        "architecture=choice(central,fragmented)",
        "beneficiaries=" + "[" * 50 + "]" * 50,
        "beneficiaries=" + "[" * 40_000,
    ],
)
@pytest.mark.usefixtures("fresh_cache")
def test_attacks_are_refused_before_hydra(attack, monkeypatch):
    def never(*arguments: object) -> str:
        raise AssertionError("reached Hydra")

    monkeypatch.setattr(composition, "_composed", never)
    refused(load, "world", [attack])


def test_prefix_message_says_what_to_write():
    assert "write horizon=4" in refused(load, "toy", ["++horizon=4"])


def test_one_text_instead_of_a_list():
    assert "['horizon=4']" in refused(load, "toy", "horizon=4")


def test_unknown_scenario():
    assert "did you mean 'world'" in refused(load, "wrold")
    assert "not one of" in refused(load, "../conf/scenario/world")
    assert "not one of" in refused(load, "none ")


# ------------------------------------------------------------------------------------------------ files of one's own


@pytest.fixture
def own(tmp_path):
    def write(text: str | None = None, old: str = "", new: str = "") -> Path:
        text = text if text is not None else (composition.CONF / "scenario" / "toy.yaml").read_text()
        assert old in text
        path = tmp_path / "mine.yaml"
        path.write_text(text.replace(old, new, 1))
        return path

    return write


def test_own_file(own):
    assert same(load(own()), load("toy"))
    assert load(str(own()), ["architecture=central"]).architecture == "central"


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("# A world", "# @package _global_\n# A world", ("@package",)),
        ("name: toy", "hydra: {verbose: true}\nname: toy", ("'hydra'", "refused")),
        ("name: toy", "defaults: [world]\nname: toy", ("'defaults'", "refused")),
        ("name: toy", "_target_: os.system\nname: toy", ("_target_",)),
        ("money: 0.8", "money: ${oc.env:HOME}", ("${",)),
        ("name: Alba", "name: !!python/name:os.system x", ("tags",)),
        ("name: Alba", "name: &a Alba", ("anchors",)),
        ("money: 0.8", "mony: 0.8", ("scenario toy, parameters", "did you mean 'money'")),
        ("money: 0.8", "money: much", ("scenario toy, parameters", "money", "not a number")),
        ("money: 0.8", "money: [1]", ("money", "not one number")),
        ("money: 0.8", "money: 1\n  money: 2", ("money", "twice")),
        ("builder: written", "builder: writen", ("builder", "did you mean 'written'")),
        ("builder: written", "builder: os.system", ("builder", "not one of")),
        ("title: Three", "tilte: Three", ("'title' is missing",)),
        ("pillar_weights:", "pillar_weigths:", ("unknown key", "did you mean 'pillar_weights'")),
        ("government_rank: 0.1", "government_rank: 2", ("ALBA", "government_rank", "between 0 and 1")),
        ("government_rank: 0.1", "government_rank: low", ("ALBA", "government_rank", "not a number")),
        ("users_m: 2,", "", ("ALBA", "users_m", "missing")),
        ("legal: 0.5, technical: 0.5}, skill", "legal: 0.9, technical: 0.5}, skill", ("mandate", "NORDIA", "sum")),
        ("ELMA: 0.2}", "ELNA: 0.2}", ("NORDIA", "affinity", "did you mean 'ELMA'")),
        ("low: 0.1, central", "low: -1, central", ("FUND", "budget_low")),
        ("rival: false", "rival: no", ("rival", "true or false")),
        ("  ALBA: ", "  1: ", ("'1' is not a word",)),
        ("parameters:", "select: {donor: all}\nparameters:", ("select", "did you mean 'donors'")),
    ],
)  # fmt: skip
def test_wrong_files(own, old, new, parts):
    message = refused(load, own(old=old, new=new))
    for part in parts:
        assert part in message


def test_files_that_are_no_scenario(own, tmp_path):
    assert "mapping" in refused(load, own("[1, 2]"))
    assert "mapping" in refused(load, own(""))
    assert "cannot be read" in refused(load, own("a: [1"))
    assert "levels deep" in refused(load, own("a: " + "[" * 100 + "]" * 100))
    assert "characters" in refused(load, own("# " + "x" * 2_000_000))
    assert "cannot be read" in refused(load, tmp_path / "absent.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in refused(load, tmp_path / "bytes.yaml")


def test_norway_is_a_word(own):
    text = (composition.CONF / "scenario" / "toy.yaml").read_text().replace("FUND:", "NO:")
    assert load(own(text), ["donors=[NO]"]).donors.ids == ("NO",)


# ------------------------------------------------------------------------------------------------ Hydra, state, threads


@pytest.mark.usefixtures("fresh_cache")
def test_hydra_composes_once_a_load(monkeypatch):
    hydra = importlib.import_module("hydra")
    calls = []
    original = hydra.compose
    monkeypatch.setattr(hydra, "compose", lambda *a, **k: calls.append(a) or original(*a, **k))
    load("toy", ["architecture=central", "horizon=3"])
    assert len(calls) == 1
    load("toy", ["architecture=central", "horizon=4"])
    assert len(calls) == 1


@pytest.mark.usefixtures("fresh_cache")
def test_a_running_hydra_application_keeps_its_state(tmp_path):
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.core.singleton import Singleton
    from hydra.core.utils import JobRuntime
    from hydra.version import VersionBase
    from omegaconf import OmegaConf
    from omegaconf.basecontainer import BaseContainer

    (tmp_path / "theirs.yaml").write_text("a: 1\n")
    OmegaConf.register_new_resolver("theirs", lambda: 7, replace=True)
    try:
        with initialize_config_dir(str(tmp_path), job_name="theirs", version_base="1.2"):
            kinds = (GlobalHydra, HydraConfig, JobRuntime, VersionBase)
            before = {kind: Singleton._instances.get(kind) for kind in kinds}
            inner, job = GlobalHydra.instance().hydra, JobRuntime.instance().get("name")
            resolvers = dict(BaseContainer._resolvers)
            load("toy")
            with pytest.raises(ScenarioError):
                load("toy", ["architecture=nothing"])
            assert {kind: Singleton._instances.get(kind) for kind in kinds} == before
            assert all(Singleton._instances.get(kind) is before[kind] for kind in kinds)
            assert GlobalHydra.instance().hydra is inner
            assert JobRuntime.instance().get("name") == job == "theirs"
            assert str(VersionBase.instance().getbase()) == "1.2"
            assert BaseContainer._resolvers == resolvers
            assert compose("theirs").a == 1
    finally:
        OmegaConf.clear_resolver("theirs")


@pytest.mark.usefixtures("fresh_cache")
def test_hydra_is_not_left_initialised():
    from hydra.core.global_hydra import GlobalHydra

    GlobalHydra.instance().clear()
    load("toy")
    assert not GlobalHydra.instance().is_initialized()


@pytest.mark.usefixtures("fresh_cache")
def test_state_is_restored_when_hydra_fails(monkeypatch, tmp_path):
    from hydra.core.global_hydra import GlobalHydra

    shutil.copytree(composition.CONF, tmp_path / "conf")
    (tmp_path / "conf" / "config.yaml").write_text("defaults: [nothing: here, _self_]\n")
    monkeypatch.setattr(composition, "CONF", tmp_path / "conf")
    GlobalHydra.instance().clear()
    assert "conf" in refused(load, "toy")
    assert not GlobalHydra.instance().is_initialized()


@pytest.mark.usefixtures("fresh_cache")
def test_threads_load_at_once(monkeypatch):
    monkeypatch.setattr(composition, "_composed", composition._composed.__wrapped__)  # compose every time
    asked = [(name, [f"architecture={a}"]) for name in ("toy", "synthetic") for a in ("central", "fragmented")] * 4
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda arguments: load(*arguments), asked))
    for (name, overrides), scenario in zip(asked, found, strict=True):
        assert same(scenario, load(name, overrides))


@pytest.mark.parametrize("name", ["world", "toy", "synthetic"])
def test_two_loads_are_equal_and_share_nothing_mutable(name):
    one, other = load(name), load(name)
    assert same(one, other)
    for key, array in arrays(one).items():
        if array.dtype.kind == "f":
            assert not np.shares_memory(array, arrays(other)[key])
    one.income_group_weights.clear()
    assert load(name).income_group_weights == other.income_group_weights != {}
    first = configuration(name)
    first["parameters"]["horizon"] = 1
    first["mechanism"].clear()
    assert configuration(name)["mechanism"]
    assert "horizon" not in configuration(name)["parameters"] or name == "toy"


def test_configuration_is_plain_data_and_builds_the_same():
    overrides = ["horizon=9", "synthetic.donors=7", "architecture=central", "donors=[D0001,D0003]"]
    data = json.loads(json.dumps(configuration("synthetic", overrides)))
    assert same(build(data), load("synthetic", overrides))


def test_shipped_files_pass_the_rules_for_files_of_others():
    for path in composition.CONF.glob("scenario/*.yaml"):
        assert same(load(path), load(path.stem))
