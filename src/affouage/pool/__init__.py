"""Machines and turns: what an engine is, which node has which, who waits for a slot."""
