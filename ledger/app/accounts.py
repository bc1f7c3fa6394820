"""Accounts of the dashboard: passwords (argon2id, RFC 9106), sessions, and a limit on guessing.

A login name belongs to one person of the ledger; what that person may do is in the ledger alone.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final, NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ledger.app.home import Home
from ledger.app.ledger import Clock
from ledger.errors import Refused
from ledger.store.accounts import Account, AccountStore, SessionRow

SHORTEST: Final = 10
"""Characters of a password at least (NIST SP 800-63B asks for 8 and no rules of composition)."""
LONGEST: Final = 200
LIFE: Final = 12 * 3600
"""Seconds after which a session ends, used or not."""
IDLE: Final = 2 * 3600
"""Seconds without use after which it ends."""
GUESSES: Final = 8
"""Failed sign-ins of one account or one address within :data:`WITHIN` seconds; then both wait."""
WITHIN: Final = 300
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_WRONG = "the name or the password is wrong"


class SignedIn(NamedTuple):
    """Who a browser is."""

    person: str
    token: str
    """SHA-256 of the browser's token: names the session in the store."""
    must_change: bool


class Accounts:
    """The accounts of one home, in ``var/web/accounts.sqlite``."""

    def __init__(self, home: Home, clock: Clock, hasher: PasswordHasher | None = None) -> None:
        self._store = AccountStore(home.var / "web" / "accounts.sqlite")
        self._clock = clock
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_hex(16))

    def add(self, login: str, person: str, password: str, *, must_change: bool = False) -> None:
        """Give a person a login name and a password; ``Refused`` where the name is taken or either is not fit."""
        if not _LOGIN.fullmatch(login):
            raise Refused("a login name has lower-case letters, digits and . _ @ - only, at most 64 of them")
        taken = self._store.account(login)
        if taken is not None and taken.person != person:
            raise Refused(f"the login name {login} is taken")
        self._store.put(Account(login, person, self._hashed(password), self._now(), must_change))

    def any(self) -> bool:
        """Whether there is any account."""
        return bool(self._store.accounts())

    def login_of(self, person: str) -> str:
        """The person's login name, or ``""``."""
        account = self._store.account_of(person)
        return account.login if account else ""

    def sign_in(self, login: str, password: str, address: str, agent: str) -> tuple[str, SignedIn]:
        """A new session: the token for the browser, and who it is. ``Refused`` tells nobody what was wrong."""
        keys = (f"login:{login}", f"address:{address}")
        for key in keys:
            self.require_patience(key)
        account = self._store.account(login)
        if not self._fits(account.hash if account else self._nobody, password) or account is None:
            for key in keys:
                self._store.fail(key, self._now())
            raise Refused(_WRONG)
        self._store.clear(keys[0])
        token = secrets.token_urlsafe(32)
        row = SessionRow(_digest(token), account.person, self._now(), self._now(), address[:100], agent[:200])
        self._store.forget_before(self._now() - LIFE)
        self._store.open(row)
        return token, SignedIn(account.person, row.token, account.must_change)

    def require_patience(self, key: str) -> None:
        """``Refused`` where a key failed too often lately."""
        if self._store.failures(key, self._now() - WITHIN) >= GUESSES:
            raise Refused(f"too many failed sign-ins; wait {WITHIN // 60} minutes and try again")

    def who(self, token: str) -> SignedIn | None:
        """Whose token it is; None where it is unknown, ended or too old."""
        row = self._store.session(_digest(token)) if token else None
        at = self._now()
        if row is None or at - row.opened > LIFE or at - row.seen > IDLE:
            return None
        if at - row.seen > 60:
            self._store.touch(row.token, at)
        account = self._store.account_of(row.person)
        return SignedIn(row.person, row.token, account.must_change) if account else None

    def check(self, person: str, password: str) -> None:
        """Ask for the password again before something grave; ``Refused`` where it is wrong or was wrong too often."""
        account, key = self._store.account_of(person), f"again:{person}"
        self.require_patience(key)
        if account is None or not self._fits(account.hash, password):
            self._store.fail(key, self._now())
            raise Refused("the password is wrong; nothing was done")
        self._store.clear(key)

    def change(self, person: str, password: str, keep: str = "") -> None:
        """The person's own new password; all other sessions of theirs end."""
        account = self._known(person)
        if self._fits(account.hash, password):
            raise Refused("that is the password that you have; choose another one")
        self._store.put(account._replace(hash=self._hashed(password), changed=self._now(), must_change=False))
        self._store.end_all(person, keep)

    def reset(self, person: str) -> str:
        """A new password, shown once, to be changed at the next sign-in; all sessions end."""
        password, account = generate(), self._known(person)
        self._store.put(account._replace(hash=self._hashed(password), changed=self._now(), must_change=True))
        self._store.end_all(person)
        return password

    def sessions(self, person: str) -> list[SessionRow]:
        """A person's sessions, newest first."""
        return self._store.sessions(person)

    def end(self, token: str) -> None:
        """End a session by the name that the store has for it."""
        self._store.end(token)

    def end_all(self, person: str, but: str = "") -> None:
        """End a person's sessions, except one."""
        self._store.end_all(person, but)

    def remove(self, person: str) -> None:
        """Take the account away."""
        self._store.remove(person)

    def _known(self, person: str) -> Account:
        account = self._store.account_of(person)
        if account is None:
            raise Refused(f"{person} has no account; give one with: stage4 people password {person}")
        return account

    def _hashed(self, password: str) -> str:
        if not SHORTEST <= len(password) <= LONGEST:
            raise Refused(f"a password has from {SHORTEST} to {LONGEST} characters; a few words in a row do well")
        return self._hasher.hash(password)

    def _fits(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password[:LONGEST])
        except (VerificationError, InvalidHashError):
            return False

    def _now(self) -> float:
        return self._clock().timestamp()


def generate() -> str:
    """A password of four groups of five characters that are not mistaken for one another (about 100 bits)."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
