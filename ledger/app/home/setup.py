"""``init``: make a home. Keys, store, first entry, first people; an existing log is moved aside and named."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from ledger.app.home import config as settings
from ledger.app.home import keys
from ledger.app.home.config import Config
from ledger.app.home.folders import Home
from ledger.app.home.parts import UNCONVERTED, first_line, missing, nameless_founder, of_stage, read_only
from ledger.app.installation import Installation, now, open_home
from ledger.app.people.directory import LAB_PEOPLE, Lines, Person, login_uid, new_person_id, os_identity
from ledger.app.press import Press, new_request_id
from ledger.app.record.earlier_log import require_unused, set_aside
from ledger.app.record.ledger import Ledger
from ledger.app.record.spool import reserve
from ledger.domain.command import SYSTEM, Actor, Request
from ledger.domain.keeping.commands import OpenLedger
from ledger.domain.people.commands import AddPerson
from ledger.errors import Corrupt, LedgerError, Refused, Unreachable
from ledger.files import locked, make_folder, open_plain, place_exclusive, sweep
from ledger.proof.note import Signer, format_verifier, parse_verifier
from ledger.store.open import open_log

LAB_NAMES = {
    "lab-incident-manager": "Ewa Maj",
    "lab-l2-ops": "Ola Lis",
    "lab-observability": "Jan Kos",
    "lab-noc": "Iga Bąk",
    "lab-product-owner": "Adam Sowa",
    "lab-auditor": "Zofia Wrona",
    "lab-admin": "Piotr Sęk",
}
"""What the lab's people are called: invented, and named as people are."""
LAB_ROLES = ("incident_manager", "l2_ops", "observability", "noc")
"""Roles of the person at the terminal in a lab home; a rollback is confirmed by another: ``--as lab-product-owner``."""

STARTER = """\
# Configuration of Stage4 Ledger. All settings and their meaning: stage4 config show
# An environment variable wins, e.g. STAGE4_SCHEDULER_URL.

[scheduler]
url = ""            # e.g. "https://scheduler.example/status"

[prometheus]
url = ""            # e.g. "https://prometheus.example"

[alertmanager]
url = ""            # e.g. "https://alertmanager-1.example,https://alertmanager-2.example"

[silence.labels]    # labels that name this installation: another environment's alerts are never muted
# env = "production"
"""


def init(
    root: Path,
    *,
    purpose: Literal["production", "lab"] = "production",
    name: str = "",
    roles: tuple[str, ...] = (),
    starter: str = STARTER,
) -> Installation:
    """Make a new home, or finish one whose making was interrupted, and return it; ``Refused`` where nothing is missing.

    The person at this terminal becomes the first ``admin`` and holds ``roles`` too. Each part is made for itself, whole
    or not at all (``ledger.app.home.parts``): the same again makes what is missing and leaves the rest as it is.
    """
    home = Home(root)
    with _resumable(home.root):
        make_folder(home.root, 0o755)
        settings.load(home.config)  # a configuration that is refused leaves no folders behind
        make_folder(home.locks)
        with locked(home.locks / "init.lock"):
            require_unfinished(root)
            if not home.config.exists():
                place_exclusive(home.config, starter.encode(), 0o644)
            config = settings.load(home.config)
            keep_bytes(home)
            sweep_home(home)
            return _make(root, config, purpose, name, roles)


def _make(
    root: Path, config: Config, purpose: Literal["production", "lab"], name: str, roles: tuple[str, ...]
) -> Installation:
    installation = open_stage(root, config, purpose)
    opened = installation.state.opened
    if opened is not None and opened.purpose != purpose:
        raise Refused(f"{root} is a {opened.purpose} home, begun as such; make another one for {purpose}")
    _add_people(installation, purpose, name, roles)
    reserve(installation)
    for stage in settings.other_stages(config):
        open_stage(root, settings.for_stage(config, stage), purpose).ledger.log.close()
    return installation


def keep_bytes(home: Home) -> None:
    """Tell git to leave the evidence as it is: converted line ends are other bytes, which no signature fits.

    A ``.gitattributes`` that is there is kept, the line added at its end; one that is no plain file is left alone.
    """
    path, line = home.root / ".gitattributes", UNCONVERTED + b"\n"
    if read_only(home.root):
        return
    with contextlib.suppress(FileExistsError):
        place_exclusive(path, line, 0o644)
        return
    with contextlib.suppress(OSError):
        descriptor = open_plain(path, os.O_RDWR | os.O_APPEND)
        with os.fdopen(descriptor, "r+b") as stream:
            content = stream.read()
            if line.strip() not in (row.strip() for row in content.splitlines()):
                stream.write((b"" if content.endswith(b"\n") or not content else b"\n") + line)


def require_unfinished(root: Path) -> None:
    """``Refused`` where nothing that ``init`` makes is missing."""
    if not missing(root):
        home = Home(root, settings.load(Home(root).config).stage)
        raise Refused(
            f"{home.store} exists: this home has a ledger already, and nothing is missing; "
            f"see: stage4 status --home {root}"
        )


def add_stage(root: Path, stage: str) -> Installation:
    """Open or finish another ledger of a home, named in its configuration; ``Refused`` where nothing is missing."""
    home = Home(root, stage)
    whole = settings.load(Home(root).config)
    config = settings.for_stage(whole, stage)
    with _resumable(home.root):
        make_folder(home.locks)
        with locked(home.locks / "init.lock"):
            if not of_stage(root, whole, stage):
                raise Refused(f"{home.store} exists: this home has that ledger already, and nothing is missing")
            return open_stage(root, config, "production")


