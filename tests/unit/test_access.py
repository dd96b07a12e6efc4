"""Who may: one rule for every channel. The whole table of policies, and the reading of raw headers."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from affouage.assembly import access
from affouage.assembly.access import Credential, Identity, Policy, Scope, credentials_of, permit, permit_governing
from affouage.assembly.credentials import new_api_key, new_session_secret
from affouage.assembly.member import PERSONS, Member, Role
from affouage.errors import BadRequest, NotAllowed, NotSignedIn


def someone(role: Role = Role.MEMBER, *, deactivated_ms: int | None = None) -> Member:
    return Member("a" * 12, "Odile", role, "fr", 0, deactivated_ms)


def identity(role: Role, scopes: frozenset[str] = access.ALL_SCOPES) -> Identity:
    return Identity(someone(role), "key", "b" * 12, scopes)


KEY = new_api_key()[2].encode()
OTHER = new_api_key()[2].encode()
SESSION = new_session_secret().encode()
COOKIE = b"affouage_session=" + SESSION


# -- permit ------------------------------------------------------------------------------------------------------


def test_public_lets_everybody_through() -> None:
    permit(None, Policy.PUBLIC)
    permit(identity(Role.MEMBER, frozenset()), Policy.PUBLIC, Scope.ACCOUNT)


@pytest.mark.parametrize("policy", [Policy.MEMBER, Policy.STEWARD, Policy.OPERATOR])
def test_nobody_passes_nothing_but_public(policy: Policy) -> None:
    with pytest.raises(NotSignedIn) as refusal:
        permit(None, policy, Scope.INFERENCE)
    assert refusal.value.code == "missing"
    assert refusal.value.remedy


@pytest.mark.parametrize(
    ("role", "policy"), list(itertools.product(PERSONS, [Policy.MEMBER, Policy.STEWARD, Policy.OPERATOR]))
)
def test_a_role_includes_those_below_it_and_no_other(role: Role, policy: Policy) -> None:
    order = ["member", "steward", "operator"]
    if order.index(role.value) >= order.index(policy.value):
        permit(identity(role), policy)
    else:
        with pytest.raises(NotAllowed) as refusal:
            permit(identity(role), policy)
        assert refusal.value.code == "insufficient_role"
        assert refusal.value.remedy


def test_a_credential_serves_only_what_it_was_given_for() -> None:
    permit(identity(Role.MEMBER, access.DEFAULT_KEY_SCOPES), Policy.MEMBER, "inference")
    permit(identity(Role.MEMBER, access.DEFAULT_KEY_SCOPES), Policy.MEMBER)
    with pytest.raises(NotAllowed) as refusal:
        permit(identity(Role.OPERATOR, access.DEFAULT_KEY_SCOPES), Policy.MEMBER, Scope.ACCOUNT)
    assert refusal.value.code == "insufficient_scope"


def test_a_key_made_for_asking_models_never_administers() -> None:
    for policy in (Policy.STEWARD, Policy.OPERATOR):
        with pytest.raises(NotAllowed):
            permit(identity(Role.OPERATOR, access.DEFAULT_KEY_SCOPES), policy)


def test_the_machine_asks_and_does_nothing_else() -> None:
    machine = access.machine_identity(someone(Role.COMMONS))
    permit(machine, Policy.MEMBER, Scope.INFERENCE)
    for policy, scope in ((Policy.MEMBER, Scope.ACCOUNT), (Policy.STEWARD, None), (Policy.OPERATOR, Scope.INFERENCE)):
        with pytest.raises(NotAllowed):
            permit(machine, policy, scope)


def test_the_commons_by_a_key_would_pass_nothing() -> None:
    with pytest.raises(NotAllowed):
        permit(identity(Role.COMMONS), Policy.MEMBER)


# -- acting on others --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("by", "target", "wanted"), list(itertools.product(PERSONS, PERSONS, [None, *PERSONS])))
def test_who_may_act_on_whom(by: Role, target: Role, wanted: Role | None) -> None:
    allowed = by is Role.OPERATOR or (by is Role.STEWARD and target is Role.MEMBER and wanted in (None, Role.MEMBER))
    if allowed:
        permit_governing(someone(by), target, wanted=wanted)
    else:
        with pytest.raises(NotAllowed):
            permit_governing(someone(by), target, wanted=wanted)
    with pytest.raises(NotAllowed):
        permit_governing(someone(by, deactivated_ms=1), target, wanted=wanted)
    permit_governing(None, target, wanted=wanted)  # the machine's own command line


@pytest.mark.parametrize("by", [None, someone(Role.OPERATOR)])
def test_nobody_acts_on_the_commons_nor_becomes_it(by: Member | None) -> None:
    with pytest.raises(NotAllowed):
        permit_governing(by, Role.COMMONS)
    with pytest.raises(NotAllowed):
        permit_governing(by, Role.MEMBER, wanted=Role.COMMONS)


# -- reading headers ---------------------------------------------------------------------------------------------


@pytest.mark.incident("credential-channel")
@pytest.mark.parametrize(
    "header",
    [
        (b"authorization", b"Bearer " + KEY),
        (b"Authorization", b"bearer   " + KEY + b" "),
        (b"AUTHORIZATION", b"BEARER " + KEY),
        (b"x-api-key", KEY),
        (b"X-Api-Key", b" " + KEY),
        (b"api-key", KEY),
    ],
)
def test_a_key_is_the_same_by_whatever_header(header: tuple[bytes, bytes]) -> None:
    assert credentials_of([(b"host", b"here"), header]) == Credential("key", KEY.decode())


@pytest.mark.parametrize(
    "cookie",
    [
        COOKIE,
        b"theme=dark; " + COOKIE + b"; lang=fr",
        b'affouage_session="' + SESSION + b'"',
        b"__Host-affouage_session=" + SESSION,
        b"affouage_session=planted; __Host-affouage_session=" + SESSION,
        b"; ;=;x;" + COOKIE,
    ],
    ids=["alone", "among others", "quoted", "of https", "planted", "ill-formed"],  # the secret is not the same twice
)
def test_a_session_comes_by_its_cookie(cookie: bytes) -> None:
    assert credentials_of([(b"cookie", cookie)]) == Credential("session", SESSION.decode())


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"cookie", b"theme=dark")],
        [(b"cookie", b"affouage_session=")],
        [(b"cookie", b"affouage_session")],
        [(b"cookie", b"my_affouage_session=" + SESSION)],
        [(b"authorization", b"Basic dXNlcjpwYXNz")],  # a proxy's own
        [(b"authorization", KEY)],
        [(b"authorization", b"")],
    ],
)
def test_nothing_presented_is_nothing(headers: list[tuple[bytes, bytes]]) -> None:
    assert credentials_of(headers) is None


def test_an_empty_key_is_presented_and_wrong() -> None:
    for header in ((b"authorization", b"Bearer "), (b"authorization", b"bearer"), (b"x-api-key", b"")):
        assert credentials_of([header]) == Credential("key", "")


@pytest.mark.incident("credential-channel")
@pytest.mark.parametrize(
    "headers",
    [
        [(b"authorization", b"Bearer " + KEY), (b"x-api-key", OTHER)],
        [(b"authorization", b"Bearer " + KEY), (b"authorization", b"Bearer " + OTHER)],
        [(b"x-api-key", KEY), (b"api-key", OTHER)],
        [(b"x-api-key", KEY), (b"cookie", COOKIE)],
        [(b"cookie", COOKIE), (b"authorization", b"Bearer " + KEY)],
        [(b"x-api-key", b""), (b"authorization", b"Bearer " + KEY)],
    ],
)
def test_two_different_credentials_are_refused(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(BadRequest) as refusal:
        credentials_of(headers)
    assert refusal.value.code == "two_credentials"
    assert refusal.value.remedy
    assert KEY.decode() not in str(refusal.value)


def test_the_same_key_twice_is_one() -> None:
    headers = [(b"authorization", b"Bearer " + KEY), (b"x-api-key", KEY), (b"api-key", KEY)]
    assert credentials_of(headers) == Credential("key", KEY.decode())


NAMES = st.sampled_from([b"authorization", b"Authorization", b"x-api-key", b"api-key", b"cookie", b"host"])
VALUES = st.one_of(
    st.binary(max_size=80),
    st.sampled_from([KEY, OTHER, b"Bearer " + KEY, COOKIE, b"Bearer", b"Bearer\t" + KEY, b"a" * 100_000]),
    st.text(st.characters(), max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
)


@seed(20261122)
@settings(max_examples=600, deadline=None)
@given(st.lists(st.tuples(NAMES, VALUES), max_size=5))
def test_headers_give_one_credential_or_none_or_a_clear_refusal(headers: list[tuple[bytes, bytes]]) -> None:
    try:
        found = credentials_of(headers)
    except BadRequest as refusal:
        if refusal.code != "two_credentials":
            raise
        return
    if found is not None:
        everything = b"\0".join(value for _, value in headers).decode("latin-1")
        assert found.text in everything, "nothing is made up"
    assert credentials_of(list(reversed(headers))) == found or _several_cookies(headers)


def _several_cookies(headers: list[tuple[bytes, bytes]]) -> bool:
    return b"".join(value for name, value in headers if name == b"cookie").count(b"affouage_session") > 1


def test_a_credential_does_not_show_its_secret() -> None:
    assert KEY.decode() not in repr(Credential("key", KEY.decode()))
