"""``donorlab benchmark``: what it prints, and that a fit finds a known exponent."""

from __future__ import annotations

import pytest

from donorlab.experiments import benchmark
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
    assert shell.left() == []


def test_the_money_is_fixed_or_grows_with_the_donors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "DONORS", (20, 80))
    monkeypatch.setattr(benchmark, "BENEFICIARIES", (100, 400))
    total = benchmark.growth("donors", True, True, 1, lambda: None)
    each = benchmark.growth("donors", False, True, 1, lambda: None)
    assert total.sizes == each.sizes == (2, 8)
    assert max(total.projects) < 1.5 * min(total.projects)
    assert each.projects[1] > 2 * each.projects[0]
