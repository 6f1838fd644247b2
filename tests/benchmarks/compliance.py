"""The law map over a thousand use cases, and a technical file of sixty pages."""

import gc
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
from pypdf import PdfReader
from streamlit.testing.v1 import AppTest

from app import wiring
from core.assets.registry import queries as registry
from core.assurance.compliance import document_export, writing
from core.assurance.compliance.document import FilledItem, Written
from core.platform.store.migrate import upgrade
from core.settings import Settings
from tests.benchmarks import fleet
from tests.benchmarks.pages import seed
from tests.served import open_folder

TURNS, PAGES = 40, 60


def law_map(folder: Path) -> Iterator[Mapping[str, float]]:
    """Time the page's whole script over the fleet of a thousand use cases, in this process, warm."""
    store = wiring.open_store(Settings(folder=str(folder)), announce=lambda _job: None)
    upgrade(store.engine)
    fleet.fill(store)
    wiring._process_store = lambda: store
    main = Path(__file__).parents[2] / "app" / "main.py"
    while True:
        page = AppTest.from_file(str(main), default_timeout=60)
        page.user = {"person": "per_viewer", "session": "ses_bench"}
        page.switch_page("../pages/compliance.py")
        page.run()
        assert not page.exception
        gc.collect()
        gc.freeze()  # as the server does once it has started
        spans, cpu = [], []
        for _ in range(TURNS):
            wall, worked = time.perf_counter(), time.process_time()
            page.run()
            spans.append(time.perf_counter() - wall)
            cpu.append(time.process_time() - worked)
        yield {
            "law_map_p95": float(np.quantile(spans, 0.95)) * 1000,
            "page, CPU, median, ms": float(np.median(cpu)) * 1000,
        }


def technical_file(folder: Path) -> Iterator[Mapping[str, float]]:
    """Write the demo's technical file from its evidence and typeset it, with every item so long that 60 pages are filled."""
    seed(folder)
    store = open_folder(folder)
    with store.reading() as view:
        case = registry.use_case(view, "credit")
    cover = document_export.Cover(1, "0" * 64, "today", "")
    times = 1
    while True:
        begin = time.perf_counter()
        with store.reading() as view:
            written = writing.write(view, case.id, "technical_file", store.clock())["en"]
        gathered = time.perf_counter() - begin
        while True:
            begin = time.perf_counter()
            paper = document_export.as_pdf(_longer(written, times), cover)
            typeset = time.perf_counter() - begin
            pages = len(PdfReader(BytesIO(paper)).pages)
            if pages >= PAGES:
                break
            times *= 2
        yield {"technical_file": gathered + typeset, "its pages": pages, "from evidence, s": gathered}


def _longer(written: Written, times: int) -> Written:
    def item(found: FilledItem) -> FilledItem:
        return replace(found, lines=found.lines * times)

    return replace(
        written,
        sections=tuple(replace(s, items=tuple(item(i) for i in s.items)) for s in written.sections),
    )
