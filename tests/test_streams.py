"""Standard streams that end no command, tried in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ledger import streams  # registers the error handler

PROJECT = Path(__file__).resolve().parents[1]
BROKEN_LOCALE = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
BEGIN = "import os, sys; from ledger import streams; streams.prepare(); import click\n"


def run(
    program: str, command: str = '{python} -c "$PROGRAM"', **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a program by a line of the shell, which says what its descriptors are."""
    shell = command.format(python=sys.executable)
    variables = {"PROGRAM": BEGIN + program, "PATH": "/usr/bin:/bin", **environment}
    return subprocess.run(["bash", "-c", shell], cwd=PROJECT, env=variables, capture_output=True, timeout=60)


@pytest.mark.parametrize(
    ("text", "encoding", "shown"),
    [
        ("✔ a → b…", "ascii", "[ok] a -> b..."),
        ("Łódź, ś", "ascii", "Lodz, s"),
        ("Łódź ✘", "iso-8859-2", "Łódź [x]"),
        ("½ of 10²", "ascii", "\\xbd of 10\\xb2"),
        ("🚒", "iso-8859-2", "\\U0001f692"),
        ("caf\udce9", "utf-8", "caf\\xe9"),
        ("\ud800", "utf-8", "\\ud800"),
    ],
)
def test_what_cannot_be_shown_is_written_so_that_it_is_not_taken_for_something_else(text, encoding, shown):
    assert text.encode(encoding, "stage4-readable").decode(encoding) == shown


@pytest.mark.parametrize("printed", ["print(TEXT)", "click.echo(TEXT)", "sys.stdout.write(TEXT + chr(10))"])
def test_in_a_locale_without_letters_all_that_is_printed_is_ascii(printed):
    done = run(printed.replace("TEXT", ascii("✔ ż")), **BROKEN_LOCALE)
    assert (done.stdout, done.stderr) == (b"[ok] z\n", b"")


def test_in_a_locale_with_all_letters_nothing_changes():
    assert run("print('✔ ż 🚒')", LC_ALL="C.UTF-8").stdout.decode() == "✔ ż 🚒\n"


def test_without_a_buffer_it_works_too():
    done = run(r"print('\u2714')", '{python} -u -c "$PROGRAM" | cat', **BROKEN_LOCALE)
    assert done.stdout == b"[ok]\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_descriptor_is_never_the_next_file_that_is_opened(closed, tmp_path):
    path = tmp_path / "ledger"
    program = (
        f"file = open({str(path)!r}, 'wb')\n"
        "print('for nobody'); print('for nobody', file=sys.stderr); sys.stdout.flush()\n"
        "assert file.fileno() > 2 and sys.stdin.read() == '' and sys.stdin.isatty() is False\n"
        "sys.exit(7)"
    )
    assert (
        run(
            program,
            f'{{python}} -c "$PROGRAM" {closed} </dev/null'
            if "<&-" not in closed
            else f'{{python}} -c "$PROGRAM" {closed}',
        ).returncode
        == 7
    )
    assert path.read_bytes() == b""


def test_who_goes_away_ends_nothing_and_the_command_comes_to_its_own_end():
    program = "for n in range(100_000): print(n)\nassert streams.gone() and not streams.lost()\nsys.exit(7)"
    done = run(program, '{python} -c "$PROGRAM" | head -1; exit ${{PIPESTATUS[0]}}')
    assert (done.stdout, done.stderr, done.returncode) == (b"0\n", b"", 7)


def test_a_full_disk_under_the_output_is_known_afterwards():
    program = "print('x'); sys.stdout.flush(); print(streams.lost(), file=sys.stderr)"
    assert run(program, '{python} -c "$PROGRAM" > /dev/full').stderr == b"No space left on device\n"


ENDING = "from ledger.cli.ending import run\n"


@pytest.mark.parametrize(
    ("command", "stops", "status"),
    [("print('x')", False, 3), ("print('x')", True, 0), ("(print('x'), sys.exit(1))", False, 1)],
)
def test_output_that_is_lost_is_no_success_but_a_stop_is_a_stop(command, stops, status):
    done = run(f"{ENDING}run('stage4', lambda: {command}, stops={stops})", '{python} -c "$PROGRAM" > /dev/full')
    assert done.returncode == status
    assert b"could be written: No space left on device" in done.stderr


def test_an_unexpected_error_is_a_sentence_and_a_note_that_tells_no_secret(tmp_path):
    program = (
        ENDING + "def broken():\n    raise KeyError('hunter2 is the password')\nrun('stage4', broken, stops=False)"
    )
    done = run(program, TMPDIR=str(tmp_path))
    (note,) = tmp_path.glob("stage4-mistake-*.txt")
    assert done.returncode == 3
    assert (
        b"Traceback" not in done.stderr and b"KeyError at <string>" in done.stderr and str(note).encode() in done.stderr
    )
    assert b"hunter2" not in done.stderr and "hunter2" not in note.read_text("utf-8")
    assert "in broken" in note.read_text("utf-8")
    assert note.stat().st_mode & 0o777 == 0o600


def test_an_error_of_the_operating_system_names_the_file():
    done = run(f"{ENDING}run('stage4', lambda: open('/no/such/file'), stops=False)")
    assert (done.returncode, done.stderr) == (3, b"stage4: cannot go on: /no/such/file: No such file or directory\n")


def test_a_stream_that_is_somebody_elses_stays(capsys):
    before = sys.stdout
    streams.prepare()
    assert sys.stdout is before
