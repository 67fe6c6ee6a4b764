// The playground in a browser, as people use it. Run by `make site-test`, on what `make site` has built.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { launched, served, violations } from "./browser.mjs";

const VERSION = /__version__ = "(.*)"/.exec(readFileSync(new URL("../../../src/policyengine/__init__.py", import.meta.url), "utf-8"))[1];
const SHOTS = process.env.SHOTS; // a folder for pictures that a person looks at
let site, browser, shared;

before(async () => {
  site = await served();
  browser = await launched();
  shared = await visit();
});
after(async () => {
  await browser.close();
  await site.close();
});

async function visit(path = "/play/?lang=en", options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB", permissions: ["clipboard-read", "clipboard-write"], ...options });
  const page = await context.newPage();
  page.wrong = [];
  page.elsewhere = [];
  context.on("request", (request) => /^(data|blob|about):|^http:\/\/127\.0\.0\.1:/.test(request.url()) || page.elsewhere.push(request.url()));
  page.on("console", (message) => message.type() === "error" && page.wrong.push(message.text()));
  page.on("pageerror", (error) => page.wrong.push(String(error)));
  await page.goto(site.url + path);
  await settled(page);
  return page;
}

// Waits until all that the newest request asked for is there.
const settled = (page, before = "0") =>
  page.waitForFunction((last) => Number(document.body.dataset.done) > Number(last) && !document.querySelector("#view[aria-busy]"), before, { timeout: 90_000 });

async function does(page, act) {
  const before = await page.evaluate(() => document.body.dataset.done);
  await act();
  await settled(page, before);
}

const outcome = (page) => page.textContent("#outcome");
const start = (page, id) => does(page, () => page.selectOption("#start", id));
const tab = (page, name) => does(page, () => page.getByRole("tab", { name, exact: true }).click());

async function write(page, editor, text) {
  await does(page, async () => {
    await page.locator(`${editor} .cm-content`).focus();
    await page.keyboard.press("Control+a");
    await page.keyboard.insertText(text);
  });
}

const EVENT = { id: "e-1", time: "2026-11-24T09:00:00+09:00", operation: "use", subject: { category: "pupil" }, items: ["name"], purpose: "lessons" };

test("a first visit decides, says the package's version, and asks nobody else for anything", async () => {
  const page = await visit();
  assert.equal(await outcome(page), "deny");
  assert.equal(await page.textContent("#version"), VERSION);
  assert.match(await page.textContent("#view"), /vetting of the contractor for mailer-kk/);
  assert.deepEqual(page.wrong, []);
  assert.deepEqual(page.elsewhere, []);
  const asked = site.asked.length;
  await start(page, "shared");
  await write(page, "#event", JSON.stringify({ ...EVENT, purpose: "press" }));
  await tab(page, "Explanation");
  await page.waitForTimeout(300);
  const later = site.asked.slice(asked).filter((path) => !/^\/play\/($|offline|index|library|main|pyodide|starts|style|worker)/.test(path));
  assert.deepEqual(later, [], "what is written is asked of no server");
  await page.context().close();
});

test("an edit of the event changes the decision, and a broken event says where", async () => {
  await tab(shared, "Decision");
  await start(shared, "shared");
  assert.equal(await outcome(shared), "permit");
  await write(shared, "#event", JSON.stringify({ ...EVENT, purpose: "press" }));
  assert.equal(await outcome(shared), "deny");
  await write(shared, "#event", JSON.stringify({ ...EVENT, time: "yesterday" }));
  assert.equal(await outcome(shared), "invalid event");
  assert.match(await shared.textContent("#view"), /\$\.time/);
  assert.deepEqual(shared.wrong, []);
});

test("problems are told as one types, at their place, and lead there", async () => {
  await start(shared, "shared");
  const text = 'imports = ["school.toml"]\npolicy = {id = "school", version = "1", title = {ja = "学校", en = "School"}, governs = ["school"]}\n\n[[clause]]\nnumber = "9"\nsummary = {ja = "学", en = "s"}\n[[clause.prohibition]]\nitems = ["phto"]\n';
  const before = await shared.evaluate(() => document.body.dataset.done);
  await shared.locator("#policy .cm-content").focus();
  await shared.keyboard.press("Control+a");
  await shared.keyboard.insertText(text);
  await settled(shared, before);
  const said = await shared.textContent("#problems");
  assert.match(said, /shared\.toml:8.*photo/s, "the nearest word is named");
  assert.match(await shared.textContent("#view"), /nothing is decided/);
  assert.ok((await shared.locator("#policy .cm-lintRange-error").count()) > 0);
  await shared.locator("#problems button", { hasText: "shared.toml:8" }).first().click();
  assert.equal(await shared.evaluate(() => document.activeElement.classList.contains("cm-content")), true);
  await write(shared, "#policy", text.replace("phto", "photo"));
  assert.equal(await outcome(shared), "permit");
});

