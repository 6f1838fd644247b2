"""Measure, print, compare: exit status 1 when a figure passes its limit. `python -m tests.benchmarks [name…]`."""

import json
import os
import statistics
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from tests.benchmarks import (
    audit,
    compliance,
    decisions,
    demo,
    drift,
    explain,
    fairness,
    fleet,
    inbox,
    intake,
    journey,
    kpis,
    log,
    looptime,
    pages,
    proofs,
    review,
    scoring,
)

LIMITS = Path(__file__).parent / "limits.toml"
MEASURES: Mapping[str, Callable[[Path], Iterator[Mapping[str, float]]]] = {
    "generate": demo.generate,
    "audit_append": audit.append_rate,
    "audit_verify": audit.verify_rate,
    "audit_million": proofs.million,
    "dossier": proofs.dossier,
    "scan": intake.scan,
    "scan_command": intake.command,
    "isolated_call": intake.isolated_call,
    "large_joblib": intake.large_joblib,
    "large_upload": intake.large_upload,
    "large_evaluation": intake.large_evaluation,
    "demo_seed": demo.seed,
    "start_second": pages.second_start,
    "page_p95": pages.under_load,
    "review_p95": review.page,
    "journey": journey.upload_to_explained,
    "infer_one": scoring.infer,
    "fleet_p95": fleet.overview,
    "decisions_p95": decisions.search,
    "decisions_postgres_p95": decisions.search_postgres,
    "law_map_p95": compliance.law_map,
    "inbox_p95": inbox.waiting,
    "loop_time_p95": looptime.page,
    "technical_file": compliance.technical_file,
    "kpi_raw": kpis.observed,
    "scoreboard_p95": kpis.scoreboard,
    "fairness": fairness.counts,
    "explain_rf": explain.families,
    "explain_first": explain.page,
    "explain_agnostic": explain.cases,
    "ingest_parquet": log.ingest,
    "chart_hours": log.chart,
    "drift_cpu": drift.exact,
    "drift_10m": drift.long,
    "drift_500": drift.wide,
}
"""By the first figure of each; a measure may yield several figures, and each repeat yields them again."""


@dataclass(frozen=True)
class Figure:
    name: str
    title: str
    unit: str
    limit: float
    lower: bool
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def ratio(self) -> float:
        """How much of what is allowed is used: over 1 is too much."""
        return self.median / self.limit if self.lower else self.limit / max(self.median, 1e-12)

    def line(self) -> str:
        mark = "ok" if self.ratio <= 1 else "TOO MUCH"
        bound = "≤" if self.lower else "≥"
        spread = f"{min(self.values):,.2f}–{max(self.values):,.2f}" if len(self.values) > 1 else ""
        return (
            f"{self.title:<66} {self.median:>12,.2f} {self.unit:<9} {bound} {self.limit:>11,.2f} "
            f"{self.ratio:>6.2f}  {mark:<9} {spread}"
        )


@click.command()
@click.argument("names", nargs=-1)
@click.option("--json", "target", type=click.Path(path_type=Path), help="Write the figures there too.")
@click.option(
    "--peers", is_flag=True, help="Install and measure the peers too, in environments of their own."
)
@click.option("--large", is_flag=True, help="Also what takes gigabytes of files.")
def bench(names: tuple[str, ...], target: Path | None, peers: bool, large: bool) -> None:
    """Measure everything, or the NAMES given."""
    os.environ.update({"AVAL_BENCH_PEERS": str(int(peers)), "AVAL_BENCH_LARGE": str(int(large))})
    limits = tomllib.loads(LIMITS.read_text())
    tolerance = limits.pop("tolerance")
    unknown = set(names) - set(MEASURES)
    if unknown:
        raise click.BadParameter(f"{', '.join(sorted(unknown))}; known: {', '.join(MEASURES)}")
    found: list[Figure] = []
    click.echo(f"{'figure':<66} {'median':>12} {'':<9} {'limit':>13} {'ratio':>6}")
    for name, measure in MEASURES.items():
        if names and name not in names:
            continue
        collected: dict[str, list[float]] = {}
        repeats = limits[name]["repeats"]
        with tempfile.TemporaryDirectory(prefix="aval-bench-") as folder:
            for turn, figures in enumerate(measure(Path(folder)), 1):
                for key, value in figures.items():
                    collected.setdefault(key, []).append(value)
                if turn == repeats:
                    break
        for key, values in collected.items():
            if key not in limits:
                click.echo(f"  {key:<64} {statistics.median(values):>12,.2f}")
                continue
            entry = limits[key]
            figure = Figure(
                key,
                entry["title"],
                entry["unit"],
                entry["limit"] * (tolerance if entry["better"] == "lower" else 1 / tolerance),
                entry["better"] == "lower",
                tuple(values),
            )
            click.echo(figure.line())
            found.append(figure)
    if target:
        target.write_text(json.dumps({f.name: f.median for f in found}, indent=1))
    sys.exit(any(f.ratio > 1 for f in found))


if __name__ == "__main__":
    bench()
