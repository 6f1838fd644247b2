"""How an isolated call may fail, each way with what to do about it."""

from collections.abc import Mapping

from core.errors import Invalid, Unavailable
from core.i18n import N_

ANSWERS: Mapping[str, str] = {
    "form": N_("The process of the model gave an answer that cannot be right: {detail}."),
    "facts": N_("The process of the model gave an answer without facts."),
    "count": N_("The process of the model gave an answer that cannot be right: not one value for each row."),
    "numbers": N_(
        "The process of the model gave an answer that cannot be right: values that are no numbers."
    ),
    "class": N_(
        "The process of the model gave an answer that cannot be right: a class that the model does not list."
    ),
    "range": N_("The process of the model gave an answer that cannot be right: probabilities outside 0–1."),
    "changed": N_(
        "The process of the model gave an answer that cannot be right: classes that changed between two loads."
    ),
}


def timeout(seconds: float) -> Invalid:
    """Return the error for a call that took too long."""
    return Invalid(
        "runner.timeout",
        N_("The model did not answer within {seconds} seconds."),
        fix=N_("Send a smaller table, or a faster model; the limit is the setting AVAL_RUNNER_SECONDS."),
        field="artifact",
        seconds=int(seconds) if seconds >= 1 else seconds,
    )


def memory(limit: int) -> Invalid:
    """Return the error for a call that needed more than `limit` bytes."""
    return Invalid(
        "runner.memory",
        N_("The model needs more than {mib} MiB of memory."),
        fix=N_("Send a smaller model or table; the limit is the setting AVAL_RUNNER_MIB."),
        field="artifact",
        mib=limit >> 20,
    )


def threads() -> Invalid:
    """The child was ended because it went on starting threads."""
    return Invalid(
        "runner.threads",
        N_("The model started more threads than a prediction needs."),
        fix=N_("Save it with n_jobs or thread_count set to 1."),
        field="artifact",
    )


def crashed(name: str) -> Invalid:
    """Return the error for a process that ended by itself."""
    return Invalid(
        "runner.crashed",
        N_("The process of the model crashed ({signal})."),
        fix=N_("The file may be damaged; save the model again and load it once yourself before you send it."),
        field="artifact",
        signal=name,
    )


def bad_answer(answer: str, detail: str = "") -> Invalid:
    """Return the error for an answer of the wrong form; `answer` is a key of `ANSWERS`."""
    return Invalid(
        "runner.answer",
        ANSWERS[answer],
        fix=N_("Check that the model predicts one value for each row."),
        field="artifact",
        detail=detail,
    )


def raised(text: str) -> Invalid:
    """Return the error for what the model itself raised."""
    return Invalid(
        "runner.raised",
        N_("The model raised an error: {text}"),
        fix=N_(
            "Check that it was trained on the columns of this table, with the same versions of the libraries."
        ),
        field="artifact",
        text=text[:500],
    )


def library(name: str) -> Invalid:
    """Return the error for a booster whose library is not installed."""
    return Invalid(
        "runner.library",
        N_("The file needs {library}, which is not installed here."),
        fix=N_("Ask the administrator to install aval[boosters], or send the model as ONNX."),
        field="artifact",
        library=name[:60],
    )


def unavailable() -> Unavailable:
    """Return the error for a runner that cannot be started."""
    return Unavailable(
        "runner.unavailable",
        N_("The isolated runner cannot be started."),
        fix=N_("Try again; if it stays so, the administrator finds the reason in the server's log."),
    )
