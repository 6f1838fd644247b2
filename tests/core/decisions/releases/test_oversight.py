"""What signers had opened is kept with their signatures, and of nobody else."""

from core.assurance.compliance import gathering
from core.decisions.releases import queries
from core.decisions.releases.opened import opened_by
from core.decisions.releases.opening import note_opened
from core.decisions.releases.oversight import KEPT, Part
from core.platform.audit import queries as audit


def test_a_signature_keeps_what_its_signer_had_opened(any_bench):
    b = any_bench
    version = b.version(b.people["ana"])
    request = b.request(b.people["ana"], version)
    for part in (Part.FAIRNESS, Part.EXPLANATION, Part.EXPLANATION):
        b.do(b.people["otto"], note_opened, version, part)
    b.sign(b.people["otto"], request)
    b.sign(b.people["carl"], request)
    signed = {s.person_id: s.opened for s in b.ask(queries.signatures, request)}
    assert signed == {"per_otto": ("explanation", "fairness"), "per_carl": ()}
    events = b.ask(audit.events, action="release.signed", limit=9)
    assert sorted(e.data["opened"] for e in events) == [[], ["explanation", "fairness"]]
    (facts,) = b.ask(gathering.facts, b.hands.now)
    assert (facts.looked_before_signing, facts.signatures) == (1, 2)


def test_of_people_who_may_not_sign_nothing_is_kept(bench):
    version = bench.version(bench.people["ana"])
    bench.do(bench.people["ana"], note_opened, version, Part.CARD)
    assert bench.ask(opened_by, version, "per_ana") == []


def test_what_was_opened_and_not_signed_for_is_forgotten(bench):
    version = bench.version(bench.people["ana"])
    bench.do(bench.people["otto"], note_opened, version, Part.CARD)
    bench.hands.forward(seconds=KEPT.total_seconds() + 60)
    bench.do(bench.people["carl"], note_opened, version, Part.WEAK)
    assert bench.ask(opened_by, version, "per_otto") == []
    assert bench.ask(opened_by, version, "per_carl") == ["weak"]
