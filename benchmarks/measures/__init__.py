"""One file a subject; each has `measure(options)`, which gives its tables."""
