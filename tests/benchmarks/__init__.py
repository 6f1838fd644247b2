"""Figures that matter, each against its limit: `make bench`."""
