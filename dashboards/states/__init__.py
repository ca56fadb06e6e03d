"""The living sheet: every kind of tile in every state, by the same macros as the walls."""
