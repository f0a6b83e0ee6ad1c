/** Follow the student's portrait while it is being made. */

// Between two questions when the network or the server fails in between.
const WAIT_AFTER_FAILURE = 5;

/**
 * Ask `GET /user/portrait/` as often as its answer recommends and hand each answer to `hear(status)`. Ends by itself
 * when nothing will change any more; the returned function ends it before. Failures are waited out in silence: the
 * portrait is made whether somebody looks or not.
 */
export function watchPortrait(api, hear) {
  let timer = null;
  let over = false;
  const askIn = (seconds) => (timer = setTimeout(ask, seconds * 1000));
  async function ask() {
    let status;
    try {
      status = await api.get("/user/portrait/");
    } catch (error) {
      if (!over && error.passing) askIn(error.retryAfter ?? WAIT_AFTER_FAILURE);
      return;
    }
    if (over) return;
    hear(status);
    if (status.poll_after !== null) askIn(status.poll_after);
  }
  ask();
  return () => {
    over = true;
    clearTimeout(timer);
  };
}
