"""Import marks from other tools' files as a data set.

``formats`` is the table of formats, with one module each. A reader returns recordings
(``recordings``): the marks of one video, and the clock that the format counts in. ``clocks`` turns
marks into presentation times and checks them against the video, ``videos`` finds the video, and
``importer`` writes the data set.
"""
