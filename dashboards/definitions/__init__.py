"""What every number means."""
