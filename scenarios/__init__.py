"""What is simulated: scenarios by name, their data, the table of parameters, discovery of plug-ins."""

from donorlab.scenarios.loader import architectures, build, configuration, load, names
from donorlab.scenarios.observed import dyads, un_groups
from donorlab.scenarios.parameters import (
    ParameterRow,
    TableRow,
    parameter_defaults,
    parameter_table,
    ranges_hash,
    value_tables,
)
from donorlab.scenarios.plugins import Plugin
from donorlab.scenarios.proposals import Proposal, load_proposal

__all__ = [
    "ParameterRow",
    "Plugin",
    "Proposal",
    "TableRow",
    "architectures",
    "build",
    "configuration",
    "dyads",
    "load",
    "load_proposal",
    "names",
    "parameter_defaults",
    "parameter_table",
    "ranges_hash",
    "un_groups",
    "value_tables",
]
