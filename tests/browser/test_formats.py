"""What people bring that is no scikit-learn file: each goes through the page until a release may be requested."""

import io
import json
import pickle
import re
import zipfile

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from tests.browser import harness
from tests.browser.hands import choose, press, type_into

AUTHOR = "Ingrid Lindqvist"
PATIENCE = 60_000  # milliseconds the checks may take on a busy machine
FEATURES = ["income", "age"]


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(11)
    X = pd.DataFrame({"income": random.normal(50, 12, 400), "age": random.integers(18, 80, 400)}, dtype=float)
    return X.assign(paid=(X["income"] + random.normal(0, 8, 400) > 50).astype(int))


@pytest.fixture(scope="module")
def fitted(rows):
    return LogisticRegression().fit(rows[FEATURES], rows["paid"])


def mlflow_folder(fitted, folder):
    """A model folder as MLflow 3 lays it out, zipped by hand: MLflow itself is no dependency."""
    columns = json.dumps([{"type": "double", "name": name, "required": True} for name in FEATURES])
    mlmodel = f"""artifact_path: model
flavors:
  python_function:
    env:
      virtualenv: python_env.yaml
    loader_module: mlflow.sklearn
    model_path: model.pkl
    predict_fn: predict
    python_version: 3.11.9
  sklearn:
    code: null
    pickled_model: model.pkl
    serialization_format: pickle
    sklearn_version: 1.9.0
mlflow_version: 3.1.0
model_uuid: 0d6a6e3b5b7a4b52a1a2f2d2b9f2b6aa
run_id: 5a8d0f0c7e9b4a19bb6d6f7a37a2c9d1
signature:
  inputs: '{columns}'
  outputs: '[{{"type": "long", "required": true}}]'
utc_time_created: '2026-10-01 09:30:00.000000'
"""
    path = folder / "mlflow_model.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/MLmodel", mlmodel)
        archive.writestr("model/model.pkl", pickle.dumps(fitted))
        archive.writestr("model/requirements.txt", "mlflow==3.1.0\nscikit-learn==1.9.0\n")
        archive.writestr("model/python_env.yaml", "python: 3.11.9\n")
    return path


def lightgbm_text(rows, folder):
    lightgbm = pytest.importorskip("lightgbm")
    data = lightgbm.Dataset(rows[FEATURES], rows["paid"])
    path = folder / "booster.txt"
    lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 1}, data, 20).save_model(path)
    return path


def onnx_file(fitted, folder):
    convert = pytest.importorskip("skl2onnx")
    types = [("X", convert.common.data_types.FloatTensorType([None, len(FEATURES)]))]
    made = convert.convert_sklearn(fitted, initial_types=types, options={"zipmap": False})
    path = folder / "model.onnx"
    path.write_bytes(made.SerializeToString())
    return path


def scored(rows, fitted):
    return rows.assign(vendor_score=fitted.predict_proba(rows[FEATURES])[:, 1])


@pytest.mark.timeout(300)  # the first one waits for the demo to be seeded too
@pytest.mark.parametrize(
    ("kind", "words"),
    [("mlflow", "MLflow model"), ("lightgbm", "LightGBM"), ("onnx", "ONNX"), ("black box", "black box")],
)
def test_it_reaches_ready_to_request(open_as, rows, fitted, tmp_path, kind, words):
    model = {
        "mlflow": lambda: mlflow_folder(fitted, tmp_path),
        "lightgbm": lambda: lightgbm_text(rows, tmp_path),
        "onnx": lambda: onnx_file(fitted, tmp_path),
        "black box": lambda: None,
    }[kind]()
    buffer = io.StringIO()
    (scored(rows, fitted) if model is None else rows).to_csv(buffer, index=False)
    table = tmp_path / "rows.csv"
    table.write_text(buffer.getvalue())

    page = open_as(AUTHOR)
    harness.visit(page, "/upload?use_case=%2B")
    type_into(page, "Title", f"Format {kind}")
    type_into(page, "Purpose", "Nobody is decided on: this use case shows that a format is taken.")
    press(page, "Create the use case")
    if model is None:
        page.get_by_text("No artifact: scores supplied with the data").click()
        harness.settled(page)
    else:
        page.locator("input[type=file]").nth(0).set_input_files(model)
        page.get_by_text(model.name).first.wait_for()
        harness.settled(page)
    page.locator("input[type=file]").nth(0 if model is None else 1).set_input_files(table)
    page.get_by_role("combobox", name="Label column").wait_for()
    harness.settled(page)
    choose(page, "Label column", "paid")
    press(page, "Check and register")
    page.get_by_text(re.compile(r"\bReady$")).first.wait_for(timeout=PATIENCE)
    harness.settled(page)
    assert not harness.failure(page)
    assert page.get_by_text(words).first.is_visible()
    page.get_by_role("link", name="Request release").click()
    page.get_by_role("dialog").get_by_role("button", name="Request the release").wait_for()
    assert f"use_case=format-{kind.replace(' ', '-')}" in page.url
