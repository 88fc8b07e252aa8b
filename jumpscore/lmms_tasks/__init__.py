"""Data sets of this package offered to lmms-eval as external tasks.

TraceSpatial and ReVOS are in no release of lmms-eval; every task over rows is offered the same way.
"""
