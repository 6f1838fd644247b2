"""What a submission must say about its files before a version is frozen."""

from collections.abc import Mapping, Sequence

from core.assets.datasets import reading
from core.assets.intake.draft import ArtifactFile, TableFile
from core.assets.intake.formats import EVIDENCE_ONLY, FORMAT_NAMES, Format
from core.errors import Invalid
from core.i18n import N_, _


def require_columns(table: TableFile, label: str, protected: Sequence[str], score: str) -> None:
    """Raise `Invalid` unless the table has every column that is named, the scores apart from the label."""
    names = [c.name for c in table.columns]
    reading.require_column(label, names, name=table.name)
    for column in (*protected, *([score] if score else ())):
        reading.require_column(column, names, name=table.name)
    if score == label:
        raise Invalid(
            "submission.score_is_label",
            N_("The column {column} cannot hold both the label and the scores."),
            field="score_column",
            column=label,
        )


def sound_mapping(table: TableFile, mapping: Mapping[str, str], label: str) -> dict[str, str]:
    """Return the mapping without what maps to itself; raise `Invalid` where a column would stand for two things."""
    names = [c.name for c in table.columns]
    kept = {
        feature: column for feature, column in mapping.items() if feature and column and feature != column
    }
    for column in kept.values():
        reading.require_column(column, names, name=table.name)
    twice = sorted(c for c in set(kept.values()) if list(kept.values()).count(c) > 1)
    if twice or label in kept.values():
        raise Invalid(
            "mapping.twice",
            N_("The column {column} cannot stand for two things."),
            fix=N_("Map each feature to a column of its own, and none to the label."),
            field="mapping",
            column=twice[0] if twice else label,
        )
    return kept


def require_scores(artifact: ArtifactFile, score_column: str) -> None:
    """Raise `Invalid` unless scores are named exactly where Aval loads no model."""
    unread = Format(artifact.format) in EVIDENCE_ONLY
    if unread and not score_column:
        raise Invalid(
            "submission.scores",
            N_("Aval does not load {format}: name the column of the table that holds the model's scores."),
            fix=N_(
                "Add a column with the model's own output to the table, or send the model as ONNX or skops."
            ),
            field="score_column",
            format=_(FORMAT_NAMES[Format(artifact.format)]),
        )
    if score_column and not unread:
        raise Invalid(
            "submission.scores_unneeded",
            N_("Aval computes the scores of this model itself."),
            fix=N_("Leave the column of scores empty, or submit the table without a model file."),
            field="score_column",
        )
