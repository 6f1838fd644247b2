"""The words of the field in plain ones: what each figure means, and how each chart is read."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.ui.text import md
from core.assets.intake.metric_names import METRIC_NAMES
from core.evidence.monitoring.performance import METRIC_NAMES as LOGGED_NAMES
from core.evidence.monitoring.performance import Metric
from core.i18n import N_, _


class Topic(StrEnum):
    """What part of the work a word belongs to."""

    RELEASE = "release"
    QUALITY = "quality"
    MONITORING = "monitoring"
    EXPLANATION = "explanation"
    FAIRNESS = "fairness"
    VALUE = "value"
    LOOP = "loop"
    CHARTS = "charts"


TOPIC_NAMES: Mapping[Topic, str] = {
    Topic.RELEASE: N_("Versions and releases"),
    Topic.QUALITY: N_("How good a model is"),
    Topic.MONITORING: N_("What happens in production"),
    Topic.EXPLANATION: N_("Why it decides so"),
    Topic.FAIRNESS: N_("Whom it treats otherwise"),
    Topic.VALUE: N_("What it is worth"),
    Topic.LOOP: N_("Learning from production"),
    Topic.CHARTS: N_("How to read the charts"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One word: what it is called, and what it means in a sentence or two."""

    topic: Topic
    name: str
    text: str

    def words(self) -> tuple[str, str]:
        """Return name and meaning in the reader's language."""
        return _(self.name), _(self.text)


def _of(topic: Topic, **entries: tuple[str, str]) -> dict[str, Entry]:
    return {key: Entry(topic, name, text) for key, (name, text) in entries.items()}


_METRICS: Mapping[str, str] = {
    "roc_auc": N_(
        "How often the model ranks a positive case above a negative one: 0.5 is chance, 1 is perfect."
    ),
    "roc_auc_ovr": N_(
        "The same for several classes: each class is ranked against all others, then averaged."
    ),
    "average_precision": N_(
        "Precision averaged over all thresholds; compare it with the share of positive cases."
    ),
    "accuracy": N_("Share of cases decided rightly. Misleading where one class is rare."),
    "precision": N_("Of the cases that the model says yes to, the share that truly are yes."),
    "recall": N_("Of the cases that truly are yes, the share that the model finds."),
    "f1": N_("Balance of precision and recall at the operating threshold; 1 is perfect."),
    "f1_macro": N_(
        "The balance of precision and recall of each class, averaged, so that rare classes count as much."
    ),
    "brier": N_(
        "Mean squared distance between the predicted probability and what happened; lower is better."
    ),
    "log_loss": N_("Penalty for confident wrong probabilities; lower is better."),
    "ks": N_("How far the scores of positive and negative cases lie apart at most, from 0 to 1."),
    "ece": N_(
        "How far promised probabilities lie from what happened: 0.02 means off by two percentage points on average."
    ),
    "mae": N_("Mean distance between prediction and truth, in the unit of the label."),
    "rmse": N_("Like the mean distance, with large errors weighing more; in the unit of the label."),
    "r2": N_("Share of the variation that the model explains; 0 is no better than the mean."),
    "wape": N_("All distances between prediction and truth, as a share of all that was to be predicted."),
    "bias": N_("Whether predictions are too high (above 0) or too low (below 0) on average."),
}

_LOGGED: Mapping[Metric, str] = {
    Metric.ROWS: N_("How many predictions were logged."),
    Metric.PREDICTED_POSITIVE: N_("Of the logged predictions, the share that says yes."),
    Metric.LABEL_POSITIVE: N_("Of the predictions whose outcome is known, the share that truly was yes."),
    Metric.LABEL_MEAN: N_("Mean of what truly came out, in the unit of the label."),
    Metric.OVERTURNED: N_(
        "Of the decisions that somebody affected had reviewed, the share that a person decided otherwise."
    ),
    Metric.DAYS_TO_ANSWER: N_("Days from the request of somebody affected until they had an answer."),
}

