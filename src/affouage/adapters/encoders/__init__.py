"""Sentence encoders for the search by meaning, each in child processes of its own."""
