"""Prepared inputs on disk: folders in the published canvas layout, and a cache of them."""

from jumpscore.video.prepared.cache import InputCache, default_cache_folder
from jumpscore.video.prepared.folders import folder_name, read_prepared, write_prepared

__all__ = [
    "InputCache",
    "default_cache_folder",
    "folder_name",
    "read_prepared",
    "write_prepared",
]
