"""Prepared inputs on disk: folders in the published canvas layout, and a cache of them."""
