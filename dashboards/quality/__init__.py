"""What is wrong with what hospitals send: counted, listed, followed to where it was found, and mended."""
