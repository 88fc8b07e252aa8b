"""Training of miniatures: cached clips, three stages, a checkpoint like any other."""
