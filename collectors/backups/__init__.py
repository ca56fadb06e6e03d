"""Backups of other systems: how old the newest is, by its file or by what the job that makes it has told us."""
