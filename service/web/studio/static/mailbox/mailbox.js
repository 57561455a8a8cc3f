// Looks once a second for new letters and puts them in, without a reload: the reader's place on the page stays.
const page = document.getElementById("letters");
const shown = new Map(Array.from(page.querySelectorAll("[data-part]"), (part) => [part.dataset.part, part.innerHTML]));
let seen = "";

async function look() {
  try {
    if (!document.hidden) {
      const answer = await fetch(location.href, { cache: "no-store", headers: { "If-None-Match": seen } });
      if (answer.status === 200) {
        seen = answer.headers.get("ETag") ?? "";
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of fresh.querySelectorAll("[data-part]")) show(part);
      }
    }
  } catch {
    // The server is starting again; the next look finds it.
  }
  setTimeout(look, 1000);
}

function show(fresh) {
  const name = fresh.dataset.part;
  if (shown.get(name) === fresh.innerHTML) return;
  shown.set(name, fresh.innerHTML);
  const part = page.querySelector(`[data-part="${name}"]`);
  const known = new Set(Array.from(part.querySelectorAll("[data-letter]"), (each) => each.dataset.letter));
  const focus = document.activeElement?.closest("[data-letter]")?.dataset.letter;
  const height = document.documentElement.scrollHeight;
  const aside = part.querySelector(".people")?.scrollLeft ?? 0;
  part.replaceChildren(...fresh.childNodes);
  part.querySelector(".people")?.scrollTo(aside, 0);
  for (const each of part.querySelectorAll("[data-letter]")) {
    if (!known.has(each.dataset.letter)) each.classList.add("new");
    if (each.dataset.letter === focus) each.querySelector("a").focus({ preventScroll: true });
  }
  // What came in above pushes the reader's place down; the page goes with it.
  if (scrollY > 0 && page.dataset.order === "newest") scrollBy(0, document.documentElement.scrollHeight - height);
}

setTimeout(look, 1000);
