"""Erasing a person: gone from every table, file, export and backup; every root and proof stands."""

from pathlib import Path

import pytest
from sqlmodel import SQLModel

from core.errors import Conflict, Invalid, Refused
from core.platform.access import commands as access
from core.platform.access import personal, queries, ways_in
from core.platform.audit import proofs
from core.platform.audit import queries as audit
from core.platform.audit.proof import proof_of
from core.platform.audit.rotation import held_here
from core.platform.audit.verify_log import read_note
from core.platform.audit.work import seal
from core.platform.store import SYSTEM, Store
from core.platform.store.backup import LEFT_OUT, backup, restore

NAME, EMAIL = "Quirina Xavantes", "quirina.x@example.org"


def add(store: Store, name: str, email: str, *roles: str) -> str:
    with store.unit_of_work(SYSTEM) as uow:
        return access.add_person(uow, name=name, email=email, roles=roles or ("viewer",))


def dump(store: Store) -> str:
    """Every column of every row, as text."""
    with store.reading() as session:
        return "\n".join(
            str(tuple(row))
            for table in SQLModel.metadata.sorted_tables
            for row in session.execute(table.select())
        )


def test_the_plain_text_is_gone_from_everywhere_and_every_proof_stands(  # noqa: PLR0915 - one story
    any_store, actor, tmp_path: Path, another_store
) -> None:
    store = any_store
    admin = actor("administrator", id=add(store, "Ada", "ada@example.org", "administrator"))
    person_id = add(store, NAME, EMAIL, "compliance")
    with store.unit_of_work(actor("compliance", id=person_id)) as uow:
        sealed = personal.seal_text(uow, person_id, f"{NAME} checked every gate twice.")
        digest = personal.digest_text(uow, person_id, "Rationale.")
        uow.record("thing.said", "thing", "t1", {"hmac": digest})
    with store.unit_of_work(SYSTEM) as uow:
        ways_in.open_session(uow, person_id, "password")
    seal(store)
    with store.reading() as session:
        assert queries.names(session, [person_id]) == {person_id: NAME}
        assert queries.by_email(session, EMAIL.upper())[0] == person_id
        assert personal.open_text(session, sealed).startswith(NAME)
        assert personal.same_text(session, person_id, "Rationale.", digest) is True
        size, root = audit.head(session)
        paths = [proof_of(session, n) for n in range(size)]
    assert NAME not in dump(store)
    assert EMAIL not in dump(store)
    old = tmp_path / "before"
    backup(store, old)
    with store.reading() as session:
        assert personal.write_keys(session, tmp_path / "keys.json") == 3
    assert (tmp_path / "keys.json").stat().st_mode & 0o077 == 0

    with store.unit_of_work(admin) as uow:
        key = personal.keys(uow.session, [person_id])[person_id]
        access.erase_person(uow, person_id)

    with store.reading() as session:
        assert queries.names(session, [person_id]) == {person_id: "Erased person"}
        assert queries.by_email(session, EMAIL) is None
        assert personal.open_text(session, sealed) == "Erased with its author."
        assert personal.same_text(session, person_id, "Rationale.", digest) is None
        assert [p.id for p in queries.people(session)] == [admin.id]
        found = queries.person(session, person_id)
        assert (found.erased, found.disabled, found.email, found.roles) == (True, True, "", frozenset())
        assert queries.open_sessions(session, person_id, store.clock()) == []
        # what was proved before is proved still, against the root of then
        note_size, note_root = read_note(paths[0].checkpoint.note, paths[0].checkpoint.key)
        assert (note_size, note_root.hex()) == (size, root)
        for n, proof in enumerate(paths):
            assert proofs.verify_inclusion(bytes.fromhex(proof.event.leaf), n, size, proof.path, note_root)
        assert audit.verify(session, held_here(session, store.settings)).ok
        last = audit.events(session, limit=1)[0]
        assert (last.action, last.subject_id, dict(last.data)) == ("subject.erased", person_id, {})
        consistent = audit.prove_consistency(session, size)
        head = audit.head(session)
        assert proofs.verify_consistency(size, head[0], note_root, bytes.fromhex(head[1]), consistent)
        exported = "".join(audit.bodies(session))
    assert "person_key" in LEFT_OUT
    backup(store, tmp_path / "after")
    texts = [dump(store), exported, *(p.read_text("utf-8") for p in (tmp_path / "after").rglob("*.jsonl"))]
    texts += [p.read_text("utf-8") for p in old.rglob("*.jsonl")]  # also the backup of before
    for text in texts:
        assert NAME not in text
        assert EMAIL not in text
    if store.engine.dialect.name == "sqlite":
        for path in store.settings.folder_path.glob("aval.db*"):
            assert key not in path.read_bytes(), path.name
            assert NAME.encode() not in path.read_bytes()

    # a backup of before, restored: nobody has a name until the keys are back, and then the living have
    other = another_store()
    restore(other, tmp_path / "after")
    with other.reading() as session:
        assert queries.names(session, [admin.id, person_id]) == {
            admin.id: admin.id,
            person_id: "Erased person",
        }
        assert queries.by_email(session, "ada@example.org") is None
    with other.unit_of_work(SYSTEM) as uow:
        assert personal.read_keys(uow, tmp_path / "keys.json") == 2
    with other.reading() as session:
        assert queries.names(session, [admin.id, person_id]) == {admin.id: "Ada", person_id: "Erased person"}
        assert queries.by_email(session, "ada@example.org")[0] == admin.id
        assert personal.open_text(session, sealed) == "Erased with its author."


