"""What doctor says of the file system below a home, and of a configuration with secrets in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.app.doctor.examine import examine
from ledger.app.doctor.machine import configuration, file_system, mount_of
from ledger.app.installation import Installation

MOUNTS = """\
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
23 22 0:21 / /proc rw - proc proc rw
40 22 0:40 / /srv rw shared:9 master:2 - xfs /dev/vdb rw
41 40 0:41 /export /srv/our\\040homes rw,relatime - {kind} filer:/export rw,vers=4.2
42 40 0:42 / /srv/stage4-other rw - tmpfs tmpfs rw
broken line
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/our homes/stage4", "nfs4"),
        ("/srv/our homes", "nfs4"),
        ("/srv/our", "xfs"),
        ("/srv/stage4", "xfs"),
        ("/srv/stage4-other/home", "tmpfs"),
        ("/home/ola", "ext4"),
    ],
)
def test_a_path_lies_on_the_nearest_mount_above_it(path: str, kind: str) -> None:
    assert mount_of(Path(path), MOUNTS.format(kind="nfs4"))[0] == kind


def test_of_two_mounts_at_one_place_the_later_covers_the_earlier() -> None:
    twice = MOUNTS + "50 22 0:50 / / rw - cifs //server/share rw\n"
    assert mount_of(Path("/home"), twice) == ("cifs", "/")
    assert mount_of(Path("/home"), "") == ("", "")


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "fuse.glusterfs"])
def test_a_network_file_system_is_warned_of(kind: str) -> None:
    told = file_system(Path("/srv/our homes/stage4"), MOUNTS.format(kind=kind))
    assert (told.state, "local disk" in told.remedy) == ("warning", True)
    assert f"/srv/our homes, a network file system ({kind})" in told.found


@pytest.mark.parametrize("kind", ["ext4", "btrfs", "overlay", "tmpfs", "fuseblk", "fuse.fuse-overlayfs", "nfsd"])
def test_a_disk_of_this_machine_is_not(kind: str) -> None:
    assert file_system(Path("/srv/our homes/stage4"), MOUNTS.format(kind=kind)).state == "ok"


def test_this_machine_tells_its_own(installation: Installation) -> None:
    (found,) = [one for one in examine(installation.home.root) if one.name == "file system"]
    assert found.found and found.found != "not told by /proc/self/mountinfo"


@pytest.mark.parametrize(("mode", "told"), [(0o644, True), (0o640, True), (0o600, False), (0o400, False)])
def test_a_secret_that_others_may_read_is_warned_of(tmp_path: Path, mode: int, told: bool) -> None:
    path = tmp_path / "stage4.toml"
    path.write_text('[announce]\nurl = "https://hooks.example/hunter2"\n', "utf-8")
    path.chmod(mode)
    found = list(configuration(path))
    assert [(one.state, one.remedy) for one in found] == ([("warning", f"chmod 600 {path}")] if told else [])
    assert "hunter2" not in repr(found)
    assert all("announce.url" in one.found for one in found)


def test_a_configuration_without_secrets_may_be_read_by_all(tmp_path: Path) -> None:
    path = tmp_path / "stage4.toml"
    assert list(configuration(path)) == []
    path.write_text('[scheduler]\nurl = "https://scheduler.example/status"\n', "utf-8")
    assert list(configuration(path)) == []
