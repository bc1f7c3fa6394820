"""Accounts of the dashboard: passwords (argon2id, RFC 9106), sessions, and a limit on guessing.

A login name belongs to one person of the ledger; what that person may do is in the ledger alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
import threading
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ledger.app.home.folders import Home
from ledger.app.people.access import count_failed_sign_in, note
from ledger.app.people.guess_limits import GUESSES, STRANGE, WITHIN, Device, limits
from ledger.app.record.ledger import Clock
from ledger.domain.access.events import PasswordChanged, PasswordMade, SessionsEnded, SignedOut
from ledger.domain.access.events import SignedIn as AccessSignedIn
from ledger.domain.event import Event
from ledger.errors import Refused, Unreachable
from ledger.said import Said
from ledger.store.open import open_accounts
from ledger.store.values import Account, SessionRow

SHORTEST: Final = 10
"""Characters of a password at least (NIST SP 800-63B asks for 8 and no rules of composition)."""
LONGEST: Final = 200
LIFE: Final = 12 * 3600
"""Seconds after which a session ends, used or not."""
IDLE: Final = 2 * 3600
"""Seconds without use after which it ends."""
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_HASHING = threading.BoundedSemaphore(4)
"""Each hash takes 64 MiB and a core; a crowd at the door queues instead of filling the memory."""
REMEMBERED = 1000
"""Sessions that the stop still knows while their file cannot be had."""
Cause = Literal["password", "asked", "no_role", "deactivated"]
_WRONG = "the name or the password is wrong"


class SignedIn(NamedTuple):
    """Who a browser is."""

    person: str
    token: str
    """SHA-256 of the browser's token: names the session in the store."""
    must_change: bool


def accounts_file(home: Home) -> Path:
    """Where a home's accounts are."""
    return home.var / "web" / "accounts.sqlite"


class _Known(NamedTuple):
    """A session as it was read last."""

    row: SessionRow
    found: SignedIn
    file: int
    """Which making of the accounts' file it stood in: who is missing in a new one has not left."""


