"""Boosters' own files with the face of a scikit-learn estimator; `native` is the library's own object.

Text columns become categories the way each library does it at training, so that a table read from CSV predicts as the
frame did.
"""

import json
import re
from typing import Any, cast

import numpy as np
import pandas as pd

Array = np.ndarray[Any, Any]


class Booster:
    """What the three have in common: features by name or by number, and classes where there are any."""

    native: Any
    kind = ""
    n_features_in_: int
    classes_: Any = None

    def _name(self, names: list[str] | None, placeholder: str) -> None:
        """Take feature names unless the library made them up for a matrix without any."""
        made_up = names is None or all(re.fullmatch(placeholder, n) for n in names)
        if names and not made_up:
            self.feature_names_in_ = np.array(names, dtype=object)

    def _classify(self, classes: Array) -> None:
        self.classes_ = classes
        self.predict_proba = self._probabilities

    def _scores(self, frame: pd.DataFrame) -> Array:
        raise NotImplementedError

    def _probabilities(self, frame: pd.DataFrame) -> Array:
        found = np.asarray(self._scores(frame), dtype=np.float64)
        return np.column_stack([1 - found, found]) if found.ndim == 1 else found

    def predict(self, frame: pd.DataFrame) -> Array:
        """Return one value or class per row."""
        if self.classes_ is None:
            return np.asarray(self._scores(frame), dtype=np.float64).reshape(len(frame))
        return cast("Array", self.classes_[self._probabilities(frame).argmax(axis=1)])


class XgboostModel(Booster):
    """An XGBoost model from its JSON or UBJSON."""

    kind = "xgboost.Booster"

    def __init__(self, data: bytes) -> None:
        import xgboost  # noqa: PLC0415 - imported by the helper before the fork

        self._matrix = xgboost.DMatrix
        self.native = xgboost.Booster({"nthread": 1})
        self.native.load_model(bytearray(data))
        learner = json.loads(self.native.save_config())["learner"]
        self.objective = str(learner["objective"]["name"])
        self.n_features_in_ = int(self.native.num_features())
        self._name(self.native.feature_names, r"f\d+")
        self._types = self.native.feature_types
        self._margins = self.objective in {"multi:softmax", "binary:logitraw", "binary:hinge"}
        several = int(learner["learner_model_param"]["num_class"])
        if several > 1:
            self._classify(np.arange(several))
        elif self.objective.startswith("binary:"):
            self._classify(np.array([0, 1]))
        if self.objective == "binary:hinge":
            del self.predict_proba

    def prepared(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame as the library takes it: texts as categories, columns under the booster's names."""
        rows = _with_categories(frame)
        if self._types is not None and not hasattr(self, "feature_names_in_"):
            rows = rows.set_axis([f"f{i}" for i in range(rows.shape[1])], axis="columns")
        if not hasattr(self, "feature_names_in_"):
            rows = rows.set_axis(self.native.feature_names or list(rows.columns), axis="columns")
        return rows

    def margins(self, frame: pd.DataFrame) -> Array:
        """Return the raw sums of the trees, before any link."""
        return self._predicted(frame, margin=True)

    def _predicted(self, frame: pd.DataFrame, *, margin: bool) -> Array:
        rows = self._matrix(self.prepared(frame), enable_categorical=True, nthread=1)
        return np.asarray(self.native.predict(rows, output_margin=margin))

    def _scores(self, frame: pd.DataFrame) -> Array:
        found = self._predicted(frame, margin=self._margins)
        if self.objective == "binary:logitraw":
            return cast("Array", 1 / (1 + np.exp(-np.asarray(found, dtype=np.float64))))
        if self.objective == "multi:softmax":
            powers = np.exp(found - found.max(axis=1, keepdims=True))
            return cast("Array", powers / powers.sum(axis=1, keepdims=True))
        if self.objective == "binary:hinge":
            return (np.asarray(found) > 0).astype(np.float64)
        return np.asarray(found)


class LightgbmModel(Booster):
    """A LightGBM model from its text."""

    kind = "lightgbm.Booster"

    def __init__(self, data: bytes) -> None:
        import lightgbm  # noqa: PLC0415

        text = data.decode("utf-8")
        self.native = lightgbm.Booster(model_str=text)
        head = text[: 4 << 20]
        self.objective = _line(head, "objective").split(" ")[0]
        self.n_features_in_ = self.native.num_feature()
        self._name(self.native.feature_name(), r"Column_\d+")
        infos = _line(head, "feature_infos").split(" ")
        listed = self.native.pandas_categorical or []
        places = [i for i, info in enumerate(infos) if info != "none" and not info.startswith("[")]
        # Only where the numbers agree is it plain which column each list of categories belongs to.
        self._categories = dict(zip(places, listed, strict=True)) if len(places) == len(listed) else {}
        several = int(_line(head, "num_class") or 1)
        if several > 1 and self.objective in {"multiclass", "multiclassova", "softmax"}:
            self._classify(np.arange(several))
        elif self.objective in {"binary", "cross_entropy", "xentropy"}:
            self._classify(np.array([0, 1]))

    def prepared(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame as the library takes it: categories in the order in which the model numbers them."""
        rows = frame
        for place, known in self._categories.items():
            name = rows.columns[place]
            values = rows[name]
            if known and isinstance(known[0], str):
                values = values.map(_plain, na_action="ignore")
            rows = rows.assign(**{str(name): pd.Categorical(values, categories=known)})
        return rows if self._categories else _with_categories(rows)

    def _scores(self, frame: pd.DataFrame) -> Array:
        return np.asarray(self.native.predict(self.prepared(frame), num_threads=1))


class CatboostModel(Booster):
    """A CatBoost model from its cbm file."""

    kind = "catboost.CatBoost"

    def __init__(self, data: bytes) -> None:
        import catboost  # noqa: PLC0415

        self.native = catboost.CatBoost()
        self.native.load_model(blob=data)
        self.n_features_in_ = len(self.native.feature_names_)
        self._name(list(self.native.feature_names_), r"\d+")
        self._textual = set(self.native.get_cat_feature_indices()) | set(
            self.native.get_text_feature_indices()
        )
        classes = np.asarray(self.native.classes_)
        if classes.size:
            self._classify(classes)

    def prepared(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame as the library takes it: categories and texts written as it wrote them at training."""
        rows = frame
        for place in self._textual:
            name = rows.columns[place]
            values = rows[name].map(_plain, na_action="ignore").astype(object)
            rows = rows.assign(**{str(name): values.where(rows[name].notna(), "nan")})
        return rows

    def _scores(self, frame: pd.DataFrame) -> Array:
        kind = "RawFormulaVal" if self.classes_ is None else "Probability"
        return np.asarray(self.native.predict(self.prepared(frame), prediction_type=kind, thread_count=1))


def _line(head: str, key: str) -> str:
    found = re.search(rf"^{key}=(.*)$", head, re.MULTILINE)
    return found[1].strip() if found else ""


def _plain(value: Any) -> str:
    """Write a category as text: a whole number without a point."""
    return (
        str(int(value))
        if isinstance(value, (float, np.floating)) and float(value).is_integer()
        else str(value)
    )


def _with_categories(frame: pd.DataFrame) -> pd.DataFrame:
    textual = [c for c in frame.columns if not pd.api.types.is_numeric_dtype(frame[c])]
    return frame.assign(**{str(c): frame[c].astype("category") for c in textual}) if textual else frame
