"""The model of DonorLab: donors that help states build cyber capacity, and the bound on what they could do.

>>> from donorlab.scenarios import load
>>> from donorlab.sim import simulate
>>> result = simulate(load("toy"), seed=1)
>>> result.outcomes["efficiency"] <= 1
True
"""

from donorlab.sim.agents import Beneficiary, Donor, Secretariat
from donorlab.sim.interventions import adopt_architecture, cut_aid, donor_leaves
from donorlab.sim.mechanisms.answers import Contract, PlanningView
from donorlab.sim.model import CoordinationModel
from donorlab.sim.outcomes.bound import Baseline, baseline, certificate
from donorlab.sim.result import Result, profile, simulate
from donorlab.sim.scenario import Scenario, ScenarioError

__all__ = [
    "Baseline",
    "Beneficiary",
    "Contract",
    "CoordinationModel",
    "Donor",
    "PlanningView",
    "Result",
    "Scenario",
    "ScenarioError",
    "Secretariat",
    "adopt_architecture",
    "baseline",
    "certificate",
    "cut_aid",
    "donor_leaves",
    "profile",
    "simulate",
]
