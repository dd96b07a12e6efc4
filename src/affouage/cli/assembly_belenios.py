"""``affouage assembly belenios``: votes on persons held in Belenios, prepared here and verified here."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from affouage.cli.console import echo_json
from affouage.errors import BadRequest, Conflict, NotFound

if TYPE_CHECKING:
    from affouage.assembly.belenios.plan import Plan
    from affouage.assembly.belenios.result import Verified
    from affouage.assembly.decisions.state import Poll
    from affouage.cli.assembly_home import Seat

_POLL = click.argument("poll", type=int, metavar="VOTE")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
_PRIVATE = 0o600

Plans = dict[str, "Plan"]
"""By college; "" without colleges."""


@click.group()
def belenios() -> None:
    """Votes on persons held in Belenios: secret, and verifiable by anybody.

    The roles stay apart. This commons exports who may vote and on what, and verifies the archive of the finished
    election; a credential authority sends each voter their code; trustees, two at least, keep the keys of the urn;
    voting is on a Belenios server. See docs/how-to/vote-on-persons.md.

    \b
    Examples:
      affouage assembly belenios export 7 --to vote-7
      affouage assembly belenios verify 7 zwNEM4ods7j7f8.bel
      affouage assembly belenios verify 7 zwNEM4ods7j7f8.bel --record
    """


@belenios.command()
@_POLL
@click.option("--to", "directory", type=click.Path(path_type=Path), required=True, help="A folder, made if needed.")
def export(poll: int, directory: Path) -> None:
    """Write who may vote and on what: voters.txt, template.json, and who-is-who.csv to send the codes by.

    voters.txt holds pseudonyms only; who-is-who.csv is for the credential authority, and for nobody else. With
    colleges, an election is held in each: a folder for each.

    \b
    Example:
      affouage assembly belenios export 7 --to vote-7
    """
    from affouage.assembly.belenios.plan import check_plan, template, voters_file
    from affouage.cli.assembly_home import open_assembly

    with open_assembly() as seat:
        plans = plans_of(seat, _poll(seat, poll), seat.settings.commons.language)
        for college, plan in plans.items():
            check_plan(plan)
            folder = directory / college
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "voters.txt").write_text(voters_file(plan), encoding="utf-8")
            (folder / "template.json").write_bytes(msgspec.json.format(msgspec.json.encode(template(plan)), indent=2))
            private = folder / "who-is-who.csv"
            private.touch(mode=_PRIVATE)
            private.write_text(_who_is_who(seat, plan), encoding="utf-8")
            said = seat.language.ngettext("{folder}: {count} voter", "{folder}: {count} voters", len(plan.voters))
            click.echo(seat.language.typeset(said.format(folder=folder, count=len(plan.voters))))


@belenios.command()
@_POLL
@click.option("--uuid", required=True, help="Of the election, as the credential authority used it.")
@click.option("--in", "directory", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--college", default="", help="Whose election it is, with colleges.")
def make(poll: int, uuid: str, directory: Path, college: str) -> None:
    """Make the election with belenios-tool, for those who vote without Belenios' own server.

    The folder holds public_creds.json of the credential authority, and the *.pubkey of at least two trustees.

    \b
    Example:
      affouage assembly belenios make 7 --uuid zwNEM4ods7j7f8 --in vote-7
    """
    from affouage.adapters.belenios import BeleniosTool
    from affouage.cli.assembly_home import open_assembly

    with open_assembly() as seat:
        plans = plans_of(seat, _poll(seat, poll), seat.settings.commons.language)
        if college not in plans:
            raise NotFound("There is no such college in this vote.", remedy=f"One of: {', '.join(plans)}.")
        click.echo(BeleniosTool().make(directory, plans[college], uuid))


@belenios.command()
@_POLL
@click.argument("archives", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="ARCHIVE...")
@click.option("--uuid", help="Noted when the election opened: no other one is taken.")
@click.option("--fingerprint", help="Of the election, noted when it opened, as Belenios shows it.")
@click.option("--record", is_flag=True, help="Close the vote with this result.")
@_JSON
def verify(
    poll: int, archives: tuple[Path, ...], uuid: str | None, fingerprint: str | None, record: bool, as_json: bool
) -> None:
    """Verify the archive of the finished election of VOTE (one for each college), and count it by our rules.

    Every ballot, the tally, each trustee's part and the result are verified by belenios-tool; then, that it is the
    election that was exported: its questions, its number of voters. Exit status 2 says what is wrong.

    \b
    Examples:
      affouage assembly belenios verify 7 zwNEM4ods7j7f8.bel
      affouage assembly belenios verify 7 zwNEM4ods7j7f8.bel --uuid zwNEM4ods7j7f8 --record
    """
    from affouage.assembly.belenios.result import choices
    from affouage.assembly.poll_count import Cast, judged, outcome_of
    from affouage.cli.assembly_home import open_assembly
    from affouage.web.assembly.results import option_labels
    from affouage.web.count_table import text
    from affouage.web.count_words import Names, outcome_words

    with open_assembly(quiet=as_json) as seat:
        asked = _poll(seat, poll)
        found = _verified(seat, asked, archives, uuid, fingerprint)
        casts = [
            Cast(f"{college}{number}", college, choice)
            for college, verified in found.items()
            for number, choice in enumerate(choices(verified))
        ]
        result = judged(asked.opened, casts)
        told = {**_told(found), "outcome": result.outcome, "winner": result.winner or ""}
        if record:
            seat.run(seat.assembly.import_belenios(poll, result.outcome, result.winner, told))
        if as_json:
            echo_json({**told, "recorded": record, "count": result.told})
            return
        outcome = outcome_of(result.told)
        names = Names(options=option_labels(asked, seat.state, seat.language))
        _ = seat.language.gettext
        for name, verified in found.items():
            said = _("Verified: election {uuid}, {ballots} of {voters} voted; {trustees} trustees.")
            line = said.format(
                uuid=verified.uuid, ballots=verified.ballots, voters=verified.voters, trustees=verified.trustees
            )
            click.echo(seat.language.typeset(f"{name}: {line}" if name else line))
        click.echo(outcome_words(outcome, seat.language, names))
        click.echo()
        click.echo(text(outcome, seat.language, names))
        click.echo()
        click.echo(_("The vote is closed with this result.") if record else _("Nothing is recorded: add --record."))


def plans_of(seat: Seat, poll: Poll, language_code: str) -> Plans:
    """The election of a vote, in each college, worded in the language of the commons. The same for the same vote."""
    from affouage.assembly.belenios.plan import Graded, Plan, Voter, YesNo
    from affouage.web.assembly.results import option_labels
    from affouage.web.count_words import grades
    from affouage.web.language import language

    spoken = language(language_code)
    title = seat.state.proposals[poll.opened.proposals[0]].title
    if poll.opened.method == "majority_judgment":
        question: Any = Graded(title, option_labels(poll, seat.state, spoken), grades(spoken)[::-1])
    else:
        question = YesNo(title, (spoken.gettext("for").capitalize(), spoken.gettext("against").capitalize()))
    plans: Plans = {}
    for college, voters in _electors(seat, poll).items():
        name = spoken.gettext("Vote n° {number}").format(number=poll.id)
        plans[college] = Plan(
            name=f"{name} ({college})" if college else name,
            questions=(question,),
            voters=tuple(Voter(one) for one in voters),
        )
    return plans


def _electors(seat: Seat, poll: Poll) -> dict[str, list[str]]:
    """Pseudonyms by college, sorted: the snapshot of when the vote opened."""
    from sqlalchemy import select

    from affouage.storage.tables import elector

    query = select(elector).where(elector.c.poll_id == poll.id).order_by(elector.c.college, elector.c.member_id)
    found: dict[str, list[str]] = {}
    for row in seat.db.read_now(lambda connection: connection.execute(query).all()):
        found.setdefault(row.college, []).append(row.member_id)
    return found


def _poll(seat: Seat, number: int) -> Poll:
    poll = seat.state.polls.get(number)
    if poll is None:
        raise NotFound("There is no such vote.", remedy="See: affouage assembly list", code="poll_not_found")
    if poll.opened.secrecy != "belenios":
        raise Conflict(
            "This vote is not held in Belenios.", remedy="Its ballots are counted here.", code="belenios_not_this_vote"
        )
    return poll


def _verified(
    seat: Seat, poll: Poll, archives: tuple[Path, ...], uuid: str | None, fingerprint: str | None
) -> dict[str, Verified]:
    """By college. Raises BadRequest when there are not as many archives as elections, Conflict."""
    from affouage.adapters.belenios import BeleniosTool
    from affouage.assembly.belenios.archive import read_archive
    from affouage.web.language import LANGUAGES

    by_language = [plans_of(seat, poll, code) for code in LANGUAGES]  # the commons may have changed its own meanwhile
    found: dict[str, Verified] = {}
    for path in archives:
        archive = _read(path)
        name = read_archive(archive).name
        fits: Iterator[tuple[str, Plan]] = (
            (college, plan) for plans in by_language for college, plan in plans.items() if plan.name == name
        )
        candidates = list(fits) or list(by_language[0].items())[:1]
        found.update(_first_right(BeleniosTool(), archive, candidates, uuid, fingerprint))
    if len(found) != len(by_language[0]) or len(archives) != len(found):
        raise BadRequest(
            f"This vote has {len(by_language[0])} elections, and {len(found)} of them were given.",
            remedy="Give the archive of each college, once.",
            code="belenios_colleges",
            elections=len(by_language[0]),
            given=len(found),
        )
    return found


def _first_right(
    tool: Any, archive: bytes, candidates: list[tuple[str, Plan]], uuid: str | None, fingerprint: str | None
) -> dict[str, Verified]:
    for number, (college, plan) in enumerate(candidates):
        try:
            return {college: tool.verify(archive, plan, uuid=uuid, fingerprint=fingerprint)}
        except Conflict as refused:
            if refused.code != "belenios_other_election" or number == len(candidates) - 1:
                raise
    raise AssertionError("there is always a candidate")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as refused:
        raise NotFound(
            f"{path} cannot be read: {refused.strerror}.", remedy="Give the file UUID.bel of the election."
        ) from None


def _told(found: dict[str, Verified]) -> dict[str, str | int]:
    """For the public log; with several elections, the hash of their hashes."""
    if len(found) == 1:
        return next(iter(found.values())).told()
    hashes = sorted(one.archive_sha256 for one in found.values())
    return {
        "archive_sha256": hashlib.sha256("".join(f"{one}\n" for one in hashes).encode()).hexdigest(),
        "voters": sum(one.voters for one in found.values()),
        "ballots": sum(one.ballots for one in found.values()),
        **{f"archive_sha256_{college}": one.archive_sha256 for college, one in found.items()},
        **{f"uuid_{college}": one.uuid for college, one in found.items()},
    }


def _who_is_who(seat: Seat, plan: Plan) -> str:
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(("id", "name"))
    rows.writerows((one.id, seat.name(one.id)) for one in plan.voters)
    return out.getvalue()
