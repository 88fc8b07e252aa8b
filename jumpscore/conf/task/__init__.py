"""Configuration group ``task``."""
