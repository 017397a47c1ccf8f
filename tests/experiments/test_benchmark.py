"""``donorlab benchmark``: what it prints, and that a fit finds a known exponent."""

from __future__ import annotations

import re

import pytest
from rich.console import Console

from donorlab.experiments import benchmark
from donorlab.scenarios import load
from experiments.conftest import Shell


def test_exponent_of_a_power_law() -> None:
    sizes = (10, 20, 40, 80)
    found = benchmark.Growth("donors", "fixed in total", sizes, tuple(1e-3 * s**1.5 for s in sizes), (1, 1, 1, 1))
    assert found.exponent == pytest.approx(1.5)


def test_it_prints_ratios_and_exponents(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "DONORS", (20, 40))
    monkeypatch.setattr(benchmark, "BENEFICIARIES", (30, 60))
    monkeypatch.setattr(benchmark, "QUARTERS", (4, 8))
    monkeypatch.setattr(benchmark, "REFERENCE_WORLD", ("synthetic.donors=2", "synthetic.beneficiaries=3", "horizon=3"))
    result = shell("benchmark", "toy", "quick=true")
    assert result.exit_code == 0, result.output
    for text in ("whole run / sum of its phases", "runs per second", "exponent", "donors", "beneficiaries", "quarters"):
        assert text in result.stdout
    for what in ("whole runs", "runs with a shared baseline, as compare makes them"):
        found = re.search(rf"umbrella run / fragmented run, {what}: ([0-9.]+)", result.stdout)
        assert found, result.stdout
        assert 0.1 < float(found[1]) < 20
    found = re.search(r"run with all mechanisms on / core run, all off: ([0-9.]+) .*aim: at most 2.5", result.stdout)
    assert found, result.stdout
    assert shell.left() == []


def test_where_there_is_no_umbrella_its_ratio_is_not_measured(capsys: pytest.CaptureFixture[str]) -> None:
    scenario = load("world", ["donors=[CHN,TUR]", "beneficiaries=[KEN,TZA]", "horizon=4"])
    benchmark._architectures(Console(width=200), scenario, 1, 1)
    assert "not measured (architecture: umbrella has no members" in capsys.readouterr().out


def test_the_money_is_fixed_or_grows_with_the_donors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "DONORS", (20, 80))
    monkeypatch.setattr(benchmark, "BENEFICIARIES", (100, 400))
    total = benchmark.growth("donors", True, True, 1, lambda: None)
    each = benchmark.growth("donors", False, True, 1, lambda: None)
    assert total.sizes == each.sizes == (2, 8)
    assert max(total.projects) < 1.5 * min(total.projects)
    assert each.projects[1] > 2 * each.projects[0]
