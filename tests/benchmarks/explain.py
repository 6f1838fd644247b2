"""Explanations: CPU per family beside shap, the first page, one case, and what would change it; peers with `--peers`.

Workload of the design page: 30 features; forest 200 × depth 12 (about 754 leaves a tree), histogram boosting 300, XGBoost
500 × 6, LightGBM 500 × 31, CatBoost 500 × 6. CPU is measured in one thread over all ROWS rows, reading the trees included; shap's is
measured on 100 and told for as many.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from core.assets.intake.runner import Runner
from core.evidence.explain import asking, sampling
from core.evidence.explain.asking import Wanted
from core.evidence.explain.engine import explain
from core.evidence.explain.terms import Method
from core.evidence.recourse.counterfactual import Found
from core.evidence.recourse.limits import Limits
from core.evidence.recourse.search import Search
from tests.core.evidence.explain.test_native_files import graph, plain_attributes

FEATURES = 30
TRAINED = 20_000
ROWS = 10_000
PEERS = Path(__file__).parent / "peers"


def workload(rows: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Numbers in single precision, so that ONNX compares what the library compares."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, FEATURES)).astype(np.float32).astype(np.float64)
    noise = rng.normal(size=rows)
    y = (X[:, 0] + X[:, 1] * X[:, 2] + np.sin(2 * X[:, 3]) + 0.5 * X[:, 4] * (X[:, 5] > 0) + noise) > 0.3
    return pd.DataFrame(X, columns=[f"f{i}" for i in range(FEATURES)]), y.astype(int)


def families(folder: Path) -> Iterator[Mapping[str, float]]:
    """CPU seconds for 10,000 rows, by family; shap's on the same models."""
    X, y = workload(TRAINED)
    rows = workload(ROWS, seed=1)[0]
    models = _models(X, y)
    while True:
        with threadpool_limits(1):
            figures = {}
            for name, model in models.items():
                explain(model, rows.head(20), X.head(500))  # the library's and the kernel's first call
                reading, _ = _cpu(lambda m=model: explain(m, rows.head(20), X.head(500)))
                cpu, found = _cpu(lambda m=model: explain(m, rows, X.head(500)))
                assert found.holds
                assert found.method in {Method.TREE, Method.NATIVE}, (name, found.fallback)
                figures[f"explain_{name}"] = cpu
                figures[f"{name}, reading its trees, CPU s"] = reading
            figures["explain_onnx"] = figures.pop("explain_hgb_onnx") / figures["explain_hgb"]
            figures |= _shap(models, rows)
        yield figures


def _models(X: pd.DataFrame, y: np.ndarray) -> dict[str, object]:
    import catboost
    import lightgbm
    import xgboost

    hgb = HistGradientBoostingClassifier(max_iter=300, random_state=0).fit(X, y)
    numbers = HistGradientBoostingClassifier(max_iter=300, random_state=0).fit(X.to_numpy(), y)
    quiet = {"verbose": 0, "allow_writing_files": False, "thread_count": 1}
    return {
        "rf": RandomForestClassifier(200, max_depth=12, n_jobs=2, random_state=0)
        .fit(X, y)
        .set_params(n_jobs=1),
        "hgb": hgb,
        "hgb_onnx": _graph(numbers, X),
        "xgb": xgboost.XGBClassifier(n_estimators=500, max_depth=6, n_jobs=1).fit(X, y),
        "lgb": lightgbm.LGBMClassifier(n_estimators=500, num_leaves=31, verbose=-1, n_jobs=1).fit(X, y),
        "cat": catboost.CatBoostClassifier(iterations=500, depth=6, **quiet).fit(X, y),
    }


def _graph(model: object, X: pd.DataFrame) -> object:
    with plain_attributes():
        return graph(model, X)


def _shap(models: Mapping[str, object], rows: pd.DataFrame) -> dict[str, float]:
    import shap

    figures = {}
    for name in ("rf", "hgb"):
        explainer = shap.TreeExplainer(models[name])
        cpu, _ = _cpu(lambda e=explainer: e.shap_values(rows.head(100), check_additivity=False))
        figures[f"shap {name}, CPU s per 10,000 rows"] = cpu * 100
    return figures


