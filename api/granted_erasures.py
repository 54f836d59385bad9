"""Forgetting as the consequence of a request: who asked for it and was granted it is revoked, and due after the grace.

Source: GDPR Art. 17(1) and 12(3); P-39.1 s. 28.1, 32.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from api.forgetting import OWN, fact_about, new_receipt
from ledger import Held
from projections import erasure_requests, progress
from projections.pins import Pins
from projections.resolution import person_of

if TYPE_CHECKING:
    from ledger import Ledger, Receipt
    from ledger.forget import Forgetting
    from projections.erasure_requests import Answered

READ = ("erasure_requests", "erasures", "identity", "corrections")
REASON = "whosaw:CustomerAsked"


class GrantedErasures:
    """Revokes whose request for erasure was granted. Several processes may each have one."""

    def __init__(self, ledger: Ledger, forgetting: Forgetting, grace_days: int) -> None:
        """Remember nothing: what began already is recognised by the request's name.

        Args:
            ledger: Stays open.
            forgetting: Of the same ledger.
            grace_days: How long it can be taken back.
        """
        self._ledger = ledger
        self._forgetting = forgetting
        self._grace = timedelta(days=grace_days)

    def begin(self) -> list[Receipt]:
        """Revoke everybody whose request was granted; return the receipts of the entries.

        Whom the answer names is revoked, under each name that it gives. Another name of hers is not: a merge is no
        erasure, and may turn out to be wrong. The receipt says which are left.

        Whatever goes wrong with one of them, the others are revoked; then it is raised.

        Raises:
            Unavailable: The database does not answer. Retry.
        """
        made: list[Receipt] = []
        wrong: list[Exception] = []
        for log_id in range(len(self._ledger.recorders)):
            with self._ledger.connection() as connection:
                as_of = progress.reached(connection, log_id, READ)
                found = erasure_requests.answered(connection, log_id, as_of)
            # Crash anywhere: it is looked at again, and what began is passed over.
            for each in found:
                try:
                    receipt = self._revoke(each) if self._granted(each, as_of) else None
                except Exception as error:  # noqa: BLE001 - it is raised when the others are done
                    wrong.append(error)
                else:
                    made += [] if receipt is None else [receipt]
        if wrong:
            raise wrong[0]
        return made

    def _granted(self, answered: Answered, as_of: int) -> bool:
        subject = self._ledger.find_revoked(answered.stream.hex)
        if subject is None or subject.log_id != answered.log_id:
            return False  # sealed, or forgotten meanwhile
        pins = Pins(subject.log_id, as_of, projections=READ, newest=True)
        with self._ledger.connection() as connection:
            # Of an answer that names several of hers, one may be revoked already.
            person = person_of(connection, self._ledger.hashes, subject, pins, revoked=True)
            return erasure_requests.granted(connection, person, answered.request)

    def _revoke(self, answered: Answered) -> Receipt | None:
        subject = self._ledger.find_revoked(answered.stream.hex)
        if subject is None:
            return None
        receipt, until = new_receipt(), datetime.now(UTC) + self._grace
        data = {
            "receipt_id": receipt,
            "reason": REASON,
            "until": until.isoformat(),
            "request_ref": answered.request,
        }
        fact = fact_about(self._ledger, "subject.revoked", subject, data, OWN)
        with suppress(Held):  # somebody was faster, or took it back
            return self._forgetting.revoke(subject, fact, until, receipt, request=answered.request)
        return None
