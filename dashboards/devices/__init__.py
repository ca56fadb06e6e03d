"""The devices of a facility, and one device with its values and charts."""
