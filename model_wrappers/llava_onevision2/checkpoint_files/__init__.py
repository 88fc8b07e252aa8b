"""Files of a checkpoint folder, copied as they are: thin modules that import from this package."""
