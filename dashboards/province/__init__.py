"""The board of a province: all its hospitals on one wall."""
