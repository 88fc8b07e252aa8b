"""Profiles of the synthetic video generator."""
