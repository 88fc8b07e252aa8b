"""Pages, tables and drawings of stored results."""
