"""Machines of members at work together: what passes between the commons and a node, and both ends of it."""
