"""A question turned into the manner of a sheet, by a linear map learnt from the sheets themselves. Pure.

A title asks ("Peut-on démissionner pendant un arrêt maladie ?"), a description answers. Ridge regression from vectors
of titles to those of descriptions, drawn towards the identity, learns what changes between asking and answering:

    W = argmin |T W - D|^2 + RIDGE |W - I|^2        rows of T and D: vectors of length 1, of the same sheets

The two sums it needs add up over collections, so that those one may not read have no part in it; with few sheets, the
map stays near the identity.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np

from affouage.sheets.search.encoder import Matrix

RIDGE = 30.0


class Sums(msgspec.Struct, frozen=True):
    """``titles``: T'T, ``both``: T'D; d x d."""

    titles: Matrix
    both: Matrix


def sums(titles: Matrix, descriptions: Matrix) -> Sums:
    """Of a collection; row i of both is of the same sheet."""
    return Sums(titles.T @ titles, titles.T @ descriptions)


def learnt(collections: Iterable[Sums], dimensions: int) -> Matrix:
    """The map W, d x d, learnt from these collections together: apply it as ``questions @ W``."""
    drawn = RIDGE * np.eye(dimensions)
    found = list(collections)
    left = drawn + sum(one.titles.astype(float) for one in found)
    right = drawn + sum(one.both.astype(float) for one in found)
    return np.linalg.solve(left, right).astype(np.float32)


def of_length_one(rows: Matrix) -> Matrix:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-9), dtype=np.float32)
