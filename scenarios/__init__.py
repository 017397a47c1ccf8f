"""What is simulated: scenarios by name, their data, the table of parameters, discovery of plug-ins."""

from donorlab.scenarios.loader import architectures, build, configuration, load, names
from donorlab.scenarios.observed import dyads
from donorlab.scenarios.parameters import (
    ParameterRow,
    TableRow,
    parameter_defaults,
    parameter_table,
    ranges_hash,
    value_tables,
)
from donorlab.scenarios.plugins import Plugin

__all__ = [
    "ParameterRow",
    "Plugin",
    "TableRow",
    "architectures",
    "build",
    "configuration",
    "dyads",
    "load",
    "names",
    "parameter_defaults",
    "parameter_table",
    "ranges_hash",
    "value_tables",
]
