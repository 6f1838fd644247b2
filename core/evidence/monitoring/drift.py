"""Compare windows with the reference: every statistic of every column, from summed counts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.evidence.monitoring import distances, significance
from core.evidence.monitoring.counts import Cells, Floats
from core.evidence.monitoring.edges import CategoryEdges, Edges, NumberEdges
from core.evidence.monitoring.layout import Layout, Measured, Part


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """One column over W windows; every array has shape (W,), NaN where a window has no rows.

    `psi_noise` is what sampling alone reaches in 1 of 1000 windows, or how far the season's own spans lie apart where
    that is more; `missing_noise` by how much a share rises in 1 of 100,000. `ks` is NaN for categories, `chi2` and
    `linf` for numbers; `ks_error` is how much KS may be short of the exact distance. Shares are of all rows.
    `held` and `missing_before` are the reference's rows and missing share, which differ by window in a season.
    """

    name: str
    part: Part
    numeric: bool
    compared: bool
    rows: npt.NDArray[np.int64]
    held: npt.NDArray[np.int64]
    psi: Floats
    psi_noise: Floats
    js: Floats
    hellinger: Floats
    ks: Floats
    ks_error: Floats
    wasserstein: Floats
    chi2: Floats
    linf: Floats
    p_value: Floats
    missing: Floats
    missing_before: Floats
    missing_noise: Floats
    new_share: Floats
    out_of_range: Floats
    constant: npt.NDArray[np.bool_]

    @property
    def reference_rows(self) -> int:
        """The reference's rows, of the last window."""
        return int(self.held[-1]) if len(self.held) else 0

    @property
    def missing_reference(self) -> float:
        """The reference's share of missing values, of the last window."""
        return float(self.missing_before[-1]) if len(self.missing_before) else 0.0


def compare(
    layout: Layout,
    reference: Cells,
    windows: Cells,
    moments: Floats,
    *,
    tested: bool = True,
    spread: Floats | None = None,
    blocks: Sequence[Cells] = (),
) -> tuple[ColumnDrift, ...]:
    """Compare windows with the reference's cells of shape (slots,), or (W, slots) where each has its own.

    `windows` are cells of shape (W, slots), `moments` of shape (W, columns, 6) as `counts.MOMENTS` names them.
    `spread` are the reference's standard deviations, by which Wasserstein is normed. `blocks` are, window by window,
    the cells of the spans (B, slots) that its reference is the sum of. Without `tested` the p-values, which cost more
    than all else, are left NaN.
    """
    whole = np.atleast_2d(reference)
    return tuple(
        _column(
            column,
            whole[:, span],
            windows[:, span],
            moments[:, index],
            tested=tested,
            spread=float("nan") if spread is None else float(spread[index]),
            blocks=[block[:, span] for block in blocks],
        )
        for index, (column, span) in enumerate(layout.spans())
    )


def _column(
    measured: Measured,
    reference: Cells,
    windows: Cells,
    moments: Floats,
    *,
    tested: bool,
    spread: float,
    blocks: Sequence[Cells],
) -> ColumnDrift:
    name, part, edges = measured.name, measured.part, measured.edges
    windows = windows.astype(np.int64, copy=False)
    rows = windows.sum(-1)
    held = np.broadcast_to(reference.sum(-1), rows.shape)
    before = np.broadcast_to(_share(missing_of(edges, reference), reference.sum(-1)), rows.shape)
    p, q = stability_bins(edges, reference), stability_bins(edges, windows)
    empty = np.full(len(windows), np.nan)
    compared = p.shape[-1] > 2 or isinstance(edges, CategoryEdges)
    ks, ks_error, far = empty, empty, empty
    chi2, linf = empty, empty
    if isinstance(edges, NumberEdges):
        ks, ks_error = distances.kolmogorov_smirnov(
            reference[..., 2:], windows[..., 2:], discrete=edges.discrete
        )
        far = distances.wasserstein_between(edges.cuts, reference[..., 2:], windows[..., 2:]) / (
            spread if spread > 0 else np.nan
        )
    elif isinstance(edges, CategoryEdges):
        chi2, _freedom = distances.chi_square(reference[..., 1:], windows[..., 1:])
        linf = distances.largest_gap(reference[..., 1:], windows[..., 1:])
    varied = (cells_of(edges, reference) > 0).sum(-1) > 1
    noise = significance.psi_noise(p.shape[-1], rows, held)
    if blocks and compared:
        noise = np.fmax(noise, _apart(edges, np.broadcast_to(p, q.shape), blocks))
    return ColumnDrift(
        name=name,
        part=part,
        numeric=isinstance(edges, NumberEdges),
        compared=compared,
        rows=rows,
        held=held,
        psi=distances.psi(p, q) if compared else empty,
        psi_noise=noise,
        js=distances.jensen_shannon(p, q) if compared else empty,
        hellinger=distances.hellinger(p, q) if compared else empty,
        ks=ks,
        ks_error=ks_error,
        wasserstein=far,
        chi2=chi2,
        linf=linf,
        p_value=_p_values(edges, reference, windows, ks) if tested else empty,
        missing=_share(missing_of(edges, windows), rows),
        missing_before=before,
        missing_noise=significance.share_noise(before, rows, held),
        new_share=_share(windows[:, -1], rows)
        if isinstance(edges, CategoryEdges)
        else np.zeros(len(windows)),
        out_of_range=_share(_outside(edges, windows), rows),
        constant=_constant(edges, windows, moments) & varied & compared,
    )


