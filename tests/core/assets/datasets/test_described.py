"""What is said of a table: flags proposed by inspection, confirmed by a person, a purpose per column."""

import pandas as pd
import pytest

from core.assets.datasets import commands, personal, queries, schema
from core.errors import Conflict, Invalid, NotFound, Refused
from core.platform.audit import queries as audit

TABLE = pd.DataFrame(
    {"income": [1.0, 2.0], "customer_id": ["a", "b"], "diagnosis": ["x", "y"], "union_member": [True, False]}
)


@pytest.fixture
def kept(store, actor):
    def keep(table=TABLE, **facts):
        with store.unit_of_work(actor("data_scientist")) as uow:
            made = commands.add_dataset(
                uow, digest="d", source_digest="s", name="t.csv", rows=2, columns=schema.infer(table),
                personal=personal.personal(table.columns), **facts,
            )  # fmt: skip
            uow.record("dataset.added", "dataset", made.id)
        return made

    return keep


def read(store, dataset_id):
    with store.reading() as view:
        return queries.dataset(view, dataset_id)


def confirm(store, who, dataset_id, people, delicate=()):
    with store.unit_of_work(who) as uow:
        commands.confirm_flags(uow, dataset_id, personal=people, sensitive=delicate)


def write(store, who, dataset_id, **purposes):
    with store.unit_of_work(who) as uow:
        commands.write_purposes(uow, dataset_id, purposes)


def test_flags_are_proposed_and_stay_proposals(store, kept):
    made = kept()
    assert made.personal == ("customer_id", "diagnosis", "union_member")
    assert made.sensitive == ("diagnosis", "union_member")
    assert made.flags_confirmed_at is None
    assert read(store, made.id) == made


def test_a_person_corrects_them_and_sensitive_is_personal(store, actor, kept):
    made, lia = kept(), actor("compliance")
    confirm(store, lia, made.id, ["income"], ["diagnosis"])
    found = read(store, made.id)
    assert (found.personal, found.sensitive) == (("income", "diagnosis"), ("diagnosis",))
    assert found.flags_confirmed_by == lia.id
    with store.reading() as view:
        assert audit.events(view, action="dataset.flags_confirmed")[0].data["sensitive"] == ["diagnosis"]
    with pytest.raises(Conflict):
        confirm(store, lia, made.id, ["income", "diagnosis"], ["diagnosis"])


def test_a_proposal_may_be_confirmed_as_it_stands(store, actor, kept):
    made = kept()
    confirm(store, actor("data_scientist"), made.id, made.personal, made.sensitive)
    assert read(store, made.id).flags_confirmed_at is not None


def test_purposes_grow_and_may_be_taken_away(store, actor, kept):
    made, lia = kept(), actor("compliance")
    write(store, lia, made.id, income=" Ability to pay. ", diagnosis="Care.")
    write(store, lia, made.id, diagnosis="")
    found = read(store, made.id)
    assert found.purposes == {"income": "Ability to pay."}
    assert found.purposes_missing(["income", "diagnosis"]) == ("diagnosis",)
    assert found.described(["income", "diagnosis"]) == 0.5
    assert found.described([]) == 1.0
    with store.reading() as view:
        events = audit.events(view, action="dataset.purposes_written")
    assert [e.data["columns"] for e in events] == [["diagnosis"], ["diagnosis", "income"]]
    assert "Ability" not in str([e.data for e in events])
    with pytest.raises(Conflict):
        write(store, lia, made.id, income="Ability to pay.")


def test_what_is_refused(store, actor, kept):
    made, lia = kept(), actor("compliance")
    with pytest.raises(Invalid):
        confirm(store, lia, made.id, ["salary"])
    with pytest.raises(Invalid):
        write(store, lia, made.id, salary="x")
    with pytest.raises(Invalid):
        write(store, lia, made.id, income="x" * (commands.MOST_PURPOSE + 1))
    with pytest.raises(NotFound):
        confirm(store, lia, "ds_none", [])
    with pytest.raises(Refused):
        write(store, actor("business"), made.id, income="x")
    assert read(store, made.id) == made


def test_the_next_table_takes_over_what_was_said(store, actor, kept):
    first, ana = kept(), actor("data_scientist")
    write(store, ana, first.id, income="Ability to pay.", diagnosis="Care.")
    confirm(store, ana, first.id, ["income"], [])
    table = TABLE.drop(columns="diagnosis").assign(patient_id=["p", "q"])
    second = kept(table)
    with store.unit_of_work(ana) as uow:
        commands.inherit(uow, second.id, first.id)
        uow.record("version.submitted", "version", "ver")
    found = read(store, second.id)
    assert found.purposes == {"income": "Ability to pay."}
    assert found.personal == ("income", "patient_id")
    assert found.sensitive == ("patient_id",)
    assert found.flags_confirmed_at is None


def test_values_tell_what_names_do_not():
    cpf = ["529.982.247-25", "111.444.777-35", "123.456.789-09"]
    table = pd.DataFrame(
        {
            "contact": ["a@b.com", "c@d.org", "e@f.net"],
            "document": cpf,
            "number": [52998224725, 11144477735, 12345678909],
            "phone_like": ["+55 11 98888-7777", "+55 11 98888-7776", "+351 912 345 678"],
            "amount": [12345678901, 98765432101, 11111111111],
            "text": ["a", "b", "c"],
            "customer_name": ["x", "y", "z"],
        }
    )
    assert personal.identifying(table) == ("contact", "document", "number", "phone_like", "customer_name")
    assert [t for t in cpf if not personal.is_cpf(t)] == []
    assert [t for t in ("529.982.247-24", "00000000000", "1", "") if personal.is_cpf(t)] == []
