"""Retraining: policies propose, people decide, a run makes a challenger, which is released like any version."""
