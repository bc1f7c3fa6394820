"""One table of acts: every way in has the same names, the same fields and the same guards, and none goes past them."""

from __future__ import annotations

import ast
from pathlib import Path

import click
import pytest
from flask.testing import FlaskClient

from ledger.app.acts import ACTS, Act, Proof, prepare
from ledger.app.acts.act import Field
from ledger.app.acts.opening import FIELDS as OPENING
from ledger.app.acts.people import PEOPLE_ACTS, About, take
from ledger.app.installation import Installation
from ledger.app.people.accounts import Accounts
from ledger.app.press import Press
from ledger.app.steps import opening
from ledger.cli.acts import by_command
from ledger.cli.rollback import rollback as group
from ledger.domain.command import Actor
from ledger.domain.runbook import ALL_ROLES
from ledger.errors import Refused
from web import Site

from .conftest import PASSWORD, person
from .test_hostile_text import value_of

ROOT = Path(__file__).resolve().parents[2]
GUARDED = [act for act in ACTS.values() if act.guard]
ALIASES = {"open", "adopt", "retry", "recreate-silence", "show", "list"}
"""Commands that are no act: they read, or choose the act by what is due."""


def names_of(command: click.Command) -> set[str]:
    return {str(one.name) for one in command.params} - {"home", "as_json", "acting_as", "rollback", "step"}


@pytest.mark.parametrize("name", sorted(by_command()))
def test_every_act_is_a_command_with_the_same_fields(name: str) -> None:
    acts, besides = (
        by_command()[name],
        {"silence": {"preview"}, "restore": {"owe_silence_end"}, "review": {"language", "pdf"}},
    )
    wanted = {field.name for field in acts[0].fields} | ({"ticket"} if acts[0].guard == "ticket" else set())
    assert names_of(group.commands[name]) == wanted | besides.get(name, set())


def test_every_command_is_an_act_or_a_known_alias() -> None:
    assert set(group.commands) == set(by_command()) | ALIASES


def test_the_opening_has_the_same_fields_at_a_terminal() -> None:
    assert names_of(group.commands["open"]) == {field.name for field in OPENING}


@pytest.mark.parametrize("act", ACTS.values(), ids=lambda act: act.name)
def test_an_act_says_who_may(act: Act) -> None:
    assert set(act.roles) <= {*ALL_ROLES}
    assert act.roles or act.command == "accept" or act.name in ("handover", "accept-handover")


@pytest.fixture
def opened(installation: Installation):
    opening.open_rollback(installation, Press(person("incident_manager")), ticket="INC-1", reason="r")
    return installation.rollback("INC-1")


def fit(act: Act) -> dict[str, object]:
    return {field.name: value_of(field, {"…": "…"}, "x") for field in act.fields if field.kind != "file"}


@pytest.mark.parametrize("act", GUARDED, ids=lambda act: act.name)
@pytest.mark.parametrize("proof", [Proof(), Proof("wrong", "INC-2"), Proof(PASSWORD, "INC-1 and more")])
def test_no_guarded_act_is_made_ready_without_its_proof(
    act: Act, proof: Proof, installation: Installation, opened, site: Site
) -> None:
    """``site`` has the accounts; a password without them proves nothing."""
    actor = Actor(person="lab-product-owner", auth="session")
    with pytest.raises(Refused):
        prepare(act, installation, Press(actor), opened, fit(act), proof, lambda field: field.name)


@pytest.mark.parametrize("act", GUARDED, ids=lambda act: act.name)
def test_with_its_proof_it_is(act: Act, installation: Installation, opened, site: Site) -> None:
    actor, proof = Actor(person="lab-product-owner", auth="session"), Proof(PASSWORD, " INC-1 ", site.accounts)
    ready = prepare(act, installation, Press(actor), opened, fit(act), proof, lambda field: field.name)
    assert ready.taking.rollback.id == "INC-1"


def test_the_login_of_the_machine_stands_for_the_password(installation: Installation, opened) -> None:
    actor = person("product_owner")
    assert prepare(ACTS["confirm"], installation, Press(actor), opened, {}, Proof(), str).act.guard == "password"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (Field("reason", "Reason", required=True), "  "),
        (Field("reason", "Reason"), "bell\x07"),
        (Field("duration", "For", "duration"), "soon"),
        (Field("entry", "Entry", "number", required=True), "-1"),
        (Field("start", "Begin", "when"), "yesterday"),
        (Field("role", "Role", "choice", among=("noc",)), "boss"),
        (Field("file", "File", "file", required=True), None),
    ],
)
def test_a_field_that_is_not_fit_is_refused_before_anything_is_done(
    field: Field, value: object, installation: Installation, opened
) -> None:
    act = Act("x", "X", lambda t: pytest.fail("it ran"), lambda a: None, brings=ACTS["note"].brings, fields=(field,))
    with pytest.raises(Refused):
        prepare(act, installation, Press(person("noc")), opened, {field.name: value}, Proof(), lambda one: one.name)


def test_the_button_without_password_or_ticket_does_nothing(browser, installation: Installation, opened) -> None:
    client: FlaskClient = browser("product_owner")
    for name, form in (("confirm", {}), ("abort", {"reason": "x", "typed_ticket": "INC-2"})):
        before = installation.ledger.view().size
        answer = client.post(f"/rollbacks/INC-1/{name}", data=form | {"request_id": "0" * 32})
        assert answer.status_code in (403, 422), answer.text
        assert installation.ledger.view().size == before


def test_an_act_is_run_in_one_place_only() -> None:
    """A transport that called ``act.run`` would go past the guards, as would one that asks for passwords itself."""
    runs, checks = [], []
    for file in (*ROOT.glob("ledger/**/*.py"), *ROOT.glob("web/**/*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                called = ast.unparse(node.func)
                runs += [str(file.relative_to(ROOT))] if called.endswith("act.run") else []
                checks += [str(file.relative_to(ROOT))] if called.endswith("accounts.check") else []
    assert runs == ["ledger/app/acts/taking.py"]
    assert checks == ["ledger/app/acts/taking.py"]


def test_accounts_lock_a_person_who_guesses_at_a_guard(installation: Installation, opened, site: Site) -> None:
    actor = Actor(person="lab-product-owner", auth="session")
    accounts: Accounts = site.accounts
    for _ in range(30):
        with pytest.raises(Refused):
            prepare(ACTS["confirm"], installation, Press(actor), opened, {}, Proof("guess", "", accounts), str)
    with pytest.raises(Refused):
        prepare(ACTS["confirm"], installation, Press(actor), opened, {}, Proof(PASSWORD, "", accounts), str)


# --- people -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", PEOPLE_ACTS)
def test_everything_done_with_people_by_network_needs_the_password_again(what: str, installation: Installation) -> None:
    before = installation.ledger.view().size
    for proof in (Proof(), Proof("wrong", accounts=Accounts(installation.home, installation.clock))):
        with pytest.raises(Refused):
            accounts = Accounts(installation.home, installation.clock)
            take(
                what, installation, accounts, Press(Actor(person="lab-admin", auth="session")), About("lab-noc"), proof
            )
    assert installation.ledger.view().size == before


def test_what_is_not_in_the_table_is_refused(installation: Installation) -> None:
    accounts = Accounts(installation.home, installation.clock)
    with pytest.raises(Refused, match="no such thing"):
        take("promote", installation, accounts, Press(Actor(person="lab-admin", auth="os")), About("lab-noc"), Proof())
