"""The law map: every provision of every shipped law is answered, and turning evidence off turns exactly its own."""

import dataclasses
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.assurance.compliance import coverage
from core.assurance.compliance.controls import CONTROLS, DOCUMENT_KINDS, Met
from core.assurance.compliance.facts import Clocks, Facts, Held, HouseFacts
from core.assurance.compliance.laws import laws
from core.assurance.compliance.provision import Applies, Force, read_law
from core.errors import Invalid

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
HELD = Held(2, NOW - timedelta(days=10), NOW + timedelta(days=355), NOW + timedelta(days=3650))
WHOLE = Facts(
    use_case_id="uc", slug="credit", title="Credit", tier="high", tier_answered=True, owner_id="per_1",
    purpose="Decide on credit", lawful_basis="credit_protection", affected_people="Applicants",
    human_oversight="Credit desk", personal_data=None, automated=True, version_id="ver_1", version_number=3,
    live=True, features=4, features_with_purpose=4, data_flags_confirmed=True, data_basis="credit_protection",
    data_sheet_share=1.0, card_share=1.0, sealed_first=True, metrics=5, metrics_with_interval=5,
    fairness_reported=True, robustness_at=NOW, explanation_usable=True, policy_in_force=True, signatures=3,
    areas=frozenset({"compliance", "business", "validator"}), looked_before_signing=3,
    last_prediction_at=NOW - timedelta(days=1), profiled=True, realised_windows=4,
    documents=dict.fromkeys(DOCUMENT_KINDS, HELD), modification_answered=True,
    attested_until=NOW + timedelta(days=90), retention_days=365,
)  # fmt: skip
HOUSE = HouseFacts(100, 100, NOW - timedelta(minutes=1), NOW - timedelta(days=20))
OFF = {
    # Each fact, as it reads once its evidence is gone.
    "purpose": "", "features_with_purpose": 0, "lawful_basis": "", "data_flags_confirmed": False,
    "data_sheet_share": 0.0, "card_share": 0.0, "sealed_first": False, "metrics": 0, "fairness_reported": False,
    "robustness_at": None, "explanation_usable": None, "human_oversight": "", "affected_people": "",
    "looked_before_signing": None, "policy_in_force": False, "owner_id": "", "tier_answered": False,
    "realised_windows": 0, "findings_overdue": 1, "incidents": Clocks(1, 1), "requests": Clocks(1, 1),
    "reviews": Clocks(1, 1), "erasures": Clocks(1, 1), "modification_answered": False, "attested_until": None,
    "last_prediction_at": None, "retention_days": None,
}  # fmt: skip
OFF_HOUSE = {"checkpoint_at": None, "access_reviewed_at": None}
ALL = [(law, p) for law in laws() for p in law.provisions]


def ids(pairs) -> list[str]:
    return [p.id for _law, p in pairs]


def states(facts=WHOLE, house=HOUSE) -> dict[str, Met]:
    return {s.provision.id: s.met for s in coverage.of_case(laws(), facts, house, NOW)}


def test_ids_are_unique_over_all_laws_and_every_control_is_known():
    assert len(set(ids(ALL))) == len(ALL)
    assert {c for _law, p in ALL for c in p.controls} <= set(CONTROLS)


def test_every_control_answers_some_provision():
    assert set(CONTROLS) == {c for _law, p in ALL for c in p.controls}


def test_with_all_evidence_every_provision_is_met_or_not_ours():
    found = states()
    wrong = {name: met for name, met in found.items() if met not in {Met.MET, Met.NOT_OURS}}
    assert wrong == {}


@pytest.mark.parametrize("control", sorted(CONTROLS))
def test_turning_evidence_off_turns_exactly_the_provisions_that_rest_on_it(control):
    """A provision turns if, and only if, one of its controls reads the fact that was turned off."""
    for need in CONTROLS[control].needs:
        facts, house, touched = turned_off(need, control)
        before, after = states(), states(facts, house)
        turned = {name for name in before if before[name] is not after[name]}
        expected = {p.id for _law, p in ALL if touched & set(p.controls)}
        assert turned == expected, need
        for name in turned:
            assert after[name] in {Met.NOT_MET, Met.PARTLY}


