"""The pages as people get them."""

from __future__ import annotations

import pytest

from .conftest import ROLES


@pytest.mark.parametrize("role", ROLES)
def test_the_first_page_says_in_one_sentence_how_things_are(browser, role):
    page = browser(role).get("/")
    assert page.status_code == 200
    assert "No rollback is open." in page.text


def test_a_stranger_is_sent_to_the_sign_in_page(stranger):
    answer = stranger.get("/rollbacks")
    assert (answer.status_code, answer.location) == (303, "/sign-in?to=/rollbacks")


def test_an_incident_manager_opens_a_rollback_and_the_owner_confirms_it(browser, site):
    manager = browser("incident_manager")
    form = {
        "request_id": "a" * 32,
        "ticket": "INC-1",
        "reason": "latency",
        "purpose": "incident",
        "component": "multi_strategy",
    }
    answer = manager.post("/rollbacks", data=form)
    assert answer.location == "/rollbacks/INC-1", answer.text
    assert "latency" in manager.get("/rollbacks/INC-1").text
    owner = browser("product_owner")
    form = {"request_id": "b" * 32, "decided_on": "1", "password": "four plain words here"}
    assert owner.post("/rollbacks/INC-1/confirm", data=form).status_code == 303
    assert site.installation.rollback("INC-1").confirmed_by == "lab-product-owner"
