"""The student card to keep: its drawing, its film, and the files that keep both."""
