"""Models that run in this process, in transformers.

``wrapper`` contains what they share: loading, batching and generation. The other modules are the
baselines, one family each; LLaVA-OneVision-2 has its own package. torch is imported on first use.
"""
