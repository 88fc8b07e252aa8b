"""Models served by vLLM on this machine: a server that the harness starts, watches and stops.

``wrapper`` is what the harness runs, ``server`` holds the process, ``plugin`` runs inside vLLM and
takes what ``references`` sends it.
"""
