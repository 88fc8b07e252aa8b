// The entry of the page.

import { ask } from "./api.js";
import { App } from "./app.js";
import { connect } from "./controls.js";
import { byId } from "./dom.js";

try {
  const app = new App(await ask("/api/project"));
  connect(app);
  window.addEventListener("beforeunload", (event) => app.edits.unsent && event.preventDefault());
  await app.start();
  document.documentElement.dataset.ready = "true";
} catch (error) {
  const banner = byId("banner");
  banner.textContent = `The project cannot be opened: ${error.message}`;
  banner.hidden = false;
  throw error;
}
