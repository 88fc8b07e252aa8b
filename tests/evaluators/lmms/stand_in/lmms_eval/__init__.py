"""What of lmms-eval ``child.py`` calls, with tasks that misbehave: the real one takes 10 s."""
