"""LLaVA-OneVision-2, the bundled reference: an 8B model that reads a video as a codec stream.

``wrapper`` is what the harness runs; ``modeling`` and ``processing`` are the parts for
transformers; ``checkpoint`` loads and writes checkpoint folders. Nothing here imports torch before
it is used.
"""
