"""Models in vLLM on this machine, in a server that the harness starts, monitors and stops.

The harness runs ``wrapper``; ``server`` manages the process; ``plugin`` runs inside vLLM and
receives canvases; ``offline`` and ``engine`` need no server and run in this process.
"""
