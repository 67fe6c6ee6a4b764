// The playground's page: editors on one side, what they mean on the other, and a worker between.
import { byId, made, tabs } from "./dom.js";
import { editor, go, show, stateOf } from "./editors.js";
import { isName, read, written } from "./link.js";
import { SAID } from "./said.js";
import * as views from "./views.js";

const VIEWS = ["decision", "explanation", "tests", "notice"];
const QUIET = 40; // milliseconds without a key before an edit counts

let lang = localStorage.getItem("lang") ?? (navigator.language.startsWith("ja") ? "ja" : "en");
let starts = [];
let work = { files: {}, event: "" };
let states = {}; // of the editor, by file
let file = "";
let view = "decision";
let number = 0;
let timer = 0;
let found = { problems: [], notes: [] };
let version = "";

const say = (word, values = {}) => SAID[word][lang].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const tell = (text) => (byId("status").textContent = text);

const policyEditor = editor(byId("policy"));
const eventEditor = editor(byId("event"));
const worker = new Worker("worker.js", { type: "module" });

function ask() {
  clearTimeout(timer);
  number += 1;
  byId("view").setAttribute("aria-busy", "true");
  worker.postMessage({ number, request: { files: work.files, event: work.event, lang, view } });
}

function askSoon() {
  clearTimeout(timer);
  timer = setTimeout(ask, QUIET);
}

worker.onmessage = ({ data }) => {
  if (data.kind === "ready") {
    version = data.version;
    byId("version").textContent = version;
    return;
  }
  if (data.number !== undefined && data.number !== number) return;
  if (data.kind === "failed") tell(say("failed", { why: data.why }));
  if (data.kind === "progress") tell(say("testing", data));
  if (data.kind === "decision") {
    found = { ...found, ...data, notes: data.fresh ? [] : found.notes };
    delete found.explanation;
    delete found.tests;
    delete found.notice;
    document.body.dataset.decided = String(number);
    tell(say("ready", { ms: Math.round(data.ms) }));
    showProblems();
  }
  if (data.kind === "explanation") found.explanation = data.lines;
  if (data.kind === "tests") found.tests = data;
  if (data.kind === "notice") found.notice = data.pages;
  if (data.kind === "notes") {
    found.notes = data.problems;
    showProblems();
  }
  if (data.kind === "done") {
    document.body.dataset.done = String(number);
    byId("view").removeAttribute("aria-busy");
    if (view === "tests" || view === "notice") tell(say("ready", { ms: Math.round(found.ms) }));
    keep();
  }
  if (VIEWS.includes(data.kind)) showView();
};

function showView() {
  const nothing = (word) => [made("p", { class: "dim" }, say(word))];
  const whole = () => {
    if (found.decision === undefined) return nothing("starting");
    if (found.problems.length) return nothing("stopped");
    if (view === "tests") {
      if (!found.tests) return nothing("working");
      if (found.tests.problems) return found.tests.problems.map((problem) => made("p", { class: "bad" }, `${problem.file}:${problem.line}: ${problem.said}`));
      if (!found.tests.cases) return nothing("noCases");
      return [views.lines(found.tests.lines), made("h3", {}, say("coverage")), views.page(found.tests.page, say("coverage"))];
    }
    if (view === "notice") return found.notice ? found.notice.map((one) => views.page(one.page, one.title)) : nothing("working");
    if (!found.decision) return nothing("noEvent");
    if (view === "decision" || found.decision.outcome === "invalid") return views.decision(found.decision, say, lang);
    return found.explanation ? [views.lines(found.explanation)] : nothing("working");
  };
  byId("view").replaceChildren(...whole());
}

function showProblems() {
  const all = [...found.problems, ...(found.problems.length ? [] : found.notes)];
  const list = all.map((problem) => {
    const place = problem.file ? `${problem.file}:${problem.line}` : "";
    const jump = problem.file in work.files ? made("button", { type: "button", onclick: () => { openFile(problem.file); go(policyEditor, problem); } }, place) : place;
    return made("li", { class: problem.severity }, made("strong", {}, `${say(problem.severity === "error" ? "error" : "note")} `), jump, ` ${problem.said} `, made("span", { class: "dim" }, problem.code));
  });
  byId("problems").replaceChildren(...(list.length ? list : [made("li", { class: "dim" }, say("none"))]));
  show(policyEditor, all.filter((problem) => problem.file === file));
}

