"""Published models as scenarios: one YAML file each, and at most one plug-in beside it."""
