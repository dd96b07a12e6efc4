"""Where state lives: one SQLite file in the home."""

from affouage.storage.database import Database, open_database

__all__ = ["Database", "open_database"]
