"""The alert centre, the page of one incident, the rules in force, and what the other pages say of alerts."""
