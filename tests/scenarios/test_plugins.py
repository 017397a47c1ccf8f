"""Plug-ins of third parties: found, registered, and listed with their error when they are broken."""

from __future__ import annotations

import sys

import pytest

from donorlab.scenarios import architectures, load, plugins
from donorlab.sim import architectures as architecture_registry
from donorlab.sim import mechanisms as mechanism_registry
from donorlab.sim.scenario import ScenarioError

MODULE = """
from donorlab.sim.architectures import Architecture

class Mine(Architecture):
    name = "mine"
    summary = "a test"
    source = "a test"

class NoArchitecture:
    pass

def rule(model, quarter):
    return None
"""
ENTRY_POINTS = """
[donorlab.architectures]
mine = donorlab_test_plugin:Mine
broken = donorlab_test_broken:Mine
exits = donorlab_test_exits:Mine
missing = donorlab_test_plugin:Absent
central = donorlab_test_plugin:Mine
odd = donorlab_test_plugin:NoArchitecture

[donorlab.mechanisms]
lapse.none_at_all = donorlab_test_plugin:rule
nowhere.rule = donorlab_test_plugin:rule
rule = donorlab_test_plugin:rule
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    info = tmp_path / "test_plugin-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: test-plugin\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    (tmp_path / "donorlab_test_plugin.py").write_text(MODULE)
    (tmp_path / "donorlab_test_broken.py").write_text("raise RuntimeError('two\\nlines')\n")
    (tmp_path / "donorlab_test_exits.py").write_text("raise SystemExit(3)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(architecture_registry.base, "_REGISTRY", dict(architecture_registry.base._REGISTRY))
    monkeypatch.setattr(
        mechanism_registry, "_REGISTRY", {phase: dict(names) for phase, names in mechanism_registry._REGISTRY.items()}
    )
    yield
    for name in ("donorlab_test_plugin", "donorlab_test_broken", "donorlab_test_exits"):
        sys.modules.pop(name, None)


def by_name(found):
    return {plugin.name: plugin for plugin in found if plugin.origin == "test-plugin 1.2"}


@pytest.mark.usefixtures("installed")
def test_discovery_lists_everything():
    found = by_name(plugins.discover())
    assert len(found) == 9
    assert found["mine"].reference == "donorlab_test_plugin:Mine"
    assert found["mine"].error is None
    assert found["mine"].target.name == "mine"
    for name, part in (("broken", "two lines"), ("exits", "SystemExit"), ("missing", "Absent")):
        assert part in found[name].error
        assert "\n" not in found[name].error
        assert found[name].target is None


@pytest.mark.usefixtures("installed")
def test_registration_is_repeatable_and_never_replaces_a_built_in():
    built_in = type(architecture_registry.get_architecture("central"))
    for _ in range(2):
        found = by_name(plugins.register())
        assert found["mine"].error is None
        assert found["lapse.none_at_all"].error is None
        assert "taken" in found["central"].error
        assert "subclass" in found["odd"].error
        assert "nowhere" in found["nowhere.rule"].error
        assert "phase.name" in found["rule"].error
    assert type(architecture_registry.get_architecture("central")) is built_in
    assert "none_at_all" in mechanism_registry.mechanism_names("lapse")


@pytest.mark.usefixtures("installed")
def test_load_finds_plugins_by_name():
    assert load("toy", ["architecture=mine"]).architecture == "mine"
    assert load("toy", ["mechanism.lapse=none_at_all"]).mechanisms.lapse == "none_at_all"
    assert "mine" in architectures()
    with pytest.raises(ScenarioError, match="did you mean 'mine'"):
        load("toy", ["architecture=mien"])


def test_without_plugins_the_name_is_unknown():
    assert "mine" not in architectures()
    with pytest.raises(ScenarioError, match="architecture"):
        load("toy", ["architecture=mine"])
