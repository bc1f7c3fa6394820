"""What the tests run in processes of their own. Prints JSON; waits for a line on stdin before it begins."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ledger.app.installation import Installation, open_home, opened
from ledger.app.people import staff
from ledger.app.people.accounts import Accounts
from ledger.app.press import Press
from ledger.app.record.deliver import deliver
from ledger.domain.command import Actor
from ledger.domain.keeping.commands import AddNote

OPS = Actor(person="lab-l2-ops", auth="lab")


def _wait() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


def _note(installation: Installation, rollback: str, name: str) -> list[object]:
    receipt = installation.submit(AddNote(text=f"note {name}"), Press(OPS, name), rollback)
    return [receipt.request_id, receipt.digest, receipt.first, receipt.last]


def append(root: Path, rollback: str, name: str, count: str, fresh: str) -> None:
    """Append notes; ``fresh`` opens the home anew for each."""
    _wait()
    receipts = []
    kept = None if fresh == "fresh" else open_home(root)
    for number in range(int(count)):
        if kept is None:
            with opened(root) as installation:
                receipts.append(_note(installation, rollback, f"{name}-{number}"))
        else:
            receipts.append(_note(kept, rollback, f"{name}-{number}"))
    if kept is not None:
        kept.ledger.log.close()
    print(json.dumps(receipts))


def append_forever(root: Path, rollback: str) -> None:
    """Append and publish until killed."""
    installation = open_home(root)
    _wait()
    while True:
        installation.submit(AddNote(text="a note " * 20), Press(OPS), rollback)


def publish_forever(root: Path) -> None:
    """Throw the published file away and publish it again, until killed."""
    installation = open_home(root)
    _wait()
    while True:
        installation.home.published.unlink(missing_ok=True)
        installation.publish()


def deliver_once(root: Path) -> None:
    """Deliver what is pending; prints how much it was."""
    installation = open_home(root)
    _wait()
    print(deliver(installation))
    installation.ledger.log.close()


def add_people(root: Path, name: str, count: str) -> None:
    """Add people with uids of their own; prints their ids."""
    installation = open_home(root)
    accounts = Accounts(installation.home, installation.clock)
    admin = Actor(person=next(one for one in installation.state.people if one.startswith("p-")), auth="os")
    _wait()
    first = 10_000 + 100 * int(name)
    added = [
        staff.add(installation, accounts, Press(admin), f"Person {first + number}", ("noc",), uid=first + number)[0]
        for number in range(int(count))
    ]
    installation.ledger.log.close()
    print(json.dumps(added))


if __name__ == "__main__":
    name, root, *rest = sys.argv[1:]
    jobs = {"append": append, "append_forever": append_forever}
    jobs |= {"add_people": add_people, "publish_forever": publish_forever, "deliver": deliver_once}
    jobs[name](Path(root), *rest)
