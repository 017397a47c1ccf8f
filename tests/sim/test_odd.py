"""The specification is kept true: its tables are the ones made from code.

``python tests/sim/test_odd.py --write`` writes them anew.
"""

import sys
from pathlib import Path

from donorlab.scenarios import load, parameter_table
from donorlab.sim import simulate
from donorlab.sim.architectures import architecture_names, get_architecture
from donorlab.sim.mechanisms import get_mechanism, mechanism_names, phases
from donorlab.sim.outcomes.catalogue import CATALOGUE

ODD = Path(__file__).parents[2] / "sim" / "ODD.md"


def _range(row):
    if row.range is None:
        return "fixed"
    return " .. ".join(str(value) for value in row.range)


def _own(phase):
    """The model's own mechanisms: a plug-in that another test has registered is not among them."""
    return [n for n in mechanism_names(phase) if get_mechanism(phase, n).__module__.startswith("donorlab.sim.")]


def tables():
    parameters = ["| parameter | unit | default | range | kind | meaning |", "|---|---|---|---|---|---|"]
    parameters += [
        f"| `{row.name}` | {row.unit} | {row.default} | {_range(row)} | {row.kind} | {row.meaning} |"
        for row in parameter_table()
    ]
    outcomes = ["| outcome | unit | formula |", "|---|---|---|"]
    outcomes += [f"| `{name}` | {unit} | {formula} |" for name, (unit, formula) in CATALOGUE.items()]
    mechanisms = ["| phase | mechanisms |", "|---|---|"]
    mechanisms += [f"| `{phase}` | {', '.join(f'`{n}`' for n in _own(phase))} |" for phase in phases()]
    return {"parameters": parameters, "outcomes": outcomes, "mechanisms": mechanisms}


def between(text, name):
    start, end = f"<!-- {name}: made from code -->\n", f"<!-- /{name} -->"
    assert start in text, f"ODD.md has no table of {name}"
    return start, text.split(start)[1].split(end)[0], end


def test_tables_are_the_ones_made_from_code():
    text = ODD.read_text(encoding="utf-8")
    for name, lines in tables().items():
        assert between(text, name)[1] == "\n".join(lines) + "\n", f"run: python {Path(__file__).name} --write"


def test_every_outcome_of_a_run_is_in_the_catalogue():
    assert set(simulate(load("toy")).outcomes) == set(CATALOGUE)


def test_every_architecture_is_described():
    text = ODD.read_text(encoding="utf-8")
    for name in architecture_names():
        if type(get_architecture(name)).__module__.startswith("donorlab."):
            assert f"`{name}`" in text


if __name__ == "__main__" and "--write" in sys.argv:
    document = ODD.read_text(encoding="utf-8")
    for key, rows in tables().items():
        head, body, tail = between(document, key)
        document = document.replace(head + body + tail, head + "\n".join(rows) + "\n" + tail)
    ODD.write_text(document, encoding="utf-8")
