"""Runs of training: planned, asked for, started somewhere, followed, told. Their states are a declared machine."""
