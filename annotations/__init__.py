"""Annotations that ship with the package; videos are rendered or fetched. See README.md here."""
