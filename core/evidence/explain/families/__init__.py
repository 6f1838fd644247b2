"""One file per library: what its models compare, and what their trees hold, read exactly as the library predicts."""
