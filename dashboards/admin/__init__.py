"""Sources and quarantine: what came in, and what could not be understood."""
