from datetime import date

import joblib
import numpy as np
import onnxruntime
import pandas as pd
import pytest
import skops.io
from sklearn.metrics import roc_auc_score

from data.demo import credit, models

END = date(2026, 11, 23)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def rows():
    return credit.applications(END)


def test_every_bundled_model_is_small(folder):
    rows = credit.applications(END)
    for make in (
        models.scorecard,
        models.boosted,
        models.refreshed,
        models.rebuilt_elsewhere,
        models.poisoned,
    ):
        assert make(rows, folder).model.stat().st_size < 5_000_000
    models.tumour(folder)
    models.progression(folder)


@pytest.mark.parametrize("make", [models.scorecard, models.boosted, models.refreshed])
def test_a_credit_model_ranks_its_own_table(rows, folder, make):
    made = make(rows, folder)
    table = pd.read_parquet(made.table)
    if made.model.suffix == ".skops":
        model = skops.io.load(made.model, trusted=skops.io.get_untrusted_types(file=made.model))
    else:
        model = joblib.load(made.model)
    scores = model.predict_proba(table[list(credit.FEATURES)])[:, 1]
    assert roc_auc_score(table[made.label], scores) > 0.8


def test_the_poisoned_file_names_a_shell(rows, folder):
    assert b"system" in models.poisoned(rows, folder).model.read_bytes()


def test_the_onnx_model_is_the_regression(folder):
    made = models.progression(folder)
    table = pd.read_parquet(made.table)
    session = onnxruntime.InferenceSession(made.model)
    feeds = {i.name: table[[i.name]].to_numpy("float32") for i in session.get_inputs()}
    (values,) = session.run(None, feeds)
    assert np.corrcoef(values[:, 0], table[made.label])[0, 1] > 0.6