def test_who_may_erase_whom(store: Store, actor) -> None:
    admin = add(store, "Ada", "ada@example.org", "administrator")
    other = add(store, NAME, EMAIL)
    with pytest.raises(Refused), store.unit_of_work(actor("compliance")) as uow:
        access.erase_person(uow, other)
    me = actor("administrator", id=admin)
    with pytest.raises(Conflict, match="last administrator"), store.unit_of_work(me) as uow:
        access.erase_person(uow, admin)
    with store.unit_of_work(me) as uow:
        access.erase_person(uow, other)
        access.erase_person(uow, other)
    with store.unit_of_work(me) as uow:
        access.enable_person(uow, other)
    with store.reading() as session:
        assert queries.person(session, other).disabled
    with pytest.raises(Invalid, match="erased"), store.unit_of_work(actor(id=other)) as uow:
        personal.seal_text(uow, other, "More.")
    assert add(store, "Somebody Else", EMAIL) != other


def test_a_token_of_the_erased_ends_and_its_label_is_gone(store: Store, actor) -> None:
    from datetime import timedelta

    admin = add(store, "Ada", "ada@example.org", "administrator")
    other = add(store, NAME, EMAIL, "operations")
    with store.unit_of_work(actor("operations", id=other)) as uow:
        _token, text = access.create_token(
            uow, label=f"of {NAME}", roles=["operations"], expires_at=uow.now + timedelta(days=1)
        )
    with store.unit_of_work(actor("administrator", id=admin)) as uow:
        access.erase_person(uow, other)
    with store.reading() as session:
        assert queries.bearer(session, text, store.clock()) is None
    assert NAME not in dump(store)


def test_two_ciphertexts_never_look_alike_and_one_cannot_pass_for_anothers(store: Store) -> None:
    with store.unit_of_work(SYSTEM) as uow:
        one, two = (personal.seal_text(uow, "per_1", "same") for _ in range(2))
        personal.seal_text(uow, "per_2", "x")
        uow.record("thing.made", "thing", "t")
        assert one != two
        assert personal.open_text(uow.session, one.replace("per_1", "per_2")) == "Erased with its author."
        assert personal.seal_text(uow, "per_1", "") == ""
        assert personal.open_text(uow.session, "plain, from before") == "plain, from before"
