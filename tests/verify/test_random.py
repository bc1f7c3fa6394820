"""Whatever random people may do by the rules is verified without a finding: the verifier accuses nobody wrongly."""

from __future__ import annotations

import io

from hypothesis import HealthCheck, settings

from ledger.verify import verify
from tests.domain.builders import KEY
from tests.domain.test_machine import Stage


class Verified(Stage):
    """The domain's own machine; at the end its lines are verified as an auditor would."""

    def teardown(self) -> None:
        data = b"".join(line + b"\n" for line in self.story.lines)
        report = verify(io.BytesIO(data), hmac_keys=[KEY])
        # The machine confirms "line", not the digest of an opening line.
        assert {one.cause for one in report.findings} <= {"confirmation_mismatch", "not_covered"}
        assert report.entries == len(self.story.lines)


Verified.TestCase.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestVerified = Verified.TestCase
