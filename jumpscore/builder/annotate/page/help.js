// The dialog with all keys, made from the table of actions.

import { ACTIONS, keyName } from "./actions.js";
import { byId, element } from "./dom.js";

export class Help {
  constructor(app) {
    this.dialog = byId("help");
    this.app = app;
  }

  open() {
    const { mode } = this.app.project;
    const sections = [...grouped(ACTIONS)].map(([name, actions]) => {
      const rows = actions.filter((action) => !action.in || action.in === mode).map(row);
      return rows.length ? section(name, rows) : null;
    });
    byId("keys").replaceChildren(...sections.filter(Boolean));
    this.dialog.showModal();
  }
}

function grouped(actions) {
  const groups = new Map();
  for (const action of actions) {
    groups.set(action.group, [...(groups.get(action.group) ?? []), action]);
  }
  return groups;
}

const section = (name, rows) =>
  element("section", {}, element("h3", {}, name), element("dl", {}, ...rows));

function row({ label, keys }) {
  const names = keys.map((key) => element("kbd", {}, keyName(key)));
  return element("div", {}, element("dt", {}, ...names), element("dd", {}, label));
}
