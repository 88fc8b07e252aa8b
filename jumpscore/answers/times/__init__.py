"""Grammars of times: event times in ``parse``, one span of time in ``spans``.

``parse`` tries these forms in order:

1. ``plain``: a shortcut for plain lists and labelled lines.
2. ``structures``: lists and objects. ``list_units`` applies a unit next to a list to its numbers,
   ``brackets`` builds the tree of brackets, ``lists`` reads one list or object of it.
3. ``tables``: columns with headings or row numbers.
4. ``lines``: labelled lines and prose. ``roles`` decides for each number whether it is a time, an
   end, an index or a count, with the help of ``remarks``.

``spans`` pairs neighbouring times; ``span_tables`` reads a span from a table. ``reading`` collects
the times and what was rejected.
"""
