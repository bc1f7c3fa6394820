"""``people add``, interrupted wherever it may be: the same again finishes it, and refuses only what is finished."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from ledger.app.home import parts
from ledger.app.installation import Installation
from ledger.app.people import staff
from ledger.app.people.accounts import Accounts
from ledger.app.people.directory import Person, terminal_actor
from ledger.app.press import Press
from ledger.domain.command import Actor
from ledger.domain.people.commands import AddPerson, DeactivatePerson
from ledger.errors import Refused, Unreachable

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
SECRET = "four plain words here"


@pytest.fixture
def accounts(installation: Installation) -> Accounts:
    return Accounts(installation.home, installation.clock, QUICK)


@pytest.fixture
def admin(installation: Installation) -> Actor:
    return terminal_actor(installation.home, installation.state)


@pytest.fixture
def add(installation: Installation, accounts: Accounts, admin: Actor):
    """``add()``: Jan, uid 4001, noc, account jan; what is given instead."""

    def added(actor: Actor | None = None, **changes: Any) -> str:
        given: dict[str, Any] = {"name": "Jan", "roles": ("noc",), "uid": 4001, "login": "jan", "password": SECRET}
        given |= changes
        return staff.add(installation, accounts, Press(actor or admin), **given)[0]

    return added


def who(installation: Installation, accounts: Accounts) -> list[tuple[object, ...]]:
    """Everybody but those whom the lab's home began with: id, name, uid, roles, login."""
    lines = {one.id: one for one in installation.people.people()}
    known = {person for person in installation.state.people if person.startswith("p-")} | lines.keys()
    admin = terminal_actor(installation.home, installation.state).person
    return [
        (
            one,
            lines[one].name if one in lines else None,
            lines[one].uid if one in lines else None,
            sorted(installation.state.people.get(one, ())),
            accounts.login_of(one),
        )
        for one in sorted(known)
        if one != admin and not one.startswith("lab-")
    ]


def at_the_name(installation: Installation, admin: Actor) -> str:
    installation.people.put(Person("p-00001", "Jan", 4001))
    return "p-00001"


def at_the_entry(installation: Installation, admin: Actor) -> str:
    at_the_name(installation, admin)
    installation.submit(AddPerson(person="p-00001", roles=("noc",)), Press(admin))
    return "p-00001"


@pytest.mark.parametrize("interrupted", [at_the_name, at_the_entry])
def test_the_same_again_finishes_what_was_interrupted(installation, accounts, admin, add, interrupted) -> None:
    begun = interrupted(installation, admin)
    assert add() == begun
    assert who(installation, accounts) == [(begun, "Jan", 4001, ["noc"], "jan")]


def test_a_name_that_was_begun_without_a_uid_is_found_by_the_name(installation, accounts, add) -> None:
    installation.people.put(Person("p-00001", "Jan", None))
    assert add(uid=None) == "p-00001"
    assert who(installation, accounts) == [("p-00001", "Jan", None, ["noc"], "jan")]


def test_a_name_that_was_begun_is_corrected_by_the_next_try(installation, accounts, add) -> None:
    installation.people.put(Person("p-00001", "Jna", 4001))
    assert add() == "p-00001"
    assert who(installation, accounts) == [("p-00001", "Jan", 4001, ["noc"], "jan")]


def test_who_is_finished_is_refused_with_what_gives_a_new_password(installation, accounts, add) -> None:
    person = add()
    before = who(installation, accounts)
    for again in ({}, {"login": None}, {"password": ""}):
        with pytest.raises(Refused, match=f"Jan is there already and nothing is missing.*people password {person}"):
            add(**again)
    assert who(installation, accounts) == before


def test_who_is_there_with_other_roles_is_refused_with_what_changes_them(installation, accounts, add) -> None:
    person = add()
    with pytest.raises(Refused, match=f"Jan is there already and holds noc; .*people grant {person}"):
        add(roles=("noc", "l2_ops"))
    assert installation.state.people[person] == {"noc"}


@pytest.mark.parametrize(
    ("taken", "told"),
    [
        ({"name": "Ewa", "login": "ewa"}, "uid 4001 is p-.* \\(Jan\\) already"),
        ({"login": "other"}, "uid 4001 is p-.* \\(Jan\\) already"),
        ({"name": "Ewa", "uid": 4002}, "the login name jan is taken"),
    ],
)
def test_what_somebody_else_has_is_refused_and_no_name_is_left(installation, accounts, add, taken, told) -> None:
    add()
    before = who(installation, accounts)
    with pytest.raises(Refused, match=told):
        add(**taken)
    assert who(installation, accounts) == before


