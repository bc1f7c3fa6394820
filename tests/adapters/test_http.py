"""What comes of servers that answer wrongly, slowly or not at all, and of secrets."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import pytest
import requests

from ledger.adapters.http import Server, Unsent, ask, bounded_json, masked, session
from ledger.adapters.transcript import Exchange, transcript
from ledger.errors import Unreachable
from ledger.masking import masked_text

from .neighbours import WRONG, drip, drip_headers, free_port, hang, now, odd, quick, says


@pytest.mark.parametrize("how", sorted(set(WRONG) - {"list", "number", "null", "types"}))
def test_every_wrong_answer_is_one_sentence_that_names_the_server(how: str) -> None:
    with odd(WRONG[how]) as server, pytest.raises(Unreachable) as caught:
        bounded_json(ask(quick(server.url), "Alertmanager", "GET", "/x"), "Alertmanager")
    sentence = str(caught.value)
    assert sentence.startswith(f"Alertmanager at {server.url}/x ")
    assert ": check " in sentence
    assert "hunter2" not in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("how", [hang, drip, drip_headers])
def test_a_slow_server_holds_us_for_twice_the_read_time_out_at_most(how: object) -> None:
    with odd(how) as server:  # type: ignore[arg-type]
        started = time.monotonic()
        with pytest.raises(Unreachable, match="did not answer whole within 0.5 s"):
            ask(quick(server.url), "it", "GET")
        assert time.monotonic() - started < 1.4


def test_nobody_listening_is_known_to_have_had_no_effect() -> None:
    with pytest.raises(Unsent, match="refused the connection"):
        ask(quick(f"http://127.0.0.1:{free_port()}"), "it", "POST")


def test_a_dropped_connection_may_have_had_an_effect() -> None:
    with odd(WRONG["drop"]) as server, pytest.raises(Unreachable) as caught:
        ask(quick(server.url), "it", "POST", body={})
    assert not isinstance(caught.value, Unsent)


def test_redirects_are_not_followed() -> None:
    with odd(WRONG["login"]) as server:
        assert ask(quick(server.url), "it", "GET").status_code == 302
    assert len(server.seen) == 1


def test_credentials_come_from_files_and_not_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text("zażółć\n")
    (tmp_path / "token").write_text("t0ken\n")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with odd(says({})) as server:
        ask(Server(server.url, username="ops", password_file=str(tmp_path / "password")), "it", "GET")
        ask(Server(server.url, bearer_token_file=str(tmp_path / "token")), "it", "GET")
    basic, bearer = (headers["Authorization"] for _, _, headers, _ in server.seen)
    assert base64.b64decode(basic.removeprefix("Basic ")).decode() == "ops:zażółć"
    assert bearer == "Bearer t0ken"
    assert server.seen[0][2]["User-Agent"] == "stage4-ledger"


def test_a_credential_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="cannot read the credential file .*gone"):
        session(Server("http://127.0.0.1:1", bearer_token_file=str(tmp_path / "gone")))


def test_a_ca_file_that_is_missing_is_a_sentence(tmp_path: Path) -> None:
    with odd(says({})) as server, pytest.raises(Unreachable, match="certificate"):
        ask(Server(server.url.replace("http", "https"), ca_file=str(tmp_path / "gone")), "it", "GET")


@pytest.mark.parametrize("url", ["", "no address", "http://", "ftp://x", "http://[::", "http://127.0.0.1:99999"])
def test_an_address_that_is_none_is_a_sentence(url: str) -> None:
    with pytest.raises(Unreachable, match="it at"):
        ask(quick(url), "it", "GET")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://u:p@host:1/a?b=c#d", "http://host:1/a?b=<masked>"),
        ("http://host/?api_key=k&b=%20c", "http://host/?api_key=<masked>&b=<masked>"),
        ("http://host/?X-Amz-Signature=k", "http://host/?X-Amz-Signature=<masked>"),
    ],
)
def test_addresses_lose_their_secrets(url: str, shown: str) -> None:
    assert masked(url) == shown


@pytest.mark.parametrize(
    "secret",
    ["Authorization: Bearer s3cret.s3cret", "http://u:s3cret@h/", '"password": "s3cret"', "access_token=s3cret&x=1"],
)
def test_texts_lose_their_secrets(secret: str) -> None:
    assert "s3cret" not in masked_text(f"before {secret} after")


def test_a_transcript_reads_like_a_conversation() -> None:
    at = now()
    one = Exchange("POST", "http://u:p@h/x", '{"token": "abc"}', 200, '{"silenceID":"1"}', at)
    shown = transcript([one, Exchange("GET", "http://h/x", "", 0, "h did not answer", at)]).decode()
    assert "POST http://h/x\n> " in shown
    assert '< 200\n< {"silenceID":"1"}\n\n' in shown
    assert shown.endswith("< no answer\n< h did not answer\n")
    assert "abc" not in shown


def test_a_connection_is_used_again_after_a_bounded_answer() -> None:
    with odd(says({"a": 1})) as server, session(quick(server.url)) as opened:
        for _ in range(3):
            assert bounded_json(opened.get(server.url, timeout=1)) == {"a": 1}
        assert isinstance(opened, requests.Session)


@pytest.mark.parametrize("word", ["x" * 10, "a.", "-", "token", "x://", "Bearer ", "password="])
def test_masking_reads_an_endless_word_once(word: str) -> None:
    started = time.process_time()  # what else the machine does is no work of it
    masked_text(word * (100_000 // len(word)))
    assert time.process_time() - started < 2
