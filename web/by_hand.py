"""One entry with everything that it takes to check it without this server, as a zip; and how, in plain commands."""

from __future__ import annotations

import io
import textwrap
import zipfile
from collections.abc import Iterator
from typing import Final

from ledger.app.reading.by_hand import ByHand
from ledger.proof.merkle import leaf_hash
from web.i18n import gettext as _

WIDTH: Final = 100
_SAME_DAY: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the zip: the same entry gives the same bytes."""
_NODE: Final = """node() { printf "$(printf '01%s%s' "$1" "$2" | sed 's/../\\\\x&/g')" | sha256sum | cut -d' ' -f1; }"""
_PUBLIC_KEY: Final = r"\060\052\060\005\006\003\053\145\160\003\041\000"
"""What stands before the 32 bytes of an Ed25519 key in DER (RFC 8410)."""


def zipped(found: ByHand) -> bytes:
    """The zip: the entry's own bytes and nothing around them, each file by itself."""
    files = {"README.txt": readme(found).encode(), _entry(found.sequence): found.line}
    if found.before is not None:
        files[_entry(found.sequence - 1)] = found.before
    if found.checkpoint is not None:
        files[_checkpoint(found)] = found.checkpoint.note
    files[_key(found)] = f"{found.key}\n".encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, _SAME_DAY), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _entry(sequence: int) -> str:
    return f"entry-{sequence}.json"


def _checkpoint(found: ByHand) -> str:
    size = found.checkpoint.size if found.checkpoint else 0
    return f"{found.stage}-{size}.checkpoint"


def _key(found: ByHand) -> str:
    return f"{found.stage}.vkey"


def readme(found: ByHand) -> str:
    """What is in the zip, and the commands; lines that begin with four spaces are to be typed into bash."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: ByHand) -> Iterator[str]:
    title = _("Entry %(n)s of the ledger %(origin)s", n=found.sequence, origin=found.origin)
    yield from (title, "=" * len(title), "")
    yield from _text(
        _(
            "Everything here can be checked on your own machine, in bash, with sha384sum, sha256sum, base64 and "
            "openssl (3.0 or newer), and without any program of ours."
        )
    )
    yield from _contents(found)
    yield from _chain(found)
    if found.checkpoint is not None and not found.checkpoint.why:
        yield from _tree(found)
        yield from _signature(found)
    yield from _everything(found)
    yield from _not_proved()


def _contents(found: ByHand) -> Iterator[str]:
    yield from _head(_("What is in here"))
    yield from _item(_entry(found.sequence), _("the entry: its exact bytes, without the line end after them"))
    if found.before is not None:
        yield from _item(_entry(found.sequence - 1), _("the line before it, in the same form"))
    if found.checkpoint is not None:
        told = _("the signed statement of the ledger's length (%(n)s) and of its Merkle root", n=found.checkpoint.size)
        yield from _item(_checkpoint(found), told)
    told = _("the public key of the checkpoints; put the one in its place that you were given by another way")
    yield from _item(_key(found), told)


def _chain(found: ByHand) -> Iterator[str]:
    yield from _head(_("1. The entry names the bytes of the line before it"))
    if found.sequence == 1:
        yield from _text(_("It is the first one: 96 zeros stand where the others name the line before them."))
    elif found.before is None:
        yield from _text(_("The line before it is missing in the store, so this cannot be checked here."))
    else:
        yield from _text(_("The two lines that these print have to be the same:"))
        yield f"    sha384sum < {_entry(found.sequence - 1)} | cut -d' ' -f1"
        yield (
            f"""    grep -o '"previous":"sha384:[0-9a-f]*"' {_entry(found.sequence)} """
            """| tail -n 1 | cut -d: -f3 | tr -d '"'"""
        )
        yield ""
    yield from _text(
        _("What the next entry names as its previous, and what this entry's page shows as its digest, is this:")
    )
    yield f"    sha384sum < {_entry(found.sequence)} | cut -d' ' -f1"
    yield ""


def _tree(found: ByHand) -> Iterator[str]:
    checkpoint = found.checkpoint
    assert checkpoint is not None
    yield from _head(_("2. The checkpoint's Merkle root is over this entry (RFC 6962)"))
    yield from _text(
        _(
            "The leaf is the SHA-256 of a zero byte and the entry; each step up is the SHA-256 of a one byte and two "
            "hashes. The hashes beside the way were made from the other lines. The last two lines that these print "
            "have to be the same:"
        )
    )
    yield f"    {_NODE}"
    yield f"    h=$( (printf '\\000'; cat {_entry(found.sequence)}) | sha256sum | cut -d' ' -f1)"
    for step in found.path:
        pair = f'{step.hash.hex()} "$h"' if step.left else f'"$h" {step.hash.hex()}'
        yield f"    h=$(node {pair})"
    yield '    echo "$h"'
    yield f"    sed -n 3p {_checkpoint(found)} | base64 -d | od -An -v -tx1 | tr -d ' \\n'; echo"
    yield ""
    yield from _text(_("(The leaf is %(leaf)s.)", leaf=leaf_hash(found.line).hex()))


def _signature(found: ByHand) -> Iterator[str]:
    name, key = _checkpoint(found), _key(found)
    yield from _head(_("3. The checkpoint is signed by the key (Ed25519, C2SP signed note)"))
    yield from _text(_("The last of these has to print: Signature Verified Successfully"))
    yield f"    head -n 3 {name} > statement"
    yield f"    grep -F '— {found.origin} ' {name} | head -n 1 | cut -d' ' -f3 | base64 -d | tail -c 64 > signature"
    yield (
        f"    (printf '{_PUBLIC_KEY}'; cut -d+ -f3- {key} | base64 -d | tail -c 32) "
        "| openssl pkey -pubin -inform DER -out key.pem"
    )
    yield "    openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in statement -sigfile signature"
    yield ""


def _everything(found: ByHand) -> Iterator[str]:
    yield from _head(_("Everything at once, with stage4 on your own machine"))
    told = _(
        "Download %(name)s from the page Audit into this folder. The verifier reads every line, replays the runbook's "
        "rules, and says what it could not check. Status 4 means: proved as far as this checkpoint, and newer lines "
        "follow.",
        name=f"{found.stage}.jsonl",
    )
    yield from _text(told)
    option = f" --checkpoint {_checkpoint(found)}" if found.checkpoint else ""
    yield f"  stage4 verify {found.stage}.jsonl{option} --public-key {_key(found)}"
    yield ""


def _not_proved() -> Iterator[str]:
    yield from _head(_("What this does not prove"))
    for sentence in (
        _(
            "That the key is this ledger's: that is only known from where you have it. A key out of the same hands as "
            "the lines proves that they belong together, and nothing more."
        ),
        _(
            "That nothing was written anew by whoever holds all keys: a head that somebody else kept shows it. Keep "
            "the checkpoint of today in a place that the operator cannot reach."
        ),
        _(
            "The two HMACs in the entry: their key is secret, and whoever has it could make them. Who holds it checks "
            "them with: stage4 verify --hmac-key-file FILE"
        ),
        _("Who the people are: the entry names an actor, and the ledger's server alone vouches for that."),
    ):
        yield from _item("-", sentence)


def _head(text: str) -> Iterator[str]:
    yield from ("", text, "-" * len(text), "")


def _text(text: str) -> Iterator[str]:
    yield from textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)
    yield ""


def _item(name: str, text: str) -> Iterator[str]:
    yield from textwrap.wrap(
        text,
        WIDTH,
        initial_indent="- " if name == "-" else f"- {name}: ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
