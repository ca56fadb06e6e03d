"""What an IT department has and how it is: the list, one asset, the import of a list, and the board."""
