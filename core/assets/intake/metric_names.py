"""What metrics are called where people read them."""

from collections.abc import Mapping

from core.i18n import N_, _

METRIC_NAMES: Mapping[str, str] = {
    "roc_auc": N_("Area under the ROC curve"),
    "roc_auc_ovr": N_("Area under the ROC curve, each class against the rest"),
    "average_precision": N_("Average precision"),
    "accuracy": N_("Accuracy"),
    "precision": N_("Precision"),
    "recall": N_("Recall"),
    "f1": N_("F1 score"),
    "f1_macro": N_("F1 score, mean over classes"),
    "brier": N_("Brier score"),
    "log_loss": N_("Log loss"),
    "ks": N_("Kolmogorov–Smirnov separation"),
    "ece": N_("Expected calibration error"),
    "mae": N_("Mean absolute error"),
    "rmse": N_("Root mean squared error"),
    "r2": N_("Share of variance explained (R²)"),
    "wape": N_("Absolute error as a share of the labels"),
    "bias": N_("Mean of prediction less label"),
}


def metric_name(metric: str) -> str:
    """Return the words for a metric, in the reader's language."""
    return _(METRIC_NAMES[metric]) if metric in METRIC_NAMES else metric.replace("_", " ").capitalize()
