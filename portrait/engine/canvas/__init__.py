"""Composes the frames of a portrait at any size.

The motion model works on pictures of 256 pixels. Its optical flow carries the photo, or the painting of the photo, at
full size; what its generator changes is added; the background behind the person stands still.
"""
