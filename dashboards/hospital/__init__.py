"""The live board of one hospital or site."""
