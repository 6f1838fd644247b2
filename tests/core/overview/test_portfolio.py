"""The portfolio: stage and health by rule, what waits for whom, and a cost that does not grow with the models."""

from datetime import date, timedelta

import pytest
from sqlalchemy import event

from core.assets.registry.tables import ModelRow, UseCaseRow, VersionRow
from core.assets.registry.usecase import RiskTier
from core.assets.registry.version import VersionState
from core.decisions.findings.tables import FindingRow
from core.decisions.releases.states import ReleaseState
from core.decisions.releases.tables import DeploymentRow, PolicyRow, RequestRow
from core.errors import NotFound
from core.evidence.alerts.tables import AlertRow
from core.evidence.kpis import following
from core.evidence.kpis.definition import Status
from core.evidence.kpis.tables import KpiRevisionRow, KpiRow, ObservationRow
from core.overview.attention import Urgency
from core.overview.portfolio import portfolio
from core.overview.stage import Health, Stage, health, stage
from core.platform.store import SYSTEM, Store

READY, REFUSED = VersionState.READY, VersionState.REFUSED


@pytest.mark.parametrize(
    ("newest", "requests", "environments", "expected"),
    [
        (None, [], [], Stage.EMPTY),
        (READY, [], [], Stage.READY),
        (REFUSED, [], [], Stage.REFUSED),
        (VersionState.RECEIVED, [], [], Stage.CHECKING),
        (READY, [ReleaseState.IN_REVIEW], [], Stage.WAITING),
        (READY, [ReleaseState.APPROVED], [], Stage.WAITING),
        (READY, [ReleaseState.REJECTED], [], Stage.READY),
        (READY, [ReleaseState.IN_REVIEW], ["staging"], Stage.STAGING),
        (REFUSED, [], ["staging", "production"], Stage.LIVE),
    ],
)
def test_stage_is_the_furthest_a_use_case_has_come(newest, requests, environments, expected):
    assert stage(newest, requests, environments) is expected


@pytest.mark.parametrize(
    ("statuses", "alerts", "watched", "expected"),
    [
        ([], 0, False, Health.UNKNOWN),
        ([Status.NOT_ENOUGH], 0, False, Health.UNKNOWN),
        ([], 0, True, Health.GOOD),
        ([Status.ON_TARGET], 0, False, Health.GOOD),
        ([Status.ON_TARGET, Status.SHORT], 0, True, Health.WARNING),
        ([Status.ON_TARGET], 1, True, Health.WARNING),
        ([Status.WARNING, Status.CRITICAL], 0, True, Health.CRITICAL),
    ],
)
def test_unwatched_is_not_healthy(statuses, alerts, watched, expected):
    assert health(statuses, alerts, watched=watched) is expected


