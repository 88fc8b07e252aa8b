"""A folder for ``PYTHONPATH``: lets a vLLM with a CPU build of torch start despite CUDA builds.

Nothing imports it unless ``model.cpu_only=true`` asks for it.
"""
