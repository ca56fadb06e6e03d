"""What is printed: the morning handover and the summary of some days, as pages and as PDF."""
