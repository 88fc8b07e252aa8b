"""Models that run in this process, in transformers.

``wrapper`` is what all of them share: loading, batching, generation. The other modules are the
baselines, one family each; LLaVA-OneVision-2 has a package of its own. Nothing here imports torch
before it is used.
"""
