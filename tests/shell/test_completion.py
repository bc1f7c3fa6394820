"""``stage4 completion``: bash really finishes what was begun; nothing is done meanwhile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .commands import STAGE4, run, stage4

FINISH = """
source <(stage4 completion bash)
[[ $(complete -p stage4) =~ -F\\ ([^ ]+) ]] || exit 9
COMP_WORDS=(stage4 "$@"); COMP_CWORD=$#
"${BASH_REMATCH[1]}" stage4 "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def finished(home: Path, *words: str) -> list[str]:
    """What bash makes of the words, the last of them begun."""
    path = f"PATH={Path(STAGE4).parent}:/usr/bin:/bin"
    done = run(home, "env", path, "bash", "--norc", "-c", FINISH, "bash", *words)
    assert done.returncode == 0 and not done.stderr, done.stdout + done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("rollb",), ["rollback"]),
        (("rollback", "end-i"), ["end-incident"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
        (("verify", "--check"), ["--checkpoint"]),
    ],
)
def test_bash_finishes_commands_values_and_options(tmp_path: Path, words: tuple[str, ...], expected: list[str]) -> None:
    assert finished(tmp_path, *words) == expected


def test_a_stop_that_is_only_begun_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "stage4.toml").write_text("")
    assert "--reason" in finished(tmp_path, "stop", "--rea")
    assert [one.name for one in tmp_path.iterdir()] == ["stage4.toml"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_own_script(tmp_path: Path, shell: str) -> None:
    script = stage4(tmp_path, "completion", shell).stdout
    assert f"_STAGE4_COMPLETE={shell}_complete" in script
    page = json.loads(stage4(tmp_path, "completion", shell, "--json").stdout)
    assert page["script"].strip() == script.strip()


def test_a_shell_that_is_not_known_is_a_mistake_in_typing(tmp_path: Path) -> None:
    assert stage4(tmp_path, "completion", "csh").returncode == 2
