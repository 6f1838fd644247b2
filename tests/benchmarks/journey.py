"""From the first byte of an upload to a version that can be requested: 10 MB model, 20,000 rows."""
