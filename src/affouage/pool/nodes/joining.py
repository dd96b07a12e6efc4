"""How a machine asks to join, without any key or connection: the invitation, what is sent, what is signed. Pure.

The invitation is one string, ``https://commons/nodes/join#SECRET``: what stands after ``#`` is never part of an address
that a server is asked for, so it is in no log. Its last letters are a check of the whole, address included: a letter
lost on the way is noticed on the machine, before anything is sent.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
import unicodedata
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from affouage.assembly import credentials
from affouage.assembly.member import check_name, fold_name
from affouage.errors import BadRequest

JOIN_PATH = "/nodes/join"
NAME_MAX = 40
"""Characters of a machine's name."""

TIME_HEADER, NONCE_HEADER, SIGNATURE_HEADER = "x-affouage-time", "x-affouage-nonce", "x-affouage-signature"

CHECK_LETTERS = 4
_TOKEN = re.compile(
    rf"(?P<url>https?://[^\s#]{{1,300}}){JOIN_PATH}#"
    rf"(?P<secret>[{credentials.ALPHABET}]{{{credentials.SECRET_LETTERS}}})"
    rf"(?P<check>[{credentials.ALPHABET}]{{{CHECK_LETTERS}}})"
)
_NODE_ID = re.compile(r"n_[a-z2-7]{12}")

Hex32 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
UserKey = Annotated[str, Meta(pattern=r"^U[A-Z2-7]{55}\Z")]
MachineId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}\Z")]
Watts = Annotated[float, Meta(gt=0, le=100_000)]


class JoinRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Posted once, signed with the machine's own key. ``box_key``: X25519, hex. ``max_watts``: the most it can draw."""

    secret: Annotated[str, Meta(max_length=100)]
    name: Annotated[str, Meta(max_length=400)]
    public_key: UserKey
    box_key: Hex32
    machine_id: MachineId
    max_watts: Watts | None = None
    affouage: Annotated[str, Meta(max_length=40)] = ""

    def __repr__(self) -> str:
        return f"JoinRequest({node_id_of(self.public_key)})"  # the secret stays out of tracebacks and logs


class JoinAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the commons says of a machine that asked. Nothing after ``commons_name`` until a steward has approved."""

    state: Literal["pending", "approved"]
    node_id: str
    name: str
    machine_id: MachineId
    commons_name: str = ""
    bus_url: str = ""
    ca_pem: str = ""
    jwt: str = ""
    jwt_expires_ms: int = 0
    commons_box_key: str = ""


class Token(msgspec.Struct, frozen=True):
    """An invitation, read. ``url``: the commons' address."""

    url: str
    secret: str

    def __repr__(self) -> str:
        return f"Token({self.url})"


def write_token(url: str, secret: str) -> str:
    """The string given to whoever lends a machine. Raises BadRequest for an address that secrets may not travel to."""
    check_address(url)
    return f"{url.rstrip('/')}{JOIN_PATH}#{secret}{_check_of(url, secret)}"


def read_token(text: str) -> Token:
    """Raises BadRequest: ``node_token`` (mistyped, cut short), ``node_address`` (neither https nor this machine)."""
    found = _TOKEN.fullmatch(text.strip().strip("<>\"'") if len(text) < 1000 else "")
    if found is None or not credentials.same(
        _check_of(found["url"], found["secret"]).encode(), found["check"].encode()
    ):
        raise BadRequest(
            "This is not a whole invitation: a part is missing or mistyped.",
            remedy=f"Copy all of it, from https:// to the last letter, between quotes: it holds {JOIN_PATH}#.",
            code="node_token",
            param="token",
        )
    check_address(found["url"])
    return Token(found["url"].rstrip("/"), found["secret"])


def check_address(url: str) -> None:
    """https, or http to this very machine: keys and credentials travel there. Raises BadRequest."""
    try:
        parts = urlsplit(url)
        host, whole = parts.hostname or "", parts.port is None or parts.port > 0
    except ValueError:
        host, whole = "", False
    plain = not (parts.query or parts.fragment or parts.username) if whole else False
    if host and plain and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
        return
    raise BadRequest(
        f"{url:.200} is not an address that a machine may join: what passes there could be read on the way.",
        remedy="It takes an https:// address; http:// only from a machine to itself. Whoever runs the commons puts TLS"
        " in front and sets server.public_url.",
        code="node_address",
        param="token",
        url=url[:200],
    )


def is_loopback(host: str) -> bool:
    """Whether this name or address is this very machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def node_id_of(public_key: str) -> str:
    """The id of the machine that has this key: nobody chooses it, nobody takes another's."""
    return f"n_{_letters(public_key.encode(), 12)}"


def is_node_id(text: str) -> bool:
    return _NODE_ID.fullmatch(text) is not None


def fingerprint(public_key: str, box_key: bytes) -> str:
    """``K7QX-2MNP``: the same on the machine and on the steward's page, so that the right one is approved."""
    letters = _letters(public_key.encode() + b"\0" + box_key, 8).upper()
    return f"{letters[:4]}-{letters[4:]}"


def check_node_name(text: str) -> str:
    """The name as it will be kept: 1 to 40 characters that can be seen, on one line. Raises BadRequest."""
    name = check_name(text) if len(text) <= 2 * NAME_MAX else text
    if len(name) > NAME_MAX:
        raise _bad_name(f"The name of a machine has at most {NAME_MAX} characters.", "Shorten it.")
    if is_node_id(name):
        raise _bad_name("That is the form of the numbers machines have here.", "Choose a name that people know.")
    return name


def name_for(text: str) -> str:
    """A name made of what the system calls the machine; "machine" when nothing of it can be seen. Pure."""
    seen = "".join(one if unicodedata.category(one)[0] not in "CZ" else " " for one in text)
    try:
        return check_node_name(" ".join(seen.split())[:NAME_MAX])
    except BadRequest:
        return "machine"


def same_name(one: str, other: str) -> bool:
    """Whether people would read the same."""
    return fold_name(one) == fold_name(other)


def signed_text(method: str, path: str, time_ms: int, nonce: str, body: bytes = b"") -> bytes:
    """What a machine signs of a request: nothing of it can be used for another one, nor for another purpose."""
    digest = hashlib.sha256(body).hexdigest()
    return f"affouage node 1\n{method}\n{path}\n{time_ms}\n{nonce}\n{digest}".encode()


def _check_of(url: str, secret: str) -> str:
    digest = hashlib.sha256(f"affouage invitation\n{url.rstrip('/')}\n{secret}".encode()).digest()
    return "".join(credentials.ALPHABET[byte & 31] for byte in digest[:CHECK_LETTERS])


def _letters(text: bytes, count: int) -> str:
    return base64.b32encode(hashlib.sha256(b"affouage node\n" + text).digest()).decode()[:count].lower()


def _bad_name(message: str, remedy: str) -> BadRequest:
    return BadRequest(message, remedy=remedy, param="name", code="invalid_node_name")
