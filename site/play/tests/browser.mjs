// What the tests of the site share: a static server that notes what is asked of it, and headless Chromium.
import { createServer } from "node:http";
import { existsSync, readFileSync, statSync } from "node:fs";
import { extname, join, normalize } from "node:path";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf-8");
const MIME = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".json": "application/json",
  ".wasm": "application/wasm", ".zip": "application/zip", ".svg": "image/svg+xml",
};

export const SITE = process.env.SITE ?? new URL("../../../build/site", import.meta.url).pathname;

export function needed() {
  const path = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome"].find((one) => one && existsSync(one));
  if (!path) throw new Error("chromium is not there; install it (apt-get install chromium), or name it in CHROMIUM");
  return path;
}

export async function served(folder = SITE) {
  const asked = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://site").pathname);
    asked.push(path);
    let file = join(folder, normalize(path));
    if (existsSync(file) && statSync(file).isDirectory()) file = join(file, "index.html");
    if (!existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": MIME[extname(file)] ?? "application/octet-stream" }).end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, asked, close: () => new Promise((done) => { server.closeAllConnections(); server.close(done); }) };
}

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const launched = () => chromium.launch({ executablePath: needed(), args: FLAGS });

// Returns what axe-core has against a page, its frames included, as lines.
export async function violations(page) {
  const lines = [];
  for (const frame of page.frames()) {
    if (frame !== page.mainFrame()) continue; // a frame that may run nothing is looked at as a page of its own
    await frame.evaluate(AXE);
    const found = await frame.evaluate(() => globalThis.axe.run(document, { iframes: false, runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
    lines.push(...found.violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target.join(" ")}: ${node.any[0]?.message ?? node.all[0]?.message ?? one.help}`)));
  }
  return lines;
}