test("an explanation, in both languages", async () => {
  await start(shared, "grounds");
  await tab(shared, "Explanation");
  assert.match(await shared.textContent("#view"), /what the clauses say/);
  await does(shared, () => shared.click("#lang"));
  assert.equal(await shared.evaluate(() => document.documentElement.lang), "ja");
  assert.match(await shared.textContent("#view"), /許可/);
  assert.match(await shared.textContent("#start"), /特別な定めを一般の定めに優先させる/);
  await does(shared, () => shared.click("#lang"));
  await tab(shared, "Decision");
});

test("suites run, with their coverage, and a case that fails says why", async () => {
  await start(shared, "online-shop");
  await tab(shared, "Tests and coverage");
  assert.match(await shared.textContent("#view"), /[1-9]\d+ passed, 0 failed/);
  assert.match(await shared.locator("iframe").getAttribute("srcdoc"), /Rule coverage/);
  await start(shared, "shared");
  assert.match(await shared.textContent("#view"), /There are no tests/);
  await shared.click("#add");
  await shared.fill("#name", "../x.toml");
  await shared.keyboard.press("Enter");
  assert.match(await shared.textContent("#wrong"), /pack\/policy\.toml/);
  await shared.fill("#name", "mine.test.toml");
  await does(shared, () => shared.keyboard.press("Enter"));
  const event = 'time = 2026-11-24T09:00:00+09:00\noperation = "use"\nsubject.category = "pupil"\nitems = ["name"]\n';
  await write(shared, "#policy", `[[case]]\nname = "x"\nexpect = "deny"\n${event}purpose = "lessons"\n`);
  assert.match(await shared.textContent("#view"), /0 passed, 1 failed/);
  await tab(shared, "Decision");
});

test("a notice is shown, with its map and matrix", async () => {
  await start(shared, "priority");
  await tab(shared, "Notice, map, matrix");
  const notice = await shared.locator("iframe").getAttribute("srcdoc");
  assert.match(notice, /<svg/);
  assert.match(notice, /<table/);
  await tab(shared, "Decision");
});

test("a link holds it all", async () => {
  await start(shared, "shared");
  const event = JSON.stringify({ ...EVENT, id: "学-1", purpose: "press" });
  await write(shared, "#event", event);
  await shared.click("#share");
  await shared.waitForFunction(() => location.hash.length > 1);
  const link = await shared.evaluate(() => navigator.clipboard.readText());
  assert.match(link, /#1\.[\w-]+$/);
  assert.ok(link.length < 2300, `${link.length} characters`);
  const other = await visit(`/play/?lang=en${new URL(link).hash}`);
  assert.equal(await outcome(other), "deny");
  assert.equal((await other.locator("#event .cm-content").innerText()).trim(), event);
  await other.context().close();
  const torn = await visit(`/play/?lang=en${new URL(link).hash.slice(0, -40)}`);
  assert.equal(await outcome(torn), "deny", "a start is there all the same");
  assert.match(await torn.textContent("#told"), /cannot be read/);
  await torn.context().close();
});

test("a second visit needs no network", async () => {
  const page = await visit();
  await page.evaluate(async () => { await navigator.serviceWorker.ready; });
  await page.context().setOffline(true);
  await page.reload();
  await settled(page);
  assert.equal(await outcome(page), "deny");
  assert.equal(await page.textContent("#version"), VERSION);
  await page.context().close();
});

test("it can be used by keyboard alone", async () => {
  const page = await visit("/play/?lang=en&start=known");
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.className);
  const reach = async (what) => {
    for (let turns = 0; turns < 60; turns += 1) {
      if ((await focused()).includes(what)) return;
      await page.keyboard.press("Tab");
    }
    assert.fail(`${what} is never reached`);
  };
  await reach("start");
  await does(page, () => page.keyboard.press("ArrowDown"));
  assert.match(await page.textContent("#files"), /named\.toml/);
  await reach("files-0");
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator("#files [aria-selected=true]").textContent(), "school.toml");
  await reach("cm-content");
  await page.keyboard.press("Tab");
  assert.doesNotMatch(await focused(), /files/, "the editor lets go");
  await reach("views-0");
  await does(page, () => page.keyboard.press("ArrowRight"));
  assert.equal(await page.locator("#views [aria-selected=true]").textContent(), "Explanation");
  await page.context().close();
});

for (const colorScheme of ["light", "dark"]) {
  for (const [width, lang] of [[1280, "en"], [420, "ja"]]) {
    test(`axe-core has nothing against it: ${width} px, ${colorScheme}, ${lang}`, async () => {
      const page = await visit(`/play/?lang=${lang}&start=online-shop`, { viewport: { width, height: 900 }, colorScheme });
      for (let view = 0; view < 4; view += 1) {
        await does(page, () => page.locator(`#views-${view}`).click());
        if (SHOTS) await page.screenshot({ path: `${SHOTS}/${width}-${colorScheme}-${view}.png`, fullPage: true });
        assert.deepEqual(await violations(page), []);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing stands beyond the edge");
        for (const frame of await page.locator("iframe").all()) {
          const inner = await page.context().newPage(); // a frame may run nothing, axe-core neither
          await inner.setContent(await frame.getAttribute("srcdoc"));
          assert.deepEqual(await violations(inner), [], `the page in view ${view}`);
          await inner.close();
        }
      }
      await page.context().close();
    });
  }
}
