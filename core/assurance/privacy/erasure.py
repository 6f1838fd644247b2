"""What an erasure found and did, and what it cannot do by itself."""

from dataclasses import dataclass

KEEPS_ROWS = ("neighbors", "svm", "gaussian_process", "KNeighbors", "SVC", "SVR", "NearestNeighbors")
"""Names in a model's type by which it is known to keep rows of its training data inside the file."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """Rows and answers that are gone, files written anew as (old, new), and models that may still hold rows.

    `retaining` names versions (use case, number) whose kind keeps training rows: retraining them is a person's decision.
    """

    subject_id: str
    predictions: int
    labels: int
    answers: int
    table_rows: int
    files: tuple[tuple[str, str], ...]
    retaining: tuple[tuple[str, int], ...]


def keeps_rows(kind: str) -> bool:
    """Whether a model of this type keeps rows of its training data."""
    return any(word in kind for word in KEEPS_ROWS)
