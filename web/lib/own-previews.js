/** Small stills of all styles on the student's own face. */
const PATH = "/user/portrait/previews/";

/**
 * Have them made and pass them to `hear([{style, picture}])`, those that are there already at once. Ends without a word
 * where they cannot be made: the usual previews stay. Returns a function that stops it.
 */
export function ownPreviews(api, hear) {
  let over = false;
  async function follow() {
    let state = await api.post(PATH);
    while (!over) {
      if (state.previews.length) hear(state.previews);
      if (state.poll_after === null) return;
      await new Promise((resolve) => setTimeout(resolve, 1000 * state.poll_after));
      if (!over) state = await api.get(PATH);
    }
  }
  follow().catch(() => {});
  return () => {
    over = true;
  };
}
