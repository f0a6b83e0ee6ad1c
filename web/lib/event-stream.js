/** Server-sent events that are read by `fetch`, because the browser's EventSource sends no token. */

/**
 * Call `hear(data)` with the parsed JSON of each event of a response; resolves when the stream ends. Throws `lost()` when
 * the connection is lost.
 */
export async function readEvents(response, hear, lost) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read().catch(() => {
      throw lost();
    });
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const events = text.split("\n\n");
    text = events.pop();
    for (const event of events) {
      const data = event.split("\n").find((line) => line.startsWith("data: "));
      if (data) hear(JSON.parse(data.slice("data: ".length)));
    }
  }
}
