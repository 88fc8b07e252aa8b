"""Configuration group ``input``."""
