// Filters the list of symbols; what is asked for is in the URL.
"use strict";

(() => {
  const form = document.getElementById("filters");
  if (!form) return;
  const search = document.getElementById("search");
  const clear = document.getElementById("clear");
  const rows = [...document.querySelectorAll("tr[data-search]")];
  const modules = [...document.querySelectorAll(".module")];
  const permalink = document.querySelector('[data-permalink="latest"]');

  function show() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      row.hidden = !words.every((word) => row.dataset.search.includes(word));
    }
    for (const module of modules) {
      module.hidden = module.querySelector("tr[data-search]:not([hidden])") === null;
    }
    const left = rows.filter((row) => !row.hidden).length;
    document.getElementById("shown").textContent = left
      ? `${left} of ${rows.length} symbols shown`
      : `No symbol or pack of ${rows.length} matches "${search.value.trim()}"`;
    clear.hidden = !words.length;
  }

  function remember() {
    const asked = search.value ? `?q=${encodeURIComponent(search.value)}` : "";
    const address = location.pathname.split("/").pop() + asked;
    try { history.replaceState(null, "", address); } catch { /* the address stays as it is */ }
    permalink.href = address;
    show();
  }

  function restore() {
    search.value = new URLSearchParams(location.search).get("q") ?? "";
    show();
  }

  function empty() {
    search.value = "";
    remember();
    search.focus();
  }

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  search.addEventListener("input", remember);
  search.addEventListener("keydown", (event) => { if (event.key === "Escape") empty(); });
  clear.addEventListener("click", empty);
  self.addEventListener("popstate", restore);
  restore();
  if (location.hash === "#search") search.focus();
})();
