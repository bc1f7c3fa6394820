"""Secrets in addresses and texts: by how they look, and by what this process knows."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from ledger import masking
from ledger.masking import excerpt, masked, masked_bytes, masked_text

SECRET = "S3CRETKEY"


@pytest.mark.parametrize("name", ["key", "sig", "code", "access_key", "jwt", "sid", "anything", "a[b]"])
def test_of_a_query_the_names_stay_and_no_value_does(name: str) -> None:
    assert masked(f"https://h/status?{name}={SECRET}&b=1") == f"https://h/status?{name}=<masked>&b=<masked>"


@pytest.mark.parametrize("query", [SECRET, f"{SECRET}==", f"a;key={SECRET}", f"&&{SECRET}", f"{SECRET}/x=1"])
def test_what_is_no_name_goes_too(query: str) -> None:
    assert SECRET not in masked(f"https://h/status?{query}")


def test_an_address_without_a_scheme_loses_its_password() -> None:
    assert masked("ops:hunter2@h:1/x?key=v") == "h:1/x?key=<masked>"


@pytest.mark.parametrize("url", ["http://u:p@h/a?b=c#d", "https://h?key=1", "https://h/?a&b=2"])
def test_masking_twice_is_masking_once(url: str) -> None:
    assert masked(masked(url)) == masked(url)
    assert masked_text(masked_text(f"at {url}: check it")) == masked_text(f"at {url}: check it")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: token S3CRETKEY",
        "authorization=ApiKey S3CRETKEY",
        '{"Authorization":["token S3CRETKEY"]}',
        '{"X-Api-Key":["S3CRETKEY"]}',
        '{"X-Api-Key": ["a", "S3CRETKEY"]}',
        '{"token":"a,S3CRETKEY"}',
        '{"token":"a\\"b,S3CRETKEY"}',
        "{'password': 'one two S3CRETKEY'}",
        '{"token":"cut S3CRETKEY',
        "X-Functions-Key: S3CRETKEY",
        "access_key=S3CRETKEY",
        "jwt: S3CRETKEY",
        "Cookie: S3CRETKEY",
        "GET https://h/x?key=S3CRETKEY answered 500",
        "at https://h/x?S3CRETKEY: check it",
    ],
)
def test_texts_lose_what_looks_like_a_secret(text: str) -> None:
    assert SECRET not in masked_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "check the username, password or token file",
        '{"status": "enabled", "code": 404, "key": "value"}',
        "at https://h/x: check that the address is right",
        '{"token": ""}',
    ],
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert masked_text(text) == text


def test_what_is_known_is_taken_out_however_it_is_written() -> None:
    masking.learn('h"ż/nter2')
    spelled = ['h"ż/nter2', json.dumps('h"ż/nter2'), quote('h"ż/nter2', safe=""), 'a h"ż/nter2b']
    spelled.append(base64.b64encode('h"ż/nter2'.encode()).decode())
    for text in spelled:
        assert "nter2" not in masked_text(text) and text not in masked_text(text)
    assert masked_bytes(b'\xff{"x": "h\\"\\u017c/nter2"}') == b'\xff{"x": "<masked>"}'
    assert masked("http://x/h%22%C5%BC%2Fnter2") == "http://x/<masked>"


def test_a_secret_at_the_edge_of_an_excerpt_is_not_shown_by_half() -> None:
    masking.learn("s" * 50)
    assert "ss" not in excerpt(b"a" * 130 + b"s" * 50)


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("X-Api-Key", "hunter2", "hunter2"),
        ("Authorization", "token hunter2", "hunter2"),
        ("Authorization", "Basic " + base64.b64encode(b"ops:hunter2").decode(), "hunter2"),
        ("X-Custom", "a1b2c3d4e5", "a1b2c3d4e5"),
    ],
)
def test_a_header_of_ones_own_is_known(name: str, value: str, word: str) -> None:
    masking.learn_header(name, value)
    assert masked_text(f"it says {word} and {value}.") in (
        "it says <masked> and <masked>.",
        f"it says <masked> and {name}",
    )


def test_the_name_of_a_tenant_is_no_secret() -> None:
    masking.learn_header("X-Scope-OrgID", "tenant-12345")
    masking.learn_address("https://h/x?fields=status")
    assert masked_text("tenant-12345 has the status open") == "tenant-12345 has the status open"


def test_the_password_and_the_query_of_an_address_are_known() -> None:
    masking.learn_address("https://ops:hunt%20er@h/x?key=abcd&t=Zm9vYmFy1&{ticket}")
    assert masked_text("hunt er, abcd, Zm9vYmFy1") == "<masked>, <masked>, <masked>"
    masking.learn_address("https://hooks.example/services/T0/B7x9Qq21z", whole=True)
    assert masked_text("no such hook B7x9Qq21z") == "no such hook <masked>"
