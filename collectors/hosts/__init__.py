"""This machine: what its operating system says of it, and what the centre can say of its own parts."""
