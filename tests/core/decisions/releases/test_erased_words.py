"""One person decides, objects, lends, promises and speaks; erased, none of their words is left anywhere."""

from datetime import timedelta

import pytest
from sqlmodel import SQLModel

from core.decisions.findings import commands as findings
from core.decisions.releases import commands as releases
from core.decisions.releases import dossier_making, queries
from core.decisions.releases.promises import Promise
from core.platform.access import commands as access
from core.platform.audit import proofs
from core.platform.audit import queries as audit
from core.platform.audit.proof import proof_of
from core.platform.audit.verify_log import read_note
from core.platform.audit.work import seal
from core.platform.discussion import commands as discussion
from core.platform.store.backup import backup
from tests.core.decisions.releases.test_dossier import stored_version
from tests.core.decisions.releases.test_unusual import break_glass

MARK = "Quirina Xavantes"
WORDS = f"As {MARK} I looked at every gate and at the files behind it."


def rows(store):
    with store.reading() as view:
        return {
            table.name: "\n".join(str(tuple(row)) for row in view.execute(table.select()))
            for table in SQLModel.metadata.sorted_tables
        }


def say_everything(b):
    """Everything of decisions that takes words, said by Max; return the release he signed."""
    late = b.hands.now + timedelta(days=20)
    release = b.request(b.people["bea"], stored_version(b))
    asked = [Promise(WORDS, "per_cora", late)]
    b.sign(
        b.people["max"],
        release,
        area="operations",
        meaning="approve_with_conditions",
        rationale=WORDS,
        conditions=asked,
    )
    b.sign(b.people["cora"], release)
    mine = b.people["max"]
    (condition,) = (c.id for c in _conditions(b, release))
    b.do(mine, releases.meet_condition, condition, note=WORDS)
    version = b.ask(queries.release, release).version.id
    for end in ("resolve", "waive"):
        finding = b.do(
            mine, findings.open_finding, version_id=version, title=WORDS[:80], text=WORDS, severity="low",
            owner_id="per_cora", due_at=late,
        ).id  # fmt: skip
        if end == "resolve":
            b.do(mine, findings.resolve, finding, resolution=WORDS)
        else:
            b.do(mine, findings.waive, finding, reason=WORDS, expires_at=late)
    b.do(mine, releases.delegate, area="compliance", to="per_cora", until=late, reason=WORDS)
    said = b.do(mine, discussion.comment, subject_kind="release", subject_id=release, text=WORDS)
    b.do(mine, discussion.edit, said, text=f"{WORDS} And once more.")
    break_glass(b, "max", b.version(b.people["ana"], seed=9), reason=WORDS)
    b.do(
        b.people["olga"],
        releases.roll_back,
        slug="credit",
        environment="production",
        reason="The branches complain.",
    )
    b.do(mine, releases.retire, slug="credit", environment="production", reason=WORDS)
    return release


def _conditions(b, release):
    from core.decisions.releases import pledges

    return b.ask(pledges.conditions, release)


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_the_words_of_the_erased_are_gone_and_what_they_decided_stands(request, engine, tmp_path, hands):
    from tests.core.decisions.conftest import bench_on

    b = bench_on(request.getfixturevalue("store" if engine == "sqlite" else "postgres_store"), hands)
    release = say_everything(b)
    seal(b.store)
    with b.store.reading() as view:
        size, _root = audit.head(view)
        before = [proof_of(view, n) for n in range(size)]
        heard = queries.signatures(view, release)
    assert any(MARK in s.rationale for s in heard), "while they are there, they are heard"
    assert {name for name, text in rows(b.store).items() if MARK in text} == set()

    b.person("root", "administrator")
    with b.store.unit_of_work(b.people["root"]) as uow:
        access.erase_person(uow, "per_max")

    backup(b.store, tmp_path / "backup")
    with (tmp_path / "d.zip").open("w+b") as sink:
        dossier_making.write_dossier(b.store, release, sink)
    with b.store.reading() as view:
        exported = "\n".join(audit.bodies(view))
        signed = queries.signatures(view, release)
        for proof in before:
            _size, root = read_note(proof.checkpoint.note, proof.checkpoint.key)
            leaf = bytes.fromhex(proof.event.leaf)
            assert proofs.verify_inclusion(leaf, proof.event.index, size, proof.path, root)
        assert audit.verify(view).ok
    assert [s.person_id for s in signed] == ["per_max", "per_cora"], (
        "who decided is known still, by pseudonym"
    )
    assert signed[0].rationale == "Erased with its author."
    everything = {
        **rows(b.store),
        "export": exported,
        "dossier": (tmp_path / "d.zip").read_bytes().decode("latin-1"),
    }
    everything |= {
        p.name: p.read_bytes().decode("latin-1") for p in (tmp_path / "backup").rglob("*") if p.is_file()
    }
    assert {name for name, text in everything.items() if MARK in text} == set()
