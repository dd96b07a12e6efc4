"""Where state lives: one SQLite file in the home, or a database of a PostgreSQL server."""

from affouage.storage.database import Database, open_database, open_home_database

__all__ = ["Database", "open_database", "open_home_database"]
