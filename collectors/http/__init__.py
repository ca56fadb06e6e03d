"""Web services: asked for a page as a person's browser would ask, phase by phase."""
