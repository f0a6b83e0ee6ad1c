"""Fitting a style to an own painting, in a child of the worker; imported there alone, by its dotted path."""
