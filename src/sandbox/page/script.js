// Keeps the page up to date: loads it again when there is news, and takes over what differs.
"use strict";

const connection = document.getElementById("connection");

/** Makes the children of a list those of another, and keeps the elements that did not change. */
function merge(list, fresh) {
  const known = new Map([...list.children].map((child) => [child.id, child]));
  let place = list.firstElementChild;
  for (const child of [...fresh.children]) {
    let own = known.get(child.id);
    known.delete(child.id);
    if (own === undefined || own.source !== child.outerHTML) {
      const next = document.adoptNode(child);
      next.source = next.outerHTML;
      if (own === undefined) {
        list.insertBefore(next, place);
      } else {
        replace(own, next);
        if (own === place) place = next;
      }
      prepare(next);
      own = next;
    } else if (own !== place) {
      list.insertBefore(own, place);
    }
    place = own.nextElementSibling;
  }
  for (const gone of known.values()) gone.remove();
}

/** Puts an element in the place of another; what was open stays open, and the focus stays. */
function replace(old, next) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  for (const details of [old, ...old.querySelectorAll("details[open]")]) {
    if (!details.open) continue;
    const same = details === old ? next : next.querySelector(`#${CSS.escape(details.id)}`);
    if (same) same.open = true;
  }
  old.replaceWith(next);
  if (!focused) return;
  const same = focused.id && document.getElementById(focused.id);
  (same || next.querySelector("summary, button, a"))?.focus();
}

/** Shows the buttons that need this script. */
function prepare(element) {
  for (const button of element.querySelectorAll("button.copy")) button.hidden = false;
}

let isLoading = false;
let isStale = false;

async function refresh() {
  if (isLoading) {
    isStale = true;
    return;
  }
  isLoading = true;
  do {
    isStale = false;
    const answer = await fetch("/", { cache: "no-store" });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll(".live")) {
      const other = fresh.getElementById(part.id);
      if (!other) continue;
      if (part.id.endsWith("-list")) merge(part, other);
      else if (part.innerHTML !== other.innerHTML) part.replaceChildren(...other.childNodes);
    }
  } while (isStale);
  isLoading = false;
  document.body.dataset.loads = Number(document.body.dataset.loads || 0) + 1;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  const line = button.parentElement.querySelector("code").textContent;
  try {
    await navigator.clipboard.writeText(line);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(button.parentElement.querySelector("code"));
    button.textContent = "Press Ctrl+C";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
});

// The page need not be loaded again as a whole: the event that follows shows the change.
document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual" });
});

for (const list of document.querySelectorAll(".live")) {
  for (const child of list.children) child.source = child.outerHTML;
}
prepare(document);
const events = new EventSource("/_sandbox/page/events");
events.onopen = () => { connection.textContent = "live"; connection.className = "meta"; };
events.onerror = () => { connection.textContent = "not connected"; connection.className = "meta lost"; };
events.onmessage = () => { refresh().catch(() => { isLoading = false; }); };
