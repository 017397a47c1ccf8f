"""Addressed random draws: a draw is a function of its address, not of how many came before.

``u = U(stream, replication, quarter, actor, other, cell, serial)`` from the counter-based generator
Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", tested against the known
answers of its authors). Switching an architecture or a mechanism therefore never shifts another draw, and
comparisons are paired. Streams are the 32-bit hash of their name, actors the 32-bit hash of their id.

Address to counter: key = (stream, replication); counter = (quarter * 65536 + cell, actor, other, serial).
"""

from __future__ import annotations

import hashlib
import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numba import uint64
from scipy.special import ndtr, ndtri

from donorlab.sim.compiled import compiled

FloatArray = npt.NDArray[np.float64]

REPLICATION_MAXIMUM: Final = 2**32 - 1


def stream_key(name: str) -> int:
    """Return the 32-bit key of a named stream."""
    return int.from_bytes(hashlib.blake2b(b"stream:" + name.encode(), digest_size=4).digest(), "big")


def actor_key(identifier: str) -> int:
    """Return the 32-bit key of a donor or beneficiary id."""
    return int.from_bytes(hashlib.blake2b(b"actor:" + identifier.encode(), digest_size=4).digest(), "big")


CALENDAR: Final = stream_key("calendar")
OBSERVATION: Final = stream_key("observation")
TASK_OBSERVATION: Final = stream_key("task observation")
PICK: Final = stream_key("pick")
INITIAL: Final = stream_key("initial tasks")
MOTIVES: Final = stream_key("motives")
OWNERSHIP: Final = stream_key("ownership")
EFFORT: Final = stream_key("own effort")
LAPSE: Final = stream_key("lapse")
FAILURE: Final = stream_key("failure")
REPORT: Final = stream_key("report")
REFORM: Final = stream_key("reform cost")
WITHHOLD: Final = stream_key("withhold")
TURNOVER: Final = stream_key("turnover")
INCIDENT: Final = stream_key("incident")
METHOD: Final = stream_key("method")
METHOD_OUTCOME: Final = stream_key("method outcome")
TOURNAMENT: Final = stream_key("tournament")
MEMBERSHIP: Final = stream_key("membership")


@compiled
def philox(c0: int, c1: int, c2: int, c3: int, k0: int, k1: int) -> tuple[Any, Any, Any, Any]:
    """Philox4x32-10: four 32-bit words for a counter of four words and a key of two."""
    mask = uint64(0xFFFFFFFF)
    a, b, c, d = uint64(c0), uint64(c1), uint64(c2), uint64(c3)
    x, y = uint64(k0), uint64(k1)
    for _ in range(10):
        p0 = uint64(0xD2511F53) * a
        p1 = uint64(0xCD9E8D57) * c
        a = (p1 >> uint64(32)) ^ b ^ x
        b = p1 & mask
        c = (p0 >> uint64(32)) ^ d ^ y
        d = p0 & mask
        x = (x + uint64(0x9E3779B9)) & mask
        y = (y + uint64(0xBB67AE85)) & mask
    return a, b, c, d


@compiled
def _unit(high: int, low: int) -> float:
    """52 bits to the open interval (0, 1): never 0 and never 1."""
    return (float((uint64(high) << uint64(20)) | (uint64(low) >> uint64(12))) + 0.5) * 2.0**-52


@compiled
def uniform(stream: int, replication: int, quarter: int, actor: int, other: int, cell: int, serial: int) -> float:
    """Return the draw in (0, 1) at this address."""
    words = philox(quarter * 65536 + cell, actor, other, serial, stream, replication)
    return float(_unit(words[0], words[1]))


@compiled
def second_uniform(
    stream: int, replication: int, quarter: int, actor: int, other: int, cell: int, serial: int
) -> float:
    """Return the next draw at the same address, independent of the first."""
    words = philox(quarter * 65536 + cell, actor, other, serial, stream, replication)
    return float(_unit(words[2], words[3]))


@compiled
def poisson_quantile(u: float, mean: float) -> int:
    """Return the smallest n with P(Poisson(mean) <= n) >= u, at most 64 (a task list is no longer).

    Monotone in ``mean`` for a given ``u``: more effort at the same address never completes less.
    """
    if mean <= 0.0:
        return 0
    probability = math.exp(-mean)
    cumulative = probability
    n = 0
    while u > cumulative and n < 64:
        n += 1
        probability *= mean / n
        cumulative += probability
    return n


def normal_cut(u: FloatArray | float) -> FloatArray:
    """Return standard normal draws cut at +-2 (truncated, not clipped) from uniform ones, same shape."""
    low, high = ndtr(-2.0), ndtr(2.0)
    return np.asarray(ndtri(low + np.asarray(u, dtype=np.float64) * (high - low)), dtype=np.float64)
