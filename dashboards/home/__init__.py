"""The first page: the facilities that one may see."""
