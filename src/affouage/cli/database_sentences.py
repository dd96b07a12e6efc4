"""What can go wrong with the place of the books, by code, in words for whoever sits at the machine."""

from __future__ import annotations

from affouage.web.language import N_

SENTENCES: dict[str, tuple[str, str]] = {
    "no_books": (N_("There are no books in this home yet."), N_("They begin with the first start: affouage up")),
    "books_in_both": (
        N_("The database that the settings name is empty, and this home has its books in affouage.db."),
        N_("Move them: affouage database move URL (or put that file elsewhere, to begin new ones)."),
    ),
    "database_password": (
        N_("The address of the database holds a password: too many would read it there."),
        N_("Take it out, and put it in a file that PGPASSFILE names (or in PGPASSWORD)."),
    ),
    "database_elsewhere": (
        N_("The books of this home are on another server already, by its settings."),
        N_("To move them from one server to another, use what PostgreSQL has for it: pg_dump."),
    ),
    "database_not_empty": (
        N_("That database is not empty: nothing is written over what is there."),
        N_("Give one that was just made: createdb NAME"),
    ),
    "database_differs": (
        N_("What was written is not what was read (table {table}): nothing was moved."),
        N_("Try again; if it happens again, tell those who make affouage."),
    ),
    "postgresql_packages": (
        N_("The packages that speak with PostgreSQL are not installed."),
        N_('To install them: make postgresql, in the folder of affouage (or: pip install "affouage[postgresql]")'),
    ),
    "postgresql_away": (
        N_("The PostgreSQL server cannot be reached."),
        N_("Start it, or mend database.url; the password goes in PGPASSFILE or PGPASSWORD."),
    ),
    "postgresql_unfit": (
        N_("That database of PostgreSQL cannot be used."),
        N_("Mend what is said below; how to make one is in docs/how-to/use-postgresql.md."),
    ),
    "database_in_environment": (
        N_("AFFOUAGE_DATABASE_URL names a database, and a backup is restored into a file of the home."),
        N_("Unset it first; afterwards: affouage database move URL"),
    ),
}
