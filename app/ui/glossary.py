"""The words of the field, each in one sentence, for the question mark beside a figure."""

from collections.abc import Mapping

from core.i18n import N_, _

_WORDS: Mapping[str, str] = {
    "use_case": N_("What a model is used for: one purpose, one owner, one risk tier."),
    "version": N_("One frozen model file with the table it was checked on; it never changes again."),
    "roc_auc": N_(
        "How often the model ranks a positive case above a negative one: 0.5 is chance, 1 is perfect."
    ),
    "average_precision": N_(
        "Precision averaged over all thresholds; compare it with the share of positive cases."
    ),
    "brier": N_(
        "Mean squared distance between the predicted probability and what happened; lower is better."
    ),
    "log_loss": N_("Penalty for confident wrong probabilities; lower is better."),
    "accuracy": N_("Share of cases decided rightly."),
    "f1": N_("Balance of precision and recall at the operating threshold."),
    "r2": N_("Share of the variation that the model explains; 0 is no better than the mean."),
    "mae": N_("Mean distance between prediction and truth, in the unit of the label."),
    "rmse": N_("Like the mean distance, with large errors weighing more; in the unit of the label."),
    "interval": N_(
        "95 % interval from a bootstrap: where the figure would lie with other rows of the same kind."
    ),
    "psi": N_("Population stability index against the reference: below 0.10 is calm, above 0.20 is drift."),
    "ks": N_("Largest distance between two cumulative distributions, from 0 to 1."),
    "data_drift": N_("The inputs are distributed otherwise than in the reference data."),
    "prediction_drift": N_("The predictions are distributed otherwise than on the reference data."),
    "label_delay": N_(
        "The time until what truly happened is known; performance is measured only on such cases."
    ),
    "attribution": N_("How much a feature moved one prediction away from the average (Shapley value)."),
    "champion": N_("The version that is live now."),
    "challenger": N_("A version that is held against the live one."),
    "gate": N_(
        "A question of the release policy that the evidence answers; its threshold was sealed beforehand."
    ),
    "quorum": N_("Who must approve: how many people, from which areas, and never the author."),
    "seal": N_("The thresholds were fixed in the audit log before the evaluation began."),
    "digest": N_("SHA-256 of the file: the same digest means the same bytes."),
    "root": N_("One hash over the whole audit log; it changes when any entry changes."),
}


def meaning(word: str) -> str:
    """Return the sentence for `word` in the reader's language, empty when the glossary lacks it."""
    return _(_WORDS[word]) if word in _WORDS else ""
