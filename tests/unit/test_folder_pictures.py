"""Pictures of pages: what kind they are, a PDF around them, their dots made easier to read."""

from __future__ import annotations

import numpy as np
import pypdfium2 as pdfium
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from affouage.sheets.folder import pixels
from affouage.sheets.folder.picture import kind_of, packed, pdf_around, tiff_pages
from affouage.sheets.folder.refusals import CannotRead
from tests.unit.folder_documents import png, tiff, told

GREY = bytes((x * 7 + y * 5) % 256 for y in range(20) for x in range(30))


def test_pictures_are_told_by_their_first_bytes() -> None:
    assert kind_of(png(GREY, 30, 20)) == "png"
    assert kind_of(b"\xff\xd8\xff\xe0") == "jpeg"
    assert kind_of(tiff([(GREY, 30, 20)])) == "tiff"


@pytest.mark.parametrize("data", [b"/etc/passwd\n", b"https://example.org/a.png\n", b"", b"GIF89a", b"%PDF-1.4"])
def test_a_list_of_files_is_no_picture(data: bytes) -> None:
    """Tesseract takes it for pages to open, and fetches what looks like an address."""
    with pytest.raises(CannotRead, match="document_not_what_it_says"):
        kind_of(data)


def shown(data: bytes) -> pixels.Grey:
    picture = packed(data)
    assert picture is not None
    bitmap = pdfium.PdfDocument(pdf_around(picture))[0].render(scale=1, grayscale=True)
    rows = np.frombuffer(bitmap.buffer, np.uint8).reshape(bitmap.height, bitmap.stride)
    return rows[:, : bitmap.width]


def test_the_dots_of_a_picture_come_back_from_the_pdf_around_it() -> None:
    expected = np.frombuffer(GREY, np.uint8).reshape(20, 30)
    assert np.array_equal(shown(png(GREY, 30, 20)), expected)
    in_colours = bytes(value for value in GREY for _ in range(3))
    assert np.abs(shown(png(in_colours, 30, 20, colour=2)).astype(int) - expected).max() <= 1
    assert np.abs(shown(png(GREY, 30, 20, colour=3)).astype(int) - expected).max() <= 1


def test_pictures_that_pdf_does_not_hold_are_left_to_tesseract() -> None:
    see_through = bytes(2_400)
    assert packed(png(see_through, 30, 20, colour=6)) is None
    assert packed(png(GREY, 30, 20, interlaced=1)) is None


def test_pages_of_a_tiff_are_counted_and_a_chain_without_end_is_refused() -> None:
    three = tiff([(GREY, 30, 20)] * 3)
    assert tiff_pages(three, 10) == 3
    with pytest.raises(CannotRead, match="document_pages"):
        tiff_pages(three, 2)
    first = int.from_bytes(three[4:8], "little")
    looped = bytearray(three)
    looped[-4:] = first.to_bytes(4, "little")
    with pytest.raises(CannotRead, match="document_damaged"):
        tiff_pages(bytes(looped), 10)


@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*"]))
def test_spoilt_pictures_are_held_or_refused(data: bytes, start: bytes) -> None:
    whole = start + data
    if told(kind_of, whole) == "tiff":
        assert told(tiff_pages, whole, 1_000) != 0
    elif told(kind_of, whole) and (picture := told(packed, whole)):
        assert pdf_around(picture).startswith(b"%PDF-")


# --- Dots -------------------------------------------------------------------------------------------------------------

_PAGES = arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=2, max_side=7))


def test_a_speck_goes_and_an_edge_stays() -> None:
    page = np.full((9, 9), 255, np.uint8)
    page[:, 5:] = 0
    cleaned = page.copy()
    page[4, 2] = 0
    assert np.array_equal(pixels.without_specks(page), cleaned)


@settings(max_examples=40)
@given(_PAGES)
def test_the_median_of_nine_is_the_median_of_nine(page: pixels.Grey) -> None:
    height, width = page.shape
    edged = np.pad(page, 1, mode="edge")
    expected = [[np.median(edged[y : y + 3, x : x + 3]) for x in range(width)] for y in range(height)]
    assert np.array_equal(pixels.without_specks(page), np.array(expected))


@settings(max_examples=40)
@given(_PAGES)
def test_twice_as_large_keeps_every_dot_and_stays_between_them(page: pixels.Grey) -> None:
    larger = pixels.twice(page)
    assert larger.shape == (2 * page.shape[0], 2 * page.shape[1])
    assert np.array_equal(larger[::2, ::2], page)
    assert page.min() <= larger.min() <= larger.max() <= page.max()


@settings(max_examples=40)
@given(_PAGES)
def test_turned_twice_a_page_is_as_it_was_and_its_file_says_its_size(page: pixels.Grey) -> None:
    assert np.array_equal(pixels.upside_down(pixels.upside_down(page)), page)
    height, width = page.shape
    file = pixels.pgm(pixels.upside_down(page))
    assert file.startswith(b"P5 %d %d 255\n" % (width, height))
    dots = file[-width * height :]
    assert np.array_equal(pixels.grey(dots, width, height), pixels.upside_down(page))
