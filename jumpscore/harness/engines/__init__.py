"""Engines: how the questions of a run reach its model, on this machine or on a cluster."""
