"""LLaVA-OneVision-2, the bundled reference: an 8B model that reads a video as a codec stream.

The harness runs ``wrapper``; ``modeling`` and ``processing`` are the classes for transformers;
``checkpoint`` loads and writes checkpoint folders. torch is imported on first use.
"""