class Accounts:
    """The accounts of one home, in ``var/web/accounts.sqlite``."""

    def __init__(self, home: Home, clock: Clock, hasher: PasswordHasher | None = None) -> None:
        self._home = home
        self._store = open_accounts(accounts_file(home))
        self._clock = clock
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_hex(16))
        self._guard = threading.Lock()
        self._known_last: dict[str, _Known] = {}

    def add(self, login: str, person: str, password: str, *, must_change: bool = False, by: str = "system") -> None:
        """Give a person a login name and a password; ``Refused`` where the name is taken or either is not fit."""
        self.require_login(login, person)
        kind = PasswordMade if self._store.account_of(person) is None else PasswordChanged
        self._store.put(Account(login, person, self._hashed(password), self._now(), must_change))
        self._note(kind(person=person, by=by, at=self._clock()))
        self._end_all(person, "password", by)

    def require_login(self, login: str, person: str = "") -> None:
        """``Refused`` where the person cannot have that login name."""
        check_login(login)
        taken = self._store.account(login)
        if taken is not None and taken.person != person:
            raise Refused(Said("the login name {} is taken", login))

    def any(self) -> bool:
        """Whether there is any account."""
        return bool(self._store.accounts())

    def login_of(self, person: str) -> str:
        """The person's login name, or ``""``."""
        account = self._store.account_of(person)
        return account.login if account else ""

    def sign_in(
        self,
        login: str,
        password: str,
        address: str,
        agent: str,
        may: Callable[[str], bool] = lambda _: True,
        device: Device = STRANGE,
    ) -> tuple[str, SignedIn]:
        """A new session: the token for the browser, and who it is. ``Refused`` tells nobody what was wrong.

        Each try counts before it is judged, so that many at once are not more than many in a row; one that succeeds
        is taken off again. ``may`` says of a person whether they may sign in at all, ``device`` what the browser
        proved to be.
        """
        at = self._now()
        counted: list[str] = []
        try:
            known = self._store.account(login)
            for key, limit in limits(login, known.person if known else "", address, device):
                self._try(key, limit, at)
                counted.append(key)
            account = self._prove(login, password, may)
        except Refused:
            count_failed_sign_in(self._home.root)
            raise
        self._store.clear(counted.pop())
        for key in counted:
            self._store.forgive(key, at)
        token = secrets.token_urlsafe(32)
        row = SessionRow(digest_token(token), account.person, at, at, address[:100], agent[:200])
        self._store.forget_before(at - LIFE)
        self._store.open(row)
        self._note(AccessSignedIn(person=account.person, address=row.address, at=self._clock()))
        return token, SignedIn(account.person, row.token, account.must_change)

    def _prove(self, login: str, password: str, may: Callable[[str], bool]) -> Account:
        """The account; a name that nobody has takes as long as one that somebody has."""
        account = self._store.account(login)
        if not self._fits(account.hash if account else self._nobody, password) or account is None:
            raise Refused(_WRONG)
        if not may(account.person):
            raise Refused("this account has no role any more; ask an admin")
        return account

    def _try(self, key: str, limit: int, at: float) -> None:
        if not self._store.attempt(key, at, at - WITHIN, limit):
            raise Refused(Said("too many failed sign-ins; wait {} minutes and try again", WITHIN // 60))

    def who(self, token: str, *, used: bool = True) -> SignedIn | None:
        """Whose token it is; None where it is unknown, ended or too old. ``used``: a person did this, not a timer."""
        name = digest_token(token) if token else ""
        row, account = (self._store.session_of(name) if name else None) or (None, None)
        if row is None or not self._stands(row):
            if row is not None or not self._lost(name):
                self._forget(lambda session: session.token == name)
            return None
        at = self._now()
        if used and at - row.seen > 60:
            with contextlib.suppress(Unreachable):  # a busy file never turns anybody away
                self._store.touch(row.token, at)
                row = row._replace(seen=at)
        if account is None:
            return None
        signed_in = SignedIn(row.person, row.token, account.must_change)
        self._remember(row, signed_in)
        return signed_in

    def who_last(self, token: str) -> SignedIn | None:
        """Whose token it was when that could be read last. For the stop alone, where the file cannot be had or is lost.

        Who left, or was ended as far as anybody here was told, is nobody.
        """
        known = self._known_last.get(digest_token(token))
        return known.found if known is not None and self._stands(known.row) else None

    def _lost(self, name: str) -> bool:
        """Whether the session stood in a file that was lost since."""
        known = self._known_last.get(name)
        return known is not None and known.file != self._store.made

    def _stands(self, row: SessionRow) -> bool:
        at = self._now()
        return at - row.opened <= LIFE and at - row.seen <= IDLE

    def _forget(self, ended: Callable[[SignedIn], bool]) -> None:
        """Sessions that have ended; after the store knows it, or who asks meanwhile would bring them back."""
        with self._guard:
            self._known_last = {name: known for name, known in self._known_last.items() if not ended(known.found)}

    def _remember(self, row: SessionRow, signed_in: SignedIn) -> None:
        with self._guard:
            self._known_last.pop(row.token, None)
            self._known_last[row.token] = _Known(row, signed_in, self._store.made)
            while len(self._known_last) > REMEMBERED:
                self._known_last.pop(next(iter(self._known_last)))

    def check(self, person: str, password: str) -> None:
        """Ask for the password again before something grave; ``Refused`` where it is wrong or was wrong too often."""
        account, key = self._store.account_of(person), f"again:{person}"
        self._try(key, GUESSES, self._now())
        if account is None or not self._fits(account.hash, password):
            raise Refused("the password is wrong; nothing was done")
        self._store.clear(key)

    def change(self, person: str, password: str, keep: str = "") -> str:
        """The person's own new password; all other sessions of theirs end.

        The session ``keep`` goes on under the token that comes back: whoever knew the old one is out.
        """
        account = self._known(person)
        if self._fits(account.hash, password):
            raise Refused("that is the password that you have; choose another one")
        self._put(account, password, person, must_change=False)
        self._end_all(person, "password", person, keep)
        token = secrets.token_urlsafe(32)
        self._store.rename(keep, digest_token(token))
        self._forget(lambda session: session.token == keep)
        return token

    def reset(self, person: str, by: str = "system", password: str = "", *, must_change: bool = True) -> str:
        """A new password (generated where none is given); all sessions end. ``must_change``: at the next sign-in."""
        given = password or generate()
        self._put(self._known(person), given, by, must_change=must_change)
        self._end_all(person, "password", by)
        return given

    def sessions(self, person: str) -> list[SessionRow]:
        """A person's sessions that still stand, newest first."""
        return [row for row in self._store.sessions(person) if self._stands(row)]

    def seen(self) -> dict[str, float]:
        """Person -> when a session of theirs was used last, in Unix seconds."""
        return self._store.seen()

    def leave(self, token: str) -> None:
        """A person signs out: ends the session by the name that the store has for it."""
        row = self._store.session(token)
        self._store.end(token)
        self._forget(lambda session: session.token == token)
        if row is not None:
            self._note(SignedOut(person=row.person, at=self._clock()))

    def end(self, person: str, token: str, by: str) -> None:
        """End one session of a person; ``Refused`` where that person has no such session."""
        row = self._store.session(token)
        if row is None or row.person != person:
            raise Refused("this session has ended already")
        self._store.end(token)
        self._forget(lambda session: session.token == token)
        self._note(SessionsEnded(person=person, number=1, cause="asked", by=by, at=self._clock()))

    def end_all(self, person: str, cause: Cause, by: str, but: str = "") -> None:
        """End a person's sessions, except one."""
        self._end_all(person, cause, by, but)

    def remove(self, person: str, by: str) -> None:
        """Take the account away; its login name is free again."""
        self._end_all(person, "deactivated", by)
        self._store.remove(person)

    def _end_all(self, person: str, cause: Cause, by: str, but: str = "") -> None:
        number = self._store.end_all(person, but)
        self._forget(lambda session: session.person == person and session.token != but)
        if number:
            self._note(SessionsEnded(person=person, number=number, cause=cause, by=by, at=self._clock()))

    def _put(self, account: Account, password: str, by: str, *, must_change: bool) -> None:
        self._store.put(account._replace(hash=self._hashed(password), changed=self._now(), must_change=must_change))
        # Who was locked out by guesses gets in with the new one.
        self._store.clear_ending(f" {account.login}")
        self._note(PasswordChanged(person=account.person, by=by, at=self._clock()))

    def _note(self, event: Event) -> None:
        note(self._home.root, event)

    def _known(self, person: str) -> Account:
        account = self._store.account_of(person)
        if account is None:
            raise Refused(Said("{} has no account; give one with: stage4 people password {}", person, person))
        return account

    def _hashed(self, password: str) -> str:
        plain = check_password(password)
        with _HASHING:
            return self._hasher.hash(plain)

    def _fits(self, hashed: str, password: str) -> bool:
        """Whether the password is the one; it takes as long where it cannot be."""
        plain = _plain(password)
        try:
            with _HASHING:
                return self._hasher.verify(hashed, (plain or "")[: LONGEST + 1]) and plain is not None
        except (VerificationError, InvalidHashError):
            return False

    def _now(self) -> float:
        return self._clock().timestamp()


def generate() -> str:
    """A password of four groups of five characters that are not mistaken for one another (about 100 bits)."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))


def check_login(login: str) -> None:
    """``Refused`` for a login name that nobody can have."""
    if not _LOGIN.fullmatch(login):
        raise Refused("a login name has lower-case letters, digits and . _ @ - only, at most 64 of them")


def check_password(password: str) -> str:
    """The password as it is hashed (NFC); ``Refused`` where it is too short, too long or not Unicode."""
    plain = _plain(password)
    if plain is None or not SHORTEST <= len(plain) <= LONGEST:
        raise Refused(Said("a password has from {} to {} characters; a few words in a row do well", SHORTEST, LONGEST))
    return plain


def digest_token(token: str) -> str:
    """The name that the store has for a browser's session."""
    return hashlib.sha256(token.encode()).hexdigest()


def _plain(password: str) -> str | None:
    """One form for one text, however a keyboard composes it (NFC); None where it is not Unicode."""
    try:
        password.encode()
    except UnicodeEncodeError:
        return None
    return unicodedata.normalize("NFC", password)
