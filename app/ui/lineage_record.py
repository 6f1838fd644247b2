"""Turn what the store knows of a version into the graph of its lineage, and into the same in words."""

from collections.abc import Collection, Mapping, Sequence

from app.ui import badges
from app.ui.lineage import Stage
from app.ui.lineage_graph import Graph, Node
from app.ui.text import code, digest, md
from app.ui.upstream import upstream_lines
from core.assets.datasets.dataset import Dataset
from core.assets.registry.bundle import PART_NAMES, Bundle
from core.assets.registry.version import Version
from core.decisions.releases.release import Deployment, Release
from core.decisions.releases.states import STATE_NAMES, ReleaseState
from core.evidence.monitoring.records import Coverage
from core.i18n import _, day, moment, ngettext

ICONS = ("table", "deployed_code", "approval", "apps", "monitoring")
MOST_PARTS, MOST_RELEASES, MOST_APPLICATIONS = 2, 3, 3
"""In one row of the graph; a phone holds three boxes beside one another."""


def stages(graph: Graph, details: Mapping[str, Sequence[str]]) -> list[Stage]:
    """Return the stations of the lineage in words, in its order; `details` are further Markdown lines by node."""
    return [
        Stage(
            title,
            ICONS[row],
            tuple(
                line
                for node in graph.nodes
                if node.row == row
                for line in (f"**{md(node.title)}** {md(node.detail)}".strip(), *details.get(node.id, ()))
            ),
        )
        for row, title in enumerate(graph.rows)
    ]


def lineage_of(
    version: Version,
    dataset: Dataset,
    bundle: Bundle,
    releases: Sequence[Release],
    deployments: Sequence[Deployment],
    applications: Sequence[str],
    log: Coverage | None,
) -> Graph:
    """Return the graph of one version: data and parts, version, releases, applications, predictions.

    Applications receive its answers while it is live somewhere; `log` is what its log of predictions holds.
    """
    nodes = [Node("data", 0, dataset.name, ngettext("{n} row", "{n} rows", dataset.rows))]
    upstream = version.upstream
    if upstream is not None:
        nodes.append(Node("mlflow", 0, "MLflow", upstream.name))
    parts = bundle.parts[: MOST_PARTS if upstream is None else MOST_PARTS - 1]
    nodes += [Node(p.id, 0, _(PART_NAMES[p.kind]), p.name) for p in parts]
    edges = [(node.id, "version") for node in nodes]
    name = f"{version.model_name} v{version.number}"
    nodes.append(Node("version", 1, name, version.artifact_name, "accent"))
    live = {one.environment for one in deployments if one.ended_at is None}
    for release in releases[:MOST_RELEASES]:
        state = _("live") if _is_live(release, live) else _(STATE_NAMES[release.state])
        nodes.append(
            Node(release.id, 2, release.environment, state, "good" if _is_live(release, live) else "plain")
        )
        edges.append(("version", release.id))
    sources = [r.id for r in releases[:MOST_RELEASES] if _is_live(r, live)]
    for at, application in enumerate(_shown(applications)):
        nodes.append(Node(f"app{at}", 3, application, "", "plain" if sources else "muted"))
        edges += [(source, f"app{at}") for source in sources]
    if log is not None:
        span = _("{first} to {last}", first=day(log.first), last=day(log.last))
        nodes.append(Node("log", 4, ngettext("{n} prediction", "{n} predictions", log.rows), span))
        feeding = [f"app{at}" for at in range(len(_shown(applications)))] if sources else []
        edges += [(source, "log") for source in feeding or ["version"]]
    rows = (_("Data"), _("Version"), _("Releases"), _("Consuming applications"), _("Predictions"))
    return Graph(rows, tuple(nodes), tuple(edges))


def lineage_details(
    version: Version, dataset: Dataset, deployments: Sequence[Deployment], log: Coverage | None
) -> dict[str, tuple[str, ...]]:
    """Return what the graph has no room for, as Markdown by node: digests, moments, outcomes."""
    live = tuple(
        _("live in {where} since {when}", where=code(one.environment), when=moment(one.started_at))
        for one in deployments
        if one.ended_at is None
    )
    outcomes = (
        () if log is None else (ngettext("{n} with its outcome", "{n} with their outcome", log.labelled),)
    )
    return {
        **({} if version.upstream is None else {"mlflow": upstream_lines(version.upstream)}),
        "data": (f"sha256 {digest(dataset.digest)}",),
        "version": (
            badges.status(version.state.value),
            f"sha256 {digest(version.artifact_digest)}",
            *live,
        ),
        "log": outcomes,
    }


def _shown(applications: Sequence[str]) -> list[str]:
    """Name as many applications as a row holds; the rest is counted in the last box."""
    if len(applications) <= MOST_APPLICATIONS:
        return list(applications)
    rest = len(applications) - MOST_APPLICATIONS + 1
    return [*applications[: MOST_APPLICATIONS - 1], ngettext("and {n} more", "and {n} more", rest)]


def _is_live(release: Release, environments: Collection[str]) -> bool:
    return release.state is ReleaseState.LIVE and release.environment in environments
