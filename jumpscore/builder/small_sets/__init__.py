"""A small rendered data set per family of tasks, so that every task runs end to end offline.

Each module renders one row of ``jumpscore.data.catalogue.RENDERED`` as a function of a folder and a
seed. JumpScore's own small set is ``mini``, whose annotations ship with the package.
"""
