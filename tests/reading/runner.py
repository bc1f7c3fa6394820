"""Run ``stage4`` in a child of this process: as another user where asked, and without starting Python anew."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import ledger
from ledger.cli.root import stage4

NOBODY = 65534
for _module in pkgutil.walk_packages(ledger.__path__, "ledger."):  # commands import late, and nobody may read ours then
    if not _module.name.endswith("__main__"):
        importlib.import_module(_module.name)


class Done(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def page(self) -> Any:
        """What ``--json`` printed."""
        return json.loads(self.out)


def run(home: Path, *arguments: object, uid: int | None = None) -> Done:
    """Run a command on a home; ``uid`` is whose process it is."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            _become(out.fileno(), err.fileno(), uid)
            _command(["--home", str(home), *map(str, arguments)])
        _, status = os.waitpid(child, 0)
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode())
        return Done(os.waitstatus_to_exitcode(status), *texts)


def _become(out: int, err: int, uid: int | None) -> None:
    os.dup2(out, 1)
    os.dup2(err, 2)
    sys.stdin = open(os.devnull)  # noqa: SIM115, PTH123
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
    for name in [name for name in os.environ if name.startswith("STAGE4_")]:
        del os.environ[name]
    os.environ["COLUMNS"] = "400"
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)


def _command(arguments: list[str]) -> None:
    status: Any = 70
    try:
        stage4.main(arguments, prog_name="stage4")
    except SystemExit as ended:
        status = ended.code
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else int(status is not None))
