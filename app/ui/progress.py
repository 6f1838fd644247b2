"""Live progress of background work: a fragment that looks once a second and reruns the page at the end."""

from collections.abc import Callable
from typing import Protocol

import streamlit as st

from app.ui.text import md
from core.errors import AvalError
from core.i18n import _, percent


class Work(Protocol):
    """What of a job is shown; `message` is a catalogue key, `problem` why it failed."""

    @property
    def id(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def progress(self) -> float: ...
    @property
    def message(self) -> str: ...
    @property
    def problem(self) -> AvalError | None: ...


UNDER_WAY = ("queued", "running")


def is_under_way(work: Work | None) -> bool:
    """Say whether there is work that has not ended."""
    return work is not None and str(work.state) in UNDER_WAY


def follow(read: Callable[[], Work | None], *, title: str, every: float = 1.0, stale: bool = False) -> bool:
    """Show the job that `read` finds until it ends, then rerun the page; True while it is under way.

    `read` opens its own reading of the store at each call. A failed job stays on show with its error.
    `stale` says that the page has read a state from before the job's end: if it ended meanwhile, the page reruns.
    """
    work = read()
    if work is None:
        return False
    if not is_under_way(work):
        if str(work.state) == "failed":
            failed(title, work.problem)
        elif stale and st.session_state.get("ended_job") != work.id:
            st.session_state["ended_job"] = work.id  # once: a page that stays stale must not rerun for ever
            st.rerun()
        return False

    @st.fragment(run_every=every)
    def live() -> None:
        now = read()
        if now is None or not is_under_way(now):
            st.rerun()
            return
        bar(title, now)

    live()
    return True


def rerun_when_other(read: Callable[[], object], known: object, *, every: float = 3.0) -> None:
    """Look every few seconds whether `read` still finds what the page shows; if not, rerun the page."""

    @st.fragment(run_every=every)
    def look() -> None:
        if read() != known:
            st.rerun()

    look()


def bar(title: str, work: Work) -> None:
    """Draw the state of `work` once."""
    share = min(max(float(work.progress), 0.0), 1.0)
    waiting = str(work.state) == "queued"
    what = _("Waiting for a worker") if waiting else (_(work.message) or _("Working"))
    with st.container(border=True, gap="xsmall"):
        st.markdown(f":blue[:material/progress_activity:] **{md(title)}**")
        st.progress(share, text=f"{md(what)} · {percent(share, 0)}")


def failed(title: str, problem: AvalError | None) -> None:
    """Say that work has failed, why, and what to do."""
    lines = [f"**{md(title)}**", md(problem.text()) if problem else _("No reason was recorded.")]
    if problem and problem.fix_text():
        lines.append(f":material/lightbulb: {md(problem.fix_text())}")
    st.error("  \n".join(lines), icon=":material/error:")
