/** The state of the student's portrait, followed by server-sent events, or by polling where those do not arrive. */
import { noticeWanted, portraitReady } from "./notice.js";

// Seconds between two requests after a failed one.
const WAIT_AFTER_FAILURE = 5;
// Milliseconds. The first event is sent at once; a proxy that collects the pieces of an answer keeps it back.
const FIRST_EVENT = 4000;

// Ends the watch that goes on after its page was left, for the notification that the portrait is ready.
let endLast = () => {};
document.addEventListener("session", () => endLast());

/**
 * Pass each state of the portrait to `hear(status)`, as `GET /user/portrait/` answers it. Stops when the job has ended,
 * or when the returned function is called. Failed requests are repeated without a message.
 */
export function watchPortrait(api, hear) {
  endLast();
  const leaving = new AbortController();
  let timer = null;
  let stream = true;
  let last = null;
  let left = false;
  let underWay = false;
  const over = () => leaving.signal.aborted;
  const askIn = (seconds) => (timer = setTimeout(ask, seconds * 1000));
  const tell = (status) => {
    if (over()) return;
    last = status;
    if (underWay && status.status === "succeeded") portraitReady();
    underWay = status.poll_after !== null;
    if (!left) hear(status);
  };

  async function follow() {
    const silent = new AbortController();
    const patience = setTimeout(() => silent.abort(), FIRST_EVENT);
    const stop = () => silent.abort();
    leaving.signal.addEventListener("abort", stop);
    let heard = false;
    try {
      await api.events(
        "/user/portrait/events",
        (status) => {
          clearTimeout(patience);
          heard = true;
          tell(status);
        },
        silent.signal,
      );
    } catch (error) {
      // Where nothing arrives although the server answers, the states are asked for one by one from now on.
      if (!heard && (silent.signal.aborted || !error.passing)) stream = false;
      else throw error;
    } finally {
      clearTimeout(patience);
      leaving.signal.removeEventListener("abort", stop);
    }
  }

  async function ask() {
    try {
      if (stream) await follow();
      if (!stream && !over()) tell(await api.get("/user/portrait/"));
    } catch (error) {
      if (!over() && error.passing) askIn(error.retryAfter ?? WAIT_AFTER_FAILURE);
      return;
    }
    if (!over() && last && last.poll_after !== null) askIn(last.poll_after);
  }

  const end = () => {
    leaving.abort();
    clearTimeout(timer);
  };
  ask();
  return () => {
    left = true;
    if (underWay && noticeWanted()) endLast = end;
    else end();
  };
}
