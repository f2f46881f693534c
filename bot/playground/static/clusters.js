// Keeps the board fresh: fetches the page now and then and exchanges the marked parts that differ. When objects came or
// went it takes the whole board over, unless someone is in the middle of a form.
const PAUSE = 1500;

const parts = (root) => new Map([...root.querySelectorAll("[data-live]")].map((part) => [part.dataset.live, part]));

async function refresh() {
  const answer = await fetch(location.href, { cache: "no-store" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const [before, after] = [parts(document), parts(fresh)];
  const same = before.size === after.size && [...before.keys()].every((key) => after.has(key));
  if (same) {
    for (const [key, part] of before) {
      if (part.innerHTML !== after.get(key).innerHTML) part.innerHTML = after.get(key).innerHTML;
    }
  } else if (!document.querySelector("details[open]") && !document.activeElement?.closest("form")) {
    document.querySelector("main").replaceWith(fresh.querySelector("main"));
  }
}

async function follow() {
  if (!document.hidden) await refresh().catch(() => undefined);
  setTimeout(follow, PAUSE);
}

if (document.querySelector(".columns")) setTimeout(follow, PAUSE);
