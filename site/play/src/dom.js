// Elements, made of what they hold: nothing that somebody wrote is ever read as HTML.
export const byId = (id) => document.getElementById(id);

export function made(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

// Tabs by the ARIA pattern: one is in the order of Tab, the arrows choose among them.
export function tabs(list, panel, names, labels, chosen, choose) {
  const focused = list.contains(document.activeElement);
  const prefix = list.id;
  const buttons = names.map((name, number) =>
    made("button", {
      type: "button", role: "tab", id: `${prefix}-${number}`, "aria-selected": String(name === chosen),
      "aria-controls": panel.id, tabindex: name === chosen ? "0" : "-1", onclick: () => choose(name),
      onkeydown: (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        const to = event.key === "Home" ? 0 : event.key === "End" ? names.length - 1 : step && (number + step + names.length) % names.length;
        if (to === undefined) return;
        event.preventDefault();
        choose(names[to]);
      },
    }, labels[number]),
  );
  list.replaceChildren(...buttons);
  const current = names.indexOf(chosen);
  panel.setAttribute("aria-labelledby", `${prefix}-${current}`);
  if (focused) buttons[current].focus();
}
