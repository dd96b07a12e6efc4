// Everything works without this file. It adds: copy buttons, Ctrl+Enter, one sending only, a growing text area.
"use strict";
(() => {
  const words = document.body.dataset;

  function addCopy(target) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = words.copy;
    const said = document.createElement("span");
    said.className = "spoken";
    said.setAttribute("role", "status");
    button.addEventListener("click", async () => {
      const text = target.tagName === "PRE" || target.tagName === "CODE" ? target.textContent : target.innerText;
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        getSelection().selectAllChildren(target); // no right to the clipboard: leave the text selected
        return;
      }
      button.textContent = said.textContent = words.copied;
      setTimeout(() => { button.textContent = words.copy; said.textContent = ""; }, 2500);
    });
    target.after(button, said);
  }

  function grow(area) {
    area.style.height = "auto";
    area.style.height = Math.min(area.scrollHeight + 4, innerHeight * 0.6) + "px";
  }

  function wireForm(form) {
    const area = form.querySelector("textarea");
    const button = form.querySelector("button");
    const sends = button.textContent;
    area.addEventListener("input", () => grow(area));
    area.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
    form.addEventListener("submit", (event) => {
      if (button.getAttribute("aria-disabled") === "true") return event.preventDefault();
      button.setAttribute("aria-disabled", "true");
      button.textContent = button.dataset.busy;
    });
    addEventListener("pageshow", () => { // also when one comes back to this page
      button.removeAttribute("aria-disabled");
      button.textContent = sends;
    });
  }

  // How long a question of the desk is looked at, for the ledger of the work: this page in front, and nothing else.
  function tellFocus(form) {
    let since = null;
    const tell = () => {
      if (since === null) return;
      const ms = Math.round(performance.now() - since);
      since = document.hasFocus() ? performance.now() : null;
      const body = new URLSearchParams(new FormData(form));
      body.set("ms", ms);
      fetch(form.action, { method: "POST", body, keepalive: true });
    };
    const look = () => (document.hasFocus() ? (since ??= performance.now()) : tell());
    for (const name of ["focus", "blur", "visibilitychange"]) addEventListener(name, look, true);
    addEventListener("pagehide", tell);
    setInterval(tell, 30000);
    look();
  }

  // Deferred scripts wait for the end of a page: a streamed answer is then whole, and nothing moves under the reader.
  document.querySelectorAll("[data-copyable]").forEach(addCopy);
  document.querySelectorAll("form[data-ask]").forEach(wireForm);
  document.querySelectorAll("form[data-focus]").forEach(tellFocus);
})();
