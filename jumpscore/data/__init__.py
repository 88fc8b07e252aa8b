"""JumpScore data sets on disk: the hub layout, its manifest, and how to get the real one."""

from jumpscore.data.layout import Manifest, Row, read_manifest, read_rows, rows_checksum, write_set

__all__ = ["Manifest", "Row", "read_manifest", "read_rows", "rows_checksum", "write_set"]
