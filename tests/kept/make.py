"""``python -m tests.kept.make [NAME…]``: make homes with this build and keep them. As root, because paths are neutral.

Never make a set anew that is kept already: it would be another build's. A set for a new format is another folder.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

from ledger.app.installation import opened

from .archive import HOMES, MADE_AT, pack, unpack
from .plays import PLAYS
from .told import kept_form, told

PROJECT = Path(__file__).parents[2]
NEUTRAL = "STAGE4_KEPT_ON"
"""Set to the machine's own name where the process runs under the neutral one."""
MACHINE = "lab"
PICTURES = "savefig.dpi: 12\n"
"""Pictures of the dashboard are as small as they can be."""


def main(wanted: list[str]) -> int:
    """Make the homes of these names, or all; how many could not be made."""
    unknown = [name for name in wanted if name not in PLAYS]
    if unknown:
        sys.exit(f"there is no {', '.join(unknown)}; known: {', '.join(PLAYS)}")
    if NEUTRAL not in os.environ:
        return _under_another_name(wanted)
    HOMES.mkdir(exist_ok=True)
    try:
        return sum(not _made(name) for name in wanted or PLAYS)
    finally:
        shutil.rmtree(MADE_AT, ignore_errors=True)


def _under_another_name(wanted: list[str]) -> int:
    """The same in a machine called "lab", with nothing in its environment that says where it runs."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "matplotlibrc"
        settings.write_text(PICTURES)
        environment = {
            "HOME": folder,
            "LC_ALL": "C.UTF-8",
            "MATPLOTLIBRC": str(settings),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}{os.pathsep}/usr/sbin:/sbin",
            "PYTHONDONTWRITEBYTECODE": "1",  # where files may have 2,000 bytes, Python would cut its own short
            "TZ": "UTC",
            NEUTRAL: os.uname().nodename,
        }
        named = ["unshare", "--uts", "sh", "-c", f'hostname {MACHINE} && exec "$@"', "sh"]
        command = [*named, sys.executable, "-m", "tests.kept.make", *wanted]
        return subprocess.run(command, cwd=PROJECT, env=environment, check=False).returncode


def _made(name: str) -> bool:
    print(f"--- {name}: {PLAYS[name].about}", flush=True)
    root = MADE_AT / name
    shutil.rmtree(root, ignore_errors=True)
    root.parent.mkdir(exist_ok=True)
    try:
        PLAYS[name].make(root)
        data = pack(root)
    except Exception:  # the others are made all the same
        traceback.print_exc()
        return False
    finally:
        shutil.rmtree(root, ignore_errors=True)
    (HOMES / f"{name}.tar.xz").write_bytes(data)
    with tempfile.TemporaryDirectory() as folder:
        home = unpack(name, Path(folder) / "home")
        told_of = list(_telling(home))
        with opened(home) as installation:
            page = kept_form(told(installation))
    (HOMES / f"{name}.json").write_text(page, "utf-8")
    print(f"--- {name}: {len(data):,} bytes, {len(page):,} beside it", *told_of, sep="\n", flush=True)
    return not told_of


def _telling(home: Path) -> list[str]:
    """Files that say where they were made: a path or the name of this machine."""
    machine = os.environ[NEUTRAL].encode()
    words = [
        re.escape(bytes(PROJECT.parents[-2])) + b"/",
        rb"/tmp/",
        rb"/home/",
        rb"/root/",
        rb'//%b[:/"]|"%b"' % (machine, machine),
    ]
    found = re.compile(b"|".join(words))
    return [
        f"{path.relative_to(home)}: {match[0]!r}"
        for path in sorted(home.rglob("*"))
        if path.is_file() and (match := found.search(path.read_bytes()))
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
