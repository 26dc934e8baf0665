"""A workspace on disk: which of its files are read, and what they say, kept from one start to the next."""
