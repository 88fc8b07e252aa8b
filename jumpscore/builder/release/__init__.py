"""Freeze a project into versions: splits without leaks, checksums, a data card and an audit."""
