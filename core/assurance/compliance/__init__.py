"""Compliance: dated provisions as data, and their status computed from live evidence."""
