"""`aval drift` on two files: exit status, JSON, the page, and planted drifts against clean columns."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from app.cli import main
from core.errors import Invalid
from core.evidence.monitoring import conditions


def _planted(seed: int, n: int, *, current: bool) -> dict[str, pa.Array]:
    """Eight kinds of drift, as they stand in the current file."""
    rng = np.random.default_rng([seed, 1, current])
    now = float(current)
    levels = np.array(["a", "b", "c", "d", "new"])
    chances = np.array([0.4, 0.3, 0.2, 0.1, 0]) if not current else np.array([0.2, 0.2, 0.3, 0.3, 0])
    fresh = np.array([0.4, 0.3, 0.2, 0.1 - 0.01 * now, 0.01 * now])
    x = rng.lognormal(3, 1, n)
    x[rng.random(n) < 0.08 * now] *= 5
    y = rng.standard_normal(n)
    y[rng.random(n) < 0.03 * now] += 30
    return {
        "shift": pa.array(rng.standard_normal(n) + 0.25 * now),
        "scale": pa.array(rng.normal(50, 10 * (1 + 0.5 * now), n)),
        "tail": pa.array(x),
        "range": pa.array(y),
        "missing": pa.array(rng.exponential(100, n), mask=rng.random(n) < 0.02 + 0.1 * now),
        "frequency": pa.array(rng.choice(levels, n, p=chances)),
        "category": pa.array(rng.choice(levels, n, p=fresh)),
        "constant": pa.array(np.where(current, 3, rng.integers(0, 5, n))),
    }


def _clean(seed: int, n: int, *, current: bool) -> dict[str, pa.Array]:
    rng = np.random.default_rng([seed, 2, current])
    columns: dict[str, pa.Array] = {}
    for i in range(32):
        gone = rng.random(n) < 0.02 if i % 3 == 0 else None
        match i % 6:
            case 0:
                values = rng.standard_normal(n)
            case 1:
                values = rng.lognormal(3, 1, n)
            case 2:
                values = rng.exponential(100, n)
            case 3:
                values = rng.integers(0, 200, n)
            case 4:
                values = rng.choice(np.array([f"k{j}" for j in range(40)]), n, p=_zipf(40))
            case _:
                values = rng.choice(np.array(["x", "y", "z"]), n)
        columns[f"clean {i}"] = pa.array(values, mask=gone)
    return columns


def _zipf(k: int) -> np.ndarray:
    share = 1 / np.arange(1, k + 1) ** 0.8
    return share / share.sum()


def _write(folder: Path, seed: int, n: int) -> list[str]:
    paths = []
    for current in (False, True):
        table = pa.table({**_planted(seed, n, current=current), **_clean(seed, n, current=current)})
        paths.append(str(folder / f"{seed} {current}.parquet"))
        pq.write_table(table, paths[-1])
    return paths


def _rates(folder: Path, seeds: range, n: int) -> tuple[float, float]:
    found = wolf = 0
    for seed in seeds:
        told = _run(*_write(folder, seed, n), "--json")
        for one in json.loads(told.stdout)["columns"]:
            drifted = one["verdict"] == "drifted"
            wolf += drifted and one["column"].startswith("clean")
            found += drifted and not one["column"].startswith("clean")
    return found / (8 * len(seeds)), wolf / (32 * len(seeds))


def _run(*words: str):
    return CliRunner().invoke(main, ["drift", *words])


@pytest.mark.parametrize(
    ("seeds", "n"),
    [
        (range(1), 100_000),
        pytest.param(range(20), 100_000, marks=pytest.mark.long),
        pytest.param(range(20), 1_000_000, marks=[pytest.mark.long, pytest.mark.timeout(3000)]),
    ],
    ids=["quick", "100k", "1M"],
)
def test_planted_drifts_are_found_and_clean_columns_are_silent(seeds: range, n: int, tmp_path: Path) -> None:
    found, wolf = _rates(tmp_path, seeds, n)
    print(f"{len(seeds)} seeds, {n} rows: found {found:.1%} of planted, {wolf:.2%} of clean columns flagged")
    assert found == 1
    assert wolf == 0


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[str]:
    return _write(tmp_path_factory.mktemp("drift"), 0, 30_000)


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        ([], 0),
        (["psi>0.2"], 1),
        (["any:missing > 5%"], 1),
        (["clean 0:psi>0.2", "frequency:psi<=0.01"], 0),
        (["frequency:psi>0.1"], 1),
        (["type_change"], 0),
        (["constant"], 1),
        (["drifted_share>50%"], 0),
        (["drifted>=8"], 1),
        (["new>0"], 1),
        (["rows<3000", "added_columns", "repeated_rows>0"], 0),
        (["psy>1"], 2),
        (["psi=1"], 2),
        (["freqency:psi>1"], 2),
        (["domain_auc>0.6"], 2),
    ],
)
def test_exit_status(files: list[str], rules: list[str], status: int) -> None:
    told = _run(*files, *[word for rule in rules for word in ("--fail-on", rule)])
    assert told.exit_code == status, told.output
    if status == 1:
        assert "Rule broken" in told.output
    if status == 2:
        assert len(told.stderr.splitlines()) >= 2, "what is wrong, and what to do"


def test_bad_input_ends_with_two(files: list[str], tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("other\n1\n2\n")
    for words in ([files[0], "nowhere"], [files[0], str(tmp_path / "x.csv")], [*files, "--columns", "nix"]):
        told = _run(*words)
        assert told.exit_code == 2, told.output
        assert told.stderr.count("\n") >= 2


def test_json_names_every_variant_and_rounds_nothing(files: list[str]) -> None:
    told = json.loads(_run(*files, "--json", "--joint", "--target", "shift").stdout)
    assert told["table"]["drifted"] == 8
    assert told["columns"][0]["verdict"] == "drifted"
    for one in told["columns"]:
        for name, statistic in one["statistics"].items():
            assert statistic["variant"], name
    shift = next(one for one in told["columns"] if one["column"] == "shift")
    a, b = (pq.read_table(path).column("shift").to_numpy() for path in files)
    from scipy import stats

    assert shift["statistics"]["ks"]["value"] == pytest.approx(stats.ks_2samp(a, b).statistic, abs=1e-15)
    assert 0.5 < told["joint"]["domain_classifier"]["auc"] <= 1
    assert told["joint"]["target"]["column"] == "shift"


def test_page_stands_alone_and_escapes(tmp_path: Path) -> None:
    paths = []
    for side, values in enumerate((["<b>x</b>", "y"] * 50, ["<script>alert(1)</script>"] * 100)):
        paths.append(str(tmp_path / f"{side}.parquet"))
        pq.write_table(pa.table({"<i>col</i>": values}), paths[-1])
    target = tmp_path / "page.html"
    assert _run(*paths, "--html", "-o", str(target)).exit_code == 0
    page = target.read_text()
    assert "<script" not in page
    assert "<i>col" not in page
    assert "&lt;i&gt;col" in page
    assert not re.search(r"""(?:src|href)\s*=|url\(|@import|https?://""", page)


def test_parquet_needs_neither_pandas_nor_scipy(files: list[str]) -> None:
    code = (
        "import sys; from click.testing import CliRunner; from app.cli import main;"
        f"r = CliRunner().invoke(main, ['drift', *{files!r}]); assert r.exit_code == 0, r.output;"
        "print([m for m in ('pandas', 'scipy', 'sklearn', 'streamlit', 'sqlmodel', 'jinja2') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("text", "column", "quantity", "limit"),
    [
        ("psi>0.2", "", "psi", 0.2),
        ("any:ks >= 1e-2", "", "ks", 0.01),
        ("a:b:missing>5%", "a:b", "missing", 0.05),
        ("loan amount:constant", "loan amount", "constant", 0),
    ],
)
def test_rules_are_read(text: str, column: str, quantity: str, limit: float) -> None:
    found = conditions.parse(text)
    assert (found.column, found.quantity, found.limit) == (column, quantity, pytest.approx(limit))


@pytest.mark.parametrize("text", ["", ">1", "psi>", "psi>x", "psi!1", "psi>1 or ks>1", "psi>--3"])
def test_unreadable_rules_are_refused(text: str) -> None:
    with pytest.raises(Invalid):
        conditions.parse(text)
