"""The announcement hook: a command or an address that hears every warning."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest

from ledger.adapters.announce import Hook
from ledger.adapters.connection import Delivery
from ledger.adapters.server import Server
from ledger.errors import Unreachable

from .neighbours import now, odd, quick, says

MESSAGE = {
    "kind": "warning_given",
    "rollback": "INC-2042",
    "stage": "stage4",
    "id": "stage4-ledger.invalid/stage4/0123456789abcdef/17",
    "text": "wyciszenie kończy się za 5 min",
}
DELIVERY = Delivery(17, "", MESSAGE["id"], MESSAGE["kind"], now(), MESSAGE["text"], rollback="INC-2042")


def announce(command: str, server: Server | None) -> None:
    Hook(command, server, "stage4", now, []).deliver(DELIVERY)


def test_the_address_gets_the_message_as_json() -> None:
    with odd(says({})) as server:
        announce("", quick(server.url + "/hook"))
    method, path, _, body = server.seen[0]
    assert (method, path, json.loads(body)) == ("POST", "/hook", MESSAGE)


@pytest.mark.parametrize("status", [400, 404, 500])
def test_an_address_that_does_not_take_it_is_told(status: int) -> None:
    with odd(says({}, status)) as server, pytest.raises(Unreachable, match=str(status)):
        announce("", quick(server.url))


def test_an_address_where_nobody_is_is_told() -> None:
    with pytest.raises(Unreachable, match="announcement hook"):
        announce("", quick("http://127.0.0.1:1"))


def test_the_secret_path_of_an_address_is_never_told() -> None:
    with odd(says({})) as plain:
        port = plain.url.rpartition(":")[2]
        for url, why in (
            ("http://127.0.0.1:1/services/T0/hunter2?k=hunter2", "refused the connection"),
            (f"https://127.0.0.1:{port}/services/T0/hunter2?hunter2", "has no trusted TLS"),
        ):
            with pytest.raises(Unreachable, match=why) as told:
                announce("", replace(quick(url), secret_path=True))
            assert "hunter2" not in str(told.value)
            assert f"{url.partition('/services')[0]}/<masked> {why}" in str(told.value)


def test_a_command_that_hangs_or_fails_never_tells_its_secrets(monkeypatch) -> None:
    monkeypatch.setattr("ledger.adapters.announce._SECONDS", 0.2)
    with pytest.raises(Unreachable, match=r"did not end within 0\.2 s") as told:
        announce(f"{sys.executable} -c 'import time; time.sleep(9)' https://h/hunter2", None)
    assert "hunter2" not in str(told.value)
    with pytest.raises(Unreachable, match="status 1: cannot post to https://h/<masked>$"):
        announce(f"{sys.executable} -c 'import sys; sys.exit(\"cannot post to https://h/hunter2\")'", None)
    with pytest.raises(Unreachable, match="cannot be run: No such file or directory$"):
        announce("/no/such/hunter2", None)


def test_the_command_gets_the_message_and_no_shell_reads_it(tmp_path) -> None:
    kept = tmp_path / "heard.json"
    program = f'import sys, pathlib; pathlib.Path(r"{kept}").write_text(sys.stdin.read(), "utf-8")'
    announce(f"{sys.executable} -c '{program}' '; touch {tmp_path}/shell'", None)
    assert json.loads(kept.read_text("utf-8")) == MESSAGE
    assert not (tmp_path / "shell").exists()


def test_a_command_that_fails_is_told_with_what_it_said() -> None:
    with pytest.raises(Unreachable, match="status 3: no such channel"):
        announce(
            f"{sys.executable} -c 'import sys; sys.exit(print(\"no such channel\", file=sys.stderr) or 3)'",
            None,
        )
