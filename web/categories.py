"""The categories by which people look for entries, so that nobody has to know the names of events."""

from __future__ import annotations

from typing import Final, NamedTuple

from ledger.app.words import mark


class Category(NamedTuple):
    """Some kinds of entries under one word and one sign."""

    code: str
    """As an address names it."""
    word: str
    sign: str
    statuses: frozenset[str]


def _category(code: str, word: str, sign: str, statuses: str) -> Category:
    return Category(code, word, sign, frozenset(statuses.split()))


CATEGORIES: Final = (
    _category(
        "rollback",
        mark("Rollback"),
        "◆",
        """rollback_opened rollback_confirmed confirmation_refused confirmation_reported emergency_declared
        window_extended extension_confirmed window_overrun ticket_linked reason_given step_waived step_lapsed
        acceptance_proposed step_accepted reviewed abort_requested rollback_aborted summary_written rollback_completed
        external_summary_recorded""",
    ),
    _category(
        "stop",
        mark("Stop"),
        "■",
        """override_requested override_written override_failed override_adopted override_moved_aside override_put_back
        override_expired override_observed put_back_requested hold_joined stop_typed stop_taken_in stop_checked
        scheduler_observed flapping_observed effect_expired effect_cancelled""",
    ),
    _category(
        "silence",
        mark("Silence"),
        "◗",
        """silence_requested silence_created silence_found silence_failed silence_adopted silence_extend_requested
        silence_extended silence_extend_failed silence_lost silence_end_owed silence_checked silence_doubted
        silence_surplus_seen silence_surplus_ended silence_end_requested silence_ended silence_end_failed
        silence_observed foreign_silence_seen foreign_silence_gone foreign_silence_accepted""",
    ),
    _category(
        "watch",
        mark("Watch"),
        "◉",
        """watch_started watch_finished alert_expectation_proposed alert_expected alerts_seen critical_alerts_seen
        oncall_seen
        warning_given observation_gap message_sent message_failed message_refused message_expired
        message_retry_asked message_given_up""",
    ),
    _category(
        "restore",
        mark("Restoration"),
        "▶",
        """incident_ended hold_released override_removal_requested override_removed override_removal_failed
        override_removed_outside removal_adopted restart_checked all_clear_announced restore_checked""",
    ),
    _category(
        "people",
        mark("People and roles"),
        "○",
        """person_added person_deactivated roles_granted roles_revoked password_reset role_assumed handover_offered
        handover_accepted second_eyes_doubted""",
    ),
    _category(
        "evidence",
        mark("Evidence and notes"),
        "✎",
        """evidence_attached note_added corrected log_kept artefact_erased erasure_proposed foreign_lines_found
        finding_added follow_up_added follow_up_finished""",
    ),
    _category(
        "system",
        mark("System"),
        "·",
        """ledger_opened observer_started heartbeat refusals_counted signed_in signed_out password_made
        password_changed sessions_ended sign_ins_failed""",
    ),
)
SYSTEM: Final = CATEGORIES[-1]
"""What the machinery says of itself; hidden unless it is asked for."""
_SIGNS = {status: category.sign for category in CATEGORIES for status in category.statuses}


def sign(status: str) -> str:
    """The sign of what kind of thing happened, beside its words."""
    return _SIGNS.get(status, SYSTEM.sign)
