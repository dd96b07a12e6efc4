"""Collections of dated documents, and how one finds in them. A library of its own beside the commons' books.

It lives in ``sheets/`` of the home (its own SQLite file, the index of words, the vectors): nothing of it speaks of a
member, all of it can be imported again, and a command may work on it while the server reads.
"""
