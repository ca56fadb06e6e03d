"""The centre's own board: this machine, the parts, their work, stores and channels."""