def page(folder: Path) -> Iterator[Mapping[str, float]]:
    """From a stored forest (200 × 12, trained on 5,000 rows) to the first 200 rows, and to 10,000, in the real runner."""
    X, y = workload(5_000)
    rows = workload(10_000, seed=1)[0]
    path = folder / "forest.joblib"
    joblib.dump(RandomForestClassifier(200, max_depth=12, random_state=0).fit(X, y), path)
    names = ("sklearn.ensemble._forest.RandomForestClassifier",)
    with Runner(["core.evidence.explain.isolated"]) as runner:
        while True:
            first = _wall(lambda: _ask(runner, path, names, rows.head(sampling.FIRST), X))
            whole = _wall(lambda: _all(runner, path, names, rows, X))
            figures = {"explain_first": first, "explain_all": first + whole}
            if os.environ.get("AVAL_BENCH_PEERS") == "1":
                figures |= _peer(folder, "explainerdashboard", "explainerdashboard==0.5.*", path, X, y)
            yield figures


def _all(runner: Runner, path: Path, names: tuple[str, ...], rows: pd.DataFrame, X: pd.DataFrame) -> None:
    """Two calls beside each other, as the job does."""
    blocks = [rows.iloc[i : i + 2500] for i in range(0, len(rows), 2500)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda block: _ask(runner, path, names, block, X), blocks))


def _ask(
    runner: Runner, path: Path, names: tuple[str, ...], rows: pd.DataFrame, X: pd.DataFrame
) -> asking.Answer:
    found = asking.ask(runner, path, "joblib", names, rows, X.head(500), Wanted())
    assert found.holds
    return found


def cases(folder: Path) -> Iterator[Mapping[str, float]]:
    """Milliseconds: one model-agnostic row of 12 features, and one counterfactual, each in one thread."""
    X, y = workload(6_000)
    few = X.iloc[:, :12]
    network = MLPClassifier((64, 32), max_iter=30, random_state=0).fit(few, y)
    boosted = HistGradientBoostingClassifier(max_iter=100, random_state=0).fit(few, y)
    while True:
        with threadpool_limits(1):
            agnostic, found = _cpu(lambda: explain(network, few.head(100), few.tail(500), budget=5.0))
            assert found.holds
            search = Search(lambda f: boosted.predict_proba(f)[:, 1], few.head(2000), Limits())
            score = boosted.predict_proba(few)[:, 1]
            refused = np.flatnonzero(score < 0.3)[:20]
            cpu, answers = _cpu(partial(_searched, search, few, refused))
        figures = {
            "explain_agnostic": agnostic * 10,
            "counterfactual": cpu / len(refused) * 1e3,
            "counterfactual, changes": float(
                np.mean([len(a.counterfactuals[0].own) for a in answers if a.counterfactuals])
            ),
            "counterfactual, none": float(np.mean([not a.counterfactuals for a in answers])),
        }
        if os.environ.get("AVAL_BENCH_PEERS") == "1":
            joblib.dump(boosted, folder / "boosted.joblib")
            figures |= _peer(folder, "dice", "dice-ml==0.12.*", folder / "boosted.joblib", few, y)
        yield figures


def _searched(search: Search, rows: pd.DataFrame, refused: np.ndarray) -> list[Found]:
    return [search.run(rows.iloc[[i]], 0.5, above=True) for i in refused]


def _peer(
    folder: Path, name: str, package: str, model: Path, X: pd.DataFrame, y: np.ndarray
) -> dict[str, float]:
    """Run a peer in an environment of its own; what it prints is JSON of figures."""
    home = folder / f"peer-{name}"
    if not home.exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run([str(home / "bin/pip"), "install", "--quiet", package], check=True)
    X.assign(y=y).to_parquet(folder / "peer.parquet")
    done = subprocess.run(
        [str(home / "bin/python"), str(PEERS / f"{name}_case.py"), str(model), str(folder / "peer.parquet")],
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _cpu(call: Callable[[], object]) -> tuple[float, object]:
    start = time.process_time()
    found = call()
    return time.process_time() - start, found


def _wall(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
