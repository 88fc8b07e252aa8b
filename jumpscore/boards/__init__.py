"""Leaderboards: submissions of raw answers, scored here, ranked, and published as a site."""
