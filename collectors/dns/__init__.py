"""Name services: whether one answers a question, and answers it rightly."""
