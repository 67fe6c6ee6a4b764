// The two editors: TOML with the engine's problems, JSON. Colours are classes, so that the style sheet has them.
import { json } from "@codemirror/lang-json";
import { StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { toml } from "@codemirror/legacy-modes/mode/toml";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { basicSetup } from "codemirror";

const TOML = StreamLanguage.define(toml);

export function stateOf(text, language, label, changed) {
  return EditorState.create({
    doc: text,
    extensions: [
      basicSetup,
      language === "toml" ? [TOML, lintGutter()] : json(),
      syntaxHighlighting(classHighlighter),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
      EditorView.updateListener.of((update) => update.docChanged && changed(update.state.doc.toString())),
    ],
  });
}

export const editor = (parent) => new EditorView({ parent });

// Where a line and a column counted in characters stand in a text that is counted in UTF-16.
function position(doc, line, column) {
  if (line < 1 || line > doc.lines) return 0;
  const { from, text } = doc.line(line);
  return from + [...text].slice(0, Math.max(column - 1, 0)).join("").length;
}

export function show(view, problems) {
  const doc = view.state.doc;
  const marks = problems.map((problem) => {
    const from = position(doc, problem.line, problem.column);
    const word = /^[\w\-"'.]+/.exec(doc.sliceString(from, Math.min(from + 60, doc.length)));
    return {
      from,
      to: Math.min(from + (word ? word[0].length : 1), doc.length),
      severity: problem.severity === "error" ? "error" : "warning",
      message: `${problem.code}: ${problem.said}`,
    };
  });
  view.dispatch(setDiagnostics(view.state, marks));
}

export function go(view, problem) {
  const at = position(view.state.doc, problem.line, problem.column);
  view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
  view.focus();
}
