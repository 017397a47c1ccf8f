"""``donorlab new``: a commented template, never over a file; proposals are listed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from donorlab.experiments import levers, new
from donorlab.scenarios import load_proposal
from donorlab.scenarios import proposals as shipped
from experiments.conftest import Shell


def test_a_template_can_be_checked_and_filled_in(shell: Shell) -> None:
    assert shell("new", "proposal", "ours.yaml").exit_code == 0
    assert load_proposal(shell.folder / "ours.yaml").name == "ours"
    result = shell("check", "ours.yaml")
    assert result.exit_code == 0, result.output
    assert "3 warnings, no error" in result.stdout
    before = (shell.folder / "ours.yaml").read_text()
    assert "donorlab check ours.yaml" in before
    assert "exists already and is not overwritten" in shell.refused("new", "proposal", "ours.yaml")
    assert (shell.folder / "ours.yaml").read_text() == before


def test_the_template_explains_every_lever_that_it_names() -> None:
    lines = shipped.TEMPLATE.read_text().splitlines()
    table = {row.name for row in levers.catalogue.parameter_table() if row.kind == "lever"}
    named = {line.strip("# ").partition(":")[0]: line for line in lines if line.startswith("  ")}
    found = table & set(named)
    assert {"register", "overhead", "pool_share", "credibility", "decision_lag"} <= found
    assert all(" # " in named[name].lstrip(" #") for name in found)


def test_where_a_template_cannot_be_written(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "cannot be written (No such file or directory)" in shell.refused("new", "proposal", "absent/my.yaml")
    assert "must end with .yaml" in shell.refused("new", "proposal", "my")
    assert "did you mean 'proposal'" in shell.refused("new", "proposals", "my.yaml")

    opened = Path.open

    def denied(path: Path, mode: str = "r", *words: Any, **more: Any) -> Any:
        if mode == "x":
            raise PermissionError(13, "Permission denied")
        return opened(path, mode, *words, **more)

    monkeypatch.setattr(Path, "open", denied)
    assert "my.yaml: cannot be written (Permission denied)" in shell.refused("new", "proposal", "my.yaml")


def test_a_name_that_cannot_be_one_is_left_to_the_user() -> None:
    text = shipped.TEMPLATE.read_text()
    for stem in ("umbrella", "9-lives", "x" * 29, "my plan"):
        assert "name: my-proposal" in new.filled(text, Path(f"{stem}.yaml"))
    assert "name: ours " in new.filled(text, Path("somewhere/ours.yaml"))


def test_list_names_proposals(shell: Shell) -> None:
    text = " ".join(shell("list").stdout.split())
    for name in shipped.names():
        assert name in text
