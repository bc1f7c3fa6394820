"""What an auditor does: see how far each check reaches, find an entry, check it by hand, look at an artefact."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from ledger.app.press import Press
from ledger.app.reading import finding
from ledger.app.reading.covering import opened
from ledger.app.soundness.coverage import coverage
from ledger.app.steps import duties, opening
from ledger.cli.root import stage4
from ledger.digest import sha384
from ledger.domain.command import SYSTEM
from ledger.domain.event import EVENTS, fields_of
from ledger.domain.observing.commands import Record
from ledger.domain.observing.events import ForeignSilenceGone
from ledger.proof.merkle import root_of
from tests.app.builders import behind_the_triggers
from web import fields
from web.site import Site

from .conftest import person


@pytest.fixture
def rollback(installation):
    return opening.open_rollback(
        installation, Press(person("incident_manager")), ticket="INC-7", reason="latency <b>"
    ).rollback


def note(installation, text="seen", rollback="INC-7"):
    opening.note(installation, Press(person("noc")), installation.rollback(rollback), text)


# --- how far each check reaches --------------------------------------------------------------------------------------


def reach(site: Site) -> dict[str, tuple[str, int]]:
    return {check.name: (check.state, check.upto) for check in coverage(site.guard)}


def test_before_anything_was_looked_at_nothing_is_said_to_hold(site, browser, rollback):
    assert set(reach(site).values()) == {("unknown", 0)}
    page = browser("auditor").get("/audit").text
    assert "Not verified yet" in page and "not looked at yet" in page and "holds</span>" not in page


def test_the_replay_reaches_no_further_than_the_whole_look_and_the_lines_do(site, installation, rollback):
    site.guard.round()
    whole = installation.ledger.log.size()
    note(installation)
    site.guard.round()  # follows the last rows alone
    assert reach(site)["rules"] == ("holds", whole)
    assert reach(site)["lines"] == reach(site)["checkpoints"] == ("holds", whole + 1)
    assert reach(site)["artefacts"] == ("holds", whole)
    (checkpoints,) = [check for check in coverage(site.guard) if check.name == "checkpoints"]
    assert checkpoints.number == 0  # the later ones were compared, and not counted
    assert reach(site)["elsewhere"] == ("unknown", 0)


def test_what_is_wrong_is_wrong_in_its_own_lane_and_marked_at_its_entry(site, installation, rollback, browser):
    site.guard.round()
    for path in [one for one in installation.home.artefacts.rglob("*") if one.is_file()]:
        path.unlink()
    browser("auditor").post("/audit/verify")
    states = {name: state for name, (state, _) in reach(site).items()}
    assert states["artefacts"] == "wrong"
    assert states["lines"] == states["checkpoints"] == "holds"
    assert 'class="cross"' in browser("auditor").get("/audit").text


def test_the_page_says_what_is_not_proved_and_what_would_prove_it(site, browser, installation, rollback):
    site.guard.round()
    page = browser("auditor").get("/audit").text
    assert "a server that lies draws the same picture" in page
    assert "Whether the holder of all keys wrote everything anew is not excluded" in page
    head = opened(installation, installation.ledger.log.newest_checkpoint()).head
    assert head in page


def test_all_checkpoints_can_be_reached_page_by_page(browser, installation, rollback):
    for number in range(25):
        note(installation, f"note {number}")
    sizes, path = [], "/audit"
    while path:
        page = browser("auditor").get(path).text.partition('id="checkpoints"')[2]
        sizes += [int(one) for one in re.findall(r'<td data-label="Entries"><a href="/entries/(\d+)"', page)]
        more = re.search(r'href="(/audit\?older=\d+)', page)
        path = more[1] if more else ""
    assert sizes == sorted((size for size, _ in installation.ledger.log.checkpoints()), reverse=True)


def test_a_checkpoint_that_was_changed_is_said_on_the_page_and_not_an_error(browser, installation, rollback):
    with behind_the_triggers(installation.home) as connection:
        connection.execute(
            "UPDATE checkpoints SET note = CAST(replace(CAST(note AS TEXT), 'A', 'B') AS BLOB) "
            "WHERE size = (SELECT MIN(size) FROM checkpoints)"
        )
    answer = browser("auditor").get("/audit")
    assert answer.status_code == 200 and "does not hold" in answer.text


# --- finding ---------------------------------------------------------------------------------------------------------


def found(client, typed: str) -> str:
    answer = client.get("/audit/find", query_string={"q": typed})
    return answer.location or answer.text


def test_an_entry_is_found_by_number_by_digest_and_by_request(browser, installation, rollback):
    client, number = browser("auditor"), rollback.opened_entry
    note(installation)
    line = installation.ledger.log.line(number)
    digest, entry = hashlib.sha384(line).hexdigest(), f"/entries/{number}"
    (record,) = installation.ledger.chosen([number])
    for typed in (str(number), digest, f"sha384:{digest}", digest[:9], f" {digest.upper()} ", record.request_id):
        assert found(client, typed) == entry, typed
    note(installation)  # what is remembered of the digests is read on
    newest = installation.ledger.log.size()
    assert found(client, hashlib.sha384(installation.ledger.log.line(newest)).hexdigest()) == f"/entries/{newest}"


def test_an_entry_is_found_by_the_artefact_that_it_names(browser, rollback):
    named = rollback.evidence[0].sha384
    assert found(browser("auditor"), named) == f"/entries/{rollback.opened_entry}"


def test_entries_are_found_by_the_silence_that_they_are_about(browser, installation, rollback):
    silence, at = "5884a3c0-06aa-4f3e-9d2b-7c1e5b0d9f42", installation.clock()
    gone = ForeignSilenceGone(silence_id=silence, seen_at=at)
    installation.submit(Record(event=gone), Press(SYSTEM))
    assert found(browser("auditor"), silence) == f"/entries/{installation.ledger.log.size()}"


def test_what_several_entries_say_is_a_list_and_what_none_says_is_told(browser, installation, rollback):
    note(installation, "the exchange was told")
    note(installation, "the exchange answered")
    page = found(browser("auditor"), "exchange")
    assert "the exchange was told" in page and "the exchange answered" in page and "2 entries" in page
    for nothing in ("0" * 96, "99999", "no such word"):
        assert "Nothing was found" in found(browser("auditor"), nothing)
    assert "Type what you have in your hands" in found(browser("auditor"), "")


def test_a_head_that_was_kept_is_compared_with_the_lines(browser, installation, rollback):
    client = browser("auditor")
    head = opened(installation, installation.ledger.log.newest_checkpoint()).head
    note(installation)
    assert "The ledger still begins with this head" in found(client, head)
    size, _, root = head.partition(":")
    assert "does not begin with this head" in found(client, f"{int(size) - 1}:{root}")
    assert "its end was cut off" in found(client, f"{int(size) + 99}:{root}")


def test_the_id_of_a_linked_ticket_leads_to_its_rollback(browser, installation, rollback):
    """P15."""
    manager = Press(person("incident_manager"))
    duties.link_ticket(installation, manager, installation.rollback("INC-7"), "INC-2050")
    client = browser("noc")
    for path in ("/rollbacks/INC-2050", "/audit/find?q=INC-2050"):
        assert client.get(path).location == "/rollbacks/INC-7", path
    answer = client.get("/rollbacks/INC-2051")
    assert answer.status_code == 404
    assert 'action="/audit/find"' in answer.text and 'value="INC-2051"' in answer.text


# --- one entry -------------------------------------------------------------------------------------------------------


def unpacked(client, sequence: int) -> zipfile.ZipFile:
    answer = client.get(f"/entries/{sequence}/by-hand.zip")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == f'attachment; filename="stage4-entry-{sequence}.zip"'
    return zipfile.ZipFile(io.BytesIO(answer.data))


def typed(folder: Path) -> list[str]:
    """What the README's commands print when they are typed into bash in the folder."""
    lines = (folder / "README.txt").read_text().splitlines()
    script = "\n".join(["set -e", *(line for line in lines if line.startswith("    "))])
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("language", ["en", "pl"])
@pytest.mark.parametrize("place", ["first", "one in the middle", "newest"])
def test_the_commands_of_the_readme_check_an_entry_by_hand(browser, installation, rollback, tmp_path, place, language):
    for number in range(6):
        note(installation, f"note {number}")
    size = installation.ledger.log.size()
    sequence = {"first": 1, "one in the middle": rollback.opened_entry, "newest": size}[place]
    client = browser("auditor")
    client.set_cookie("lang", language)
    archive = unpacked(client, sequence)
    archive.extractall(tmp_path)
    assert (tmp_path / f"entry-{sequence}.json").read_bytes() == installation.ledger.log.line(sequence)
    *lines, verified = typed(tmp_path)
    assert verified == "Signature Verified Successfully"
    assert lines[-1] == lines[-2]  # the root
    if sequence > 1:
        assert lines[0] == lines[1]  # the line before
    assert hashlib.sha384(installation.ledger.log.line(sequence)).hexdigest() in lines