ENTRIES: Mapping[str, Entry] = {
    **_of(
        Topic.RELEASE,
        use_case=(N_("Use case"), N_("What a model is used for: one purpose, one owner, one risk tier.")),
        version=(
            N_("Version"),
            N_("One frozen model file with the table it was checked on; it never changes again."),
        ),
        gate=(
            N_("Gate"),
            N_(
                "A question of the release policy that the evidence answers; its threshold was sealed beforehand."
            ),
        ),
        quorum=(
            N_("Quorum"),
            N_("Who must approve: how many people, from which areas, and never the author."),
        ),
        seal=(
            N_("Sealed thresholds"),
            N_("The thresholds were fixed in the audit log before the evaluation began."),
        ),
        digest=(N_("Digest"), N_("SHA-256 of the file: the same digest means the same bytes.")),
        root=(
            N_("Root of the log"),
            N_("One hash over the whole audit log; it changes when any entry changes."),
        ),
    ),
    **{key: Entry(Topic.QUALITY, METRIC_NAMES[key], text) for key, text in _METRICS.items()},
    **_of(
        Topic.QUALITY,
        interval=(
            N_("95 % interval"),
            N_(
                "How far chance in the rows could move the figure: made so, 95 of 100 intervals hold the true value."
            ),
        ),
        threshold=(
            N_("Operating threshold"),
            N_("The probability from which on the model says yes; frozen with its version."),
        ),
        robustness=(
            N_("Robustness"),
            N_("How much worse the model gets when its inputs are noisy, missing or extreme."),
        ),
    ),
    **{key.value: Entry(Topic.MONITORING, LOGGED_NAMES[key], text) for key, text in _LOGGED.items()},
    **_of(
        Topic.MONITORING,
        reference=(
            N_("Reference"),
            N_("The rows that production is held against: the evaluation data, or a stretch of the log."),
        ),
        data_drift=(
            N_("Data drift"),
            N_("The inputs are distributed otherwise than in the reference data."),
        ),
        prediction_drift=(
            N_("Prediction drift"),
            N_("The predictions are distributed otherwise than on the reference data."),
        ),
        psi=(
            N_("Population stability index"),
            N_("How far a distribution moved from the reference: below 0.10 is calm, above 0.20 is drift."),
        ),
        ks_distance=(
            N_("Kolmogorov–Smirnov distance"),
            N_("Largest distance between two cumulative distributions, from 0 to 1."),
        ),
        label_delay=(
            N_("Label delay"),
            N_("The time until what truly happened is known; performance is measured only on such cases."),
        ),
        label_coverage=(
            N_("Label coverage"),
            N_("Share of logged predictions whose outcome is known by now."),
        ),
        estimate=(
            N_("Estimated performance"),
            N_(
                "How good the model probably is on rows without outcomes, worked out from its own probabilities."
            ),
        ),
        q_value=(
            N_("q-value"),
            N_(
                "Chance that a change that is told is none, with all the columns looked at taken into account."
            ),
        ),
    ),
    **_of(
        Topic.EXPLANATION,
        attribution=(
            N_("Shapley value"),
            N_("How much a feature moved one prediction away from the average."),
        ),
        importance=(
            N_("Importance"),
            N_("How much a feature moves predictions on average, whichever way."),
        ),
        counterfactual=(
            N_("Counterfactual"),
            N_("The smallest change of the inputs that would have changed the decision."),
        ),
        surrogate=(
            N_("The model in rules"),
            N_("A few rules that decide nearly as the model does; fidelity says how nearly."),
        ),
    ),
    **_of(
        Topic.FAIRNESS,
        selection_rate=(
            N_("Selection rate"),
            N_("Share of a group that gets the favourable decision."),
        ),
        parity=(
            N_("Parity"),
            N_("How a group's figure compares with the group that fares best; 80 % is a common limit."),
        ),
        protected=(
            N_("Protected attribute"),
            N_("What decisions must not depend on without good reason, as sex or age; the law names them."),
        ),
        slices=(
            N_("Weak segment"),
            N_("A part of the rows on which the model is clearly worse than on the others, beyond chance."),
        ),
    ),
    **_of(
        Topic.VALUE,
        kpi=(
            N_("KPI"),
            N_("A figure that the business steers by, computed from the log by a formula in force."),
        ),
        cost_matrix=(
            N_("Cost matrix"),
            N_("What each decision is worth by how it turned out, in money; signed by the business."),
        ),
        break_even=(
            N_("Break-even"),
            N_("The probability at which saying yes and saying no are worth the same."),
        ),
        promise=(
            N_("Promise"),
            N_("What a release was expected to be worth; each month is held against it."),
        ),
    ),
    **_of(
        Topic.LOOP,
        champion=(N_("Champion"), N_("The version that is live now.")),
        challenger=(N_("Challenger"), N_("A version that is held against the live one.")),
        retraining=(
            N_("Retraining"),
            N_("Training the approved pipeline anew on what production has shown; people decide on it."),
        ),
        shadow=(
            N_("Shadow run"),
            N_("The challenger answers what the champion is asked, and nobody acts on its answers."),
        ),
        agreement=(N_("Agreement"), N_("Share of rows on which two models decide alike.")),
        paired=(
            N_("Paired interval"),
            N_(
                "The interval of a difference of two models on the same rows: zero inside means nobody can say."
            ),
        ),
        lead_time=(N_("Lead time"), N_("From the upload of a version until it is live.")),
    ),
    **_of(
        Topic.CHARTS,
        chart_attribution_drift=(
            N_("What drives it over time"),
            N_(
                "A line that leaves its dashed one: the feature weighs more or less than in the evaluation data."
            ),
        ),
        chart_band=(
            N_("Quantiles over time"),
            N_(
                "The line is the median of each period, the bands its middle and its tails; dotted is the reference."
            ),
        ),
        chart_beeswarm=(
            N_("Shapley values of each row"),
            N_(
                "One point a row: right of zero the feature raised the prediction; the colour is the feature's value."
            ),
        ),
        chart_dependence=(
            N_("Shapley value against value"),
            N_(
                "A rising cloud: higher values of the feature raise the prediction; a flat one: they do not matter."
            ),
        ),
        chart_importance=(
            N_("Importance of features"),
            N_("The longer a bar, the more the feature moves predictions on average, whichever way."),
        ),
        chart_importance_shift=(
            N_("Importance in two versions"),
            N_(
                "Two points a feature, one for each version: a long line between them says that it weighs otherwise."
            ),
        ),
        chart_course=(
            N_("What happened when"),
            N_(
                "Bars are alerts and incidents while they were open; dashed lines are releases, dotted ones new versions."
            ),
        ),
        chart_distribution=(
            N_("Distribution against the reference"),
            N_("Bars that tower over the outline: values that are more frequent now than in the reference."),
        ),
        chart_drift=(
            N_("Drift over time"),
            N_(
                "The higher, the further from the reference; within the grey area it is chance, "
                "above the dashed line it is told."
            ),
        ),
        chart_evaluation=(
            N_("Curves of an evaluation"),
            N_(
                "The further from the dashed line of chance, the better; calibration is best on the diagonal."
            ),
        ),
        chart_parity=(
            N_("Groups side by side"),
            N_(
                "One mark a group with its interval; a mark outside the band differs more than the limit allows."
            ),
        ),
        chart_fairness_trend=(
            N_("Groups over time"),
            N_("Lines that part: the groups are treated more unlike than before."),
        ),
        chart_heat=(
            N_("All columns at once"),
            N_(
                "One row a column, one cell a period: the stronger its colour, the further from the reference."
            ),
        ),
        chart_kpi=(
            N_("Course of a KPI"),
            N_(
                "The line is the figure of each period; outside the green band the target is missed, "
                "past the last line it is critical."
            ),
        ),
        chart_lineage=(
            N_("Lineage"),
            N_("An arrow leads from what something was made of to what was made of it."),
        ),
        chart_loop=(
            N_("Where the loop waits"),
            N_(
                "The longer a bar, the longer the work waited in that stage; each stage stands beside the period before."
            ),
        ),
        chart_partial=(
            N_("Partial dependence"),
            N_(
                "The thick line is the mean prediction if every row had that value; thin ones are single rows."
            ),
        ),
        chart_performance=(
            N_("Performance over time"),
            N_(
                "The line is measured by outcomes, the shade its interval; dashed is estimated where outcomes lack."
            ),
        ),
        chart_promise=(
            N_("Promise and outcome"),
            N_("Points in the band or above it: worth what was promised; below it, less."),
        ),
        chart_retraining_data=(
            N_("Data to learn from"),
            N_("The coloured part of each month has outcomes, and only that can be learnt from."),
        ),
        chart_differences=(
            N_("Challenger against champion"),
            N_("A mark right of zero is better; where its whisker crosses zero, nobody can say."),
        ),
        chart_robustness=(
            N_("Shaken inputs"),
            N_("The further left of zero, the worse the model gets when its inputs are disturbed so."),
        ),
        chart_agreement=(
            N_("Agreement by month"),
            N_(
                "The lower, the more decisions would change with the challenger; whiskers are 95 % intervals."
            ),
        ),
        chart_shadow_worth=(
            N_("Worth by month"),
            N_(
                "A diamond above zero: the challenger's decisions would have been worth more, if its whisker clears zero."
            ),
        ),
        chart_threshold=(
            N_("Worth by threshold"),
            N_(
                "The top of the line is the most valuable threshold; dotted is the worth without a model, "
                "dashed the break-even."
            ),
        ),
        chart_waterfall=(
            N_("One decision, step by step"),
            N_(
                "From the average to this prediction, step by step: each bar is what one feature added or took."
            ),
        ),
    ),
}


def meaning(word: str) -> str:
    """Return what a word means in the reader's language, empty where the glossary lacks it."""
    return _(ENTRIES[word].text) if word in ENTRIES else ""


def defined(word: str) -> str:
    """Return a word with its meaning, as Markdown, in the reader's language; raise `KeyError` for an unknown one."""
    name, text = ENTRIES[word].words()
    return f"**{md(name)}**: {md(text)}"


def found(said: str) -> dict[Topic, list[tuple[str, str, str]]]:
    """Return (key, name, meaning) of the words that hold all of `said`, by topic; capitals and accents do not matter."""
    wanted = _plain(said).split()
    told: dict[Topic, list[tuple[str, str, str]]] = {}
    for key, entry in ENTRIES.items():
        name, text = entry.words()
        if all(one in _plain(f"{name} {text}") for one in wanted):
            told.setdefault(entry.topic, []).append((key, name, text))
    return told


def _plain(text: str) -> str:
    parted = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in parted if not unicodedata.combining(letter))
