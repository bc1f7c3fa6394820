"""The application layer: real homes in temporary folders, real processes."""
