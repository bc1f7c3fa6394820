"""Which ledgers a home has besides its own: what lies there says so, whatever the configuration says.

A ledger that is switched off is judged all the same, and one that is to be there and is not is a finding.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ledger.app.home import config as settings
from ledger.app.home import keys
from ledger.app.home.config import Config
from ledger.app.home.folders import READ_MODELS, Home
from ledger.app.home.parts import again
from ledger.app.people.access import STAGE
from ledger.app.soundness.found import Found, Note
from ledger.said import Said

_ASIDE = ".before-ledger"
"""What ends the names of an earlier log that ``init`` set aside."""


class Other(NamedTuple):
    """Another ledger of a home."""

    home: Home
    config: Config
    is_begun: bool
    """Whether there is a store, or lines of it were published."""


def others(root: Path, config: Config) -> tuple[list[Other], list[Note]]:
    """The others by name, and what is to be known of them. One that was only named by its files is not judged."""
    listed = settings.other_stages(config)
    there, notes = _there(Home(root, config.stage), config)
    ledgers = []
    for stage in dict.fromkeys((*listed, *there)):
        home, own = Home(root, stage), settings.keyed(config, stage)
        if stage not in listed:
            if stage != STAGE and not _has_keys(home):
                notes += [Note("ledger", _unknown(path)) for path in there[stage]]
                continue
            notes.append(Note("ledger", _unlisted(stage)))
        begun = any(os.path.lexists(path) for path in (home.store, home.published, home.published_state))
        ledgers.append(Other(home, own, begun))
    return ledgers, notes


def missing(other: Other) -> Found:
    """The finding about a ledger of which there is neither store nor published line."""
    problems = Found(other.home.stage)
    if _has_keys(other.home):
        sentence = Said(
            "The ledger {} is not there, and keys of it are: it was removed, or its init was interrupted.",
            other.home.stage,
        )
    else:
        sentence = Said(
            "The ledger {}, which the configuration names, is not there: it was never made, its init "
            "was interrupted, or all of it was removed.",
            other.home.stage,
        )
    remedy = Said("Put a copy of it back; where there never was one: {}", again(other.home.root))
    problems.add("store", "ledger_missing", str(other.home.store), sentence, remedy=remedy)
    return problems


def _there(main: Home, config: Config) -> tuple[dict[str, list[Path]], list[Note]]:
    """Stage -> what lies there of it, in the home's own folders; a folder that cannot be listed is told."""
    paths: dict[str, list[Path]] = {}
    notes = []
    own_keys = {main.path(name).parent for name in (config.signing.hmac_key_file, config.signing.checkpoint_key_file)}

    def stage_of_key(path: Path) -> str:
        return path.name if path not in own_keys and path.is_dir() else ""

    places: tuple[tuple[Path, Callable[[Path], str]], ...] = (
        (main.store.parent, _ended(".sqlite", ".published.json")),
        (main.var / "keys", stage_of_key),
        (main.published.parent, _ended(".jsonl")),
    )
    for folder, stage_of in places:
        try:
            for path in sorted(folder.iterdir()):
                stage = stage_of(path)
                if stage and stage != main.stage and not stage.endswith(_ASIDE):
                    paths.setdefault(stage, []).append(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            notes.append(
                Note("ledger", Said("Whether {} has another ledger was not looked at: {}.", folder, error.strerror))
            )
    return paths, notes


def _ended(*ends: str) -> Callable[[Path], str]:
    def stage_of(path: Path) -> str:
        if path.name.endswith(READ_MODELS):
            return ""
        return next((path.name.removesuffix(end) for end in ends if path.name.endswith(end)), "")

    return stage_of


def _has_keys(home: Home) -> bool:
    return keys.exist(home.var / "keys" / home.stage)


def _unknown(path: Path) -> str:
    return Said("{} was not looked at: it is of no ledger that this home has keys of, and none is configured.", path)


def _unlisted(stage: str) -> str:
    return Said(
        "The configuration does not name the ledger {} (stages in stage4.toml); it was looked at all the same.", stage
    )
