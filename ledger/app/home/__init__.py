"""A home: its folders, configuration, keys, and how it is made."""
