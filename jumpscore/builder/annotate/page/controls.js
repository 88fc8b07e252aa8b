// Buttons and keys: both carry out the actions of the one table.

import { BY_ID, actionOf, keyName, tooltip } from "./actions.js";
import { byId, element, icon, isOperable, isWriting } from "./dom.js";
import { readPlace } from "./state.js";

const buttons = []; // {button, action}

/** Carry out an action if it is possible now. */
function carryOut(app, action, event) {
  const needsVideo = !["Page", "Video"].includes(action.group);
  if (!app.video && needsVideo) return;
  if (action.in && action.in !== app.project.mode) return;
  action.run(app, event);
}

/** Connect the buttons with `data-action` and the keyboard. */
export function connect(app) {
  for (const button of document.querySelectorAll("[data-action]")) connectButton(app, button);
  window.addEventListener("keydown", (event) => pressed(app, event));
  connectPlace(app);
  releaseAfterMouse();
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    const close = dialog.querySelector("[data-close]");
    close?.addEventListener("click", () => dialog.close());
  }
}

function connectButton(app, button) {
  const action = BY_ID.get(button.dataset.action);
  if (button.dataset.icon) {
    button.prepend(icon(button.dataset.icon));
    if (button.dataset.iconOn) button.append(icon(button.dataset.iconOn));
    button.setAttribute("aria-label", action.label);
  }
  if (button.hasAttribute("data-key")) button.append(element("kbd", {}, keyName(action.keys[0])));
  button.title = tooltip(action);
  button.setAttribute("aria-keyshortcuts", action.keys.map(ariaKey).join(" "));
  button.addEventListener("click", (event) => {
    carryOut(app, action, event);
  });
  buttons.push({ button, action });
}

/** Take the focus from a control that the mouse has used, so that Space and Enter act again. */
function releaseAfterMouse() {
  const release = () => isWriting(document.activeElement) || document.activeElement.blur();
  window.addEventListener("click", (event) => event.detail && release());
  for (const select of document.querySelectorAll("select")) {
    let isMouse = false;
    select.addEventListener("pointerdown", () => (isMouse = true));
    select.addEventListener("keydown", () => (isMouse = false));
    select.addEventListener("change", () => isMouse && select.blur());
  }
}

const ariaKey = (key) => key.replace("Ctrl", "Control").replace(/^\+$/, "Plus");

function pressed(app, event) {
  if (document.querySelector("dialog[open]")) return;
  if (isWriting(event.target)) {
    const isLine = event.target.matches("input, select");
    if (event.key === "Escape" || (event.key === "Enter" && isLine)) event.target.blur();
    return;
  }
  const operates = (event.key === "Enter" && !event.shiftKey) || event.key === " ";
  if (operates && isOperable(event.target)) return;
  if (event.target.matches("input[type=range]") && event.key.startsWith("Arrow")) return;
  const action = actionOf(event);
  if (!action) return;
  event.preventDefault();
  if (!event.repeat || action.repeats) carryOut(app, action, event);
}

/** The box for a time or a frame. */
function connectPlace(app) {
  const place = byId("place");
  place.addEventListener("change", () => {
    if (!app.video || !place.value.trim()) return;
    const frame = readPlace(place.value, app.video.times);
    if (frame === null) app.announce(`"${place.value}" is not a time such as 1:04.92, or a #frame`);
    else app.seek(frame);
    place.value = "";
  });
}

/** Show which actions are possible and which switches are on. */
export function drawButtons(app) {
  for (const { button, action } of buttons) {
    const isOff = action.isPossible ? !app.video || !action.isPossible(app) : false;
    // Not `disabled`: a button that loses the focus would leave the keyboard nowhere.
    if (button.getAttribute("aria-disabled") !== String(isOff)) {
      button.setAttribute("aria-disabled", String(isOff));
    }
    if (!action.isOn) continue;
    const isOn = String(Boolean(app.video) && action.isOn(app));
    if (button.getAttribute("aria-pressed") !== isOn) button.setAttribute("aria-pressed", isOn);
  }
}
