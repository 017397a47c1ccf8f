"""Where the literature disagrees about a submodel: what differs, who says so, and which forms this build has.

A disagreement is about one choice: a word of a parameter, or the mechanism of a phase. Its forms are read from what is
registered when it is asked for, so that a form that is not there is left out and one that a third party adds appears by
itself; here stand only words, sources and order. Forms are rivals: at most one of them is true. A choice of design (what
an umbrella does) is no disagreement, and neither is a range of numbers, which the ensemble draws.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from donorlab import scenarios as catalogue
from donorlab.experiments import levers
from donorlab.experiments.arguments import InputError, did_you_mean
from donorlab.experiments.listing import of_docstring
from donorlab.scenarios import literature, plugins
from donorlab.scenarios.parameters import Value
from donorlab.sim.mechanisms import get_mechanism, mechanism_names, phases
from donorlab.sim.scenario import Scenario, ScenarioError

PHASE: Final = "mechanism."
ALL: Final = "all second forms"


@dataclass(frozen=True)
class Disagreement:
    """One choice on which sources differ.

    Attributes
    ----------
    name : as it is typed
    question : what differs, in plain words
    source : who stands for which form
    key : the choice, a parameter or ``mechanism.PHASE``
    forms : what each known form says; the order in which they are tried. A form that is registered and not named
        here is tried after them
    silent : words of a parameter at which the question does not arise, for example no credit at all; a scenario that has
        one is left as it is
    asked_by : an architecture in which the question arises, where it does not in most; empty where it does
    """

    name: str
    question: str
    source: str
    key: str
    forms: Mapping[str, str]
    silent: tuple[str, ...] = ()
    asked_by: str = ""


DISAGREEMENTS: Final = (
    Disagreement(
        "ignorance",
        "what may go unseen",
        "assumption both: evidence of duplication is qualitative (Pawlak 2016; Halonen-Akatwijuka 2007)",
        "ignorance",
        {"project": "a project is seen or not", "task": "each task of a project is seen or not"},
    ),
    Disagreement(
        "absorption",
        "who gets a state's scarce room for projects",
        "Roodman 2006 (CGD WP 89): room shared by project makes projects small",
        "mechanism.absorption",
        {"equal_shares": "each project the same", "per_task": "each project in proportion to its tasks"},
    ),
    Disagreement(
        "lapse",
        "when delivered tasks fall into disuse",
        "Killick 1998 and evaluations after exit: what nobody owns is lost, when is not said; forms are assumptions",
        "mechanism.lapse",
        {
            "exponential": "at a constant rate",
            "ageing": "the faster the older they are, after the same mean time",
            "after_exit": "only while the donor is not in the state",
        },
    ),
    Disagreement(
        "ownership",
        "what makes aid a state's own",
        "Paris Declaration (OECD 2005): alignment with a state's own priorities; that it could choose is an assumption, and "
        "its sign is fixed against few donors",
        "mechanism.ownership",
        {"alignment": "what is aligned and was chosen", "alignment_alone": "what is aligned, whoever else offers"},
    ),
    Disagreement(
        "credit",
        "who is credited for a task",
        "Vetta 2002 (marginal), Gairing 2009 (falling shares), Marden and Wierman 2013 (Shapley), Annen and Moers 2012 "
        "(relative impact)",
        "credit",
        {
            "marginal": "what a donor adds as the last one",
            "equal": "all takers of a task the same",
            "by_eur": "takers in proportion to their money",
            "gairing": "takers by weights that fall with their number",
            "shapley": "what a donor adds on average over all orders",
            "relative_impact": "own tasks less those of all rivals",
        },
        silent=("none",),
        asked_by="credit",
    ),
    Disagreement(
        "peers",
        "from whom states learn",
        "Pawlak 2016: neighbours and regional organisations both exchange good practice",
        "peer_scope",
        {"subregion": "from their UN subregion", "organisation": "from members of the same regional organisation"},
    ),
    Disagreement(
        "contract",
        "how aid depends on reforms",
        "Killick 1998 and Svensson 2000 (conditions set before), Collier et al. 1997 (selectivity after), Svensson 2003 "
        "(tournament)",
        "mechanism.contract",
        {
            "ex_ante": "conditions are set before aid is given",
            "ex_post": "aid follows the record of reforms",
            "tournament": "states compete for aid by reforms",
        },
        asked_by="conditional",
    ),
)

NO_RIVALS: Final[Mapping[str, str]] = {}
"""Forms of a phase, ``PHASE.NAME``, that are no rivals of the others, and why; besides those of published models, each of
which stands for the world of its paper alone."""


@dataclass(frozen=True)
class Form:
    """One form of a disagreement.

    Attributes
    ----------
    disagreement : it belongs to
    name : the word of the choice
    words : what it says
    """

    disagreement: Disagreement
    name: str
    words: str

    @property
    def label(self) -> str:
        """Return how a table names it, for example ``lapse=ageing``."""
        return f"{self.disagreement.name}={self.name}"

    @property
    def override(self) -> dict[str, Value]:
        """Return what chooses it."""
        return {self.disagreement.key: self.name}


def registered() -> tuple[Disagreement, ...]:
    """Return the disagreements of this build: the declared ones, and each further phase that has several forms."""
    plugins.register()
    declared = {one.key for one in DISAGREEMENTS}
    others = [phase for phase in phases() if f"{PHASE}{phase}" not in declared]
    found = [
        *DISAGREEMENTS,
        *(Disagreement(phase, f"the form of {phase}", "", f"{PHASE}{phase}", {}) for phase in others),
    ]
    return tuple(one for one in found if len(forms(one)) > 1)


def forms(one: Disagreement) -> list[Form]:
    """Return the forms that are registered, the known ones first, in their order."""
    if one.key.startswith(PHASE):
        phase = one.key.removeprefix(PHASE)
        there = [name for name in mechanism_names(phase) if is_rival(phase, name)]
    else:
        there = [name for name in _words_of(one.key) if name not in one.silent]
    names = [name for name in one.forms if name in there] + [name for name in there if name not in one.forms]
    return [Form(one, name, one.forms.get(name) or _told(one.key, name)) for name in names]


def is_rival(phase: str, name: str) -> bool:
    """Return whether a form of a phase may stand in the place of another, in any scenario."""
    of_a_paper = get_mechanism(phase, name).__module__.startswith(f"{literature.__name__}.")
    return not of_a_paper and f"{phase}.{name}" not in NO_RIVALS


def _words_of(parameter: str) -> tuple[str, ...]:
    return next(row.choices for row in catalogue.parameter_table() if row.name == parameter)


def _told(key: str, name: str) -> str:
    """Return the first sentence of a mechanism that is not named here, or its name."""
    if not key.startswith(PHASE):
        return name.replace("_", " ")
    function: Callable[..., Any] = get_mechanism(key.removeprefix(PHASE), name)
    return of_docstring(inspect.getdoc(function) or "")[0].rstrip(".") or name.replace("_", " ")


def chosen(names: Sequence[str]) -> tuple[Disagreement, ...]:
    """Return the disagreements that the words of ``rivals=`` name: ``true`` for all, ``false`` for none.

    Raises
    ------
    InputError
        If a name is unknown, or has one form only in this build.
    """
    there = {one.name: one for one in registered()}
    if len(names) == 1 and names[0].lower() in ("true", "yes", "1", "all"):
        return tuple(there.values())
    if len(names) == 1 and names[0].lower() in ("false", "no", "0", "none"):
        return ()
    for name in names:
        if name in there:
            continue
        if any(one.name == name for one in DISAGREEMENTS):
            raise InputError(f"rivals: '{name}' has one form only in this build; there are {', '.join(there)}")
        hint = did_you_mean(name, there) or f"; write true, or some of {', '.join(there)}"
        raise InputError(f"rivals: there is no disagreement '{name}'{hint}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"rivals: '{twice[0]}' is given twice")
    return tuple(one for name, one in there.items() if name in names)


# ---------------------------------------------------------------------- applied to scenarios
@dataclass(frozen=True)
class Variant:
    """Other forms in place of those of the scenario, all else equal.

    Attributes
    ----------
    name : for example ``lapse=ageing``
    forms : those that stand in it
    scenarios : by architecture, of those only that it changes
    refused : why it cannot be simulated here; empty if it can
    """

    name: str
    forms: tuple[Form, ...]
    scenarios: Mapping[str, Scenario] = field(default_factory=dict)
    refused: str = ""


def current(scenario: Scenario, key: str) -> str:
    """Return the form that a scenario has."""
    owner: Any = scenario.mechanisms if key.startswith(PHASE) else scenario.parameters
    return str(getattr(owner, key.removeprefix(PHASE)))


def with_form(scenario: Scenario, form: Form) -> Scenario:
    """Return a scenario with a form in place of its own; the same object where it asks no such question or has it.

    Options of the mechanism that is replaced go with it.
    """
    one = form.disagreement
    if current(scenario, one.key) in (*one.silent, form.name):
        return scenario
    if not one.key.startswith(PHASE):
        return scenario.replace(**form.override)
    phase = one.key.removeprefix(PHASE)
    options = {key: value for key, value in scenario.options.items() if not key.startswith(f"{one.key}.")}
    return dataclasses.replace(
        scenario, mechanisms=dataclasses.replace(scenario.mechanisms, **{phase: form.name}), options=options
    )


def variants(scenarios: Mapping[str, Scenario], disagreements: Collection[Disagreement]) -> list[Variant]:
    """Return one variant a rival form, then all second forms at once where there are several.

    A form that changes no scenario is returned without any: it does nothing here. The second form of a disagreement is
    the first that changes something.
    """
    found: list[Variant] = []
    seconds: list[Form] = []
    for one in disagreements:
        own = {current(scenario, one.key) for scenario in scenarios.values()} - set(one.silent)
        for form in forms(one):
            if own == {form.name}:
                continue
            made = _variant(form.label, (form,), scenarios)
            found.append(made)
            if made.scenarios and one not in [second.disagreement for second in seconds]:
                seconds.append(form)
    if len(seconds) > 1:
        found.append(_variant(ALL, tuple(seconds), scenarios))
    return found


def _variant(name: str, chosen_forms: tuple[Form, ...], scenarios: Mapping[str, Scenario]) -> Variant:
    made: dict[str, Scenario] = {}
    try:
        for architecture, scenario in scenarios.items():
            changed = scenario
            for form in chosen_forms:
                changed = with_form(changed, form)
            if changed is not scenario:
                levers.composition(changed)  # a form may refuse an architecture; better now than after an hour
                made[architecture] = changed
    except ScenarioError as error:
        return Variant(name, chosen_forms, refused=str(error))
    return Variant(name, chosen_forms, made)
