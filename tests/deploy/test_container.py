"""The container file keeps what it claims, as far as that shows without a build; tests/packaged runs it read-only."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .lines import PROJECT, taken

FILE = PROJECT / "deploy" / "container" / "Containerfile"


def instructions() -> Iterator[tuple[str, str]]:
    """Each instruction and what stands after it, lines joined, comments left out (Dockerfile reference, "Format")."""
    text = "".join(line for line in FILE.read_text().splitlines(True) if not line.startswith("#"))
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if line.strip():
            name, _, rest = line.partition(" ")
            yield name, rest.strip()


def last(name: str) -> str:
    return [rest for found, rest in instructions() if found == name][-1]


def settings() -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in last("ENV").split())


def test_the_user_is_a_number_that_is_not_root_and_is_set_last() -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", last("USER"))
    names = [name for name, _ in instructions()]
    assert "RUN" not in names[names.index("USER") :], "nothing is made as another user after it"
    uid = last("USER").partition(":")[0]
    assert f"useradd --uid {uid} --gid {uid} " in last("RUN")


def test_every_command_is_in_the_form_that_needs_no_shell() -> None:
    for name in ("ENTRYPOINT", "CMD", "VOLUME"):
        assert all(isinstance(word, str) for word in json.loads(last(name)))
    assert json.loads(last("HEALTHCHECK").partition("CMD ")[2])[0] == "/opt/stage4/bin/python"


def test_what_it_starts_is_a_line_that_stage4_takes() -> None:
    assert taken([*json.loads(last("ENTRYPOINT")), *json.loads(last("CMD"))]) == "serve"


def test_the_volumes_are_all_that_a_home_writes() -> None:
    home = settings()["STAGE4_HOME"]
    assert json.loads(last("VOLUME")) == [f"{home}/var", f"{home}/audit"]
    assert last("WORKDIR") == home and all(f" {one}" in last("RUN") for one in json.loads(last("VOLUME")))


def test_no_secret_and_nothing_but_the_built_wheel_gets_in() -> None:
    assert not re.search(r"(?i)password|secret|token|key|://", "\n".join(rest for _, rest in instructions()))
    copied = [rest for name, rest in instructions() if name in ("COPY", "ADD")]
    assert copied == ["constraints.txt stage4_ledger-*.whl /wheel/", "--from=build /opt/stage4 /opt/stage4"]
    assert [rest for name, rest in instructions() if name == "FROM"] == [
        "debian:bookworm-slim AS build",
        "debian:bookworm-slim",
    ]


def test_make_wheel_writes_one_line_for_each_version_of_the_lock(tmp_path: Path) -> None:
    rule = subprocess.run(["make", "-n", "wheel"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    (line,) = [one for one in rule.splitlines() if one.startswith("sed ")]
    assert line.endswith(" > dist/constraints.txt") and "-d dist\n" in rule
    subprocess.run(["sh", "-c", line.replace("dist/", f"{tmp_path}/")], cwd=PROJECT, check=True)
    made = (tmp_path / "constraints.txt").read_text().splitlines()
    assert len(made) == len(re.findall(r"^[\w.-]+==", (PROJECT / "requirements-dev.txt").read_text(), re.MULTILINE))
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+( ; [^\\]+)?", one) for one in made)


@pytest.mark.parametrize("name", ["PATH", "TMPDIR"])
def test_programs_and_temporary_files_are_where_a_read_only_root_has_them(name: str) -> None:
    assert settings()[name].split(":")[0] == {"PATH": "/opt/stage4/bin", "TMPDIR": "/dev/shm"}[name]
