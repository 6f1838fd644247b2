"""Decode every column of both files, one at a time on all processors, and do nothing: python decode.py FOLDER."""

import sys
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count

import pyarrow.parquet as pq


def decode(task: tuple[str, str]) -> None:
    path, column = task
    file = pq.ParquetFile(path, memory_map=True)
    for group in range(file.metadata.num_row_groups):
        file.read_row_group(group, [column], use_threads=False)


folder = sys.argv[1]
names = pq.read_schema(f"{folder}/reference.parquet").names
tasks = [(f"{folder}/{side}.parquet", name) for name in names for side in ("reference", "current")]
with ThreadPoolExecutor(cpu_count()) as pool:
    list(pool.map(decode, tasks))
