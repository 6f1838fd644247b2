"""What runs beside Aval's own processes: the helper, the lock on its children, and loading a model there."""
