"""Pictures of pages: what kind of file they are, and a PDF around one so that its dots can be had in grey. Pure.

A JPEG, and a PNG that is neither interlaced nor see-through, are put into a PDF as they are, without decoding anything
here: PDF knows both ways of packing (ISO 32000-1, 7.4.4.4 and 7.4.8). TIFF and the other PNGs are for Tesseract alone.
"""

from __future__ import annotations

import struct

import msgspec

from affouage.sheets.folder.refusals import CannotRead

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
TIFF = (b"II*\0", b"MM\0*")
LONG_SIDE_IN = 11.7
"""Of a page: A4, when the picture does not say how large it is."""


class Packed(msgspec.Struct, frozen=True):
    """Dots as they lie in a file. ``filter``: how PDF calls their packing."""

    width: int
    height: int
    components: int
    bits: int
    data: bytes
    filter: str
    palette: bytes = b""


def kind_of(data: bytes) -> str:
    """``png``, ``jpeg``, ``tiff`` by the first bytes. Raises CannotRead for anything else.

    It has to be known before Tesseract sees the file: what is no picture, it takes for a list of files to open.
    """
    if data.startswith(PNG):
        return "png"
    if data.startswith(JPEG):
        return "jpeg"
    if data.startswith(TIFF):
        return "tiff"
    raise CannotRead("document_not_what_it_says", kind="PNG, JPEG, TIFF")


def dots_per_inch(width: int, height: int) -> int:
    return max(1, round(max(width, height) / LONG_SIDE_IN))


# --- TIFF -------------------------------------------------------------------------------------------------------------


def tiff_pages(data: bytes, most: int) -> int:
    """How many pictures it holds. Raises CannotRead: damaged, too many, or a chain that bites its tail."""
    order = "<" if data[:1] == b"I" else ">"
    seen: set[int] = set()
    try:
        (at,) = struct.unpack_from(order + "I", data, 4)
        while at:
            if at in seen:
                raise CannotRead("document_damaged")
            seen.add(at)
            if len(seen) > most:
                raise CannotRead("document_pages", pages=len(seen), most=most)
            (entries,) = struct.unpack_from(order + "H", data, at)
            (at,) = struct.unpack_from(order + "I", data, at + 2 + 12 * entries)
    except struct.error:
        raise CannotRead("document_damaged") from None
    return len(seen)


# --- A PDF around a picture -------------------------------------------------------------------------------------------


def packed(data: bytes) -> Packed | None:
    """None for a picture that PDF does not hold as it is. Raises CannotRead when it is damaged."""
    try:
        return _jpeg(data) if data.startswith(JPEG) else _png(data)
    except (struct.error, IndexError):
        raise CannotRead("document_damaged") from None


_FRAMES = frozenset((0xC0, 0xC1, 0xC2))
"""Markers of the JPEG frames that PDF reads: baseline, extended, progressive."""
_BARE = frozenset((0x01, *range(0xD0, 0xD9)))


def _jpeg(data: bytes) -> Packed | None:
    at = 2
    while True:
        if data[at] != 0xFF:
            raise CannotRead("document_damaged")
        marker = data[at + 1]
        if marker == 0xFF:  # filling
            at += 1
        elif marker in _BARE:
            at += 2
        elif marker in _FRAMES:
            bits, height, width, components = struct.unpack_from(">BHHB", data, at + 4)
            usable = width and height and bits == 8 and components in (1, 3)
            return Packed(width, height, components, bits, data, "DCTDecode") if usable else None
        elif (0xC3 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)) or marker in (0xD9, 0xDA):
            return None
        else:
            (length,) = struct.unpack_from(">H", data, at + 2)
            at += 2 + length


_COLOURS = {0: 1, 2: 3, 3: 1}
"""Colour types of PNG without transparency: grey, colours, palette -> components."""


def _png(data: bytes) -> Packed | None:
    width, height, bits, colour, _packing, _filter, interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    if not (width and height) or colour not in _COLOURS or interlaced or bits not in (1, 2, 4, 8, 16):
        return None
    at, palette, dots = 8, b"", []
    while at < len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        if name == b"IDAT":
            dots.append(body)
        elif name == b"PLTE":
            palette = body
        elif name == b"tRNS":
            return None
        elif name == b"IEND":
            break
        at += 12 + length
    if colour == 3 and not palette:
        raise CannotRead("document_damaged")
    return Packed(width, height, _COLOURS[colour], bits, b"".join(dots), "FlateDecode", palette)


def pdf_around(picture: Packed) -> bytes:
    """One page as large as the picture, a point a dot."""
    space = {1: b"/DeviceGray", 3: b"/DeviceRGB"}[picture.components]
    if picture.palette:
        space = b"[/Indexed /DeviceRGB %d <%s>]" % (len(picture.palette) // 3 - 1, picture.palette.hex().encode())
    if picture.filter == "FlateDecode":
        predictor = (picture.components, picture.bits, picture.width)
        space += b" /DecodeParms << /Predictor 15 /Colors %d /BitsPerComponent %d /Columns %d >>" % predictor
    drawing = b"%d 0 0 %d 0 0 cm /P Do" % (picture.width, picture.height)
    about = (picture.width, picture.height, picture.bits, picture.filter.encode(), len(picture.data))
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents 4 0 R"
        b" /Resources << /XObject << /P 5 0 R >> >> >>" % (picture.width, picture.height),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent %d /Filter /%s /Length %d" % about
        + b" /ColorSpace %s >>\nstream\n%s\nendstream" % (space, picture.data),
    )
    written, places = bytearray(b"%PDF-1.5\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    written += b"xref\n0 6\n0000000000 65535 f \n%strailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        table,
        len(written),
    )
    return bytes(written)
