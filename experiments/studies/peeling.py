"""The workbench's PRIM once more on plain arrays, some twenty times as fast: for searches in noise and in halves.

The box that is reported comes from the EMA workbench. What it must be held against takes dozens of searches, for which its data
frames are too slow. A test holds both against each other, step by step.
"""

from __future__ import annotations

import math

import numpy as np


def trajectory(x: np.ndarray, y: np.ndarray, alpha: float, least: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the boxes of peeling and pasting as pairs of lower and upper limits, the whole first.

    Parameters
    ----------
    x : a row a future, a column a dimension, finite
    y : 1 for a case, 0 for none
    alpha : share that a step peels or pastes
    least : least share of the futures in a box

    Notes
    -----
    Friedman and Fisher (1999); of all peels the one that raises the density most for each future that it takes away
    (the workbench's objective ``LENIENT1``), of equal ones the one that restricts fewer dimensions.
    """
    low, high = x.min(axis=0), x.max(axis=0)
    first = (low.copy(), high.copy())
    found = [(low, high)]
    inside = np.arange(len(x))
    while True:
        peel = _best_peel(x[inside], y[inside], (low, high), first, alpha)
        if peel is None:
            break
        column, end, value, within, gain = peel
        if not (within.sum() / len(x) >= least and within.sum() < len(inside) and gain > 0):
            break
        inside = inside[within]
        low, high = _moved(low, high, column, end, value)
        found.append((low, high))
    while True:
        paste = _best_paste(x, y, inside, (low, high), first, alpha)
        if paste is None:
            break
        column, end, value, within, gain = paste
        if not (len(within) / len(x) >= least and len(within) > len(inside) and gain > 0):
            break
        inside = within
        low, high = _moved(low, high, column, end, value)
        found.append((low, high))
    return found


def _moved(low: np.ndarray, high: np.ndarray, column: int, end: int, value: float) -> tuple[np.ndarray, np.ndarray]:
    low, high = low.copy(), high.copy()
    (low, high)[end][column] = value
    return low, high


def quantile(values: np.ndarray, share: float) -> float:
    """Return a quantile of sorted values as the workbench has it: between two different values."""
    place = (len(values) - 1) * share
    lower, upper = math.floor(place), math.ceil(place)
    if values[lower] == values[upper]:
        if share > 0.5:
            lower = max(0, int(np.searchsorted(values, values[upper], "left")) - 1)
        else:
            upper = min(len(values) - 1, int(np.searchsorted(values, values[lower], "right")))
    return float((values[lower] + values[upper]) / 2)


def _unrestricted(
    low: np.ndarray, high: np.ndarray, first: tuple[np.ndarray, np.ndarray], column: int, end: int, value: float
) -> int:
    """Return how many dimensions a box leaves alone after one limit is moved."""
    same = (low == first[0]) & (high == first[1])
    other = high[column] == first[1][column] if end == 0 else low[column] == first[0][column]
    same[column] = other and value == first[end][column]
    return int(same.sum())


def _best_peel(
    x: np.ndarray, y: np.ndarray, box: tuple[np.ndarray, np.ndarray], first: tuple[np.ndarray, np.ndarray], alpha: float
) -> tuple[int, int, float, np.ndarray, float] | None:
    """Return column, end, limit, who stays and gain of the best peel; None if there is no dimension."""
    ordered = np.sort(x, axis=0)
    columns = range(x.shape[1])
    upper = np.array([quantile(ordered[:, j], 1 - alpha) for j in columns])
    lower = np.array([quantile(ordered[:, j], alpha) for j in columns])
    stays = (x >= lower, x <= upper)
    limits = (lower, upper)
    gains = []
    for within in stays:
        count, hits = within.sum(axis=0), y @ within
        mean = np.divide(hits, count, out=np.zeros(len(count)), where=count > 0)
        gone = len(x) - count
        # the denominator counts futures; a peel that takes none gains nothing
        gains.append(np.divide(mean - y.mean(), gone, out=np.zeros(len(count)), where=gone > 0))
    best: tuple[float, int] | None = None
    taken = (0, 0)
    for j in columns:
        for end in (1, 0):
            gain = float(gains[end][j])
            if best is not None and gain < best[0]:
                continue
            key = (gain, _unrestricted(*box, first, j, end, float(limits[end][j])))
            if best is None or key > best:
                best, taken = key, (j, end)
    if best is None:
        return None
    j, end = taken
    return j, end, float(limits[end][j]), stays[end][:, j], best[0]


def _best_paste(
    x: np.ndarray,
    y: np.ndarray,
    inside: np.ndarray,
    box: tuple[np.ndarray, np.ndarray],
    first: tuple[np.ndarray, np.ndarray],
    alpha: float,
) -> tuple[int, int, float, np.ndarray, float] | None:
    """Return column, end, limit, who is inside then and gain of the best paste; None if nothing is restricted."""
    low, high = box
    restricted = np.flatnonzero((low != first[0]) | (high != first[1]))
    keeps = {int(j): (x[:, j] >= low[j]) & (x[:, j] <= high[j]) for j in restricted}
    best: tuple[float, int] | None = None
    answer = None
    for j in keeps:
        others = np.logical_and.reduce([keep for k, keep in keeps.items() if k != j] or [np.ones(len(x), dtype=bool)])
        values = x[:, j]
        for end in (0, 1):
            beyond = (values <= low[j]) if end == 0 else (values >= high[j])
            data = np.sort(values[others & beyond])
            limit = quantile(data, 1 - alpha if end == 0 else alpha) if len(data) else float(first[end][j])
            wide = (values >= limit) & (values <= high[j]) if end == 0 else (values >= low[j]) & (values <= limit)
            within = np.flatnonzero(others & wide)
            more = len(within) - len(inside)
            gain = float((y[within].mean() - y[inside].mean()) / more) if more > 0 else 0.0
            key = (gain, _unrestricted(low, high, first, j, end, limit))
            if best is None or key > best:
                best, answer = key, (j, end, limit, within, gain)
    return answer
