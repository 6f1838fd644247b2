"""Browser tests: a package, so that what serves them ends when its last test has run, and no loop stays behind."""
