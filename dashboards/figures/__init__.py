"""Charts: what the browser needs to draw one, and plotly.js from the installed package."""
