"""A dashboard on a lab home without servers; people who sign in for real, with a hasher that is quick."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from ledger.app.home.setup import LAB_ROLES, init
from ledger.app.installation import Installation
from ledger.app.people.accounts import Accounts
from ledger.app.people.directory import LAB_PEOPLE
from ledger.app.press import Press
from ledger.app.reading.outlook import Lookout
from ledger.domain.command import SYSTEM, Actor
from ledger.domain.people.commands import AddPerson
from web import Site, create_app

PASSWORD = "four plain words here"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ROLES = ("incident_manager", "l2_ops", "observability", "noc", "product_owner", "auditor", "admin")
SAME_SITE = {"Sec-Fetch-Site": "same-origin"}


class Browser(FlaskClient):
    """A client whose posts say that they come from the site's own pages, as a browser's do."""

    def open(self, *args, **kwargs):
        headers = dict(kwargs.pop("headers", {}) or {})
        return super().open(*args, headers={"Accept": "text/html", **SAME_SITE, **headers}, **kwargs)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = init(tmp_path / "home", purpose="lab", name="You", roles=LAB_ROLES)
    yield made
    made.ledger.log.close()


@pytest.fixture
def site(installation: Installation) -> Site:
    """The five people of the lab and ``lab-auditor``, ``lab-admin``: the login is the role, one password for all."""
    accounts = Accounts(installation.home, installation.clock, QUICK)
    for role in ("auditor", "admin"):
        installation.submit(AddPerson(person=f"lab-{role}", roles=(role,)), Press(SYSTEM))
    for person in (*LAB_PEOPLE, "lab-auditor", "lab-admin"):
        accounts.add(person.removeprefix("lab-").replace("-", "_"), person, PASSWORD)
    return Site(installation, accounts, Lookout(installation), secret=b"a secret of this test")


@pytest.fixture
def app(site: Site) -> Flask:
    made = create_app(site)
    made.test_client_class = Browser
    return made


@pytest.fixture
def stranger(app: Flask) -> FlaskClient:
    """A browser that has not signed in."""
    return app.test_client()


@pytest.fixture
def browser(app: Flask):
    """``browser("noc")``: a browser in which the person with that role is signed in."""

    def signed_in(role: str) -> FlaskClient:
        client = app.test_client()
        answer = client.post("/sign-in", data={"login": role, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        return client

    return signed_in


def person(role: str) -> Actor:
    """The lab's person of a role, for acts that do not go through a page."""
    return Actor(person="lab-" + role.replace("_", "-"), auth="lab")
