"""Settings in YAML: the entry point of runs, training and rendered data sets."""
