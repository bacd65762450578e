"use strict";
// Everything on the page is readable without this: it filters, unfolds, and opens what print must show.
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const form = document.querySelector(".filter");
  const status = document.getElementById("shown");
  const unfold = document.getElementById("unfold");
  document.documentElement.classList.remove("no-script");

  const show = (verdict, say) => {
    let count = 0;
    for (const one of all(".requirement")) {
      one.hidden = verdict !== "all" && one.dataset.verdict !== verdict;
      count += one.hidden ? 0 : 1;
    }
    for (const stage of all(".stage")) {
      stage.hidden = !stage.querySelector(".requirement:not([hidden])");
    }
    if (say) status.textContent = `${count} requirements are shown.`;
  };

  form.addEventListener("change", () => show(form.elements.verdict.value, true));
  form.addEventListener("submit", (event) => event.preventDefault());

  unfold.addEventListener("click", () => {
    const open = unfold.getAttribute("aria-pressed") !== "true";
    unfold.setAttribute("aria-pressed", String(open));
    unfold.textContent = open ? "Fold all evidence" : "Unfold all evidence";
    for (const one of all(".requirement details")) one.open = open;
  });

  // A link leads to a requirement even where the filter hides it, and hands the focus over.
  const arrive = () => {
    let target = null;
    try {
      target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    } catch { return; }
    if (!target || !target.matches(".requirement, .stage")) return;
    if (target.hidden || target.closest("[hidden]")) {
      form.elements.verdict.value = "all";
      show("all", true);
    }
    if (target.matches(".requirement")) target.focus({ preventScroll: true });
    target.scrollIntoView();
  };
  addEventListener("hashchange", arrive);
  show(form.elements.verdict.value, false);
  arrive();

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all(".requirement:not(.met) details:not([open])");
    for (const one of opened) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
  });
})();
