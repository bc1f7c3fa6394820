"""What every request needs, built once by whoever starts the server and found again through the Flask application."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from ipaddress import IPv4Network, IPv6Network
from typing import TypeAlias, cast

from flask import current_app

from ledger.app.installation import Installation
from ledger.app.people.accounts import Accounts
from ledger.app.reading.finding import Digests
from ledger.app.reading.outlook import Lookout
from ledger.app.reading.timeline import Timeline
from ledger.app.setup_list.looks import Looks
from ledger.app.soundness.guard import Guard
from web.hub import Hub
from web.jobs import Jobs
from web.sentences import translate

Networks: TypeAlias = tuple[IPv4Network | IPv6Network, ...]


@dataclass
class Site:
    """One dashboard of one installation."""

    installation: Installation
    accounts: Accounts
    lookout: Lookout
    """What the outside looked like last; pages never ask it themselves."""
    hub: Hub = field(default_factory=Hub)
    """Tells the open browsers."""
    jobs: Jobs = field(default_factory=Jobs)
    """The presses that run."""
    people: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Who held which roles when the ledger could be read last."""
    secret: bytes = b""
    """Signs the cookies."""
    proxies: Networks = ()
    """Who is believed about addresses, https and names: the proxy in front. Empty: nobody."""
    hosts: tuple[str, ...] = ()
    """The names that this server answers to beside this machine's own; with ``.`` before it, all names below it too."""
    guard: Guard = field(init=False)
    """Looks at the ledger itself, and says what does not hold."""
    last_look: float = 0.0
    """When the observer looked last, in Unix seconds."""
    unobserved: Callable[[], str] = lambda: ""
    """That nobody observes, in a sentence; ``""`` while somebody does."""

    digests: Digests = field(default_factory=Digests)
    """Finds an entry by its digest."""
    setup: Looks = field(init=False)
    """What was seen of the setup list."""
    timeline: Timeline = field(init=False)
    """Finds entries; what it remembers is compared with them after each look at everything."""

    def __post_init__(self) -> None:
        self.setup = Looks(self.installation)
        self.timeline = Timeline(self.installation, partial(translate, tongue="pl"))
        self.guard_by(Guard(self.installation.home.root, [self.installation.ledger], self.installation.clock))

    def guard_by(self, guard: Guard) -> None:
        """Let this one look at the ledger."""
        self.guard = guard
        guard.looked_at_everything = self.timeline.check

    @property
    def verified(self) -> datetime | None:
        """When the ledger was read as a whole last, and found whole."""
        return self.guard.verified


KEY = "stage4"


def site() -> Site:
    """The site that this request is for."""
    return cast("Site", current_app.extensions[KEY])
