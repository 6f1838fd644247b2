"""Shadow runs: a challenger answers what the champion was asked, and nobody acts on its answers."""