function openFile(name) {
  if (file in work.files) states[file] = policyEditor.state;
  file = name;
  states[name] ??= stateOf(work.files[name], "toml", name, (text) => {
    work.files[name] = text;
    askSoon();
  });
  policyEditor.setState(states[name]);
  show(policyEditor, [...found.problems, ...found.notes].filter((problem) => problem.file === file));
  const names = Object.keys(work.files);
  tabs(byId("files"), byId("policy"), names, names, file, openFile);
}

function openView(name) {
  view = name;
  tabs(byId("views"), byId("view"), VIEWS, VIEWS.map((one) => say(one)), view, openView);
  showView();
  ask();
}

function open(given) {
  work = { files: { ...given.files }, event: given.event };
  states = {};
  file = "";
  found = { problems: [], notes: [], decision: found.decision };
  eventEditor.setState(stateOf(work.event, "json", say("event"), (text) => {
    work.event = text;
    askSoon();
  }));
  openFile(Object.keys(work.files)[0]);
  openView(view);
}

function showTexts() {
  document.documentElement.lang = lang;
  document.title = say("title");
  for (const element of document.querySelectorAll("[data-said]")) element.textContent = say(element.dataset.said);
  byId("lang").lang = lang === "ja" ? "en" : "ja";
  byId("docs").href = `../${lang}/`;
  const chosen = byId("start").value;
  const group = (word, members) => made("optgroup", { label: say(word) }, ...members.map((one) => made("option", { value: one.id }, one.title[lang])));
  byId("start").replaceChildren(made("option", { value: "", hidden: true }, say("mine")), group("packs", starts.slice(0, 2)), group("patterns", starts.slice(2)));
  byId("start").value = chosen;
}

async function share() {
  history.replaceState(null, "", `#${await written(work)}`);
  const values = { n: location.href.length };
  try {
    await navigator.clipboard.writeText(location.href);
    tell(say("shared", values));
  } catch {
    tell(say("placed", values)); // a browser that lets nobody write there
  }
}

function askName(name) {
  const dialog = byId("dialog");
  byId("name").value = name;
  byId("wrong").textContent = "";
  byId("remove").hidden = !name || Object.keys(work.files).length === 1;
  dialog.returnValue = "";
  dialog.showModal();
  dialog.querySelector("form").onsubmit = (event) => {
    const given = byId("name").value.trim();
    if (event.submitter?.value !== "save" || given === name || (isName(given) && !(given in work.files))) return;
    event.preventDefault();
    byId("wrong").textContent = say("badName");
  };
  dialog.onclose = () => {
    const given = byId("name").value.trim();
    if (dialog.returnValue === "remove") {
      delete work.files[name];
      delete states[name];
      openFile(Object.keys(work.files)[0]);
    } else if (dialog.returnValue === "save" && given !== name) {
      const entries = Object.entries(work.files).map(([one, text]) => [one === name ? given : one, text]);
      work.files = Object.fromEntries(name ? entries : [...entries, [given, ""]]);
      delete states[name];
      openFile(given);
    } else return;
    ask();
  };
}

// Once all that was asked for is there, the page is kept for a visit without a network.
let keep = () => {
  keep = () => {};
  navigator.serviceWorker?.register("offline.js").catch(() => {}); // where there is none, there is no second visit offline
};

byId("share").onclick = share;
byId("add").onclick = () => askName("");
byId("rename").onclick = () => askName(file);
byId("lang").onclick = () => {
  lang = lang === "ja" ? "en" : "ja";
  localStorage.setItem("lang", lang);
  showTexts();
  openView(view);
};
byId("start").onchange = (event) => {
  history.replaceState(null, "", location.pathname);
  open(starts.find((one) => one.id === event.target.value));
};

async function begin() {
  tell(say("starting"));
  starts = await (await fetch("starts.json")).json();
  showTexts();
  const given = await read(location.hash.slice(1)).catch(() => {
    byId("told").textContent = say("broken");
    return null;
  });
  const named = new URLSearchParams(location.search);
  if (named.has("lang") && named.get("lang") in SAID.title) lang = named.get("lang");
  byId("start").value = given ? "" : (starts.find((one) => one.id === named.get("start")) ?? starts[0]).id;
  showTexts();
  open(given ?? starts.find((one) => one.id === byId("start").value));
}
begin();
