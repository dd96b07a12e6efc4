"""A QR code as SVG text: what a telephone photographs to keep a copy of the root. Pure."""

from __future__ import annotations

import segno
from markupsafe import Markup


def qr_svg(text: str) -> Markup:
    """Black on white whatever the page's colours: a camera has to read it. Nobody has to: the text stands beside it."""
    made = segno.make(text, error="m", micro=False)
    drawn = made.svg_inline(scale=4, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=False)
    return Markup(drawn)  # noqa: S704 - drawn from modules alone; no text of ours is in it
