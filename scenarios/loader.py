"""`load`: from a scenario's name and overrides to the `Scenario` that one run needs.

Order of what wins: defaults of ``data/ranges.yaml``, then the architecture's ``parameters:``, then the scenario's, then a
proposal's, then what follows from a builder's options, then overrides.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from donorlab.scenarios import (
    alignment,
    coe_itu,
    composition,
    literature,
    plain,
    plugins,
    synthetic,
    technical_cooperation,
    world,
    written,
)
from donorlab.scenarios.builders import BUILDERS, group, option_keys, select
from donorlab.scenarios.overrides import (
    PHASES,
    SELECTIONS,
    checked_parameters,
    is_option,
    one_of,
    parse_overrides,
    word,
)
from donorlab.scenarios.parameters import parameter_defaults
from donorlab.scenarios.proposals import Proposal
from donorlab.sim.architectures import architecture_names, get_architecture
from donorlab.sim.mechanisms import get_mechanism, mechanism_names
from donorlab.sim.scenario import Mechanisms, Parameters, Scenario, ScenarioError, options_of, suggest

_COMMON: Final = ("name", "title", "description", "builder", "parameters", "select", "architecture", "mechanism")
_BUILDER_MODULES: Final = (
    alignment,
    coe_itu,
    synthetic,
    technical_cooperation,
    world,
    written,
)  # imported because they register themselves


def names() -> tuple[str, ...]:
    """Return the names of the scenarios that `load` knows, sorted; published models have `literature.names`."""
    return composition.options("scenario")


def architectures() -> tuple[str, ...]:
    """Return the names of all architectures, plug-ins included, sorted."""
    plugins.register()
    return tuple(architecture_names())


def load(name: str | Path = "world", overrides: Sequence[str] = (), proposal: Proposal | None = None) -> Scenario:
    """Return a scenario, ready to be simulated.

    Parameters
    ----------
    name : str or Path
        A name of `names()` or of `literature.names()`, or the path of a YAML file of your own.
    overrides : sequence of str
        ``key=value`` texts: a parameter by its full name, ``architecture``, ``beneficiaries``, ``donors``,
        ``mechanism.PHASE``, and for `synthetic` its sizes. Of several with the same key the last one stands.
    proposal : Proposal, optional
        Laid over the scenario: its architecture, members, reporters and levers; overrides still go before it.

    Raises
    ------
    ScenarioError
        One line that says what is wrong, where, and what would be right.

    Examples
    --------
    >>> scenario = load("toy", ["architecture=central", "horizon=8"])
    >>> scenario.architecture, scenario.parameters.horizon, scenario.donors.count
    ('central', 8, 3)
    """
    if proposal is None:
        return build(configuration(name, overrides))
    try:
        return build(configuration(name, overrides, proposal))
    except ScenarioError as error:
        raise ScenarioError(f"proposal {proposal.name}: {error}") from None


def configuration(
    name: str | Path = "world", overrides: Sequence[str] = (), proposal: Proposal | None = None
) -> dict[str, Any]:
    """Return all that decides a scenario as plain data: what a manifest stores and `build` reads.

    Raises
    ------
    ScenarioError
        As for `load`.
    """
    changes = parse_overrides(overrides)
    own = _file_of(name)
    below = proposal.architecture if proposal else own.get("architecture") if own else None
    architecture = changes.pop("architecture", below)
    mechanism = changes.pop("mechanism", None)
    choices: dict[str, str] = {}
    if architecture is not None:
        known = _architecture(architecture) in composition.options("architecture")
        choices["architecture"] = architecture if known else composition.NONE  # a plug-in has no file
    if mechanism is not None:
        choices["mechanism"] = one_of("mechanism", mechanism, composition.options("mechanism"))
    if own is not None:
        scenario = own
        composed = composition.compose(scenario=composition.NONE, **choices)
    else:
        composed = composition.compose(scenario=str(name), **choices)
        scenario = composed["scenario"]
    data = _checked(scenario, changes)
    data["architecture"] = architecture or scenario.get("architecture") or composed["architecture"]["name"]
    of_architecture = composed.get("architecture", {}).get("parameters", {})  # a plug-in has none
    data["parameters"] = {**of_architecture, **data["parameters"], **(proposal.parameters if proposal else {})}
    if proposal is not None:
        data["proposal"] = proposal.name
        data["select"] |= proposal.selection
    data["mechanism"] = dict(composed["mechanism"]) | data.get("mechanism", {})
    data["options"] = {key: changes.pop(key) for key in list(changes) if is_option(key)}
    for key in [key for key in changes if key.startswith("mechanism.")]:
        data["mechanism"][key.partition(".")[2]] = changes.pop(key)
    for key in [key for key in changes if key in SELECTIONS]:
        data["select"][key] = changes.pop(key)
    data["overrides"] = changes  # parameters only
    return data


def _file_of(name: str | Path) -> dict[str, Any] | None:
    """Return the content of a published model's file or of a user's own; None for a name of the configuration."""
    text = str(name)
    if text.endswith((".yaml", ".yml")):
        return _own_file(Path(name))
    if f"{literature.PREFIX}{text}" in literature.names():
        raise ScenarioError(f"scenario: '{text}' is a published model (did you mean '{literature.PREFIX}{text}'?)")
    if not text.startswith(literature.PREFIX):
        return None
    one_of("scenario", text, literature.names())
    literature.register(text)
    return _own_file(literature.file_of(text))


def build(data: Mapping[str, Any]) -> Scenario:
    """Return the scenario of a `configuration`.

    Raises
    ------
    ScenarioError
        As for `load`.
    """
    data = copy.deepcopy(dict(data))
    parts = BUILDERS[one_of("builder", word("builder", data["builder"]), BUILDERS)].function(data)
    parts = select(parts, data["select"].get("beneficiaries"), data["select"].get("donors"))
    for key in parts.parameters.keys() & data["overrides"].keys():
        raise ScenarioError(f"{key}: follows from the options of scenario {data['name']}; set one or the other")
    where = f"scenario {data['name']}, parameters"
    values = {**parameter_defaults(), **data["parameters"], **parts.parameters}
    try:
        Parameters(**values)
    except ScenarioError as error:
        raise ScenarioError(f"{where}: {error}") from None
    scenario = Scenario(
        name=data["name"],
        title=data["title"],
        description=data["description"],
        pillars=parts.pillars,
        instruments=parts.instruments,
        pillar_weights=parts.pillar_weights,
        instrument_mix=parts.instrument_mix,
        income_group_weights=parts.income_group_weights,
        beneficiaries=parts.beneficiaries,
        donors=parts.donors,
        parameters=Parameters(**{**values, **data["overrides"]}),
        mechanisms=_mechanisms(data["mechanism"]),
        architecture=_architecture(data["architecture"]),
        options=data.get("options", {}),
        members=group("members", data["select"].get("members"), parts.donors),
        reporters=group("reporters", data["select"].get("reporters"), parts.donors),
    )
    _check_options(scenario)
    _check_effect(scenario, {**data["parameters"], **data["overrides"]}.keys(), data["overrides"].keys())
    return scenario


def _check_effect(scenario: Scenario, chosen: Collection[str], overridden: Collection[str]) -> None:
    """Refuse values that were asked for and would be without effect, or leave an architecture without any.

    Defaults are not refused, nor what an experiment varies: a run may well be too short for some of its values.
    """
    p, donors = scenario.parameters, scenario.donors
    held = (donors.budget_low + donors.budget_central + donors.budget_high) > 0
    rivals, others = (held & donors.rival).any(), (held & ~donors.rival).any()
    if "rival_share" in overridden and p.money > 0:
        if p.rival_share > 0 and others and not rivals:
            raise ScenarioError(
                f"rival_share: {p.rival_share:g} has no effect, no donor with a budget is a rival here; leave it out or "
                "choose donors with a rival"
            )
        if p.rival_share < 1 and rivals and not others:
            raise ScenarioError(
                f"rival_share: {p.rival_share:g} has no effect, all donors with a budget are rivals here; leave it out or "
                "choose donors that are none"
            )
    if "decision_lag" in chosen and p.decision_lag >= p.quarters:
        architecture = get_architecture(scenario.architecture, scenario.options)
        if architecture.design(architecture.prepare(scenario)).member.any():
            raise ScenarioError(
                f"decision_lag: {p.decision_lag} quarters are as long as the run or longer, so that no project of a member "
                f"could start; it must be below {p.quarters} (horizon and wind_down together)"
            )


def _check_options(scenario: Scenario) -> None:
    """Refuse options that no architecture or mechanism of the scenario has."""
    for key in scenario.options:
        kind, owner, _ = key.split(".")
        if kind == "architecture":
            get_architecture(_architecture(owner), scenario.options)
        else:
            function = get_mechanism(owner, getattr(scenario.mechanisms, owner))
            options_of(getattr(function, "Options", None), scenario.options, f"mechanism.{owner}.")


def _own_file(path: Path) -> dict[str, Any]:
    """Return a user's scenario; the file never comes near Hydra."""
    return plain.read_file(path, "scenario", _COMMON[:4], names())