def test_a_changed_entry_does_not_pass_the_commands(browser, installation, rollback, tmp_path):
    note(installation)
    unpacked(browser("auditor"), rollback.opened_entry).extractall(tmp_path)
    path = tmp_path / f"entry-{rollback.opened_entry}.json"
    path.write_bytes(path.read_bytes().replace(b"latency", b"Latency"))
    *lines, _ = typed(tmp_path)
    assert lines[-1] != lines[-2]


def test_the_checkpoint_in_the_zip_is_the_one_of_the_entrys_own_commit(browser, installation, rollback):
    note(installation)
    note(installation)
    number = rollback.opened_entry
    (name,) = [one for one in unpacked(browser("auditor"), number).namelist() if one.endswith(".checkpoint")]
    stated = opened(installation, unpacked(browser("auditor"), number).read(name))
    assert number <= stated.size < installation.ledger.log.size()
    assert stated.root == root_of(installation.ledger.log.lines(0, stated.size))


def test_the_verifier_takes_what_the_readme_names(browser, installation, rollback, tmp_path):
    note(installation)
    client = browser("auditor")
    archive = unpacked(client, rollback.opened_entry)
    archive.extractall(tmp_path)
    (tmp_path / "stage4.jsonl").write_bytes(client.get("/audit/stage4.jsonl").data)
    (command,) = [line for line in archive.read("README.txt").decode().splitlines() if "stage4 verify stage4" in line]
    words = [str(tmp_path / word) if word.startswith("stage4") else word for word in command.split()[2:]]
    answer = CliRunner().invoke(stage4, ["verify", *words])
    assert answer.exit_code == 4, answer.output  # proved as far as the checkpoint, and a newer line follows


