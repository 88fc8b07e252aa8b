"""Data sets: their layout on disk, downloads and converters, and files of answers to score.

Reading order: ``layout``, ``tables``, ``links``, ``digests`` (a data set on disk); ``hub``,
``fetch``, ``archives``, ``convert``, ``published``, ``published_files`` (get published data sets);
``predictions``, ``answer_files``, ``answer_tables``, ``inspect_logs``, ``ids`` (answers).
"""
