"""explainerdashboard to its first page, in an environment of its own: python explainerdashboard_case.py MODEL TABLE."""

import json
import sys
import time
import warnings

warnings.filterwarnings("ignore")
import joblib  # noqa: E402 - its imports warn
import pandas as pd  # noqa: E402
from explainerdashboard import ClassifierExplainer, ExplainerDashboard  # noqa: E402

model = joblib.load(sys.argv[1])
table = pd.read_parquet(sys.argv[2]).head(1000)  # beyond that it crashes out of the box
start = time.perf_counter()
ExplainerDashboard(ClassifierExplainer(model, table.drop(columns="y"), table["y"]))
print(json.dumps({"explainerdashboard, 1,000 rows to the first page, s": time.perf_counter() - start}))
