/** A house: its colours, which come from the API (styles/tokens.css derives the shades), and its names. */

/** Attributes for `h()` of an element in the colours of `house` (`{id, colour}`); none for null and undefined. */
export function houseColours(house) {
  return house ? { dataset: { house: house.id }, style: { "--house-colour": house.colour } } : {};
}

/** The name in the reader's language with the common one beside it: "그리핀도르 Gryffindor". */
export function houseNames({ name, local_name: local }) {
  return local && local !== name ? `${local} ${name}` : name;
}
