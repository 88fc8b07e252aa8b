"""Grammars of places in an image: ``points``, ``boxes`` and ``traces``.

All of them start with ``opening``, which prepares the answer and collects its groups of numbers:
``brackets`` reads lists, objects and keys, ``tags`` reads XML-like tags, ``axes`` interprets keys
such as ``x_min``. ``lines`` reads numbers without brackets, ``depths`` finds the depth of a place.
``groups`` defines the group that all of them return.
"""
