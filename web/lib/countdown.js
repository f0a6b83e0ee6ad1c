/** Waiting in whole seconds. */

export const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

/** Call `tick(left)` each second, from `seconds` to 1. Resolves to whether it came to its end; `signal` ends it before. */
export async function countdown(seconds, tick, signal) {
  const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  for (let left = seconds; left > 0 && !signal.aborted; left -= 1) {
    tick(left);
    await Promise.race([pause(1), aborted]);
  }
  return !signal.aborted;
}
