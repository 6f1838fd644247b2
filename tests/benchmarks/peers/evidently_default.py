"""Evidently's default drift preset, in an environment of its own: python evidently_default.py FOLDER."""

import sys
import warnings

warnings.filterwarnings("ignore")
import pandas as pd  # noqa: E402 - its imports warn
from evidently import Report  # noqa: E402
from evidently.presets import DataDriftPreset  # noqa: E402

folder = sys.argv[1]
reference = pd.read_parquet(f"{folder}/reference.parquet")
current = pd.read_parquet(f"{folder}/current.parquet")
print(len(Report([DataDriftPreset()]).run(current, reference).dict()["metrics"]))
