"""The portrait engine: photo bytes in, a moving painted portrait out. Knows nothing of Django."""
