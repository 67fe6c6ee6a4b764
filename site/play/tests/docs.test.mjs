// The documentation in a browser. Run by `make site-test`, on what `make site` has built.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { after, before, test } from "node:test";
import { SITE, launched, served, violations } from "./browser.mjs";

const SHOTS = process.env.SHOTS;
const LOOKS = [[1280, "light"], [420, "dark"], [420, "light"], [1280, "dark"]];
const ONLY = new RegExp(process.env.PAGES ?? ""); // of the long search, for whoever works on some pages
const pages = (lang) => readdirSync(join(SITE, lang), { recursive: true }).filter((name) => name.endsWith(".html") && !name.startsWith("_")).sort();
let site, browser;

before(async () => {
  site = await served();
  browser = await launched();
});
after(async () => {
  await browser.close();
  await site.close();
});

async function visit(path, [width, colorScheme] = LOOKS[0]) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
  const page = await context.newPage();
  page.elsewhere = [];
  context.on("request", (request) => /^(data|blob|about):|^http:\/\/127\.0\.0\.1:/.test(request.url()) || page.elsewhere.push(request.url()));
  await page.goto(`${site.url}${path}`);
  return page;
}

test("both languages have the same pages", () => {
  assert.deepEqual(pages("ja"), pages("en"));
  assert.ok(pages("en").length > 25);
});

test("every link leads somewhere on the site", () => {
  const dead = [];
  for (const lang of ["en", "ja"]) {
    for (const name of pages(lang)) {
      const file = join(SITE, lang, name);
      const html = readFileSync(file, "utf-8");
      for (const [, target] of html.matchAll(/\s(?:href|src)="([^"]+)"/g)) {
        if (/^([a-z]+:|#)/.test(target)) continue;
        const path = join(dirname(file), decodeURIComponent(target.replaceAll("&amp;", "&").replace(/[?#].*$/, "")));
        const found = existsSync(path) && (!statSync(path).isDirectory() || existsSync(join(path, "index.html")));
        if (!found) dead.push(`${relative(SITE, file)}: ${target}`);
      }
    }
  }
  assert.deepEqual(dead, []);
});

test("a page leads to itself in the other language, and to the playground", async () => {
  const page = await visit("/en/docs/patterns.html");
  await page.locator(".languages a[hreflang=ja]").click();
  await page.waitForURL("**/ja/docs/patterns.html");
  assert.equal(await page.evaluate(() => document.documentElement.lang), "ja");
  assert.match(await page.locator(".languages a").nth(1).getAttribute("href"), /\.\.\/play\/\?lang=ja$/);
  assert.deepEqual(page.elsewhere, []);
  await page.context().close();
});

for (const [lang, words, expected] of [
  ["ja", "利用目的", "language"], ["ja", "第三者提供", "patterns"], ["ja", "オプトアウト", "patterns"], ["ja", "保護者の同意", "patterns"], ["ja", "鯨", null],
  ["ja", "mutate", "cli"], ["en", "guardian", "patterns"], ["en", "qwertz", null],
]) {
  test(`a search for ${words} in ${lang} finds ${expected ?? "nothing"}`, async () => {
    const page = await visit(`/${lang}/search.html?q=${encodeURIComponent(words)}`);
    const links = page.locator("#search-results li a");
    if (expected === null) await page.waitForTimeout(2000);
    else await links.first().waitFor();
    const found = await links.evaluateAll((links) => links.map((link) => link.getAttribute("href")));
    if (expected === null) assert.deepEqual(found, []);
    else assert.ok(found.some((href) => href.includes(`/${expected}.html`) || href.startsWith(`docs/${expected}.html`)), found.join("\n"));
    await page.context().close();
  });
}

for (const lang of ["en", "ja"]) {
  test(`axe-core has nothing against any page in ${lang}, and none is wider than its window`, async () => {
    const wrong = [];
    for (const [number, name] of ["../index.html", ...pages(lang)].entries()) {
      if (!ONLY.test(name)) continue;
      const look = LOOKS[number % LOOKS.length]; // every page once; each look has a quarter of them
      const page = await visit(`/${lang}/${name}`, look);
      wrong.push(...(await violations(page)).map((line) => `${name} ${look}: ${line}`));
      if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) wrong.push(`${name} ${look}: is wider than the window`);
      if (SHOTS && /patterns|index|api/.test(name)) await page.screenshot({ path: join(SHOTS, `docs-${lang}-${name.replaceAll("/", "_")}-${look.join("-")}.png`) });
      await page.context().close();
    }
    assert.deepEqual(wrong, []);
  });
}
