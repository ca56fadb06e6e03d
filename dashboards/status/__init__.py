"""Whether the centre works, for other programs: /healthz and /metrics."""
