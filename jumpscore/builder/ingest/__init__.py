"""Take videos into a project: check each, recognise copies, copy or re-encode it."""
