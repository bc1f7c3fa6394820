"""Presses that run: each by a thread of its own, so that a step which waits for the outside does not hold a browser.

The same press (request id) runs once; who sends it again waits for the same run. Nothing is lost with this memory: what
a press recorded is in the ledger, and what it asked of the outside is delivered by whoever comes next.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ledger.app.steps.common import Outcome, Say
from ledger.errors import Conflict, LedgerError
from ledger.said import Said

KEPT = 120.0
"""Seconds for which a finished press is still told of."""


@dataclass
class Job:
    """One press that runs or has run."""

    id: str
    rollback: str
    act: str
    person: str
    content: str = ""
    """What was sent, as a digest: under one id there is one content."""
    started: float = field(default_factory=time.monotonic)
    lines: list[str] = field(default_factory=list)
    """What it said so far."""
    outcome: Outcome | None = None
    error: LedgerError | None = None
    ended: float = 0.0
    done: threading.Event = field(default_factory=threading.Event)
    told: bool = False
    """Whether the person who pressed was given the answer directly."""


class Jobs:
    """The presses of one server."""

    def __init__(self, finished: Callable[[Job], None] = lambda _: None) -> None:
        self._guard = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self.finished = finished

    def run(self, job: Job, work: Callable[[Say], Outcome], patience: float) -> Job:
        """Run the press and wait at most ``patience`` seconds for it; the job that comes back may still run.

        ``Conflict`` where its id is that of another press.
        """
        with self._guard:
            self._forget()
            known = self._jobs.setdefault(job.id, job)
        if known.content != job.content:
            raise Conflict("this form was sent already with other content; nothing was done now: load the page again")
        if known is job:
            threading.Thread(target=self._work, args=(job, work), name=f"press-{job.act}", daemon=True).start()
        known.told = known.done.wait(patience)
        return known

    def of(self, rollback: str) -> list[Job]:
        """The presses of a rollback that run, or ended a moment ago without their person being told."""
        with self._guard:
            self._forget()
            return [job for job in self._jobs.values() if job.rollback == rollback and not job.told]

    def moved(self) -> tuple[tuple[str, int, bool, bool], ...]:
        """Another value whenever a page that tells of the presses would tell something else."""
        with self._guard:
            return tuple((job.id, len(job.lines), job.ended > 0, job.told) for job in self._jobs.values())

    def _work(self, job: Job, work: Callable[[Say], Outcome]) -> None:
        try:
            job.outcome = work(job.lines.append)
        except LedgerError as error:
            job.error = error
        except Exception as error:  # a thread's error would be seen by nobody
            job.error = LedgerError(Said("{} failed for an unforeseen reason: {}", job.act, type(error).__name__))
            raise
        finally:
            job.ended = time.monotonic()
            job.done.set()
            self.finished(job)

    def _forget(self) -> None:
        old = [job.id for job in self._jobs.values() if job.ended and time.monotonic() - job.ended > KEPT]
        for name in old:
            del self._jobs[name]
