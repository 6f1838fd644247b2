"""The parts beside a model: attached to an upload, fixed with its version, one digest over all of them."""

from datetime import UTC, datetime

import pytest

from core.assets.registry import RiskTier, Task, commands, queries
from core.assets.registry.bundle import MOST_PARTS, Bundle, Part, PartKind, image_digest
from core.errors import Conflict, Invalid, NotFound, Refused
from core.platform.audit import queries as audit

PINNED = "registry.example/credit/scorer:3@sha256:" + "a" * 64


def version_of(uow, upload):
    case = commands.create_use_case(
        uow, slug="credit", title="Credit", purpose="Lend", task=Task.BINARY, risk_tier=RiskTier.LOW, lawful_basis=""
    )  # fmt: skip
    version = commands.add_version(
        uow, use_case=case, model_name="m", artifact_digest="d", artifact_name="m.skops", artifact_size=1,
        format="skops", dataset_id="ds", dataset_digest="dd", label_column="y", positive_label="1",
        operating_threshold=None, note="",
    )  # fmt: skip
    uow.record("version.submitted", "version", version.id)
    return version.id, commands.bind_parts(uow, upload, version.id)


def attach(store, who, kind, name, content=b"x", upload="draft_1"):
    with store.unit_of_work(who) as uow:
        return commands.attach_file(uow, upload, kind, name, store.files.put_bytes(content))


def test_parts_travel_from_upload_to_version_on_both_engines(any_store, actor):
    ana = actor("data_scientist")
    attach(any_store, ana, PartKind.PIPELINE, "features.py", b"one")
    attach(any_store, ana, PartKind.PIPELINE, "features.py", b"two")
    attach(any_store, ana, PartKind.REQUIREMENTS, "requirements.txt", b"pandas==3")
    attach(any_store, ana, PartKind.OTHER, "elsewhere", upload="draft_2")
    with any_store.unit_of_work(ana) as uow:
        commands.attach_image(uow, "draft_1", f" {PINNED} ")
    with any_store.unit_of_work(ana) as uow:
        version_id, digest = version_of(uow, "draft_1")
    with any_store.reading() as view:
        bundle = queries.bundle(view, version_id)
        bound = audit.events(view, action="bundle.bound")[0]
    assert [(p.kind, p.size) for p in bundle.parts] == [
        (PartKind.PIPELINE, 3),
        (PartKind.REQUIREMENTS, 9),
        (PartKind.IMAGE, 0),
    ]
    assert bundle.parts[0].digest == any_store.files.put_bytes(b"two").digest
    assert bundle.parts[2].digest == "a" * 64
    assert digest == bundle.digest == bound.data["bundle"]


def test_nothing_changes_once_submitted(store, actor):
    ana = actor("data_scientist")
    part = attach(store, ana, PartKind.OTHER, "a")
    with store.unit_of_work(ana) as uow:
        version_of(uow, "draft_1")
    with pytest.raises(Conflict):
        attach(store, ana, PartKind.OTHER, "b")
    with pytest.raises(Conflict), store.unit_of_work(ana) as uow:
        commands.detach(uow, "draft_1", part.id)


def test_a_part_is_taken_off_its_own_upload_only(store, actor):
    ana = actor("data_scientist")
    part = attach(store, ana, PartKind.OTHER, "a")
    with pytest.raises(NotFound), store.unit_of_work(ana) as uow:
        commands.detach(uow, "draft_2", part.id)
    with store.unit_of_work(ana) as uow:
        commands.detach(uow, "draft_1", part.id)
    with store.reading() as view:
        assert queries.bundle_of_upload(view, "draft_1") == Bundle(())
        assert queries.bundle_of_upload(view, "draft_1").digest == ""


def test_there_is_an_end_to_parts(store, actor):
    ana = actor("data_scientist")
    for n in range(MOST_PARTS):
        attach(store, ana, PartKind.OTHER, f"part {n}")
    with pytest.raises(Conflict):
        attach(store, ana, PartKind.OTHER, "one more")
    attach(store, ana, PartKind.OTHER, "part 0", b"replaced")


@pytest.mark.parametrize(
    "reference", ["", "scorer", "scorer:latest", "scorer@sha256:abc", "a b@sha256:" + "a" * 64, "x@sha256:" + "G" * 64]
)  # fmt: skip
def test_an_image_is_pinned(store, actor, reference):
    assert image_digest(reference) == ""
    with pytest.raises(Invalid), store.unit_of_work(actor("data_scientist")) as uow:
        commands.attach_image(uow, "draft_1", reference)


def test_an_image_is_no_file_and_a_viewer_attaches_nothing(store, actor):
    with pytest.raises(Invalid):
        attach(store, actor("data_scientist"), PartKind.IMAGE, "image.tar")
    with pytest.raises(Refused):
        attach(store, actor("viewer"), PartKind.OTHER, "a")


def test_the_digest_depends_on_every_fact_and_on_no_order():
    when = datetime(2026, 1, 1, tzinfo=UTC)

    def part(kind, name, digest):
        return Part("id", kind, name, digest, 1, "per", when)

    one, two = part(PartKind.OTHER, "a", "1"), part(PartKind.PIPELINE, "b", "2")
    assert Bundle((one, two)).digest == Bundle((two, one)).digest
    others = {
        Bundle(parts).digest
        for parts in (
            (one, two),
            (one,),
            (one, part(PartKind.PIPELINE, "b", "3")),
            (one, part(PartKind.PIPELINE, "c", "2")),
            (one, part(PartKind.OTHER, "b", "2")),
        )
    }
    assert len(others) == 5
