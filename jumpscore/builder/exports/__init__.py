"""Write data sets of events in the formats of other tools.

``formats`` is the table of formats, ``export`` writes a set or a version; each other module writes
one format. All times are presentation times of frames, in seconds from the beginning of the file.
"""
