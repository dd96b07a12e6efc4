"""Elections of persons, held in Belenios: what is given to it, and what is read of its archive. Pure, no cryptography.

``adapters.belenios`` runs its tool. The roles stay apart: this commons prepares and verifies; a credential authority
sends each voter their code; trustees, at least two, keep the keys of the urn; voting is on Belenios' own server.
"""
