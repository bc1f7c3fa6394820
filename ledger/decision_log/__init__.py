"""Decision logs v2 that are not the stage's own: verifying and writing the format of the user's first scripts."""
