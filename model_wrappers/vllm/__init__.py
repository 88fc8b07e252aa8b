"""Models served by vLLM on this machine: a server that the harness starts, watches and stops.

``wrapper`` is what the harness runs, ``server`` holds the process, ``plugin`` runs inside vLLM and
takes what is sent it; ``offline`` and ``engine`` do without a server, in this process.
"""
