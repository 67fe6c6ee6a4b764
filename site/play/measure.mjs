// How long a first decision and an edit take: seconds of the processor by thread, which do not depend on what else runs.
import { readdirSync, readFileSync } from "node:fs";
import { launched, served } from "./tests/browser.mjs";

const TICKS = 100; // a second, as Linux counts them for processes

function spent() {
  const found = {};
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, "utf-8").includes("--type=renderer")) continue;
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        const [, name, rest] = /\((.*)\) (.*)/.exec(readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf-8"));
        const fields = rest.split(" ");
        found[name] = (found[name] ?? 0) + (Number(fields[11]) + Number(fields[12])) / TICKS;
      }
    } catch {
      // it has ended meanwhile
    }
  }
  return found;
}

async function measured(what, act) {
  const before = spent();
  const began = performance.now();
  await act();
  const wall = (performance.now() - began) / 1000;
  const threads = Object.entries(spent()).map(([name, seconds]) => [name, seconds - (before[name] ?? 0)]);
  const told = threads.filter(([, seconds]) => seconds >= 0.02).map(([name, seconds]) => `${name} ${seconds.toFixed(2)}`);
  console.log(`${what}: ${told.join(", ")} (by the clock ${wall.toFixed(2)})`);
}

const site = await served();
const browser = await launched();
const page = await (await browser.newContext({ serviceWorkers: "block", locale: "en-GB" })).newPage();
await measured("first decision", async () => {
  await page.goto(`${site.url}/play/`);
  await page.waitForSelector("#outcome", { timeout: 120_000 });
});
for (const editor of ["#policy", "#event"]) {
  for (let turn = 0; turn < 3; turn += 1) {
    await page.waitForTimeout(1500); // what nobody waits for is done
    const decided = await page.evaluate(() => document.body.dataset.decided);
    await page.locator(`${editor} .cm-content`).focus();
    await measured(`edit of ${editor}`, async () => {
      await page.keyboard.press("Space");
      await page.waitForFunction((last) => document.body.dataset.decided > last, decided, { polling: 5 });
    });
  }
}
await browser.close();
await site.close();
