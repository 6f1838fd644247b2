"""An attestation that lapses lowers what a live version's approval is worth, until somebody stands in again."""

from datetime import timedelta

from core.assurance.compliance import attesting, commands
from core.decisions.releases import effective
from core.decisions.releases.standing import FactKind, Worth
from tests.core.decisions.conftest import any_bench  # noqa: F401 - a fixture


def test_an_overdue_attestation_warns_and_a_new_one_restores(any_bench):  # noqa: F811
    b = any_bench
    effective.provide(attesting.overdue)
    request = b.request(b.people["ana"], b.version(b.people["ana"]))
    b.sign(b.people["otto"], request)
    b.sign(b.people["carl"], request)
    said = "I looked at decisions, alerts and complaints of the quarter and found the system in order."
    assert b.live().standing(b.hands.now).worth is Worth.GOOD
    b.do(b.people["vera"], commands.attest, b.use_case.id, statement=said)
    due = [
        lapse for lapse in b.live().standing(b.hands.now).ahead if lapse.kind is FactKind.ATTESTATION_OVERDUE
    ]
    assert len(due) == 1
    after = due[0].at + timedelta(seconds=1)
    assert FactKind.ATTESTATION_OVERDUE in b.live().standing(after).reasons
    b.hands.forward(seconds=(after - b.hands.now).total_seconds())
    b.do(b.people["vera"], commands.attest, b.use_case.id, statement=said)
    assert FactKind.ATTESTATION_OVERDUE not in b.live().standing(b.hands.now).reasons
