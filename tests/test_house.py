"""Walls that import contracts cannot express: what pure rules may touch, what pages may call, what never stands in source."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(p for folder in ("app", "core", "pages") for p in (ROOT / folder).rglob("*.py"))
BANNED = re.compile(
    r"unsafe_allow_html|unsafe_allow_javascript|st\.login|pickle\.loads?\(|joblib\.load\(|yaml\.load\(|shell\s*=\s*True"
)
ISOLATED = ("core/assets/intake/isolated/", "core/assets/intake/tasks")
"""Where a model file is loaded: code that runs only inside the isolated child."""

NOT_PURE = {"tables", "queries", "commands", "work", "__init__"}
IO_MODULES = {
    "sqlmodel",
    "sqlalchemy",
    "subprocess",
    "socket",
    "urllib",
    "httpx",
    "requests",
    "streamlit",
    "fastapi",
    "fsspec",
}


SPLIT_OFF = {
    # Reading or writing that outgrew `queries` or `commands` and was split by noun; no pure rule stands in these.
    "core/assets/intake/answers.py",
    "core/assets/intake/cold.py",
    "core/assets/intake/session.py",
    "core/assets/intake/reviews.py",
    "core/assets/intake/settling.py",
    "core/assets/intake/submission.py",
    "core/assets/intake/tabular.py",
    "core/assets/registry/bundling.py",
    "core/evidence/explain/partial_work.py",
    "core/evidence/kpis/following.py",
    "core/evidence/monitoring/logged.py",
    "core/evidence/monitoring/measuring.py",
    "core/evidence/monitoring/decisions.py",
    "core/evidence/monitoring/joint_work.py",
    "core/evidence/monitoring/payload_work.py",
    "core/evidence/monitoring/tidying.py",
    "core/evidence/monitoring/outside.py",
    "core/evidence/monitoring/profile_queries.py",
    "core/assurance/compliance/document_facts.py",
    "core/assurance/compliance/gathering.py",
    "core/assurance/compliance/impact.py",
    "core/assurance/compliance/writing.py",
    "core/assurance/privacy/erasing.py",
    "core/decisions/serving/spool.py",
    "core/decisions/serving/scoring.py",
    "core/assurance/privacy/evaluation_tables.py",
    "core/evidence/measuring.py",
    "core/overview/inbox/recipients.py",
    "core/overview/inbox/mails.py",
    "core/platform/notices/mail.py",
    "core/assets/intake/forgetting.py",
    "core/assurance/reviews/drafting.py",
    "core/evidence/monitoring/forgetting.py",
    "core/evidence/kpis/backtesting.py",
    "core/decisions/releases/decided.py",
    "core/decisions/releases/answers.py",
    "core/evidence/fairness/joining.py",
    "core/evidence/monitoring/logbook.py",
    "core/evidence/monitoring/referencing.py",
    "core/assurance/compliance/attesting.py",
    "core/assurance/reviews/measured.py",
    "core/evidence/kpis/sources.py",
    "core/decisions/releases/opened.py",
    "core/decisions/releases/opening.py",
    "core/decisions/releases/deployments.py",
    "core/decisions/releases/as_of.py",
    "core/decisions/releases/book.py",
    "core/decisions/releases/preview.py",
    "core/decisions/releases/dossier_making.py",
    "core/decisions/releases/evidence.py",
    "core/decisions/releases/watching.py",
    "core/decisions/releases/published.py",
    "core/decisions/releases/promises.py",
    "core/decisions/releases/pledges.py",
    "core/decisions/releases/lending.py",
    "core/decisions/releases/emergencies.py",
    "core/decisions/releases/effective.py",
    "core/decisions/releases/checking.py",
    "core/decisions/releases/facts.py",
    "core/decisions/releases/publishing.py",
    "core/decisions/releases/review.py",
    "core/decisions/releases/rows.py",
    "core/decisions/releases/signing.py",
    "core/evidence/kpis/logged.py",
    "core/evidence/kpis/preview.py",
    "core/evidence/alerts/tracing.py",
    "core/evidence/alerts/replay.py",
    "core/evidence/alerts/likeness.py",
}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def pure_files() -> list[Path]:
    """Files named by noun in the wings above `platform`, but the outside-facing hands of intake and datasets."""
    hands = {"runner", "isolated", "reading", "isolated.py", "tasks"}
    return [
        p
        for p in (ROOT / "core").rglob("*.py")
        if p.relative_to(ROOT).parts[1] in {"assets", "evidence", "decisions", "assurance"}
        and p.stem not in NOT_PURE
        and not hands & {*p.parts, p.stem}
        and str(p.relative_to(ROOT)) not in SPLIT_OFF
    ]


@pytest.mark.parametrize("path", pure_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_pure_rules_do_no_io(path: Path) -> None:
    names = imports(path)
    assert not {n for n in names if n.split(".")[0] in IO_MODULES}
    assert not {n for n in names if n.startswith("core.platform.store")}
    assert not {n for n in names if n.endswith((".tables", ".commands", ".work"))}


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_source_holds_no_banned_call(path: Path) -> None:
    if str(path.relative_to(ROOT)).startswith(ISOLATED):
        return
    assert not BANNED.findall(path.read_text())


def test_pages_read_no_tables() -> None:
    guilty = {p.name: n for p in (ROOT / "pages").glob("*.py") for n in imports(p) if n.endswith(".tables")}
    assert guilty == {}


def test_every_command_checks_a_right_or_is_named_here() -> None:
    """A public function of a `commands` module asks for a permission, or stands in the list below with its reason."""
    missing = []
    for path in (ROOT / "core").rglob("commands.py"):
        tree = ast.parse(path.read_text())
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                source = ast.unparse(node)
                name = f"{path.parent.name}.{node.name}"
                if "require(" not in source and name not in WITHOUT_PERMISSION:
                    missing.append(name)
    assert missing == []


WITHOUT_PERMISSION = {
    # Bookkeeping of background work: called by the worker, changes nothing that people decide.
    "jobs.enqueue", "jobs.claim", "jobs.beat", "jobs.advance", "jobs.finish", "jobs.retry", "jobs.sweep", "jobs.sign_of_life", "jobs.forget_payloads",
    # Parts of another command, or the log's own seal: the permission was checked where the work was asked for.
    "audit.keep_checkpoint", "registry.set_standing", "explain.enqueue_for", "explain.enqueue_trial_for", "fairness.enqueue_for", "robustness.enqueue_for", "slices.enqueue_for",
    "fairness.follow_for", "attribution_drift.follow_for", "retraining.settle_for", "shadow.start_for", "shadow.follow_for", "worth.explore_for",
    # Looks at a file before anything is written; `receive_file` asks for the right.
    "intake.examine",
    # The operator at the machine itself, by `aval audit rotate-key`.
    "audit.record_rotation",
    # One's own account: the first administrator by a single-use link, one's own password, one's own language.
    "access.set_up", "access.change_password", "access.choose_language",
}  # fmt: skip


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
