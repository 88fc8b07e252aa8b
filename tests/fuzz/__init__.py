"""Fuzzing of everything that reads text or files of others: ``make fuzz``, outside ``make test``.

``target`` describes what is fuzzed and the rules it must follow; ``answers``, ``records`` and
``sources`` list the targets. ``mutations`` changes inputs, ``child`` runs a target in a process of
its own, and ``fuzzer`` starts these processes and collects what they report.
"""