def _checked(scenario: Mapping[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return the scenario's data with all keys known and the builder's options changed; takes them from changes."""
    where = f"scenario {plain.one_line(scenario.get('name', '(no name)'))}"
    for key in _COMMON[:4]:
        if key not in scenario:
            raise ScenarioError(f"{where}: '{key}' is missing; a scenario has {', '.join(_COMMON)}")
        if not isinstance(scenario[key], str) or not scenario[key].strip():
            raise ScenarioError(f"{where}: {key} must be words, not '{plain.one_line(scenario[key])}'")
    entry = BUILDERS[one_of(f"{where}, builder", word("builder", scenario["builder"]), BUILDERS)]
    known = (*_COMMON, *entry.required, *entry.optional)
    for key in scenario:
        if key not in known:
            raise ScenarioError(f"{where}: unknown key '{plain.one_line(key)}'{suggest(str(key), known)}")
    for key in entry.required:
        if key not in scenario:
            raise ScenarioError(f"{where}: '{key}' is missing; builder {scenario['builder']} needs it")
    data = {key: copy.deepcopy(value) for key, value in scenario.items()}
    data["parameters"] = checked_parameters(scenario.get("parameters"), f"{where}, parameters")
    data["select"] = _selection(scenario.get("select"), where)
    chosen = scenario.get("mechanism", {})
    if not isinstance(chosen, dict):
        raise ScenarioError(f"{where}, mechanism: must be a mapping of phases to names, such as planning: best_cell")
    data["mechanism"] = dict(chosen)
    for key, builder in option_keys().items():
        if key not in changes:
            continue
        if builder != scenario["builder"]:
            raise ScenarioError(f"{key}: {where} has no such key; it belongs to scenarios of builder {builder}")
        section, _, option = key.partition(".")
        if not isinstance(data[section], dict):
            raise ScenarioError(f"{where}, {section}: must be a mapping of names to values")
        data[section][option] = changes.pop(key)
    return data


def _selection(data: object, where: str) -> dict[str, Any]:
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ScenarioError(f"{where}, select: must be a mapping with {', '.join(SELECTIONS)}")
    for key in data:
        if key not in SELECTIONS:
            raise ScenarioError(f"{where}, select: unknown key '{plain.one_line(key)}'{suggest(str(key), SELECTIONS)}")
    return dict(data)


def _architecture(name: object) -> str:
    """Return the name if there is such an architecture; plug-ins are looked for only if no built-in has it."""
    found = word("architecture", name)
    return found if found in architecture_names() else one_of("architecture", found, architectures())


def _mechanisms(chosen: Mapping[str, Any]) -> Mechanisms:
    for phase in chosen:
        if phase not in PHASES:
            raise ScenarioError(f"mechanism: unknown phase '{phase}'{suggest(phase, PHASES)}")
    values = {phase: word(f"mechanism.{phase}", name) for phase, name in chosen.items()}
    for phase, name in values.items():
        if name not in mechanism_names(phase):
            plugins.register()
            one_of(f"mechanism.{phase}", name, mechanism_names(phase))
    return dataclasses.replace(Mechanisms(), **values)
