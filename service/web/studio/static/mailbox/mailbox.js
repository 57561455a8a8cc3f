// Looks once a second for new letters and puts them in, without a reload: the place on the page stays.
const list = document.getElementById("letters");
let seen = null;

async function look() {
  try {
    if (!document.hidden) {
      const answer = await fetch(location.href, { cache: "no-store", headers: seen ? { "If-None-Match": seen } : {} });
      if (answer.status === 200) {
        seen = answer.headers.get("ETag");
        show(new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("letters"));
      }
    }
  } catch {
    // The server is starting again; the next look finds it.
  }
  setTimeout(look, 1000);
}

function show(fresh) {
  if (!fresh || fresh.innerHTML === list.innerHTML) return;
  const known = new Set(Array.from(list.querySelectorAll("[data-letter]"), (each) => each.dataset.letter));
  const focus = document.activeElement?.closest("[data-letter]")?.dataset.letter;
  const height = document.documentElement.scrollHeight;
  const people = list.querySelector(".people")?.scrollLeft;
  list.replaceChildren(...fresh.childNodes);
  for (const each of list.querySelectorAll("[data-letter]")) {
    if (!known.has(each.dataset.letter)) each.classList.add("new");
    if (each.dataset.letter === focus) each.querySelector("a").focus({ preventScroll: true });
  }
  if (people) list.querySelector(".people")?.scrollTo(people, 0);
  // What came in above pushes the reader's place down; the page goes with it.
  if (scrollY > 0 && list.dataset.order === "newest") scrollBy(0, document.documentElement.scrollHeight - height);
}

setTimeout(look, 1000);
