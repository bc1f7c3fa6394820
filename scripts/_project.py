"""Started by any python3: go on in the project's own environment; the home is the one named, or the project."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_PYTHON = ROOT / ".venv" / "bin" / "python"


def run(name: str) -> None:
    """Run one of the runbook's scripts from ``ledger.cli.scripts``."""
    os.environ.setdefault("STAGE4_HOME", str(ROOT))
    if os.access(_PYTHON, os.X_OK) and Path(sys.prefix).resolve() != (ROOT / ".venv").resolve():
        os.execv(_PYTHON, [str(_PYTHON), *sys.argv])  # noqa: S606 (no shell, our own interpreter)
    sys.path.insert(0, str(ROOT))
    from ledger.streams import prepare

    prepare()
    if name == "disable":
        from ledger.stop.cord import arm

        arm("disable_multi_strategy.py", sys.argv[1:])
    try:
        from ledger.cli.scripts import main
    except (ImportError, OSError) as error:
        _without_packages(name, error)
    else:
        main(name)


def _without_packages(name: str, error: Exception) -> None:
    """Only the stop works on the standard library alone."""
    if name != "disable":
        sys.exit(f"{sys.argv[0]}: {error}. Set the project up first: make -C {ROOT} setup")
    from ledger.stop import main

    sys.exit(main(sys.argv[1:], f"our packages cannot be imported: {error}"))
