// A link that holds it all: JSON, deflated, in base64url, in the fragment, which no browser sends anywhere.
const FORM = "1.";

async function through(bytes, stream) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}

export async function written(work) {
  const bytes = await through(new TextEncoder().encode(JSON.stringify(work)), new CompressionStream("deflate-raw"));
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return FORM + btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

// Returns the work that a fragment holds, null where it holds none; throws where it is broken.
export async function read(fragment) {
  if (!fragment.startsWith(FORM)) return null;
  const text = atob(fragment.slice(FORM.length).replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = await through(Uint8Array.from(text, (char) => char.charCodeAt(0)), new DecompressionStream("deflate-raw"));
  const work = JSON.parse(new TextDecoder().decode(bytes));
  const files = Object.entries(work.files);
  if (!files.length || typeof work.event !== "string") throw new Error("no work");
  if (!files.every(([name, content]) => isName(name) && typeof content === "string")) throw new Error("no files");
  return { files: work.files, event: work.event };
}

export function isName(name) {
  return /^[^/\\]+(\/[^/\\]+)*\.toml$/.test(name) && !name.split("/").some((part) => part === "." || part === "..");
}
