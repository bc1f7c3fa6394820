"""Guessing passwords is bounded, and nobody can use the bounds against somebody else."""

from __future__ import annotations

from itertools import product

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ledger.app.people.guess_limits import FROM_ONE_PLACE, GUESSES, WITHIN, place_of
from tests.app.builders import Clock
from web import Site, create_app
from web.proxy import networks

from .conftest import PASSWORD, Browser

WRONG = "a wrong one"
TOO_MANY = "Too many failed sign-ins"


@pytest.fixture
def clock(installation):
    installation.clock = Clock()
    return installation.clock


@pytest.fixture
def app(clock, site: Site) -> Flask:
    """Behind a proxy, so that a test says where somebody is."""
    here = Site(site.installation, site.accounts, site.lookout, secret=site.secret, proxies=networks("loopback"))
    made = create_app(here)
    made.test_client_class = Browser
    return made


def enter(client: FlaskClient, login: str, password: str, place: str = "198.51.100.7"):
    return client.post("/sign-in", data={"login": login, "password": password}, headers={"X-Forwarded-For": place})


def test_eight_wrong_passwords_from_one_place_close_that_place_for_that_name_alone(app, clock):
    guesser = app.test_client()
    for _ in range(GUESSES):
        assert "is wrong" in enter(guesser, "noc", WRONG).text
    assert TOO_MANY in enter(guesser, "noc", PASSWORD).text
    assert enter(app.test_client(), "l2_ops", PASSWORD).status_code == 303
    clock.move(seconds=WITHIN + 1)
    assert enter(app.test_client(), "noc", PASSWORD).status_code == 303


def test_nobody_elsewhere_can_lock_a_person_out(app):
    for number, _ in product(range(30), range(GUESSES)):
        enter(app.test_client(), "noc", WRONG, f"203.0.113.{number}")
    assert enter(app.test_client(), "noc", PASSWORD).status_code == 303


def test_a_place_that_is_closed_uses_up_nobodys_name(app, site):
    guesser = app.test_client()
    for number in range(FROM_ONE_PLACE):
        enter(guesser, f"nobody{number}", WRONG)
    for _ in range(GUESSES):
        assert TOO_MANY in enter(guesser, "noc", WRONG).text
    site.accounts._store.clear("address:198.51.100.7")
    assert enter(guesser, "noc", PASSWORD).status_code == 303


def test_a_device_that_signed_in_before_goes_through_a_closed_place(app):
    own, guesser = app.test_client(), app.test_client()
    assert enter(own, "noc", PASSWORD).status_code == 303
    own.post("/sign-out")
    for number in range(FROM_ONE_PLACE + GUESSES):
        enter(guesser, "noc" if number < GUESSES else f"nobody{number}", WRONG)
    assert TOO_MANY in enter(guesser, "noc", PASSWORD).text
    assert enter(own, "noc", PASSWORD).status_code == 303
    assert TOO_MANY in enter(own, "l2_ops", PASSWORD).text, "it is known for one person, not for another"


def test_a_known_device_has_its_own_bound(app):
    own = app.test_client()
    enter(own, "noc", PASSWORD)
    for number in range(GUESSES):
        assert "is wrong" in enter(own, "noc", WRONG, f"203.0.113.{number}").text
    assert TOO_MANY in enter(own, "noc", PASSWORD, "203.0.113.99").text
    assert enter(app.test_client(), "noc", PASSWORD).status_code == 303, "and closes no other door"


def test_a_device_is_known_only_by_what_this_server_signed(app, site):
    own = app.test_client()
    enter(own, "noc", PASSWORD)
    good = own.get_cookie("stage4_device").value
    other = create_app(Site(site.installation, site.accounts, site.lookout, secret=b"another", proxies=()))
    other.test_client_class = Browser
    foreign = other.test_client()
    foreign.post("/sign-in", data={"login": "noc", "password": PASSWORD})
    guesser = app.test_client()
    for _ in range(GUESSES):
        enter(guesser, "noc", WRONG)
    forged = good[:-5] + ("A" if good[-5] != "A" else "B") + good[-4:]  # the last one has bits that nobody reads
    for value in (forged, foreign.get_cookie("stage4_device").value, "x", ""):
        guesser.set_cookie("stage4_device", value)
        assert TOO_MANY in enter(guesser, "noc", PASSWORD).text
    session = own.get_cookie("stage4_session").value
    guesser.set_cookie("stage4_device", session)
    assert TOO_MANY in enter(guesser, "noc", PASSWORD).text, "a session is no device"
    guesser.set_cookie("stage4_device", good)
    assert enter(guesser, "noc", PASSWORD).status_code == 303


def test_a_browser_remembers_several_people_and_not_too_many(app, site):
    shared = app.test_client()
    for login in ("noc", "l2_ops"):
        enter(shared, login, PASSWORD)
    guesser = app.test_client()
    for number in range(FROM_ONE_PLACE):
        enter(guesser, f"nobody{number}", WRONG)
    for login in ("noc", "l2_ops"):
        assert enter(shared, login, PASSWORD).status_code == 303


def test_the_device_opens_nothing_by_itself(app):
    own = app.test_client()
    enter(own, "noc", PASSWORD)
    cookie = own.get_cookie("stage4_device")
    assert cookie.http_only and cookie.same_site == "Lax"
    thief = app.test_client()
    thief.set_cookie("stage4_device", cookie.value)
    assert thief.get("/").status_code == 303


def test_a_new_password_opens_every_place_again(app, site):
    guesser = app.test_client()
    for place in ("198.51.100.7", "203.0.113.1"):
        for _ in range(GUESSES):
            enter(guesser, "noc", WRONG, place)
    fresh = site.accounts.reset("lab-noc", must_change=False)
    for place in ("198.51.100.7", "203.0.113.1"):
        assert enter(app.test_client(), "noc", fresh, place).status_code == 303


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("127.0.0.1", "127.8.9.10", True),
        ("127.0.0.1", "::1", True),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("unknown", "unknown", True),
    ],
)
def test_what_counts_as_one_place(one, other, same):
    assert (place_of(one) == place_of(other)) is same
