"""Privacy: an affected person is erased from every place that knows them."""
