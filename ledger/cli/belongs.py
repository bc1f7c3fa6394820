"""Whose a home is, and what a person is told whose user may not use it.

A home belongs to one user of the operating system; people act as that user (``sudo -u``), and the ledger knows them by
the uid they logged in with.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from ledger.app.home.folders import Home
from ledger.errors import Unreachable


def whom_to_ask(root: Path, error: BaseException, *, opening: bool = False) -> str:
    """Whose the home is and how to act as that user, where the error is that this process' user may not use it.

    It is where something inside of the home was not permitted, and with ``opening`` (the home was to be opened) where
    its folder ``var`` may not be entered; else ``""``.
    """
    refused, var = _refused(error, root), Home(root).var
    if refused is None and not (opening and _is_shut(var)):
        return ""
    nearest = _nearest(refused or var)
    owner, me = _owner(root), _user(os.geteuid())
    if owner == me and nearest is not None and (other := _owner(nearest)) != me:
        return f"{nearest} belongs to {other}: was something run as {other}? Give it to {me}: chown -h {me} {nearest}"
    if owner == me:
        return ""
    named = f"'#{owner.removeprefix('uid ')}'" if owner.startswith("uid ") else owner  # sudo(8)
    return (
        f"{root} belongs to {owner}, and {me} may not use it. Act as that user: "
        f"sudo -u {named} stage4 … --home {root} (the ledger knows you by the uid that you logged in with); "
        "who may not do that asks the administrator of this machine"
    )


def unusable(root: Path, error: OSError) -> Unreachable:
    """The sentence for an operating system's error that nobody expected."""
    why = error.strerror or type(error).__name__
    said = f"{os.fsdecode(error.filename)}: {why}" if isinstance(error.filename, str | bytes) else why
    hint = whom_to_ask(root, error)
    return Unreachable(f"cannot go on: {said}. {hint}" if hint else f"cannot go on: {said}")


def _refused(error: BaseException | None, root: Path) -> Path | None:
    """The path inside of the home whose refused permission the error comes from."""
    while error is not None:
        if isinstance(error, PermissionError) and isinstance(error.filename, str | bytes):
            path = Path(os.path.abspath(os.fsdecode(error.filename)))  # noqa: PTH100 (links are not followed)
            return path if path.is_relative_to(Home(root).root) else None
        error = error.__cause__ or error.__context__
    return None


def _is_shut(var: Path) -> bool:
    """Whether the folder is there, as far as can be seen, and may not be entered and listed."""
    try:
        var.stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return not os.access(var, os.R_OK | os.X_OK)


def _nearest(path: Path) -> Path | None:
    """The path, or the nearest folder above it that can be looked at."""
    for place in (path, *path.parents):
        try:
            place.lstat()
        except OSError:
            continue
        return place
    return None


def _owner(path: Path) -> str:
    nearest = _nearest(path)
    return _user(nearest.lstat().st_uid) if nearest else "somebody else"


def _user(uid: int) -> str:
    """The user's name, or ``uid 4001``."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
