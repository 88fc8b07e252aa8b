"""Codec canvases: a budget of blocks is spent on the parts of a video that cost most bits."""
