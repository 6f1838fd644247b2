"""The demo's review desk: one request of an affected person that was answered, one that waits, and an attestation."""

import pyarrow as pa
import pyarrow.compute as pc

from app.demo_scene import Scene
from core.assurance.compliance import commands as obligations
from core.assurance.compliance import queries as compliance
from core.assurance.reviews import commands, drafting, queries
from core.assurance.reviews.commands import Asked
from core.assurance.reviews.request import Kind, Outcome
from core.decisions.releases import queries as releases
from core.decisions.releases.states import PRODUCTION
from core.evidence.monitoring import queries as monitoring
from core.evidence.monitoring.batches import ID, SCORE, BatchKind
from core.evidence.monitoring.logged import read_parts
from data.demo.organisation import ATTESTED, CREDIT, REASON


def answered(scene: Scene, days: float) -> None:
    """Somebody asks for a review; compliance looks at the case, lets the decision stand and writes the letter."""
    with scene.store.reading() as view:
        known = queries.reviews(view)
    if not known:
        asked = _asked(
            scene, Kind.REVIEW, "C-20417", "Joaquim Teles", "Por que meu pedido foi recusado?", rank=3
        )
        with scene.acting("camila.nogueira", days) as uow:
            commands.take(uow, asked)
        scene.work()
        with scene.store.reading() as view:
            known = queries.reviews(view)
    (review,) = [r for r in known if r.kind is Kind.REVIEW][:1]
    if review.outcome is None:
        with scene.acting("beatriz.sampaio", days - 2) as uow:
            commands.decide(uow, review.id, Outcome.UPHELD, reason=REASON)
    with scene.store.reading() as view:
        letters = queries.letters(view, review.id)
        letter = None if letters else drafting.draft(view, review.id)
    if letter is not None:
        with scene.acting("beatriz.sampaio", days - 2.1) as uow:
            sent = commands.write_letter(uow, review.id, letter)
            uow.session.flush()
            commands.send_letter(uow, sent)


def waiting(scene: Scene, days: float) -> None:
    """Another person asks for an explanation; the case is found and nobody has decided yet."""
    with scene.store.reading() as view:
        known = queries.reviews(view)
    if not any(r.kind is Kind.EXPLANATION for r in known):
        asked = _asked(
            scene, Kind.EXPLANATION, "C-33090", "Elisa Prates", "Quero entender a decisão.", rank=9
        )
        with scene.acting("tomasz.wilk", days) as uow:
            commands.take(uow, asked)
        scene.work()


def attested(scene: Scene, days: float) -> None:
    """Independent validation attests to the credit use case."""
    use_case = scene.use_case(CREDIT)
    with scene.store.reading() as view:
        if compliance.attestations(view, use_case.id):
            return
    with scene.acting("joana.figueiredo", days) as uow:
        obligations.attest(uow, use_case.id, statement=ATTESTED)


def _asked(scene: Scene, kind: Kind, reference: str, name: str, message: str, *, rank: int) -> Asked:
    use_case = scene.use_case(CREDIT)
    with scene.store.reading() as view:
        live = releases.live_deployment(view, use_case.id, PRODUCTION)
        parts = monitoring.parts(view, live.version_id, BatchKind.PREDICTIONS) if live else ()
    table = read_parts(scene.store.files, parts[-20:], [ID, SCORE])
    riskiest = pc.sort_indices(table, sort_keys=[(SCORE, "descending")])
    application = table[ID].take(pa.array([riskiest[rank].as_py()]))[0].as_py()
    return Asked(
        use_case=CREDIT.slug, kind=kind, law="lgpd", language="pt_BR", reference=reference, requester=name,
        message=message, prediction_id=str(application),
    )  # fmt: skip
