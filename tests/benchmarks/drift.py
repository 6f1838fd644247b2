"""`aval drift` as a whole process, against decoding alone, pandas with scipy; with `--peers` Evidently and NannyML too."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.browser.harness import ROOT

PEERS = Path(__file__).parent / "peers"
GROUP = 250_000
EVIDENTLY = ("evidently==0.7.*", "pandas<3")  # it imports names that pandas 3 has no more
NANNYML = ("nannyml==0.13.*", "statsmodels", "pandas<3")  # it forgets to ask for what its plots import


@dataclass(frozen=True)
class Cost:
    cpu: float
    wall: float
    memory: float  # MB, peak resident


def exact(folder: Path) -> Iterator[Mapping[str, float]]:
    """1M × 40 against 1M × 40: 30 numbers and 10 categories, a third of the numbers with missing values."""
    _write(folder, 1_000_000, numbers=30, categories=10)
    peers = os.environ.get("AVAL_BENCH_PEERS") == "1"
    evidently = _environment(folder / "evidently", EVIDENTLY) if peers else None
    nannyml = _environment(folder / "nannyml", NANNYML) if peers else None
    while True:
        decoding = _cost([sys.executable, str(PEERS / "decode.py"), str(folder)])
        ours = _drift(folder)
        figures = {
            "drift_cpu": ours.cpu / decoding.cpu,
            "drift_memory": ours.memory,
            "drift, CPU s": ours.cpu,
            "drift, wall s": ours.wall,
            "decoding alone, CPU s": decoding.cpu,
            "decoding alone, wall s": decoding.wall,
        }
        plain = _cost([sys.executable, str(PEERS / "pandas_scipy.py"), str(folder)])
        figures |= {
            "drift_scipy": plain.cpu / ours.cpu,
            "pandas + scipy, CPU s": plain.cpu,
            "pandas + scipy, MB": plain.memory,
        }
        if evidently:
            theirs = _cost([str(evidently), str(PEERS / "evidently_default.py"), str(folder)])
            figures |= {
                "drift_evidently": theirs.cpu / ours.cpu,
                "Evidently default, CPU s": theirs.cpu,
                "Evidently default, MB": theirs.memory,
            }
        if nannyml:
            theirs = _cost([str(nannyml), str(PEERS / "nannyml_univariate.py"), str(folder)])
            figures |= {
                "NannyML univariate, times our CPU": theirs.cpu / ours.cpu,
                "NannyML univariate, CPU s": theirs.cpu,
                "NannyML univariate, MB": theirs.memory,
            }
        yield figures


def long(folder: Path) -> Iterator[Mapping[str, float]]:
    """10M × 40, only with `--large`: the files take 5 GB."""
    if os.environ.get("AVAL_BENCH_LARGE") != "1":
        return
    _write(folder, 10_000_000, numbers=30, categories=10)
    while True:
        cost = _drift(folder)
        yield {
            "drift_10m": _alone(cost),
            "drift_10m_memory": cost.memory,
            "10M × 40, CPU s": cost.cpu,
            "10M × 40, wall s": cost.wall,
        }


def wide(folder: Path) -> Iterator[Mapping[str, float]]:
    """1M × 500, only with `--large`: the files take 7 GB."""
    if os.environ.get("AVAL_BENCH_LARGE") != "1":
        return
    _write(folder, 1_000_000, numbers=420, categories=80)
    while True:
        cost = _drift(folder)
        yield {
            "drift_500": _alone(cost),
            "1M × 500, CPU s": cost.cpu,
            "1M × 500, wall s": cost.wall,
            "1M × 500, MB": cost.memory,
        }


def _alone(cost: Cost) -> float:
    """Return the seconds it takes on two free processors: where others work beside it, wall time says nothing."""
    return min(cost.wall, cost.cpu / min(os.cpu_count() or 1, 2) * 1.1)


def _drift(folder: Path) -> Cost:
    words = [
        "drift",
        str(folder / "reference.parquet"),
        str(folder / "current.parquet"),
        "--json",
        "--threads",
        "2",
    ]
    return _cost([sys.executable, "-m", "app.cli", *words])


# A process starts with the peak memory of the one that forked it: a small one stands between.
_WAITER = """
import os, subprocess, sys, time
begin = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, time.perf_counter() - begin, usage.ru_maxrss)
"""


def _cost(words: Sequence[str]) -> Cost:
    """Run a process to its end; its own processor time and peak memory."""
    told = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _WAITER, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    status, cpu, wall, memory = told.stdout.split()
    if status != "0":
        raise RuntimeError(f"{words}: {told.stderr[-2000:]}")
    return Cost(float(cpu), float(wall), float(memory) / 1024)


def _environment(folder: Path, requirements: Sequence[str]) -> Path:
    """Install a peer into an environment of its own, so that its dependencies stay out of ours."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *requirements], check=True)
    return python


def _write(folder: Path, rows: int, *, numbers: int, categories: int) -> None:
    for side, name in enumerate(("reference", "current")):
        rng = np.random.default_rng([7, side])
        writer: pq.ParquetWriter | None = None
        for start in range(0, rows, GROUP):
            n = min(GROUP, rows - start)
            table = pa.table(
                {
                    **{f"n{i:03}": _number(rng, i, n, side) for i in range(numbers)},
                    **{f"c{i:03}": _category(rng, i, n) for i in range(categories)},
                }
            )
            if writer is None:
                writer = pq.ParquetWriter(folder / f"{name}.parquet", table.schema, compression="snappy")
            writer.write_table(table)
        if writer:
            writer.close()


def _number(rng: np.random.Generator, i: int, n: int, side: int) -> pa.Array:
    match i % 5:
        case 0:
            values = rng.standard_normal(n) + (0.25 * side if i == 0 else 0)
        case 1:
            values = rng.normal(50, 10, n)
        case 2:
            values = rng.lognormal(3, 1, n)
        case 3:
            values = rng.exponential(100, n)
        case _:
            values = rng.integers(0, 200, n).astype(float)
    return pa.array(values, mask=rng.random(n) < 0.02 if i % 3 == 0 else None)


def _category(rng: np.random.Generator, i: int, n: int) -> pa.Array:
    size = (3, 5, 10, 20, 50, 2, 8, 100, 12, 30)[i % 10]
    share = 1 / np.arange(1, size + 1) ** 0.8
    edges = np.cumsum(share / share.sum())
    codes = np.minimum(np.searchsorted(edges, rng.random(n)), size - 1).astype(np.int32)
    names = pa.array([f"category {i}, value {j}" for j in range(size)])
    return pa.DictionaryArray.from_arrays(pa.array(codes), names).cast(pa.string())