def add_missing_stages(root: Path) -> list[str]:
    """Make the other ledgers that a home is to have and has not; a sentence for each that was made or cannot be."""
    told = []
    config = settings.load(Home(root).config)
    for stage in settings.other_stages(config):
        try:
            if first_line(Home(root, stage)) is None:
                add_stage(root, stage).ledger.log.close()
                told.append(f"the ledger {stage} was missing and was made anew")
        except LedgerError as error:
            told.append(f"the ledger {stage} is missing and cannot be made: {error}")
    return told


@contextlib.contextmanager
def _resumable(root: Path) -> Iterator[None]:
    """What the system or the store refuses is said with what to do: the same again."""
    try:
        yield
    except (OSError, Unreachable) as error:
        what = str(error) if isinstance(error, Unreachable) else f"{error.filename or root}: {error.strerror}"
        raise Unreachable(f"{what}. What was made is kept; the same command again makes the rest") from error


def sweep_home(home: Home) -> None:
    """Remove what crashed writers of ours left beside keys, working data and evidence."""
    folders = [home.root, home.published.parent]
    folders += [Path(at) for at, _, _ in os.walk(home.var) if not Path(at).is_relative_to(home.var / "lab")]
    for folder in folders:
        sweep(folder, time.time())


def open_stage(root: Path, config: Config, purpose: Literal["production", "lab"]) -> Installation:
    """Keys, store, first entry and published files of one ledger; what of it is there already is kept."""
    home = Home(root, config.stage)
    make_folder(home.path(config.override.directory))
    first = first_line(home)
    if first is None:
        _begin(home, config, purpose)
    installation = open_home(root, config.stage)
    try:
        vkey = format_verifier(installation.ledger.verifier)
        public = keys.verifier_path(home.path(config.signing.checkpoint_key_file))
        if not os.path.lexists(public):
            place_exclusive(public, vkey.encode() + b"\n", 0o644)
        if home.published_key.is_file() and home.published_key.read_text("utf-8", "replace").strip() != vkey:
            set_aside(home, (".vkey",))
        installation.publish()
    except BaseException:
        installation.ledger.log.close()
        raise
    return installation


def _begin(home: Home, config: Config, purpose: Literal["production", "lab"]) -> None:
    """The first entry, under keys that signed nothing yet."""
    signer = _signer(home, config)
    key_id = keys.new_key_id(config.stage, now())
    key = keys.read_hmac_key(home.path(config.signing.hmac_key_file), key_id, config.signing.hmac_algorithm)
    moved, digest = set_aside(home)
    opening = OpenLedger(
        purpose=purpose,
        checkpoint_key=format_verifier(signer.verifier),
        hmac_key_id=key_id,
        hmac_algorithm=config.signing.hmac_algorithm,
        earlier_log_path=moved,
        earlier_log_sha384=digest,
    )
    with contextlib.closing(open_log(home.store, create=True)) as log:
        ledger = Ledger(log, stage=config.stage, key=key, signer=signer, clock=now)
        ledger.submit(Request(command=opening, actor=SYSTEM, at=now(), id=new_request_id()))


def make_keys(home: Home, config: Config) -> Signer:
    """Both keys under a new origin; ``Refused`` where there are keys already."""
    origin = f"stage4-ledger.invalid/{config.stage}/{secrets.token_hex(8)}"
    return keys.create(home.path(config.signing.hmac_key_file), home.path(config.signing.checkpoint_key_file), origin)


def _signer(home: Home, config: Config) -> Signer:
    """Keys that were made before (``stage4 keys new``, an interrupted ``init``) are used, what is missing is made.

    ``Refused`` where they signed a ledger before: two first entries under one key would be two histories.
    """
    path = home.path(config.signing.checkpoint_key_file)
    public = keys.verifier_path(path)
    if path.exists():
        require_unused(home, config)
    if not (path.exists() and public.exists() and home.path(config.signing.hmac_key_file).exists()):
        return make_keys(home, config)
    verifier = parse_verifier(keys.read_key_file(public).decode("utf-8", "replace").strip())
    signer = keys.read_signer(path, verifier.name)
    if signer.verifier != verifier:
        raise Corrupt(f"{public} is not the public half of {path}")
    return signer


def _add_people(installation: Installation, purpose: str, name: str, roles: tuple[str, ...]) -> None:
    """The names first, then the entries: nobody is ever nameless, and an interrupted run is taken up where it was."""
    with installation.people.alone() as lines:
        founder = _found(installation, lines, name, roles)
        for person, lab_roles in LAB_PEOPLE.items() if purpose == "lab" else ():
            if person not in lines:
                lines.put(Person(person, LAB_NAMES[person], None))
            if person not in installation.state.people:
                installation.submit(AddPerson(person=person, roles=lab_roles), Press(founder))


def _found(installation: Installation, lines: Lines, name: str, roles: tuple[str, ...]) -> Actor:
    """The first admin: who is at this terminal."""
    uid, state = login_uid(), installation.state
    line = next((person for person in lines if person.uid == uid), None)
    if not state.people:
        first = line or Person(new_person_id(), f"uid {uid}", uid)
        lines.put(first._replace(name=name) if name else first)
        held = tuple(dict.fromkeys(("admin", *roles)))
        installation.submit(AddPerson(person=first.id, roles=held), Press(SYSTEM))
        return Actor(person=first.id, auth="os", os=os_identity())
    if lost := nameless_founder(state, lines):  # by an earlier version, or the directory was lost
        line = Person(lost, name or f"uid {uid}", uid)
        lines.put(line)
    admin = line is not None and "admin" in state.people.get(line.id, ())
    return Actor(person=line.id, auth="os", os=os_identity()) if line is not None and admin else SYSTEM
