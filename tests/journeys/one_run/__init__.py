"""Journeys that only look: all of them at the same town, the same run and its way back, told once in ``conftest.py``.

A package, so that its fixtures end with it; ``tests/conftest.py`` keeps its files on one worker.
"""
