"""Training of the bundled miniature: cached clips, three stages, an ordinary checkpoint."""
