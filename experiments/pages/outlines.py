"""Outlines of states on a plane: how ``data/world.json`` was made from Natural Earth, and how it is read.

``python -m donorlab.experiments.pages.outlines countries-50m.json world.json`` makes it again from the file of that name in
world-atlas 2.0.2. Equal Earth keeps areas true (Savric, Patterson and Jenny 2019, International Journal of Geographical Information
Science 33: 454-465). Lines are made simpler arc by arc, so that neighbours keep one common border.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

SOURCE: Final = "world-atlas 2.0.2, countries-50m.json; Natural Earth 4.1.0"
SHA256: Final = "04342cdc1e3016bcd7db1630de95684d67b79fe3c8c460321e87aef469502394"
WIDTH: Final = 1000.0
"""Of the whole world; all coordinates are in these units."""
_TOLERANCE: Final = 0.4  # a line may move by so much: less than a third of a pixel where a world is 600 pixels wide
_SPECK: Final = 0.12  # area of islands that are left out, unless a state has nothing larger
_LEFT_OUT: Final = ("010",)  # Antarctica
_NOWHERE: Final = {"798": (179.2, -8.5)}
"""States that the file lacks, with longitude and latitude: Tuvalu, by its atoll Funafuti to a tenth of a degree."""
_MIDDLE: Final = (
    11.0  # degrees east: so that the edge cuts no state but by the Bering Strait, and Pacific islands stay together
)
_A: Final = (1.340264, -0.081106, 0.000893, 0.003796)  # of Equal Earth, from the article
_TALLEST: Final = math.radians(84.0)  # nothing that is drawn lies further north
_LOWEST: Final = math.radians(-56.5)  # nor further south, without Antarctica


@dataclass(frozen=True)
class Outline:
    """A state on the plane.

    Attributes
    ----------
    path : as SVG has it; empty where it is only a point
    at : centre of its largest part
    area : of all parts, in square units
    """

    path: str
    at: tuple[float, float]
    area: float


@dataclass(frozen=True)
class World:
    """All outlines.

    Attributes
    ----------
    width, height : of the plane
    edge : path of the outline of the globe
    states : by ISO 3166-1 numeric code of three digits
    others : path of land without a code
    """

    width: float
    height: float
    edge: str
    states: dict[str, Outline]
    others: str


def equal_earth(longitude: np.ndarray, latitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y (upwards) of places given in degrees; the unit is the radius of the globe."""
    t = np.arcsin(math.sqrt(3) / 2 * np.sin(np.radians(latitude)))
    a1, a2, a3, a4 = _A
    below = 3 * (9 * a4 * t**8 + 7 * a3 * t**6 + 3 * a2 * t**2 + a1)
    x = 2 * math.sqrt(3) * np.radians(longitude) * np.cos(t) / below
    return x, a4 * t**9 + a3 * t**7 + a2 * t**3 + a1 * t


