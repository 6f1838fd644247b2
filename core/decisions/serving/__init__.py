"""Serving: the live version answers rows through the isolated runner, and every answer is logged for monitoring."""
