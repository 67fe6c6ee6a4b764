// The engine, off the page's thread: Pyodide, our library, and one request at a time, of which only the newest matters.
import { loadPyodide } from "./pyodide/pyodide.mjs";

const LIBRARY = "/playground";
const REST = 250; // milliseconds in which people may go on writing, before what they do not wait for is worked out
let newest = 0;
let ask = null;
let waiting = null;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function start() {
  const library = fetch("library.zip").then((response) => {
    if (!response.ok) throw new Error(`library.zip: ${response.status}`);
    return response.arrayBuffer();
  });
  const pyodide = await loadPyodide({ indexURL: new URL("pyodide/", self.location).href });
  pyodide.FS.mkdirTree(LIBRARY);
  pyodide.unpackArchive(await library, "zip", { extractDir: LIBRARY });
  pyodide.runPython(`import sys; sys.path.insert(0, "${LIBRARY}"); import play; playground = play.Playground("/work")`);
  const playground = pyodide.globals.get("playground");
  ask = (request) => playground.answers(request);
  postMessage({ kind: "ready", version: pyodide.runPython("play.VERSION") });
}

async function answer(number, request) {
  const began = performance.now();
  const answers = ask(JSON.stringify(request));
  try {
    for (const text of answers) {
      const said = JSON.parse(text);
      if (said.kind !== "rest") postMessage({ ...said, number, ms: performance.now() - began });
      await pause(said.kind === "rest" ? REST : 0); // a newer request may be there
      if (number !== newest) return;
    }
    postMessage({ kind: "done", number });
  } catch (error) {
    postMessage({ kind: "failed", number, why: String(error.message ?? error) });
  } finally {
    answers.destroy();
  }
}

onmessage = ({ data }) => {
  newest = data.number;
  if (ask) answer(data.number, data.request);
  else waiting = data;
};

start().then(
  () => waiting && answer(waiting.number, waiting.request),
  (error) => postMessage({ kind: "failed", why: String(error.message ?? error) }),
);
