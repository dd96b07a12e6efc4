"""affouage: a collective runs its own AI as a commons, and every answer comes with a receipt."""

__version__ = "0.1.0"
