// Bundles the page, its worker and its service worker into a folder, which already has what they load.
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const out = process.argv[2];
const here = fileURLToPath(new URL(".", import.meta.url));
const pyodide = join(here, "node_modules", "pyodide");
const options = { bundle: true, format: "esm", minify: true, outdir: out, target: "es2022", legalComments: "none", logLevel: "warning" };

await build({ ...options, entryPoints: ["main", "worker"].map((name) => join(here, "src", `${name}.js`)), external: ["./pyodide/*"] });
for (const name of ["index.html", "style.css"]) cpSync(join(here, name), join(out, name));
mkdirSync(join(out, "pyodide"), { recursive: true });
for (const name of ["pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip"]) cpSync(join(pyodide, name), join(out, "pyodide", name));
const lock = JSON.parse(readFileSync(join(pyodide, "pyodide-lock.json")));
writeFileSync(join(out, "pyodide", "pyodide-lock.json"), JSON.stringify({ ...lock, packages: {} })); // they are elsewhere, and we ask nobody

const files = readdirSync(out, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name !== "offline.js")
  .map((entry) => relative(out, join(entry.parentPath ?? entry.path, entry.name)).replaceAll("\\", "/"))
  .sort();
const digest = createHash("sha256");
for (const name of files) digest.update(name).update(readFileSync(join(out, name)));
const define = { VERSION: JSON.stringify(digest.digest("hex").slice(0, 16)), FILES: JSON.stringify(["./", ...files]) };
await build({ ...options, entryPoints: [join(here, "src", "offline.js")], define });
