"""Leaderboard data that ship with the package. See README.md here."""
