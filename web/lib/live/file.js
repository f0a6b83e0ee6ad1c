/** Reads a live portrait: a ZIP that docs/live.md describes. */
import { decoded } from "./fields.js";

const FORMAT = "moving-portrait-live";
const VERSION = 2;

/** The files of a ZIP, stored or deflated: a Map from name to Uint8Array. Rejects for anything else. */
async function unzipped(buffer) {
  const view = new DataView(buffer);
  let end = buffer.byteLength - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end -= 1;
  if (end < 0) throw new Error("not a live portrait: no ZIP");
  const files = new Map();
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left -= 1) {
    const [method, size, nameLength] = [view.getUint16(at + 10, true), view.getUint32(at + 20, true), view.getUint16(at + 28, true)];
    const name = new TextDecoder().decode(new Uint8Array(buffer, at + 46, nameLength));
    const local = view.getUint32(at + 42, true);
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const data = new Uint8Array(buffer, start, size);
    files.set(name, method ? await inflated(data) : data);
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return files;
}

async function inflated(data) {
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** What a file holds: its description, fields and decoded pictures. */
export async function loaded(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  const files = await unzipped(await answer.arrayBuffer());
  const about = JSON.parse(new TextDecoder().decode(files.get("portrait.json")));
  if (about.format !== FORMAT || about.version !== VERSION) throw new Error(`${url}: not of ${FORMAT} ${VERSION}`);
  const names = ["painting", "matte", "wall", "patches", "masks"];
  const pictures = await Promise.all(
    names.map((name) =>
      createImageBitmap(new Blob([files.get(`${name}.webp`)], { type: "image/webp" }), {
        colorSpaceConversion: "none",
        premultiplyAlpha: "none",
      }),
    ),
  );
  const fields = decoded(files.get("fields.bin"), about.grid);
  return { about, fields, ...Object.fromEntries(names.map((name, index) => [name, pictures[index]])) };
}
