"""``init``: make a home. Keys, store, first entry, first people; an existing log is moved aside and named."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Literal

from ledger.app import config as settings
from ledger.app import keys
from ledger.app.config import Config
from ledger.app.home import Home
from ledger.app.installation import Installation, new_request_id, now
from ledger.app.ledger import Ledger
from ledger.app.people import Directory, Person, login_uid, new_person_id, os_identity
from ledger.app.spool import reserve
from ledger.domain.commands import SYSTEM, Actor, AddPerson, OpenLedger, Request
from ledger.errors import Corrupt, Refused
from ledger.files import digest_file, make_folder, open_plain, place_exclusive
from ledger.proof.note import Signer, format_verifier, parse_verifier
from ledger.store.log import Log

LAB_PEOPLE = {
    "lab-incident-manager": ("incident_manager",),
    "lab-l2-ops": ("l2_ops",),
    "lab-observability": ("observability",),
    "lab-noc": ("noc",),
    "lab-product-owner": ("product_owner",),
}
"""The rehearsal's five people. They act (``auth: lab``) only in a home whose first entry says ``purpose: lab``."""

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
    """Make a new home and return it; ``Refused`` where there is one already.

    The person at this terminal becomes the first ``admin`` and holds ``roles`` too.
    """
    require_new(root)
    home = Home(root)
    make_folder(home.root, 0o755)
    if not home.config.exists():
        place_exclusive(home.config, starter.encode(), 0o644)
    keep_bytes(home)
    config = settings.load(home.config)
    installation = open_stage(root, config, purpose)
    _add_people(installation, purpose, name, roles)
    reserve(installation)
    for stage in settings.other_stages(config):
        open_stage(root, settings.for_stage(config, stage), purpose).ledger.log.close()
    return installation


def keep_bytes(home: Home) -> None:
    """Tell git to leave the evidence as it is: converted line ends are other bytes, which no signature fits.

    A ``.gitattributes`` that is there is kept, the line added at its end; one that is no plain file is left alone.
    """
    path, line = home.root / ".gitattributes", b"audit/** -text\n"
    with contextlib.suppress(FileExistsError):
        place_exclusive(path, line, 0o644)
        return
    with contextlib.suppress(OSError):
        descriptor = open_plain(path, os.O_RDWR | os.O_APPEND)
        with os.fdopen(descriptor, "r+b") as stream:
            found = stream.read()
            if line.strip() not in (one.strip() for one in found.splitlines()):
                stream.write((b"" if found.endswith(b"\n") or not found else b"\n") + line)


def require_new(root: Path) -> None:
    """``Refused`` where the folder is a home already."""
    if Home(root).store.exists():
        raise Refused(f"{Home(root).store} exists: this home has a ledger already; see: stage4 status --home {root}")


def add_stage(root: Path, stage: str) -> Installation:
    """Open another ledger of an existing home, named in its configuration; ``Refused`` where it is there already."""
    config = settings.for_stage(settings.load(Home(root).config), stage)
    if Home(root, stage).store.exists():
        raise Refused(f"{Home(root, stage).store} exists: this home has that ledger already")
    return open_stage(root, config, "production")


def open_stage(root: Path, config: Config, purpose: Literal["production", "lab"]) -> Installation:
    """Keys, store and first entry of one ledger."""
    home = Home(root, config.stage)
    signer = _signer(home, config)
    key_id = keys.new_key_id(config.stage, now())
    key = keys.read_hmac_key(home.path(config.hmac_key_file), key_id, config.hmac_algorithm)
    make_folder(home.path(config.override_directory))
    moved, digest = _move_earlier_log(home)
    ledger = Ledger(Log(home.store, create=True), stage=config.stage, key=key, signer=signer, clock=now)
    opening = OpenLedger(
        purpose=purpose,
        checkpoint_key=format_verifier(signer.verifier),
        hmac_key_id=key_id,
        hmac_algorithm=config.hmac_algorithm,
        earlier_log_path=moved,
        earlier_log_sha384=digest,
    )
    ledger.submit(Request(command=opening, actor=SYSTEM, at=now(), id=new_request_id()))
    installation = Installation(home, config, ledger)
    installation.publish()
    return installation


def make_keys(home: Home, config: Config) -> Signer:
    """Both keys under a new origin; ``Refused`` where there are keys already."""
    origin = f"stage4-ledger.invalid/{config.stage}/{secrets.token_hex(8)}"
    return keys.create(home.path(config.hmac_key_file), home.path(config.checkpoint_key_file), origin)


def _signer(home: Home, config: Config) -> Signer:
    """Keys that were made before (``stage4 keys new``) are used, else new ones."""
    path = home.path(config.checkpoint_key_file)
    public = keys.verifier_path(path)
    if not (path.exists() and public.exists() and home.path(config.hmac_key_file).exists()):
        return make_keys(home, config)
    if home.published_checkpoint.exists():
        raise Refused(
            f"these keys signed a ledger before ({home.published_checkpoint}), but {home.store} is missing. A second "
            "history under the same keys would be taken for tampering: restore the store, or move keys and audit away"
        )
    verifier = parse_verifier(public.read_text("utf-8").strip())
    signer = keys.read_signer(path, verifier.name)
    if signer.verifier != verifier:
        raise Corrupt(f"{public} is not the public half of {path}")
    return signer


def _move_earlier_log(home: Home) -> tuple[str, str]:
    """An existing log is kept as ``stage4.before-ledger.jsonl``; its digest stands in the first entry."""
    if not home.published.exists():
        return "", ""
    aside = home.published.with_name(f"{home.stage}.before-ledger.jsonl")
    if aside.exists():
        raise Refused(f"both {home.published} and {aside} exist; move one of them away first")
    os.link(home.published, aside)
    home.published.unlink()
    return str(aside), digest_file(aside)


def _add_people(installation: Installation, purpose: str, name: str, roles: tuple[str, ...]) -> None:
    first = Person(new_person_id(), name or f"uid {login_uid()}", login_uid())
    held = tuple(dict.fromkeys(("admin", *roles)))
    actor = Actor(person=first.id, auth="os", os=os_identity())
    installation.submit(AddPerson(person=first.id, roles=held), SYSTEM)
    installation.people.put(first)
    for person, lab_roles in LAB_PEOPLE.items() if purpose == "lab" else ():
        installation.submit(AddPerson(person=person, roles=lab_roles), actor)
        title = person.removeprefix("lab-").replace("-", " ").title()
        Directory(installation.home.people).put(Person(person, f"{title} (lab)", None))
