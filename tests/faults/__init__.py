"""A fault in one call to the kernel, and then: what is left works, or says what to do."""
