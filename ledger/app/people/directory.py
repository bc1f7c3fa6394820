"""Who acts in a terminal, and the names behind person ids. Names live outside the chain and can be erased there."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ledger.app.home.folders import Home
from ledger.domain.command import Actor
from ledger.domain.state import State
from ledger.errors import Corrupt, LedgerError, Refused, Unreachable
from ledger.files import locked, make_folder, replace
from ledger.said import Said
from ledger.stop import login_uid as login_uid  # people are known by it

LAB_PEOPLE = {
    "lab-incident-manager": ("incident_manager",),
    "lab-l2-ops": ("l2_ops",),
    "lab-observability": ("observability",),
    "lab-noc": ("noc",),
    "lab-product-owner": ("product_owner",),
}
"""The rehearsal's five people. They act (``auth: lab``) only in a home whose first entry says ``purpose: lab``."""


class Person(NamedTuple):
    """One line of the directory."""

    id: str
    name: str
    uid: int | None
    """Login uid on this installation's machine, or None for somebody who has no shell there."""


class Directory:
    """``var/people.json``: id -> name and uid, mode 600."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def people(self) -> list[Person]:
        """Everybody, by id."""
        try:
            page = json.loads(self.path.read_bytes())
            return [Person(key, value["name"], value["uid"]) for key, value in sorted(page.items())]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise Unreachable(Said("{} cannot be read: {}", self.path, error.strerror)) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Corrupt(Said("{} is not the directory of people it should be: {}", self.path, error)) from error

    def names(self) -> dict[str, str]:
        """Names behind ids, to be shown; none where the directory cannot be read: then ids are."""
        try:
            return {person.id: person.name for person in self.people()}
        except LedgerError:
            return {}

    def changed(self) -> int:
        """Another number whenever the file is another one (nanoseconds of its last change; 0 where there is none)."""
        try:
            return os.stat(self.path).st_mtime_ns  # noqa: PTH116  (for every page, and twice as quick)
        except OSError:
            return 0

    def name(self, person: str) -> str:
        """The person's name, or the id itself where there is none."""
        return next((line.name for line in self.people() if line.id == person), person)

    def by_uid(self, uid: int) -> Person | None:
        """The person of a login uid."""
        return next((person for person in self.people() if person.uid == uid), None)

    @contextlib.contextmanager
    def alone(self) -> Iterator[Lines]:
        """The directory for one writer at a time, of all threads and processes; read anew, and only read until then.

        Whoever must know that a name or a uid is free looks and writes inside one such block. ``Unreachable`` where
        another one holds it for over ten seconds, or where it cannot be written: the same may then be tried again.
        """
        try:
            make_folder(self.path.parent)
            with locked(self.path.with_suffix(".lock")):
                yield Lines(self.path, {person.id: person for person in self.people()})
        except OSError as error:
            raise Unreachable(
                Said("{} cannot be changed: {}. Try the same again", self.path, error.strerror)
            ) from error

    def put(self, person: Person) -> None:
        """Add or change one line."""
        with self.alone() as lines:
            lines.put(person)

    def erase(self, person: str) -> bool:
        """Forget a person's name and uid; whether there was such a line. What others copied is not reached."""
        with self.alone() as lines:
            return lines.forget(person)


class Lines:
    """The directory in the hands of its one writer."""

    def __init__(self, path: Path, people: dict[str, Person]) -> None:
        self._path = path
        self._people = people

    def __iter__(self) -> Iterator[Person]:
        return iter(tuple(self._people.values()))

    def __contains__(self, person: object) -> bool:
        return person in self._people

    def put(self, person: Person) -> None:
        """Add or change one line; it is on disk when this returns."""
        if self._people.get(person.id) != person:
            self._write(self._people | {person.id: person})

    def forget(self, person: str) -> bool:
        """Remove a line; whether there was one."""
        if person not in self._people:
            return False
        self._write({key: line for key, line in self._people.items() if key != person})
        return True

    def _write(self, people: dict[str, Person]) -> None:
        page = {key: {"name": person.name, "uid": person.uid} for key, person in sorted(people.items())}
        replace(self._path, json.dumps(page, indent=2, ensure_ascii=False).encode() + b"\n", 0o600)
        self._people = people


def erase_person(directory: Directory, state: State, actor: Actor, person: str) -> None:
    """Forget who a deactivated person was, by an admin. Entries name the id alone and stay as they are."""
    if "admin" not in state.people.get(actor.person, frozenset()):
        raise Refused(Said("this needs the role admin; {} does not hold it", actor.person))
    if person in state.people and person not in state.deactivated:
        raise Refused(Said("{} may still act; first deactivate that person: stage4 people deactivate", person))
    if not directory.erase(person):
        raise Refused(Said("the directory has no name for {}; there is nothing to erase", person))


def new_person_id() -> str:
    """An opaque id such as ``p-4f9c2``."""
    return "p-" + secrets.token_hex(3)[:5]


def os_identity() -> dict[str, Any]:
    """What the system says about who runs this process. ``sudo_user`` is a claim."""
    identity: dict[str, Any] = {"host": socket.gethostname(), "login_uid": login_uid(), "uid": os.getuid()}
    if sudo := os.environ.get("SUDO_USER"):
        identity["sudo_user"] = sudo[:64]
    return identity


def terminal_actor(home: Home, state: State, acting_as: str = "") -> Actor:
    """The person at this terminal; with ``acting_as`` one of the lab's five people, in a lab home only."""
    if acting_as:
        if state.opened is None or state.opened.purpose != "lab":
            raise Refused("--as works only in a home made for the lab; here you act as who you logged in as")
        if acting_as not in state.people:
            raise Refused(Said("{} is nobody here; the lab has {}", ascii(acting_as), ", ".join(sorted(state.people))))
        return Actor(person=acting_as, auth="lab")
    people = Directory(home.people).people()
    person = next((line for line in people if line.uid == login_uid()), None)
    if not state.people:
        raise Refused(
            Said(
                "nobody is a person of this ledger yet: its init was interrupted. Run it again: stage4 init --home {}",
                home.root,
            )
        )
    if not any(line.id in state.people for line in people):
        raise Refused(
            Said(
                "{} names nobody of this ledger: put a copy back, or see what names them again: stage4 "
                "doctor --home {}",
                home.people,
                home.root,
            )
        )
    if person is None or person.id not in state.people:
        raise Refused(
            Said(
                "uid {} is no person of this ledger; an admin adds you: stage4 people add NAME --uid {} --role l2_ops",
                login_uid(),
                login_uid(),
            )
        )
    if person.id in state.deactivated:
        raise Refused(
            Said("{} was deactivated by entry {} and can no longer act", person.id, state.deactivated[person.id])
        )
    return Actor(person=person.id, auth="os", os=os_identity())


UNKNOWN = "unknown"
"""Who acts where nobody knows who it is: only a stop is taken from them, as a claim."""


def stop_actor(home: Home, state: State, acting_as: str = "") -> Actor:
    """Who presses the stop at this terminal. Never refused: whoever is unknown or deactivated presses it too."""
    try:
        return terminal_actor(home, state, acting_as)
    except (LedgerError, OSError):
        person = None
    with contextlib.suppress(LedgerError, OSError):
        person = Directory(home.people).by_uid(login_uid())
    known = person is not None and person.id in state.people
    return Actor(person=person.id if person and known else UNKNOWN, auth="os", os=os_identity())
