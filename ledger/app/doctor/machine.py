"""What ``doctor`` says of the machine below a home: its file system, its clock, and who may read the configuration."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

from ledger.app.doctor.check import Check
from ledger.app.home import config as settings
from ledger.app.home.folders import Home
from ledger.app.installation import Installation
from ledger.domain.state import State
from ledger.errors import LedgerError
from ledger.proof.entry import parse_entry

SKEW = 5.0
"""Seconds by which two clocks may differ."""
NETWORK = re.compile(
    r"nfs4?|cifs|smb\d*|smbfs|9p|afs|ceph|lustre|beegfs|gpfs|ncpfs|vboxsf|virtiofs|davfs"
    r"|fuse\.(sshfs|s3fs|rclone|glusterfs|ceph|curlftpfs|davfs2?|juicefs|gcsfuse|blobfuse2?|goofys|mfs|grpcfuse|osxfs)"
)
"""Types of file systems (proc(5), mountinfo) whose locks or flushes are another machine's word."""
_CODE = re.compile(r"\\([0-7]{3})")


def look(installation: Installation) -> Iterator[Check]:
    """All of them; ok is told only of the file system."""
    yield file_system(installation.home.root)
    yield from configuration(installation.home.config)
    yield from clock(installation)


# --- file system ------------------------------------------------------------------------------------------------------


def file_system(path: Path, mounts: str | None = None) -> Check:
    """Whether the path lies on this machine's own disk. ``mounts`` is the text of ``/proc/self/mountinfo``."""
    kind, place = mount_of(path.resolve(), _mounts() if mounts is None else mounts)
    if NETWORK.fullmatch(kind):
        return Check(
            "file system",
            "warning",
            f"{path} is on {place}, a network file system ({kind}): locks and flushes are another machine's word there",
            "put the home on a local disk: a lock that is no lock, or a flush that is none, breaks the ledger",
        )
    return Check("file system", "ok", kind or "not told by /proc/self/mountinfo")


def mount_of(path: Path, mounts: str) -> tuple[str, str]:
    """Type and mount point of the file system of an absolute path; ``("", "")`` where that is not told.

    The last line that fits wins, as the last mount covers those before it.
    """
    mount = ("", "")
    for line in mounts.splitlines():
        fields, _, rest = line.partition(" - ")
        if len(parts := fields.split(" ")) < 5 or not rest:
            continue
        point = _CODE.sub(lambda code: chr(int(code[1], 8)), parts[4])
        if path.is_relative_to(point) and len(point) >= len(mount[1]):
            mount = (rest.split(" ")[0], point)
    return mount


def _mounts() -> str:
    try:
        return Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
    except OSError:
        return ""


# --- configuration ----------------------------------------------------------------------------------------------------


def configuration(path: Path) -> Iterator[Check]:
    """A password in a file that others may read. What stands in the environment is not in the file."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return
    held = settings.secrets(settings.load(path, {}))
    if held and mode & 0o077:
        names = ", ".join(held)
        yield Check(
            "configuration", "warning", f"{path} has mode {mode:04o} and a secret in {names}", f"chmod 600 {path}"
        )


# --- clock ------------------------------------------------------------------------------------------------------------


def clock(installation: Installation) -> Iterator[Check]:
    """A last entry that is later than now: this clock is behind, or an entry was once stamped by one in the future."""
    state, now = installation.state, installation.clock()
    if (state.timestamp - now).total_seconds() <= SKEW:
        return
    entry = stamped(installation, state)
    agree: list[str] = []
    differ: list[str] = []
    for name, at in other_clocks(installation).items():
        (agree if abs((at - installation.clock()).total_seconds()) <= SKEW else differ).append(name)
    comparison = f"it is {_seconds(now)} here, and entry {entry} is stamped {_seconds(state.timestamp)}"
    in_the_future = f"entry {entry} was stamped by a clock in the future"
    since = "later entries carry that time too and, as metadata.wall_time, their own, which is what people are shown"
    if differ:
        yield Check(
            "clock", "problem", f"{comparison}; this clock differs from {', '.join(differ)}", "set this clock (NTP)"
        )
    elif agree:
        yield Check(
            "clock",
            "warning",
            f"{comparison}; this clock agrees with {', '.join(agree)}: {in_the_future}",
            f"nothing: {since}",
        )
    else:
        yield Check(
            "clock",
            "problem",
            comparison,
            f"either this clock is behind: set it (NTP); or {in_the_future}: then there is nothing to set, {since}",
        )


def stamped(installation: Installation, state: State) -> int:
    """The first entry with the last one's timestamp. Timestamps never go back, so it is found by halving."""
    low, high = 1, state.sequence
    while low < high:
        middle = (low + high) // 2
        line = installation.ledger.log.line(middle)
        if line is not None and parse_entry(line).timestamp >= state.timestamp:
            high = middle
        else:
            low = middle + 1
    return low


def other_clocks(installation: Installation) -> Mapping[str, datetime]:
    """What time other machines say it is, by their Date headers (RFC 9110, section 6.6.1), as far as they answer."""
    from ledger.adapters.http import ask  # init asks this module too, and no server

    times: dict[str, datetime] = {}
    for name in ("scheduler", "prometheus", "alertmanager"):
        for url in filter(None, getattr(installation.config, name).url.split(",")):
            server = settings.server(installation.config, name, url.strip())
            if server is None or is_this_machine(url):
                continue
            try:
                at = parsedate_to_datetime(ask(server, name, "GET").headers.get("Date", ""))
                times[f"{name} at {urlsplit(server.url).hostname}"] = at if at.tzinfo else at.replace(tzinfo=UTC)
            except (LedgerError, TypeError, ValueError, OverflowError):
                continue
    return times


def is_this_machine(url: str) -> bool:
    """Whether the address is this machine's own, whose clock agrees with itself."""
    host = urlsplit(url.strip()).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def _seconds(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def warn_of(root: Path) -> list[str]:
    """What ``init`` says at once: a home on a network file system."""
    told = file_system(Home(root).root)
    return [f"{told.found}. {told.remedy[:1].upper()}{told.remedy[1:]}"] if told.state == "warning" else []
