"""Configuration group ``run``."""