class House:
    """Rows of many nouns, written plainly: the portfolio only reads."""

    def __init__(self, store: Store, now) -> None:
        self.store, self.now, self.count = store, now, 0

    def add(self, *rows) -> None:
        with self.store.unit_of_work(SYSTEM) as uow:
            for row in rows:
                uow.session.add(row)
                uow.session.flush()

    def use_case(self, slug: str, tier: RiskTier = RiskTier.LOW) -> str:
        self.add(
            UseCaseRow(
                id=f"uc_{slug}", slug=slug, title=slug.title(), purpose="p", owner_id="per_owner", task="binary",
                risk_tier=tier.value, lawful_basis="contract", affected_people="", human_oversight="",
                applications=[], currency="BRL", created_at=self.now,
            ),
            ModelRow(id=f"mod_{slug}", use_case_id=f"uc_{slug}", name="card", created_by="x", created_at=self.now),
        )  # fmt: skip
        return f"uc_{slug}"

    def version(self, slug: str, number: int, state: VersionState = READY, author: str = "per_author") -> str:
        made = f"ver_{slug}_{number}"
        self.add(
            VersionRow(
                id=made, use_case_id=f"uc_{slug}", model_id=f"mod_{slug}", number=number, state=state.value,
                author_id=author, created_at=self.now, artifact_digest="d", artifact_name="m", artifact_size=1,
                format="skops", verdict="", names=[], isolation="", dataset_id="ds", dataset_digest="e",
                label_column="y", positive_label="1", operating_threshold=0.5, signature={}, note="",
            )
        )  # fmt: skip
        return made

    def deployed(self, slug: str, version_id: str, environment: str = "production") -> None:
        if self.count == 0:
            self.add(
                PolicyRow(
                    digest="pol", name="P", version="1", tier="low", environment="production", text="",
                    published_by="x", published_at=self.now,
                )
            )  # fmt: skip
        self.count += 1
        request = f"rel_{self.count}"
        self.add(
            RequestRow(
                id=request, use_case_id=f"uc_{slug}", version_id=version_id, environment=environment,
                state=ReleaseState.LIVE.value, round=1, policy_digest="pol", note="", requested_by="x",
                requested_at=self.now, due_at=self.now,
            ),
            DeploymentRow(
                id=f"dep_{self.count}", use_case_id=f"uc_{slug}", environment=environment, version_id=version_id,
                request_id=request, artifact_digest="d", started_by="x", started_at=self.now,
            ),
        )  # fmt: skip

    def kpi(self, slug: str, version_id: str, status: Status, name: str = "AUC") -> None:
        key = f"{slug}_{name}"
        self.add(
            KpiRow(id=f"kpi_{key}", use_case_id=f"uc_{slug}", revision=1, created_at=self.now),
            KpiRevisionRow(
                id=f"rev_{key}", kpi_id=f"kpi_{key}", number=1, name=name, question="", owner_id="x", metric="roc_auc",
                unit="", direction="higher", target=0.8, warning=0.7, critical=0.6, window="month", minimum_n=1,
                author_id="x", created_at=self.now,
            ),
            *(
                ObservationRow(
                    revision_id=f"rev_{key}", version_id=version_id, place=month, start=date(2026, month, 1), end=date(2026, month, 28), value=0.5 + month / 100,
                    low=0.4, high=0.7, n=100, coverage=1, status=status.value, observed_at=self.now,
                )
                for month in (8, 9, 10)
            ),
        )  # fmt: skip

    def alert(self, version_id: str, *, acknowledged: bool = False) -> None:
        self.add(
            AlertRow(
                id=f"alr_{version_id}_{acknowledged}", version_id=version_id, rule="psi", rule_kind="psi", rule_version="1",
                subject="income", grain="month", first_start=date(2026, 10, 1), last_start=date(2026, 10, 1),
                last_end=date(2026, 11, 1), worst=0.4, limit=0.25, template="{column} has drifted", reason={},
                raised_at=self.now, acknowledged_at=self.now if acknowledged else None,
            )
        )  # fmt: skip

    def finding(
        self, slug: str, version_id: str, owner: str, severity: str = "high", state: str = "open"
    ) -> None:
        self.add(
            FindingRow(
                id=f"fin_{slug}_{owner}_{state}", use_case_id=f"uc_{slug}", version_id=version_id, title="Leak", text="",
                severity=severity, state=state, owner_id=owner, due_at=self.now + timedelta(days=3), opened_by="x",
                opened_at=self.now,
            )
        )  # fmt: skip


@pytest.fixture
def house(store, hands) -> House:
    return House(store, hands.now)


def seen(house: House, actor):
    with house.store.reading() as view:
        return portfolio(view, actor)


def test_an_empty_store_is_an_empty_portfolio(house, actor):
    found = seen(house, actor("viewer"))
    assert (found.lines, found.attention, found.scores, found.versions) == ((), (), (), 0)


def test_lines_tell_stage_health_and_the_live_version(house, actor):
    house.use_case("credit", RiskTier.HIGH)
    live = house.version("credit", 1)
    house.version("credit", 2, REFUSED)
    house.deployed("credit", live)
    house.kpi("credit", live, Status.ON_TARGET)
    house.use_case("bikes")
    found = seen(house, actor("viewer"))
    by_slug = {line.slug: line for line in found.lines}
    credit = by_slug["credit"]
    assert (credit.stage, credit.health, credit.live, credit.latest) == (Stage.LIVE, Health.GOOD, 1, 2)
    assert by_slug["bikes"].stage is Stage.EMPTY
    assert found.matrix == {(RiskTier.HIGH, Stage.LIVE): 1, (RiskTier.LOW, Stage.EMPTY): 1}
    assert found.healthy() == 1
    assert found.versions == 2
    assert [len(score.history) for score in found.scores] == [3]


