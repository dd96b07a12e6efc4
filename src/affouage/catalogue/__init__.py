"""The models a commons may serve: what is known of each, what this machine can run, and how a file gets here."""

from affouage.catalogue.card import Card, load_cards
from affouage.catalogue.store import InstalledModel, ModelStore

__all__ = ["Card", "InstalledModel", "ModelStore", "load_cards"]
