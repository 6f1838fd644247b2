"""The demo organisation: generated data, small models trained on it, and the cast of people."""