def test_two_people_may_have_one_name(installation, accounts, add) -> None:
    first = add()
    others = [add(uid=4002, login="jan2"), add(uid=None, login="jan3"), add(uid=None, login="jan4")]
    assert len({first, *others}) == 4
    assert [line[1] for line in who(installation, accounts)] == ["Jan"] * 4


def test_a_leavers_uid_is_not_given_on_before_the_name_is_erased(installation, accounts, admin, add) -> None:
    person = add()
    staff.deactivate(installation, accounts, Press(admin), person)
    with pytest.raises(Refused, match=f"uid 4001 is {person}"):
        add()
    staff.erase(installation, admin, person)
    assert add() != person


def test_who_is_no_admin_adds_nobody_and_leaves_no_name(installation, accounts, add) -> None:
    with pytest.raises(Refused, match="admin"):
        add(Actor(person="lab-noc", auth="lab"))
    assert who(installation, accounts) == []


def test_a_name_waits_where_nobody_knows_whether_the_entry_stands(installation, accounts, add, monkeypatch) -> None:
    """The store answered nothing: the entry may be there. The name stays, so that whoever it is has one."""

    def lost(*_: object, **__: object) -> None:
        raise Unreachable("disk I/O error")

    monkeypatch.setattr(installation, "submit", lost)
    with pytest.raises(Unreachable):
        add()
    monkeypatch.undo()
    ((begun, *_),) = who(installation, accounts)
    assert add() == begun


def test_an_id_that_somebody_has_is_not_drawn_again(installation, accounts, add, monkeypatch) -> None:
    first = add()
    drawn = iter([first, first, "p-fffff"])
    monkeypatch.setattr(staff, "new_person_id", lambda: next(drawn))
    assert add(name="Ewa", uid=4002, login="ewa") == "p-fffff"


def test_a_first_account_is_owed_by_init_where_nobody_is_there_yet(installation, accounts, monkeypatch) -> None:
    monkeypatch.setattr(type(installation), "state", installation.state._replace(people={}))
    assert staff.first_account(installation, accounts).startswith("stage4 init")


# --- the directory was lost -------------------------------------------------------------------------------------------


def lose(installation: Installation) -> None:
    installation.home.people.unlink()


def test_a_lost_name_is_given_again_by_whoever_may_write_it_until_an_admin_has_one(installation, admin, add) -> None:
    person = add()
    lose(installation)
    with pytest.raises(Refused, match=r"people\.json names nobody of this ledger.*stage4 doctor"):
        terminal_actor(installation.home, installation.state)
    staff.give_name(installation, None, person, "Jan", 4001)
    staff.give_name(installation, None, admin.person, "Ola", 4711)
    with pytest.raises(Refused, match=f"the role admin: {admin.person} can do it"):
        staff.give_name(installation, None, "lab-noc", "Noc")
    with pytest.raises(Refused, match=f"the role admin: {admin.person} can do it"):
        staff.give_name(installation, Actor(person=person, auth="os"), "lab-noc", "Noc")
    staff.give_name(installation, admin, "lab-noc", "Noc")
    assert {one.name for one in installation.people.people()} == {"Jan", "Ola", "Noc"}


def test_a_name_that_is_there_is_never_exchanged(installation, admin, add) -> None:
    person = add()
    with pytest.raises(Refused, match=f"{person} has a name already, Jan; it stays until"):
        staff.give_name(installation, admin, person, "Ewa", 4002)
    lose(installation)
    staff.give_name(installation, None, admin.person, "Ola", 4711)
    with pytest.raises(Refused, match="uid 4711 is"):
        staff.give_name(installation, admin, person, "Jan", 4711)


def test_who_left_or_was_never_there_gets_no_name(installation, accounts, admin, add) -> None:
    person = add()
    installation.submit(DeactivatePerson(person=person), Press(admin))
    for nobody in (person, "p-nobody", "system"):
        with pytest.raises(Refused, match="is nobody of this ledger who may act"):
            staff.give_name(installation, admin, nobody, "Jan")


def test_doctor_names_whoever_has_no_name_and_what_gives_it(root: Path, installation, admin, add) -> None:
    person = add()
    lose(installation)
    installation.people.put(Person(admin.person, "Ola", 0))
    installation.people.put(Person("p-00002", "Begun", None))
    found = {one.found: one for one in parts.unnamed(installation.home, installation.state)}
    nameless = found[f"{person} has no name in {installation.home.people}"]
    assert nameless.grave and f"stage4 people name {person}" in nameless.remedy
    begun = next(one for one in found.values() if "Begun (p-00002)" in one.found)
    assert not begun.grave and "stage4 people erase p-00002" in begun.remedy
    staff.erase(installation, admin, "p-00002")
    assert "p-00002" not in installation.home.people.read_text()
