"""Runs compared bit by bit, and a donor whose decisions are plain Python."""

import numpy as np

from donorlab.sim import Contract, Donor


class Frugal(Donor):
    """Contracts one task of the best cell, at most."""

    def decide(self, view):
        j, k = np.unravel_index(int(np.argmax(view.score)), view.score.shape)
        if view.score[j, k] > 0 and view.fixed[j] + view.price[j, k] <= view.cash:
            yield Contract(int(j), int(k), 1)


def arrays(model):
    """Every array of a run that changes, by name."""
    state, ledger = model.state, model.state.ledger
    found = {name: value for name, value in vars(state).items() if isinstance(value, np.ndarray)}
    found |= {f"ledger.{name}": getattr(ledger, name)[: ledger.size] for name in ("whole", "words", "reals", "seen")}
    record = {f"record.{name}": getattr(model.record, name) for name in ("numbers", "tasks", "flow")}
    return found | record


def assert_same_bits(model, other, leave_out=()):
    found, expected = arrays(model), arrays(other)
    assert found.keys() == expected.keys()
    for name, value in found.items():
        if name not in leave_out:
            np.testing.assert_array_equal(value, expected[name], err_msg=name)
    assert model.quarter == other.quarter
