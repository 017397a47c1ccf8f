"""Which drawn compositions can be made: those that contradict themselves are refused in one line."""

from donorlab.sim.architectures import get_architecture
from donorlab.sim.scenario import ScenarioError


def possible(scenario):
    """Return whether the scenario's architecture can be made of it."""
    architecture = get_architecture(scenario.architecture, scenario.options)
    try:
        architecture.design(architecture.prepare(scenario))
    except ScenarioError:
        return False
    return True


def under(scenario, architecture):
    """Return the scenario under an architecture, with the lever that it cannot do without."""
    needed = {"credit": "marginal"} if architecture == "credit" else {}
    return scenario.replace(architecture=architecture, **needed)