def test_the_gravest_kpi_comes_first_and_needs_attention(house, actor):
    house.use_case("credit")
    live = house.version("credit", 1)
    house.kpi("credit", live, Status.ON_TARGET, "A good one")
    house.kpi("credit", live, Status.CRITICAL, "Zeta")
    found = seen(house, actor("viewer"))
    assert [s.kpi.definition.name for s in found.scores] == ["Zeta", "A good one"]
    assert [i.urgency for i in found.attention] == [Urgency.FAILING]
    assert "Zeta is beyond its critical limit" in found.attention[0].text()


def test_a_kpi_beyond_a_limit_is_its_owners_and_theirs_who_follow_it(house, actor):
    house.use_case("credit")
    house.kpi("credit", house.version("credit", 1), Status.WARNING)
    reader, other = actor("viewer", id="per_reader"), actor("viewer", id="per_else")
    assert not seen(house, reader).mine
    with house.store.unit_of_work(reader) as uow:
        following.follow(uow, "kpi_credit_AUC")
        following.follow(uow, "kpi_credit_AUC")  # again is no harm
    assert [i.query["kpi"] for i in seen(house, reader).mine] == ["kpi_credit_AUC"]
    assert not seen(house, other).mine
    assert seen(house, actor("viewer", id="x")).mine, "the owner need not follow"
    with house.store.unit_of_work(reader) as uow:
        following.unfollow(uow, "kpi_credit_AUC")
        following.unfollow(uow, "kpi_credit_AUC")
    assert not seen(house, reader).mine
    with pytest.raises(NotFound), house.store.unit_of_work(reader) as uow:
        following.follow(uow, "kpi_of_nobody")


def test_alerts_wait_until_acknowledged_and_refusals_until_replaced(house, actor):
    house.use_case("credit")
    one = house.version("credit", 1, REFUSED)
    house.alert(one)
    found = seen(house, actor("viewer"))
    assert [i.urgency for i in found.attention] == [Urgency.REFUSED, Urgency.ALERT]
    assert found.attention[1].detail == "income has drifted"
    two = house.version("credit", 2)
    house.alert(two, acknowledged=True)
    assert [i.urgency for i in seen(house, actor("viewer")).attention] == [Urgency.ALERT]


def test_my_findings_and_names_to_review_are_mine_and_first(house, actor):
    house.use_case("credit")
    version = house.version("credit", 1, VersionState.RECEIVED)
    house.kpi("credit", version, Status.CRITICAL)
    house.finding("credit", version, "per_me")
    house.finding("credit", version, "per_other")
    house.finding("credit", version, "per_done", state="resolved")
    me = actor("compliance", id="per_me")
    mine = seen(house, me).mine
    assert [(i.page, i.icon) for i in mine] == [("model", "report"), ("model", "policy")]
    assert seen(house, me).attention[: len(mine)] == mine
    assert not seen(house, actor("viewer")).mine
    author = actor("compliance", id="per_author")
    assert not seen(house, author).mine  # nobody reviews the names of their own file


def test_a_release_waits_for_who_may_sign_it(store, hands, actor):
    from tests.core.decisions.conftest import bench_on

    bench = bench_on(store, hands)
    author = bench.people["ana"]
    version = bench.version(author)
    bench.request(author, version)
    compliance = bench.people["carl"]
    with store.reading() as view:
        for_compliance, for_author = portfolio(view, compliance), portfolio(view, author)
    assert for_compliance.waiting == for_author.waiting == 1
    assert [i.page for i in for_compliance.mine] == ["release_review"]
    assert "waits for your signature" in for_compliance.mine[0].text()
    assert for_author.mine == ()
    assert for_author.lines[0].stage is Stage.WAITING


def test_ten_times_the_models_cost_no_more_statements(house, actor):
    def statements() -> int:
        seen_by_engine: list[str] = []

        def note(_connection, _cursor, statement, *_rest) -> None:
            seen_by_engine.append(statement)

        event.listen(house.store._reader, "before_cursor_execute", note)
        seen(house, actor("viewer"))
        event.remove(house.store._reader, "before_cursor_execute", note)
        return len(seen_by_engine)

    def fill(names) -> None:
        for name in names:
            house.use_case(name)
            version = house.version(name, 1)
            house.deployed(name, version)
            house.kpi(name, version, Status.WARNING)
            house.alert(version)

    fill(["a", "b"])
    few = statements()
    fill([f"c{i}" for i in range(20)])
    assert statements() == few <= 17
