"""Live portraits: what a browser needs to compute the frames of a painted portrait by itself."""
