"""How every command line begins and ends: safe streams first, and never a traceback in the end."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from ledger import streams
from ledger.cli.belongs import unusable

EXIT_UNREACHABLE = 3


def run(program: str, command: Callable[[], object], *, stops: bool) -> NoReturn:
    """Run a command to its exit status.

    An error of the operating system is a sentence and status 3. So is a mistake of ours, with a note of it in a file
    for whoever mends it. A package that cannot be imported is status 1. What was printed and did not arrive turns a 0
    into 3, but not of a stop (``stops``): whether the scheduler is stopped is all that its status says.
    """
    streams.prepare()
    status: object = 0
    try:
        command()
    except SystemExit as ended:
        status = ended.code
    except KeyboardInterrupt:
        status = 128 + signal.SIGINT
    except ImportError as error:
        status = f"{program}: {error}. Set the project up first: make setup"
    except OSError as error:
        status = _said(program, str(unusable(Path(os.environ.get("STAGE4_HOME") or "."), error)))
    except Exception as error:  # noqa: BLE001  (whatever it is, a person gets a sentence)
        status = _said(program, _mistake(error))
    if why := streams.lost():
        told = _said(program, f"not all of what was to be printed could be written: {why}")
        status = told if not status and not stops else status
    sys.exit(status)  # type: ignore[arg-type]  # as it came: a number, None or a text


def _said(program: str, sentence: str) -> int:
    print(f"{program}: {sentence}", file=sys.stderr)
    return EXIT_UNREACHABLE


def _mistake(error: Exception) -> str:
    """Where it happened, and where the note is. Neither repeats what was typed, nor any value: those may be secret."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "?"  # noqa: PTH119
    said = f"this is a mistake in stage4 itself ({type(error).__name__} at {place}); what is in the ledger stands"
    note = _note(error)
    return f"{said}. Hand this file to whoever maintains it: {note}" if note else said


def _note(error: Exception) -> str:
    """The path of a file (mode 600) with the calls that led there; ``""`` where none can be made."""
    lines = [f"{type(error).__name__}; Python {sys.version.split()[0]}\n"]
    chain: BaseException | None = error
    while chain is not None:
        lines += [f"{type(chain).__name__}:\n", *traceback.format_tb(chain.__traceback__)]
        chain = chain.__cause__ or chain.__context__
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="stage4-mistake-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.writelines(lines)
    except OSError:
        return ""
    return file.name