def _placed(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Return places on the plane, (N, 2), y downwards from the northern edge."""
    half = float(equal_earth(np.array([180.0]), np.array([0.0]))[0][0])
    top = float(equal_earth(np.array([0.0]), np.array([math.degrees(_TALLEST)]))[1][0])
    x, y = equal_earth(longitude, latitude)
    scale = WIDTH / (2 * half)
    return np.column_stack([(x + half) * scale, (top - y) * scale])


def simpler(line: np.ndarray, tolerance: float) -> np.ndarray:
    """Return which points of a line stay, so that no other is further off than ``tolerance`` (Douglas and Peucker 1973).

    Parameters
    ----------
    line : (N, 2)
    tolerance : in units of the plane

    Returns
    -------
    array
        (N,) of bool
    """
    keep = np.zeros(len(line), dtype=bool)
    keep[[0, -1]] = True
    if len(line) > 2 and np.allclose(line[0], line[-1]):  # closed: begin with the furthest point
        keep[int(np.hypot(*(line - line[0]).T).argmax())] = True
    ends = np.flatnonzero(keep)
    waiting = list(pairwise(ends.tolist()))
    while waiting:
        low, high = waiting.pop()
        if high - low < 2:
            continue
        along = line[high] - line[low]
        off = line[low + 1 : high] - line[low]
        length = math.hypot(*along)
        apart = np.hypot(*off.T) if length == 0 else np.abs(along[0] * off[:, 1] - along[1] * off[:, 0]) / length
        if apart.max() > tolerance:
            middle = low + 1 + int(apart.argmax())
            keep[middle] = True
            waiting += [(low, middle), (middle, high)]
    return keep


def _simplified(arc: np.ndarray) -> np.ndarray:
    """Return an arc of longitudes and latitudes with fewer points; what is judged is its line on the plane."""
    straight = _unwrapped(arc)
    keep = simpler(_placed(straight[:, 0], straight[:, 1]), _TOLERANCE)
    return np.asarray(arc[keep])


def _unwrapped(line: np.ndarray) -> np.ndarray:
    """Return a line of longitudes and latitudes that goes on over the edge of the map, with longitudes from its middle."""
    longitude = (line[:, 0] - _MIDDLE + 180) % 360 - 180
    steps = (np.diff(longitude) + 180) % 360 - 180
    return np.column_stack([np.r_[longitude[0], longitude[0] + np.cumsum(steps)], line[:, 1]])


def _ring(arcs: Sequence[np.ndarray], numbers: Sequence[int]) -> np.ndarray:
    """Return a closed line of arcs; a number below 0 is the arc ~number backwards, as TopoJSON has it."""
    parts = [arcs[n] if n >= 0 else arcs[~n][::-1] for n in numbers]
    return _unwrapped(np.concatenate([parts[0], *(part[1:] for part in parts[1:])]))


def _cut(ring: np.ndarray, at: float, side: int) -> np.ndarray:
    """Return the part of a closed line east (``side`` 1) or west (-1) of a meridian (Sutherland and Hodgman 1974)."""
    inside = side * (ring[:, 0] - at) >= 0
    found: list[np.ndarray] = []
    for i in range(len(ring) - 1):
        one, other = ring[i], ring[i + 1]
        if inside[i]:
            found.append(one)
        if inside[i] != inside[i + 1]:
            found.append(one + (other - one) * ((at - one[0]) / (other[0] - one[0])))
    return np.array([*found, found[0]]) if found else np.empty((0, 2))


def on_map(ring: np.ndarray) -> list[np.ndarray]:
    """Return the pieces of a closed line, cut where it goes over the edge of the map, on the plane.

    Parameters
    ----------
    ring : (N, 2) longitudes from the middle of the map, which may leave -180 to 180, and latitudes
    """
    pieces = []
    for turn in (-360.0, 0.0, 360.0):
        piece = ring - (turn, 0.0)
        if piece[:, 0].max() > -180 and piece[:, 0].min() < 180:
            for at, side in ((-180.0, 1), (180.0, -1)):
                piece = _cut(piece, at, side) if len(piece) else piece
            if len(piece) > 3:
                pieces.append(_placed(piece[:, 0], piece[:, 1]))
    return pieces


def signed_area(ring: np.ndarray) -> float:
    """Return the area inside a closed line, with a sign by its sense."""
    x, y = ring.T
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2)


def centre(ring: np.ndarray) -> tuple[float, float]:
    """Return the centre of area of a closed line; of one without area the mean of its points."""
    x, y = ring.T
    cross = x[:-1] * y[1:] - x[1:] * y[:-1]
    if abs(cross.sum()) < 1e-9:
        return float(x.mean()), float(y.mean())
    six = 3 * cross.sum()
    return float(((x[:-1] + x[1:]) * cross).sum() / six), float(((y[:-1] + y[1:]) * cross).sum() / six)


def _drawn(ring: np.ndarray) -> str:
    """Return a closed line as an SVG path in tenths of a unit, relative, which is short."""
    points = np.rint(10 * ring).astype(int)
    points = points[np.r_[True, (np.diff(points, axis=0) != 0).any(axis=1)]]
    if len(points) < 4:
        return ""
    steps = np.diff(points[:-1], axis=0)
    return f"M{points[0][0]} {points[0][1]}l" + " ".join(f"{x} {y}" for x, y in steps).replace(" -", "-") + "z"


def _outline(polygons: Sequence[Sequence[Sequence[int]]], whole: list[np.ndarray], simple: list[np.ndarray]) -> Outline:
    rings = [piece for polygon in polygons for piece in on_map(_ring(whole, polygon[0]))]
    areas = [abs(signed_area(ring)) for ring in rings]
    largest = int(np.argmax(areas))
    path = ""
    for polygon in polygons:
        for i, numbers in enumerate(polygon):
            own = on_map(_ring(whole, numbers))
            area = sum(abs(signed_area(piece)) for piece in own)
            if area >= _SPECK or (i == 0 and area >= areas[largest]):
                drawn = "".join(_drawn(piece) for piece in on_map(_ring(simple, numbers)))
                path += drawn or "".join(_drawn(piece) for piece in own)
    x, y = centre(rings[largest])
    return Outline(path, (round(x, 1), round(y, 1)), round(sum(areas), 2))


def made(text: bytes) -> dict[str, Any]:
    """Return what stands in ``world.json``.

    Parameters
    ----------
    text : of ``countries-50m.json``

    Raises
    ------
    ValueError
        If it is another file.
    """
    if hashlib.sha256(text).hexdigest() != SHA256:
        raise ValueError(f"not the file countries-50m.json of {SOURCE}")
    atlas = json.loads(text)
    scale, move = (np.array(atlas["transform"][key]) for key in ("scale", "translate"))
    places = [np.cumsum(arc, axis=0) * scale + move for arc in atlas["arcs"]]
    simple = [_simplified(arc) for arc in places]
    states: dict[str, Outline] = {}
    others = ""
    for shape in atlas["objects"]["countries"]["geometries"]:
        code = shape.get("id", "")
        if code in _LEFT_OUT:
            continue
        polygons = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
        one = _outline(polygons, places, simple)
        if not code or code in states:
            others += one.path
        else:
            states[code] = one
    for code, (longitude, latitude) in _NOWHERE.items():
        x, y = _placed(*_unwrapped(np.array([[longitude, latitude]])).T)[0]
        states[code] = Outline("", (round(float(x), 1), round(float(y), 1)), 0.0)
    south = np.degrees(_LOWEST)
    side = np.linspace(np.degrees(_TALLEST), south, 40)
    right, left = _placed(np.full(40, 180.0), side), _placed(np.full(40, -180.0), side[::-1])
    edge = np.concatenate([right, left, right[:1]])
    return {
        "source": SOURCE,
        "width": WIDTH,
        "height": round(float(right[-1][1]), 1),
        "edge": _drawn(edge),
        "states": {code: [one.path, *one.at, one.area] for code, one in sorted(states.items())},
        "others": others,
    }


@cache
def world() -> World:
    """Return the outlines that come with the program; paths are in tenths of a unit."""
    text = resources.files("donorlab.experiments.pages").joinpath("data/world.json").read_text("utf-8")
    found = json.loads(text)
    states = {code: Outline(path, (x, y), area) for code, (path, x, y, area) in found["states"].items()}
    return World(found["width"], found["height"], found["edge"], states, found["others"])


if __name__ == "__main__":
    _atlas, _out = map(Path, sys.argv[1:3])
    _out.write_text(json.dumps(made(_atlas.read_bytes()), separators=(",", ":")) + "\n", "utf-8")
