"""``stage4 completion``: what a shell needs to finish commands and options that were begun."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from ledger.cli.context import Session, stage4_command

SHELLS = ("bash", "zsh", "fish")
PROGRAM, VARIABLE = "stage4", "_STAGE4_COMPLETE"
"""Click finishes what was begun where the program is started with this variable set; the script does that."""


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@stage4_command
def completion(session: Session, shell: str) -> None:
    """Print the script with which a shell completes the commands and options of stage4.

    \b
    stage4 completion bash
    source <(stage4 completion bash)                          in ~/.bashrc
    source <(stage4 completion zsh)                           in ~/.zshrc, after compinit
    stage4 completion fish  > ~/.config/fish/completions/stage4.fish
    """
    maker = get_completion_class(shell)
    assert maker is not None, "click has these three"
    script = maker(click.get_current_context().find_root().command, {}, PROGRAM, VARIABLE).source()
    session.answer({"shell": shell, "script": script}, lambda: click.echo(script))
