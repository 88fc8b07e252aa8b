"""Making data sets: rendered ones today; ingesting and annotating real videos comes here too."""
