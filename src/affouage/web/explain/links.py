"""Addresses that documents name, judged before they become links. Pure."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

URL_CHARS = 2000


def outside(url: str) -> str:
    """``url`` when it is a plain web address, else "": no script, no data, no file, nobody's password in it."""
    if len(url) > URL_CHARS or any(ord(one) <= 0x20 or one in '\\"<>`' or 0x7F <= ord(one) <= 0x9F for one in url):
        return ""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme.lower() not in ("http", "https") or not host or "@" in parts.netloc:
        return ""
    return url


def site_name(url: str) -> str:
    """``https://www.service-public.fr/x`` -> ``service-public.fr``; "" for what is no plain web address."""
    return (urlsplit(url).hostname or "").removeprefix("www.") if outside(url) else ""


def local_sheet(collection_id: str, sheet_id: str) -> str:
    """The address of a sheet's page here."""
    return f"/sheets/{quote(collection_id, safe='')}/{quote(sheet_id, safe='')}"