def test_an_entrys_page_links_what_is_before_and_after_it_and_marks_what_is_signed(browser, installation, rollback):
    note(installation)
    number = rollback.opened_entry
    page = browser("auditor").get(f"/entries/{number}").text
    place = page.partition('class="place"')[2].partition("</ol>")[0]
    assert f'href="/entries/{number - 1}"' in place and f'href="/entries/{number + 1}"' in place
    assert "Checkpoint of" in place and "its root was not compared with the lines yet" in place
    previous = re.search(rb'"previous":"(sha384:[0-9a-f]{96})"', installation.ledger.log.line(number))[1].decode()
    assert f'<a href="/entries/{number - 1}">{previous}</a>' in page
    part = page.partition("&#34;signature&#34;: {")[0].rpartition('class="part"')[2]
    assert ">hashed<" in part and ">signed<" not in part


def test_no_entry_says_that_a_root_was_compared_before_it_was(site, browser, installation, rollback):
    note(installation)
    site.guard.round()
    page = browser("auditor").get(f"/entries/{rollback.opened_entry}").text
    assert "its root was compared with the lines" in page


def test_every_field_of_every_event_has_a_label_and_every_artefact_a_name():
    names = {field.name for kind in EVENTS.values() for field in fields_of(kind)}
    digests = {name.removesuffix("_sha384") for name in names if name.endswith("_sha384")}
    assert digests - fields.ARTEFACTS.keys() == set()
    assert {name for name in names if not name.endswith("_sha384")} - fields.LABELS.keys() == set()
    assert fields.LABELS.keys() - names == set() and fields.ARTEFACTS.keys() - digests == set()