def turned_off(need, control):
    """Return facts without one piece of evidence, and the controls that say they rest on it."""
    touched = {c for c, one in CONTROLS.items() if need in one.needs}
    if need in OFF_HOUSE:
        return WHOLE, dataclasses.replace(HOUSE, **{need: OFF_HOUSE[need]}), touched
    if need == "documents":
        kind = control.removeprefix("document:")
        if control == "impact_assessment":
            gone = {"ripd", "dpia", "fria"}
            kept = {k: v for k, v in WHOLE.documents.items() if k not in gone}
            touched = {control, *(f"document:{k}" for k in gone)}
        elif control == "technical_file_kept":
            kept = WHOLE.documents | {"technical_file": dataclasses.replace(HELD, kept_until=None)}
            touched = {control}
        else:
            kept = {k: v for k, v in WHOLE.documents.items() if k != kind}
            touched = {control} | ({"technical_file_kept"} if kind == "technical_file" else set())
        return dataclasses.replace(WHOLE, documents=kept), HOUSE, touched
    if need == "live":
        facts = dataclasses.replace(WHOLE, live=False)
        return facts, HOUSE, {"signed_release", "monitored"}
    if need == "areas":
        return dataclasses.replace(WHOLE, areas=frozenset({"business"})), HOUSE, touched
    if need == "version_id":
        facts = dataclasses.replace(WHOLE, version_id="")
        return facts, HOUSE, {"vendor_models", "feature_purposes", "data_flags", "substantial_modification"}
    return dataclasses.replace(WHOLE, **{need: OFF[need]}), HOUSE, touched


def test_an_attestation_that_lapses_turns_the_provisions_that_name_it():
    lapsed = dataclasses.replace(WHOLE, attested_until=NOW - timedelta(seconds=1))
    found = states(lapsed)
    assert {name for name, met in found.items() if met is not states()[name]} == {"lgpd-6-10", "gdpr-5-2"}


def test_a_document_whose_review_is_past_due_is_half_an_answer():
    stale = WHOLE.documents | {"dpia": dataclasses.replace(HELD, review_by=NOW - timedelta(days=1))}
    assert states(dataclasses.replace(WHOLE, documents=stale))["gdpr-35-7"] is Met.PARTLY


def test_a_duty_that_speaks_to_others_does_not_apply():
    plain = dataclasses.replace(WHOLE, tier="low", personal_data=False, automated=False)
    for _law, p in ALL:
        if p.applies is not Applies.ALWAYS and not p.not_ours:
            assert states(plain)[p.id] is Met.NOT_APPLICABLE


def test_a_later_date_that_is_only_reported_never_puts_a_duty_off():
    later = [p for _law, p in ALL if p.later]
    assert later
    for p in later:
        assert p.in_force(date(2026, 8, 2))
        assert all(one.status is Force.REPORTED and one.valid_from > p.valid_from for one in p.later)


def test_the_bill_is_off_by_default_and_binds_nobody():
    (bill,) = [law for law in laws() if law.id == "pl_2338"]
    assert not bill.default
    assert not any(p.in_force(date(2030, 1, 1)) for p in bill.provisions)


@given(
    st.builds(
        Facts, st.just("uc"), st.just("s"), st.just("t"), st.sampled_from(["low", "limited", "high"]),
        personal_data=st.sampled_from([None, False]), automated=st.booleans(), live=st.booleans(),
        purpose=st.sampled_from(["", "why"]), metrics=st.integers(0, 3), metrics_with_interval=st.integers(0, 3),
        card_share=st.none() | st.floats(0, 1), findings_overdue=st.integers(0, 2),
    )
)  # fmt: skip
def test_the_tally_counts_what_the_single_case_says(facts):
    counted = coverage.tally(laws(), [facts], HOUSE, NOW)["uc"]
    for law in laws():
        single = [s.met for s in coverage.of_case([law], facts, HOUSE, NOW)]
        assert counted[law.id] == {met: single.count(met) for met in set(single)}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"controls": ["nothing_known"]}, "nothing_known"),
        ({"valid_from": "2020"}, "not a date"),
        ({"status": "perhaps"}, "perhaps"),
        ({"controls": []}, "either controls or not_ours"),
    ],
)
def test_a_law_that_cannot_be_used_says_where_and_why(change, named):
    provision = {
        "id": "x-1", "article": "1", "version": "v", "valid_from": date(2026, 1, 1), "status": "in_force",
        "as_known_on": date(2026, 1, 1), "says": "s", "controls": ["purpose"],
    } | change  # fmt: skip
    with pytest.raises(Invalid) as caught:
        read_law(
            {"law": "x", "title": "X", "full": "X", "jurisdiction": "XX", "provision": [provision]},
            tuple(CONTROLS),
        )
    assert "x-1" in caught.value.text()
    assert named in caught.value.text()
