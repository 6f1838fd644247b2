"""The same statistics by pandas and scipy, as one writes them: python pandas_scipy.py FOLDER."""

import sys

import numpy as np
import pandas as pd
from scipy import stats
from scipy.spatial.distance import jensenshannon

folder = sys.argv[1]
reference = pd.read_parquet(f"{folder}/reference.parquet")
current = pd.read_parquet(f"{folder}/current.parquet")
found = {}
for column in reference.columns:
    a, b = reference[column].dropna(), current[column].dropna()
    if pd.api.types.is_numeric_dtype(a):
        ks = stats.ks_2samp(a, b, method="asymp")
        cuts = np.unique(np.quantile(a, np.arange(1, 10) / 10))
        p, q = (np.bincount(np.searchsorted(cuts, x), minlength=len(cuts) + 1) for x in (a, b))
        found[column] = (ks.statistic, ks.pvalue, stats.wasserstein_distance(a, b), jensenshannon(p, q, 2))
    else:
        counts = pd.concat([a.value_counts(), b.value_counts()], axis=1).fillna(0).to_numpy().T
        share = counts / counts.sum(1, keepdims=True)
        chi2 = stats.chi2_contingency(counts, correction=False)
        found[column] = (
            chi2.statistic,
            chi2.pvalue,
            np.abs(share[0] - share[1]).max(),
            jensenshannon(*counts, 2),
        )
print(len(found))
