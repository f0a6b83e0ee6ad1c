/** The colours of a house, which come from the API; styles/tokens.css derives the shades from them. */

/** Attributes for `h()` of an element in the colours of `house` (`{id, colour}`); none for null and undefined. */
export function houseColours(house) {
  return house ? { dataset: { house: house.id }, style: { "--house-colour": house.colour } } : {};
}
