"""Started by any python3: go on in the project's own environment; the home is the one named, or the project.

The wheel has this folder as ``ledger/scripts``. There it is the environment that the wheel was installed into, and the
home is the one named, or the folder one is in, as for ``stage4``.
"""

import os
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
IN_PROJECT = (_HERE.parent / "ledger").is_dir()
ROOT = _HERE.parent if IN_PROJECT else _HERE.parent.parent
"""Where ``ledger`` is imported from."""


def run(name: str) -> None:
    """Run one of the runbook's scripts from ``ledger.cli.scripts``."""
    if IN_PROJECT:
        os.environ.setdefault("STAGE4_HOME", str(ROOT))
    _go_on_in(ROOT / ".venv" if IN_PROJECT else _environment())
    if IN_PROJECT:
        sys.path.insert(0, str(ROOT))
    elif str(ROOT) not in sys.path:
        sys.path.append(str(ROOT))
    from ledger.streams import prepare

    prepare()
    if name == "disable":
        from ledger.stop.cord import arm

        arm("disable_multi_strategy.py", sys.argv[1:])
    try:
        from ledger.cli.scripts import main
    except Exception as error:  # noqa: BLE001 (a package that is half there fails in any way)
        _without_packages(name, error)
    else:
        main(name)


def _environment() -> Path:
    """The virtual environment that this file lies in (PEP 405); this interpreter's own where it lies in none."""
    return next((folder for folder in _HERE.parents if (folder / "pyvenv.cfg").is_file()), Path(sys.prefix))


def _go_on_in(environment: Path) -> None:
    python = environment / "bin" / "python"
    if os.access(python, os.X_OK) and Path(sys.prefix).resolve() != environment.resolve():
        os.execv(python, [str(python), *sys.argv])  # noqa: S606 (no shell, our own interpreter)


def _without_packages(name: str, error: Exception) -> None:
    """Only the stop works on the standard library alone."""
    if name != "disable":
        way = f"Set the project up first: make -C {ROOT} setup" if IN_PROJECT else "Install stage4-ledger again"
        sys.exit(f"{sys.argv[0]}: {error}. {way}")
    from ledger.stop import main

    sys.exit(main(sys.argv[1:], f"our packages cannot be imported: {error}"))
