"""The part of the sorting that looks at the picture: rules as data, their points, and the words for them."""
