// What is shown of a decision, an explanation, tests: made of the engine's data, in the language that is chosen.
import { made } from "./dom.js";

const GRADE = { permit: "good", deny: "bad", invalid: "warn" };

function section(title, members) {
  return members.length ? [made("h3", {}, title), made("ul", {}, ...members.map((member) => made("li", {}, ...[member].flat())))] : [];
}

const spoken = (text, lang) => text?.[lang] ?? text?.en ?? Object.values(text ?? {})[0] ?? "";

export function decision(found, say, lang) {
  const chips = (title, words) => (words?.length ? [made("h3", {}, title), made("p", {}, ...words.map((word) => made("span", { class: "chip" }, word)))] : []);
  return [
    made("p", {}, made("span", { class: `outcome ${GRADE[found.outcome]}`, id: "outcome" }, say(found.outcome))),
    ...section(say("reasons"), [
      ...(found.reasons ?? []).map((reason) => [made("strong", {}, reason.clause ? `[${reason.clause}] ` : ""), spoken(reason.message, lang), made("span", { class: "dim" }, `  ${reason.code}`)]),
      ...(found.errors ?? []).map((error) => [made("code", {}, error.path), ` ${spoken(error.message, lang)}`]),
    ]),
    ...section(say("remedies"), (found.remedies ?? []).map((one) => [spoken(one.message, lang), one.law ? made("span", { class: "dim" }, `  ${say("law")}`) : null].filter(Boolean))),
    ...section(say("obligations"), (found.obligations ?? []).map((duty) => [made("strong", {}, `[${duty.clause}] `), spoken(duty.message, lang)])),
    ...chips(say("clauses"), found.clauses),
    ...chips(say("permitted_items"), found.permitted_items),
    ...chips(say("excess_items"), found.excess_items),
    made("details", {}, made("summary", {}, say("json")), made("pre", { tabindex: "0" }, JSON.stringify(found, null, 1))),
  ];
}

export function lines(found) {
  const shown = found.map((line) => [...line.map(([text, style]) => made("span", style === "plain" ? {} : { class: style }, text)), "\n"]);
  return made("pre", {}, ...shown.flat());
}

// A page that the engine made, in a frame that may run nothing.
export function page(html, title) {
  const frame = made("iframe", { title, sandbox: "", tabindex: "0" });
  frame.srcdoc = html;
  return frame;
}
