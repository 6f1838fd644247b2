"""Let numpy sort as fast as this processor can; asked before numpy is imported."""

import os
import sys
from pathlib import Path


def prefer_fast_sort() -> None:
    """Keep numpy from AVX-512 on AMD's Zen 4, and BLAS from threads of its own.

    numpy's AVX-512 sort stores compressed vectors, which Zen 4 (family 25) does in microcode: a million floats take
    55 ms instead of 11 ms with AVX2. Nothing is changed where numpy is loaded or the person has chosen.
    """
    if "numpy" in sys.modules:
        return
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        facts = Path("/proc/cpuinfo").read_text().partition("\n\n")[0]
    except OSError:
        return
    told = {
        key.strip(): value.strip() for key, _, value in (line.partition(":") for line in facts.splitlines())
    }
    amd = told.get("vendor_id") == "AuthenticAMD" and told.get("cpu family") == "25"
    if amd and "avx512f" in told.get("flags", "").split():
        os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", "X86_V4")
