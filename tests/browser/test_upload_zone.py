"""The drop zone in a real browser: keyboard, progress, refusal, and a large file that no session holds."""

import hashlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

PAGE = """
import streamlit as st
from app.ui.uploader import uploader
from core.errors import TooMany

count = st.session_state.setdefault("tickets", 0)

def address():
    st.session_state["tickets"] += 1
    if st.query_params.get("busy"):
        raise TooMany("upload.at_once", "You have 2 uploads under way already.", fix="Wait.")
    return f"/api/v1/drafts/d/artifact?ticket=t{st.session_state['tickets']}"

found = uploader("model", url=address, label="Model file", help="A .skops file", limit=80 << 20)
st.write(f"tickets {st.session_state['tickets']}")
if found:
    st.write(f"outcome {found.name} {found.size} {found.digest} {found.status} {found.problem}")
st.button("Run again")
"""

SERVER = """
import pathlib, sys
import psutil, streamlit as st, uvicorn
from starlette.responses import JSONResponse
from starlette.routing import Route
from app.api.streaming import receive
from core.errors import AvalError
from core.platform.store import Files

folder = pathlib.Path(sys.argv[1])
files = Files(str(folder / "files"), folder / "cache")
used = []

async def put(request):
    used.append(request.query_params["ticket"])
    if request.query_params["name"].startswith("bad"):
        return JSONResponse({"title": "Invalid", "detail": "This is no model file.", "fix": "Save it with skops.", "code": "x"}, 422)
    before = psutil.Process().memory_info().rss
    stored = await receive(request, files, 90 << 20)
    grown = psutil.Process().memory_info().rss - before
    (folder / "grown").write_text(str(grown))
    return JSONResponse({"name": request.query_params["name"], "size": stored.size, "digest": stored.digest})

app = st.App(str(folder / "page.py"), routes=[Route("/api/v1/drafts/d/artifact", put, methods=["PUT"])])
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zone")
    (folder / "page.py").write_text(PAGE)
    (folder / "serve.py").write_text(SERVER)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "STREAMLIT_SERVER_HEADLESS": "true"}
    process = subprocess.Popen(
        [sys.executable, str(folder / "serve.py"), str(folder), str(port)], env=environment, cwd=folder
    )
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1)
                break
            except OSError:
                time.sleep(0.25)
        yield f"http://127.0.0.1:{port}", folder
    finally:
        process.terminate()
        process.wait(10)


def _open(chromium, served, query=""):
    page = chromium.new_page()
    page.goto(served[0] + query)
    page.get_by_label("Model file").wait_for(state="attached", timeout=30_000)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    page.wait_for_timeout(500)  # a zone that is drawn again drops the focus
    return page


def test_a_file_goes_to_the_store_with_one_ticket_and_comes_back_by_digest(chromium, served, tmp_path):
    big = tmp_path / "model.skops"
    block = os.urandom(1 << 20)
    with big.open("wb") as file:
        for _ in range(70):
            file.write(block)
    expected = hashlib.sha256(big.read_bytes()).hexdigest()
    page = _open(chromium, served)
    page.get_by_label("Model file").set_input_files(big)
    page.get_by_text(f"outcome model.skops {70 << 20} {expected} 200").wait_for(timeout=60_000)
    page.get_by_role("button", name="Run again").click()
    page.wait_for_timeout(500)
    assert page.get_by_text("tickets 1").count() == 1
    assert int((served[1] / "grown").read_text()) < 50 << 20
    page.close()


def test_the_servers_refusal_is_shown_with_its_fix_and_another_file_may_follow(chromium, served, tmp_path):
    bad, good = tmp_path / "bad.bin", tmp_path / "good.skops"
    bad.write_bytes(b"x" * 10)
    good.write_bytes(b"y" * 10)
    page = _open(chromium, served)
    page.get_by_label("Model file").set_input_files(bad)
    page.get_by_role("alert").filter(has_text="This is no model file. Save it with skops.").wait_for(
        timeout=20_000
    )
    page.get_by_text("outcome bad.bin 10 422 This is no model file.").wait_for(timeout=20_000)
    page.get_by_label("Model file").set_input_files(good)
    page.get_by_text("outcome good.skops 10 ").wait_for(timeout=20_000)
    assert page.get_by_text("tickets 2").count() == 1
    page.close()


def test_what_is_too_large_or_empty_never_leaves_the_browser(chromium, served, tmp_path):
    large, empty = tmp_path / "large.skops", tmp_path / "empty.skops"
    with large.open("wb") as file:
        file.truncate(81 << 20)
    empty.write_bytes(b"")
    page = _open(chromium, served)
    page.get_by_label("Model file").set_input_files(large)
    page.get_by_text("The file has 81 MiB; the largest taken here is 80.0 MiB.").first.wait_for(
        timeout=20_000
    )
    page.get_by_label("Model file").set_input_files(empty)
    page.get_by_text("The file is empty.").first.wait_for(timeout=20_000)
    assert page.get_by_text("tickets 0").count() == 1
    page.close()


def test_a_refused_ticket_is_told_in_the_zone(chromium, served, tmp_path):
    file = tmp_path / "model.skops"
    file.write_bytes(b"z")
    page = _open(chromium, served, "/?busy=1")
    page.get_by_label("Model file").set_input_files(file)
    page.get_by_role("alert").filter(has_text="You have 2 uploads under way already.").wait_for(
        timeout=20_000
    )
    page.close()


def test_the_keyboard_reaches_the_input_and_the_button(chromium, served):
    page = _open(chromium, served)
    page.get_by_label("Model file").focus()
    page.keyboard.press("Tab")
    active = page.evaluate(
        """() => { let at = document.activeElement; while (at && at.shadowRoot) at = at.shadowRoot.activeElement; return at.textContent }"""
    )
    assert active == "Choose a file"
    with page.expect_file_chooser():
        page.keyboard.press("Enter")
    page.close()
