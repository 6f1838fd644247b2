"""DiCE's random search, in an environment of its own: python dice_case.py MODEL TABLE."""

import json
import sys
import time
import warnings

warnings.filterwarnings("ignore")
import dice_ml  # noqa: E402 - its imports warn
import joblib  # noqa: E402
import pandas as pd  # noqa: E402

model, table = joblib.load(sys.argv[1]), pd.read_parquet(sys.argv[2])
features = [c for c in table.columns if c != "y"]
data = dice_ml.Data(dataframe=table, continuous_features=features, outcome_name="y")
search = dice_ml.Dice(data, dice_ml.Model(model=model, backend="sklearn"), method="random")
refused = table[model.predict_proba(table[features])[:, 1] < 0.3][features].head(20)
start = time.process_time()
for i in range(len(refused)):
    search.generate_counterfactuals(
        refused.iloc[i : i + 1], total_CFs=3, desired_class="opposite", random_seed=0
    )
print(json.dumps({"DiCE random, CPU ms a case": (time.process_time() - start) / len(refused) * 1e3}))
