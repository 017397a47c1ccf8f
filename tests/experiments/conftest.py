from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import donorlab.scenarios
import donorlab.sim
from donorlab.experiments import engines, runner
from experiments import fake


def pretend(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the made-up model in place of the real one."""
    monkeypatch.setattr(donorlab.sim, "simulate", fake.simulate, raising=False)
    monkeypatch.setattr(donorlab.sim, "baseline", fake.baseline, raising=False)
    monkeypatch.setattr(donorlab.scenarios, "load", fake.load)
    monkeypatch.setattr(donorlab.scenarios, "configuration", fake.configuration)
    for module in (engines, runner):
        monkeypatch.setattr(module, "processors", lambda: 1)  # other processes would run the real model


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work with the made-up model."""
    pretend(monkeypatch)


class Shell:
    """Run the command line in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *words: str) -> Result:
        from donorlab.experiments.command import program

        return CliRunner().invoke(program, list(words))

    def left(self) -> list[str]:
        """Return everything in the folder, hidden files too."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*"))

    def refused(self, *words: str) -> str:
        """Run a command that must end with status 2 and one line on standard error; return the line."""
        before = self.left()
        result = self(*words)
        assert result.exit_code == 2, result.output
        assert result.stdout == ""
        assert result.stderr.startswith("donorlab: ")
        assert result.stderr.endswith("\n")
        assert result.stderr.count("\n") == 1
        assert "Traceback" not in result.stderr
        assert self.left() == before
        return result.stderr


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Shell(folder)
