"""Runs ``belenios-tool`` (Debian package of that name), which alone knows the cryptography."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import msgspec

from affouage.assembly.belenios.archive import read_archive
from affouage.assembly.belenios.plan import FEWEST_TRUSTEES, Plan, check_plan, template, voters_file
from affouage.assembly.belenios.result import Verified, compare
from affouage.errors import BadRequest, Conflict, SetUpError

PROGRAM = "belenios-tool"
VERIFY_S = 3600
"""Some seconds for ten voters; it grows with the ballots and the questions."""
_SETUP_S = 600


class BeleniosTool:
    """One program, found when it is used. It takes seconds: call it from a command, or from a thread.

    Every call may raise SetUpError: ``belenios_absent``, with what to install, or ``belenios_slow``.
    """

    def __init__(self, program: str = PROGRAM) -> None:
        self._program = program

    def token(self) -> str:
        """The identifier of a new election."""
        return self.run("setup", "generate-token", limit_s=_SETUP_S).decode().strip()

    def credentials(self, directory: Path, plan: Plan, uuid: str) -> tuple[Path, Path]:
        """The credential authority's part: (private, public) files; the private one is sent out, then destroyed."""
        check_plan(plan)
        voters = directory / "voters.txt"
        voters.write_text(voters_file(plan), encoding="utf-8")
        where = ("--dir", str(directory), "--group", plan.group, "--uuid", uuid)
        self.run("setup", "generate-credentials", *where, "--file", str(voters), limit_s=_SETUP_S)
        made = [next(directory.glob(f"*.{kind}")) for kind in ("privcreds", "pubcreds")]
        return (
            made[0].replace(directory / "private_creds.txt"),
            made[1].replace(directory / "public_creds.json"),
        )

    def trustee_key(self, directory: Path, plan: Plan) -> tuple[Path, Path]:
        """A trustee's part, on their own machine: (private, public) files."""
        before = set(directory.glob("*.pubkey"))
        self.run("setup", "generate-trustee-key", "--group", plan.group, cwd=directory, limit_s=_SETUP_S)
        made = next(one for one in directory.glob("*.pubkey") if one not in before)
        return made.with_suffix(".privkey"), made

    def make(self, directory: Path, plan: Plan, uuid: str) -> Path:
        """The administrator's part: the archive to vote on, from ``public_creds.json`` and the trustees' ``*.pubkey``
        found in ``directory``. Raises BadRequest (``belenios_trustees``) with fewer than two of them."""
        check_plan(plan)
        keys = sorted(directory.glob("*.pubkey"))
        if len(keys) < FEWEST_TRUSTEES:
            raise BadRequest(
                f"There are {len(keys)} keys of trustees in {directory}.",
                remedy=f"At least {FEWEST_TRUSTEES}: one person alone must not be able to open the urn.",
                code="belenios_trustees",
                keys=len(keys),
            )
        (directory / "public_keys.jsons").write_bytes(b"".join(one.read_bytes() for one in keys))
        written = directory / "template.json"
        written.write_bytes(msgspec.json.encode(template(plan)))
        self.run("setup", "make-trustees", "--dir", str(directory), limit_s=_SETUP_S)
        more = ("--uuid", uuid, "--group", plan.group, "--template", str(written))
        self.run("setup", "make-election", "--dir", str(directory), *more, limit_s=_SETUP_S)
        self.run("archive", "init", cwd=directory, limit_s=_SETUP_S)
        return directory / f"{uuid}.bel"

    def verify(
        self, archive: bytes, plan: Plan, *, uuid: str | None = None, fingerprint: str | None = None
    ) -> Verified:
        """Verify the whole archive of a finished election, and that it is the election of ``plan``.

        Raises Conflict: ``belenios_archive`` (altered), ``belenios_other_election``, ``belenios_not_finished``.
        """
        contents = read_archive(archive)
        verified = compare(contents, plan, archive, uuid=uuid, fingerprint=fingerprint)
        with tempfile.TemporaryDirectory(prefix="affouage-belenios-") as folder:
            (Path(folder) / f"{contents.uuid}.bel").write_bytes(archive)
            try:
                self.run("election", "verify", "--dir", folder, limit_s=VERIFY_S)
            except BadRequest as refused:
                raise Conflict(
                    f"Belenios finds this archive wrong: {refused.details['said']}",
                    remedy="Download it again from the election's page; if it stays so, its result is worth nothing.",
                    code="belenios_archive",
                    why=refused.details["said"],
                ) from None
        return verified

    def run(self, *words: str, cwd: Path | None = None, stdin: bytes = b"", limit_s: float = VERIFY_S) -> bytes:
        """Its standard output. Raises BadRequest (``belenios_refused``) with its last words when it fails."""
        found = shutil.which(self._program)
        if found is None:
            raise SetUpError(
                f"The program {self._program} is not on this machine.",
                remedy="Install it: sudo apt install belenios-tool",
                code="belenios_absent",
            )
        environ = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}
        try:
            done = subprocess.run(
                [found, *words], cwd=cwd, input=stdin, capture_output=True, check=False, timeout=limit_s, env=environ
            )
        except subprocess.TimeoutExpired:
            raise SetUpError(
                f"{self._program} {' '.join(words[:2])} did not end in {limit_s:.0f} s.",
                remedy="Try again on a faster machine.",
                code="belenios_slow",
            ) from None
        if done.returncode:
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            said = lines[-1].removeprefix(f"{PROGRAM}: ")[:300] if lines else f"exit status {done.returncode}"
            raise BadRequest(
                f"{self._program} {' '.join(words[:2])}: {said}",
                remedy="See what it was given.",
                code="belenios_refused",
                said=said,
            )
        return done.stdout
