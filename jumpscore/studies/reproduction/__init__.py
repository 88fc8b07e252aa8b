"""Reproduction of the paper's numbers: published values, recipes, runs that match them."""
