"""A lesson: from a text to a tiny model that writes, badly, and a page that explains each step of it."""
