"""Errands, as the children run them: previews on the student's face, and motions that a student performed."""
