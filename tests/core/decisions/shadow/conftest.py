"""The live version and log that the tests of retraining have."""

from tests.core.decisions.retraining.conftest import any_loop, loop, runner

__all__ = ["any_loop", "loop", "runner"]
