"""Run by the python of MLflow's own environment: two versions of a model with what their runs logged, and an alias.

`python mlflow_fill.py TRACKING MODEL TABLE` with a table whose last column is the outcome.
"""

import sys

import mlflow
import pandas as pd
import sklearn
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def fill(tracking: str, name: str, table: str) -> None:
    mlflow.set_tracking_uri(tracking)
    mlflow.set_experiment("tumours")
    rows = pd.read_csv(table)
    X, y = rows[rows.columns[:-1]], rows[rows.columns[-1]]
    for strength in (0.01, 1.0):
        with mlflow.start_run():
            model = make_pipeline(StandardScaler(), LogisticRegression(C=strength)).fit(X, y)
            mlflow.log_params({"C": strength, "solver": "lbfgs"})
            mlflow.log_metric("accuracy", 0.5, step=0)
            mlflow.log_metric("accuracy", model.score(X, y), step=1)
            mlflow.log_metric("gap", float("nan"))
            mlflow.sklearn.log_model(
                model,
                name="model",
                registered_model_name=name,
                signature=infer_signature(X, model.predict(X)),
                pip_requirements=[f"scikit-learn=={sklearn.__version__}"],
            )
    client = mlflow.MlflowClient()
    client.update_model_version(name, "2", description="Less regularisation.")
    client.set_registered_model_alias(name, "candidate", "2")


if __name__ == "__main__":
    fill(*sys.argv[1:])