def test_people_stand_in_fields_by_name_and_times_as_pages_write_them(browser, installation, rollback):
    page = browser("auditor").get(f"/entries/{rollback.opened_entry}").text
    says = page.partition("What it says")[2].partition("The bytes")[0]
    assert installation.people.names()["lab-incident-manager"] in says and "Window until" in says
    assert not re.search(r">[^<>]*\d{4}-\d\d-\d\dT\d\d:", says)


# --- artefacts -------------------------------------------------------------------------------------------------------

PNG = bytes.fromhex("89504e470d0a1a0a") + b"\0" * 20


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b'{"b": "<script>", "a": 1}', "&#34;b&#34;: &#34;&lt;script&gt;&#34;,\n"),
        ("zażółć <i>".encode(), "zażółć &lt;i&gt;"),
        (PNG, '<img class="artefact"'),
        (b"\xff\xfe\0", "Not shown here"),
        (b"x" * 200_000, "Not shown here"),
        (b'{"a": ' * 3000, "{&#34;a&#34;"),
    ],
)
def test_an_artefact_is_shown_as_what_it_is(browser, rollback, data, shown):
    client = browser("noc")
    form = {"request_id": "c" * 32, "file": (io.BytesIO(data), "whatever.bin")}
    assert client.post("/rollbacks/INC-7/attach-1", data=form, content_type="multipart/form-data").status_code == 303
    digest = hashlib.sha384(data).hexdigest()
    answer = client.get(f"/artefacts/{digest}")
    assert answer.status_code == 200 and shown in answer.text and len(answer.data) < 110_000
    assert "whatever.bin" in answer.text
    assert client.get(f"/artefacts/{digest}/bytes").data == data
    given = client.get(f"/artefacts/{digest}/bytes").headers["Content-Disposition"]
    assert re.fullmatch(r'attachment; filename="INC-7-step1-attached-entry\d+\.(json|txt|png|bin)"', given)


def test_a_long_text_is_shown_without_the_random_bytes_before_it(browser, installation, rollback):
    text = "the exchange said " + "very " * 100 + "much"
    note(installation, text)
    client = browser("auditor")
    page = client.get(f"/entries/{installation.ledger.log.size()}").text
    path = re.search(r'href="(/artefacts/[0-9a-f]{96})"', page)[1]
    shown = client.get(path).text
    assert text in shown and "16 random bytes stand before the text" in shown


def test_whoever_looks_for_a_digest_waits_for_no_line_that_the_server_has_read_at_its_start(
    browser, installation, site, rollback, monkeypatch
):
    log, client, hashed = installation.ledger.log, browser("auditor"), []
    site.digests.read(log, installation.ledger.view().size)
    monkeypatch.setattr(finding, "sha384", lambda line: hashed.append(line) or sha384(line))
    digest = hashlib.sha384(log.line(4)).hexdigest()
    note(installation)
    answer = client.get("/audit/find", query_string={"q": digest})
    assert answer.headers["Location"].endswith("/entries/4")
    assert hashed == [log.line(installation.ledger.view().size), log.line(4)]
