"""Deliberate faults: rules of the model broken on purpose, each with what must notice.

``table`` holds the faults as data, ``break_it`` puts one in force, ``of_oracle`` and ``of_engine`` are the checks.
"""
