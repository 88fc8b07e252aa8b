"""The ``jumpscore`` command. Each command imports what it needs when it runs."""