def _apart(edges: Edges, pooled: Cells, blocks: Sequence[Cells]) -> Floats:
    """How far the farthest span of each window's season lies from the others, as the window does."""
    found = np.full(len(pooled), np.nan)
    for at, held in enumerate(blocks):
        if len(held) > 1:
            spans = stability_bins(edges, held)
            found[at] = distances.psi(pooled[at] - spans, spans).max()
    return found


def stability_bins(edges: Edges, cells: Cells) -> Cells:
    """Return the bins of PSI and Jensen–Shannon, the missing values last: deciles, or categories."""
    missing = missing_of(edges, cells)[..., None]
    if isinstance(edges, NumberEdges):
        return np.concatenate([_between(cells[..., 2:], edges.deciles), missing], -1)
    return np.concatenate([cells[..., 1:], missing], -1)


def display_bins(edges: NumberEdges, cells: Cells) -> Cells:
    """Return the bins of the drawn histogram, from below the reference's minimum to above its maximum."""
    return _between(cells[..., 2:], edges.display)


def _between(cells: Cells, cuts: Sequence[int]) -> Cells:
    starts = [0, *(position + 1 for position in cuts)]
    return np.asarray(np.add.reduceat(cells, starts, axis=-1))


def missing_of(edges: Edges, cells: Cells) -> Cells:
    """Return how many values are null or NaN."""
    return np.asarray(cells[..., 0] + cells[..., 1] if isinstance(edges, NumberEdges) else cells[..., 0])


def cells_of(edges: Edges, cells: Cells) -> Cells:
    """Return the cells of present values."""
    return np.asarray(cells[..., 2:] if isinstance(edges, NumberEdges) else cells[..., 1:])


def _outside(edges: Edges, cells: Cells) -> Cells:
    if isinstance(edges, NumberEdges) and edges.cuts:
        return np.asarray(cells[..., 2] + cells[..., -1])
    return np.zeros(cells.shape[:-1], dtype=np.int64)


def _constant(edges: Edges, cells: Cells, moments: Floats) -> npt.NDArray[np.bool_]:
    if isinstance(edges, NumberEdges):
        return np.asarray((moments[:, 0] > 1) & (moments[:, 3] == moments[:, 4]) & (moments[:, 5] == 0))
    present = cells_of(edges, cells)
    return np.asarray(((present > 0).sum(-1) == 1) & (present.sum(-1) > 1))


def _share(part: Cells, whole: Cells) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(whole > 0, part / whole, np.nan), dtype=np.float64)


def _p_values(edges: Edges, reference: Cells, windows: Cells, ks: Floats) -> Floats:
    if isinstance(edges, NumberEdges):
        m = windows[:, 2:].sum(-1)
        n = np.broadcast_to(reference[..., 2:].sum(-1), m.shape)
        return np.array(
            [significance.kolmogorov_tail(d, j, k) for d, j, k in zip(ks.tolist(), n, m, strict=True)]
        )
    if not isinstance(edges, CategoryEdges):
        return np.full(len(windows), np.nan)
    statistic, freedom = distances.chi_square(reference[..., 1:], windows[:, 1:])
    found = zip(statistic.tolist(), freedom.tolist(), windows.sum(-1).tolist(), strict=True)
    return np.array([significance.chi_square_tail(s, f) if n else np.nan for s, f, n in found])
