"""NannyML's univariate drift with its defaults, one chunk, in an environment of its own: python nannyml_univariate.py FOLDER."""

import os
import sys
import warnings

warnings.filterwarnings("ignore")
os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"  # it reports home otherwise
import nannyml  # noqa: E402 - its imports warn
import pandas as pd  # noqa: E402

folder = sys.argv[1]
reference = pd.read_parquet(f"{folder}/reference.parquet")
current = pd.read_parquet(f"{folder}/current.parquet")
calculator = nannyml.UnivariateDriftCalculator(column_names=list(reference.columns), chunk_number=1)
print(len(calculator.fit(reference).calculate(current).to_df()))
