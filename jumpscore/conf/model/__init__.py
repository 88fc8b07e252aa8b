"""Configuration group ``model``."""
