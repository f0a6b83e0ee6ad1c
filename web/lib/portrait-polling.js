/** Polling of the state of the student's portrait. */

// Seconds between two requests after a failed one.
const WAIT_AFTER_FAILURE = 5;

/**
 * Poll `GET /user/portrait/` at the interval that its answer recommends and pass each answer to `hear(status)`. Stops
 * when the job has ended, or when the returned function is called. Failed requests are repeated without a message.
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
