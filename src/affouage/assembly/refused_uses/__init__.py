"""Refused uses: people report, people with a mandate decide with reasons, people drawn by lot hear appeals.

``decide`` and ``lot`` are pure; ``book`` writes, each decision in the public log before it takes effect; ``reports`` is
what pages and commands call.
"""
