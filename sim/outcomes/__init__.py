"""Outcomes, one file a family: they read a finished run and never write to it."""
