"""The fault suite: commands are killed, disks fill, records are torn, and models misbehave."""
