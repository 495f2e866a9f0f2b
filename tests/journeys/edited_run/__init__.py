"""Journeys about a run that somebody edits behind our back: where each row came from, what the next verdict says of it,
and what a repair and the way back make of it. One town and one run, told in ``conftest.py``.

A package, so that its fixtures end with it; ``tests/conftest.py`` keeps its files on one worker.
"""
