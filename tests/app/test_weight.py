"""What the serving process loads: pages and routes show results, so what computes them stays with the worker."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORKERS = {
    "catboost", "docx", "duckdb", "huey", "ibis", "joblib", "lightgbm", "numba", "onnx", "onnxruntime", "psycopg", "scipy",
    "shap", "skl2onnx", "sklearn", "skops", "sqlglot", "typst", "xgboost",
}  # fmt: skip
SCRIPT = """
import ast, importlib, pathlib, sys
from app.slim_plotly import stand_in
stand_in()
import app.server
app.server._api()
for page in [pathlib.Path("app/main.py"), *sorted(pathlib.Path("pages").glob("*.py"))]:
    for node in ast.parse(page.read_text()).body:
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module)
            for name in node.names:
                if not hasattr(module, name.name):
                    importlib.import_module(f"{node.module}.{name.name}")
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_no_page_and_no_route_loads_what_only_workers_need():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert {"streamlit", "fastapi", "pandas"} <= loaded
    assert loaded & WORKERS == set(), (
        "import it inside the function that computes: the server may take 250 MB"
    )
