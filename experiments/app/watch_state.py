"""Watch: what a page of it knows, and what each thing that is done to it changes; no browser is needed to test it."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from typing import Final

from markupsafe import Markup

from donorlab.experiments.app import watch_lessons, watch_money, watch_now, watch_places, watch_tiles
from donorlab.experiments.app.choices import SEED_HIGHEST, Choice, in_world, line_of, ready
from donorlab.experiments.app.watch_asked import NO_LESSON, Asked, lesson_of, of_lesson, quarter, states
from donorlab.experiments.app.watch_facts import Facts
from donorlab.experiments.app.watch_now import SPEEDS
from donorlab.experiments.app.watched import Recording
from donorlab.experiments.arguments import InputError, RunError
from donorlab.scenarios.plain import one_line
from donorlab.sim.scenario import ScenarioError

Changes = frozenset[str]
NOTHING: Final[Changes] = frozenset()
FRAME: Final = frozenset({"frame", "said"})
"""Another quarter, or other tiles marked."""
ALL: Final = frozenset({"setting", "controls", "tiles", "places", "frame", "said"})


class Records:
    """Runs that were recorded last, for all pages.

    Parameters
    ----------
    most : that are kept; what was used last goes last
    """

    def __init__(self, most: int = 3) -> None:
        self.most = most
        self._kept: OrderedDict[tuple[Choice, str, bool], Facts] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, asked: Asked) -> Facts | None:
        """Return the run that is asked for, if it is there."""
        key = (asked.choice, asked.watch, asked.hidden)
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, asked: Asked, facts: Facts) -> None:
        """Keep a run."""
        self._kept[asked.choice, asked.watch, asked.hidden] = facts
        while len(self._kept) > self.most:
            self._kept.popitem(last=False)


RECORDS: Final = Records()


class Watch:
    """One page.

    Parameters
    ----------
    asked : what is watched
    wrong : what was wrong with the address, in one line
    records : where recorded runs are kept
    """

    def __init__(self, asked: Asked, wrong: str = "", records: Records = RECORDS) -> None:
        self.asked = asked
        self.wrong = wrong
        self.records = records
        self.facts: Facts | None = None  # of the run that is shown; of the one before while another is made
        self._shown: Asked | None = None  # what the run that is shown was made for
        self.making: int | None = 0  # quarters that are made of another run; None where none is
        self.playing = False
        self.speed = "normal"
        self.opened: tuple[str, int] | None = None
        self.closed: tuple[str, int] | None = None
        self.note = ""

    # ------------------------------------------------------------------ the run
    def record(self) -> Generator[int]:
        """Yield after each quarter that is recorded; the run is shown when the generator ends.

        What goes wrong is told in one line, and the run before is shown on.
        """
        asked = self.asked
        facts = self.records.get(asked)
        try:
            if facts is None:
                scenario = ready(asked.choice).scenarios[asked.watch]
                for step in Recording.quarter_by_quarter(scenario, asked.choice.seed, asked.hidden):
                    if isinstance(step, Recording):
                        facts = Facts(step)
                    else:
                        self.making = step
                        yield step
                assert facts is not None
                self.records.put(asked, facts)
            self.facts, self._shown = facts, asked
        except (InputError, ScenarioError, RunError) as error:
            self.wrong = line_of(error)
            self.asked = self._shown or asked
        self.making = None

    @property
    def last(self) -> int:
        """The last quarter of the run that is shown."""
        return self.facts.recording.last if self.facts else 0

    # ------------------------------------------------------------------ what is done
    def act(self, name: str, value: str) -> Changes:
        """Do what was done to the page, and return what of it is to be drawn anew.

        Parameters
        ----------
        name : what was done; an unknown one is passed over
        value : of it

        Returns
        -------
        frozenset
            Of ``setting``, ``controls``, ``tiles``, ``places`` (drawn whole), ``frame`` (another quarter), ``said``, ``run``
            (another run is to be recorded), ``address``
        """
        does = _SETTINGS.get(name)
        if does is None and self.facts is not None and self.making is None:
            does = _MOVES.get(name)
        if does is None:
            return NOTHING
        self.wrong = self.note = ""
        try:
            return does(self, value) | {"said"}
        except (InputError, ScenarioError) as error:
            self.wrong = line_of(error)
            return frozenset({"setting", "said"})

    def tick(self) -> Changes:
        """Go on by a quarter while it plays; at the end it stops."""
        if not self.playing or self.making is not None:
            return NOTHING
        self.asked = replace(self.asked, quarter=min(self.asked.quarter + 1, self.last))
        if self.asked.quarter == self.last:
            self.playing = False
            return FRAME | {"address"}
        return FRAME

    def _go(self, to: int) -> Changes:
        self.playing = False
        self.asked = replace(self.asked, quarter=min(max(to, 0), self.last))
        return FRAME | {"address"} | ({"tiles"} if self.opened else NOTHING)

    def _quarter(self, value: str) -> Changes:
        return self._go(quarter(value, self.last))

    def _play(self, _: str) -> Changes:
        self.playing = not self.playing
        if not self.playing:
            return FRAME | {"address"}
        changed = FRAME
        if self.opened:  # a receipt is not read while tiles move
            self.opened = None
            changed |= {"tiles"}
        if self.asked.quarter == self.last:
            self.asked = replace(self.asked, quarter=0)
        return changed

    def _speed(self, value: str) -> Changes:
        if value not in SPEEDS:
            raise InputError(f"speed: '{one_line(value)}' is none; there are {', '.join(SPEEDS)}")
        self.speed = value
        return NOTHING

    def _tile(self, value: str) -> Changes:
        pillar, _, task = value.rpartition(" ")
        if not re.fullmatch(r"[0-9]{1,3}", task, re.ASCII):
            raise InputError("task: there is no such tile")
        assert self.facts is not None
        self.facts.recording.receipt(self.asked.state, pillar, int(task))
        self.playing, self.opened, self.closed = False, (pillar, int(task)), None
        return FRAME | {"tiles"}

    def _close(self, _: str) -> Changes:
        self.opened, self.closed = None, self.opened
        return frozenset({"tiles"})

    def _state(self, value: str) -> Changes:
        if value not in states(self.asked.choice, self.asked.hidden):
            raise InputError("state: there is none of this name in the run")
        self.asked = replace(self.asked, state=value)
        self.opened = self.closed = None
        return FRAME | {"tiles", "address"}

    def _most(self, _: str) -> Changes:
        assert self.facts is not None
        return self._state(self.facts.most)

    def _next(self, _: str) -> Changes:
        assert self.facts is not None
        found = self.facts.emerging(self.asked.state)
        if not found:
            self.note = f"In {self.facts.called(self.asked.state)} nothing is paid twice in this run."
            return NOTHING
        later = [one for one in found if one > self.asked.quarter]
        if not later:
            self.note = "There is no later one: this is the first."
        return self._go((later or found)[0])

    # ------------------------------------------------------------------ what is set
    def _again(self, asked: Asked) -> Changes:
        ready(asked.choice)
        self.asked, self.making, self.playing, self.opened, self.closed = asked, 0, False, None, None
        return frozenset({"setting", "run", "address"})

    def _lesson(self, value: str) -> Changes:
        lesson = lesson_of(value)
        if lesson is None and value != NO_LESSON:
            raise InputError(f"lesson: there is no '{one_line(value)}'")
        if lesson is None:
            self.asked = replace(self.asked, lesson="")
            return frozenset({"setting", "address"})
        return self._again(of_lesson(lesson, self.asked.hidden))

    def _watch(self, value: str) -> Changes:
        if value not in self.asked.choice.designs:
            raise InputError(f"design: '{one_line(value)}' is none of those that are compared")
        return self._again(replace(self.asked, watch=value))

    def _design(self, value: str) -> Changes:
        choice = self.asked.choice
        if value in choice.designs:
            return self._watch(value)
        other = replace(choice, designs=(choice.designs[0], value))
        return self._again(replace(self.asked, choice=other, watch=value, lesson=""))

    def _scenario(self, value: str) -> Changes:
        choice = in_world(self.asked.choice, value)
        watch = self.asked.watch if self.asked.watch in choice.designs else choice.designs[0]
        hidden = self.asked.hidden
        return self._again(Asked(choice, watch, states(choice, hidden)[0], hidden=hidden))

    def _seed(self, value: str) -> Changes:
        if not re.fullmatch(r"[0-9]{1,7}", value, re.ASCII):
            raise InputError(f"seed: must be a whole number from 1 to {SEED_HIGHEST}")
        choice = replace(self.asked.choice, seed=int(value))
        return self._again(replace(self.asked, choice=choice, lesson=""))

    def _hidden(self, value: str) -> Changes:
        if value not in ("true", "false"):
            raise InputError("hidden: is either so or not")
        return self._again(self.asked.with_hidden(value == "true"))

    # ------------------------------------------------------------------ what is drawn
    def said_html(self) -> Markup:
        """Return what is wrong, or going on."""
        wrong = Markup('<p class="wrong" role="alert">{}</p>').format(self.wrong) if self.wrong else Markup("")
        note = self.note
        if self.making is not None:
            note = f"The run is being made: quarter {self.making} …"
        return wrong + Markup('<p class="going" data-say>{}</p>').format(note)

    def setting_html(self) -> Markup:
        """Return settings and lesson."""
        return watch_lessons.html(self.asked)

    def controls_html(self) -> Markup:
        """Return the buttons."""
        return watch_now.controls(self.last, self.asked.quarter, self.playing, self.speed)

    def control_marks(self) -> watch_tiles.Marks:
        """Return what changes of the buttons."""
        return watch_now.control_marks(self.asked.quarter, self.playing)

    def now_html(self) -> Markup:
        """Return the count."""
        assert self.facts is not None
        return watch_now.html(self.facts, self.asked.state, self.asked.quarter)

    def tiles_html(self) -> Markup:
        """Return the tiles, and a receipt."""
        assert self.facts is not None
        return watch_tiles.html(self.facts, self.asked.state, self.asked.quarter, self.opened, self.closed)

    def tile_marks(self) -> watch_tiles.Marks:
        """Return how each tile looks."""
        assert self.facts is not None
        return watch_tiles.marks(self.facts, self.asked.state, self.asked.quarter, self.opened)

    def money_html(self) -> Markup:
        """Return donors, projects, money."""
        assert self.facts is not None
        return watch_money.html(self.facts, self.asked.state, self.asked.quarter)

    def places_html(self) -> Markup:
        """Return the map."""
        assert self.facts is not None
        return watch_places.html(self.facts, self.asked.state, self.asked.quarter)

    def place_marks(self) -> watch_tiles.Marks:
        """Return how each state looks."""
        assert self.facts is not None
        return watch_places.marks(self.facts, self.asked.state, self.asked.quarter)


_MOVES: Final[Mapping[str, Callable[[Watch, str], Changes]]] = {
    "quarter": Watch._quarter,
    "play": Watch._play,
    "speed": Watch._speed,
    "start": lambda self, _: self._go(0),
    "back": lambda self, _: self._go(self.asked.quarter - 1),
    "step": lambda self, _: self._go(self.asked.quarter + 1),
    "end": lambda self, _: self._go(self.last),
    "tile": Watch._tile,
    "close": Watch._close,
    "state": Watch._state,
    "most": Watch._most,
    "next": Watch._next,
}
"""By name what moves through the run that is shown."""
_SETTINGS: Final[Mapping[str, Callable[[Watch, str], Changes]]] = {
    "lesson": Watch._lesson,
    "watch": Watch._watch,
    "design": Watch._design,
    "scenario": Watch._scenario,
    "seed": Watch._seed,
    "hidden": Watch._hidden,
}
"""By name what asks for another run."""
