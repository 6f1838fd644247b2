"""What a reader of the release review can do: each step is one command in their name, then the page is drawn anew."""

from collections.abc import Callable
from datetime import date, datetime

import streamlit as st

from app.confirming import ticket
from app.session import current
from app.ui.confirm_field import Confirmation
from app.ui.days import end_of
from app.ui.findings import Opened
from app.ui.refused import refusals
from app.ui.sign_off import Decision
from app.wiring import reading, unit_of_work
from core.decisions.findings import commands as findings
from core.decisions.releases import commands, facts
from core.decisions.releases.emergencies import emergency_subject
from core.decisions.releases.promises import Promise
from core.decisions.releases.review import Review
from core.decisions.releases.snapshot import digest, subject


class ReviewSteps:
    """The steps of one request, as its reader saw it. An `AvalError` goes to whoever called, a dialog or `here`."""

    def __init__(self, found: Review) -> None:
        self._found = found
        self._release = found.release
        self._version = found.release.version

    def do(self, command: Callable[..., object], *args: object, **words: object) -> None:
        """Run a command and draw the page anew."""
        with unit_of_work(current().actor) as uow:
            command(uow, *args, **words)
        st.rerun()

    def here(self, command: Callable[..., object], **words: object) -> None:
        """Run a command on the request; a refusal is shown in place."""
        with refusals():
            self.do(command, self._release.id, **words)

    def said(self, command: Callable[..., object], word: str) -> Callable[[str, str], None]:
        """A step of a dialog that takes a subject's id and what was said, which the command calls `word`."""
        return lambda subject_id, said: self.do(command, subject_id, **{word: said})

    def leave(self, command: Callable[..., object]) -> Callable[[str], None]:
        """A step that takes what is live out, by roll-back or for good, for a reason."""
        slug, environment = self._version.use_case_slug, self._release.environment
        return lambda reason: self.do(command, slug=slug, environment=environment, reason=reason)

    def sign(self, signed: Decision) -> None:
        """Confirm who signs, then sign: the ticket is bound to what the reader saw."""
        seen = self._found.snapshot_digest
        secret = ticket(subject(self._release.id, seen), signed.confirmation)
        asked = [Promise(c.text, c.owner_id, self._end(c.due)) for c in signed.conditions]
        self.do(
            commands.sign,
            self._release.id,
            area=signed.area,
            meaning=signed.meaning,
            rationale=signed.rationale,
            snapshot_digest=seen,
            ticket=secret,
            conditions=asked,
            on_behalf_of=signed.on_behalf_of,
        )

    def break_glass(self, reason: str, reviewer: str, given: Confirmation) -> None:
        """The second step of an emergency release."""
        version, environment = self._version, self._release.environment
        with reading() as view:
            seen = digest(facts.snapshot(view, version, environment))
        secret = ticket(emergency_subject(version.id, environment, seen), given)
        self.do(
            commands.break_glass,
            version_id=version.id,
            environment=environment,
            reason=reason,
            reviewer_id=reviewer,
            ticket=secret,
        )

    def review_emergency(self, upheld: bool, finding: str, given: Confirmation) -> None:
        """Pay the debt of an emergency release."""
        if self._found.debt is None:
            return
        secret = ticket(subject(self._found.debt.id, self._found.snapshot_digest), given)
        self.do(commands.review_emergency, self._found.debt.id, upheld=upheld, finding=finding, ticket=secret)

    def open_finding(self, given: Opened) -> None:
        """Open a finding on the version."""
        self.do(
            findings.open_finding,
            version_id=self._version.id,
            title=given.title,
            text=given.text,
            severity=given.severity,
            owner_id=given.owner_id,
            due_at=self._end(given.due),
        )

    def waive(self, finding_id: str, reason: str, until: date) -> None:
        """Let a finding not block until the end of a day."""
        self.do(findings.waive, finding_id, reason=reason, expires_at=self._end(until))

    def end_waiver(self, finding_id: str) -> None:
        """Let a finding block again."""
        self.do(findings.revoke_waiver, finding_id)

    def _end(self, day: date) -> datetime:
        return end_of(day, current().zone)
