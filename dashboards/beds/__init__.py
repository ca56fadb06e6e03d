"""The beds of a hospital: its wards, and the live map of one ward."""
