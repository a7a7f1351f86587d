"use strict";
// Search and filters; the page is whole without them.
(() => {
  const bar = document.querySelector(".bar");
  const field = bar.querySelector("input");
  const told = bar.querySelector("output");
  const kinds = [...bar.querySelectorAll("button")];
  const findings = [...document.querySelectorAll(".finding")].map((at) => ({ at, text: at.textContent.toLowerCase() }));
  const rows = [...document.querySelectorAll("[data-host]")].map((at) => ({ at, text: at.dataset.host.toLowerCase() }));
  const sections = [...document.querySelectorAll("section[data-findings]")];
  const filter = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const off = new Set(kinds.filter((kind) => kind.getAttribute("aria-pressed") === "false").map((kind) => kind.value));
    let shown = 0;
    for (const { at, text } of findings) {
      const fits = !off.has(at.dataset.kind) && words.every((word) => text.includes(word));
      at.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    // A host is shown if its name fits, or if no host's does: then the words are about findings.
    const named = rows.filter(({ text }) => words.every((word) => text.includes(word)));
    for (const row of rows) row.at.hidden = named.length > 0 && !named.includes(row);
    for (const section of sections) section.hidden = !section.querySelector(".finding:not([hidden])");
    told.value = `${shown} of ${findings.length} findings`;
  };
  const open = () => {
    const at = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    for (let part = at; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
    if (at) at.scrollIntoView();
  };
  bar.hidden = false;
  bar.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  field.addEventListener("input", filter);
  for (const kind of kinds)
    kind.addEventListener("click", () => {
      kind.setAttribute("aria-pressed", String(kind.getAttribute("aria-pressed") === "false"));
      filter();
    });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== field) {
      event.preventDefault();
      field.focus();
    } else if (event.key === "Escape" && document.activeElement === field) {
      field.value = "";
      filter();
    }
  });
  addEventListener("hashchange", open);
  filter();
  open();
})();
