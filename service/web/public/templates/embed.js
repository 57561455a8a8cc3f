/* Everafter: a signup form in any page. It keeps nothing, sets no cookie, and asks nobody but the form's own address. */
((form) => {
  "use strict";
  const { slug, action, words } = form;
  const make = (tag, attributes, ...children) => {
    const node = document.createElement(tag);
    for (const name in attributes) if (attributes[name]) node.setAttribute(name, attributes[name]);
    node.append(...children);
    return node;
  };
  const small = (text, id) => make("p", { class: "small", id }, text);
  const script = document.currentScript || document.querySelector(`script[src*="/forms/${slug}/embed.js"]`);
  const settings = script?.dataset || {};
  const host = make("div", { "data-everafter": slug, lang: form.language });
  const root = host.attachShadow({ mode: "open" });
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`
      :host { display: block; max-width: 34em; --own: var(--everafter-accent, #8f3b2a); }
      * { box-sizing: border-box; font: inherit; }
      h2 { margin: 0 0 .5em; font-size: 1.3em; font-weight: 700; line-height: 1.25; outline: 0; }
      p, .field { margin: 0 0 1em; }
      label { display: block; margin: 0 0 .3em; font-weight: 600; }
      input, select { display: block; width: 100%; min-height: 2.8em; padding: .5em .75em; border: 1px solid #85766b;
        border-radius: 8px; background: #fff; color: #2b2521; }
      :focus-visible { outline: 3px solid var(--own); outline-offset: 2px; }
      .tick { display: flex; flex-wrap: wrap; gap: 0 .6em; align-items: flex-start; }
      .tick label { flex: 1; font-weight: 400; }
      .tick input { width: 1.5em; min-height: 1.5em; margin: 0; accent-color: var(--own); }
      .tick .error { flex: 1 0 100%; }
      .small, span { font-size: .88em; font-weight: 400; }
      .error { margin: .3em 0 0; font-weight: 600; }
      .error:empty { display: none; }
      .error, .told { padding: 0 .5em; border-left: 3px solid #c0392b; }
      [aria-invalid] { border: 2px solid #c0392b; }
      button { width: 100%; min-height: 3em; padding: .6em 1.4em; border: 0; border-radius: 8px; background: var(--own);
        color: var(--everafter-on-accent, #fff); font-weight: 700; cursor: pointer; }
      .trap { position: absolute; left: -9999px; }`);
    root.adoptedStyleSheets = [sheet];
  } catch {}

  const inputs = {};
  const field = ({ name, label, kind, required, choices, hint, attributes }) => {
    const id = "field-" + name;
    const ticks = kind == "checkbox";
    const input = make(choices ? "select" : "input", { id, name, required, ...attributes });
    if (choices) input.append(make("option"), ...choices.map((each) => make("option", {}, each)));
    else input.type = kind;
    const title = make("label", { for: id }, label);
    if (!required && !ticks) title.append(" ", make("span", {}, words.optional));
    const error = make("p", { id: id + "-error", class: "error" });
    const about = [hint && id + "-hint", error.id].filter(Boolean).join(" ");
    input.setAttribute("aria-describedby", about);
    inputs[name] = { input, ticks, error };
    const row = ticks ? [input, title] : [title, input];
    if (hint) row.push(small(hint, id + "-hint"));
    return make("div", { class: ticks ? "field tick" : "field" }, ...row, error);
  };

  const notice = make("p", { role: "status" });
  const trap = make("input", { id: "trap", tabindex: "-1", autocomplete: "off" });
  const hidden = make("div", { class: "trap", "aria-hidden": "true" }, make("label", { for: "trap" }, words.trap), trap);
  const button = make("button", { "aria-describedby": form.consent && "consent" }, form.button);
  const page = make("form", { novalidate: "true", "aria-label": form.title || form.button });
  page.append(...form.controls.map(field));
  for (const [name, label] of form.boxes || []) page.append(field({ name, label, kind: "checkbox" }));
  page.append(hidden);
  if (form.consent) page.append(small(form.consent, "consent"));
  page.append(button);
  if (form.title && settings.title != "no") root.append(make("h2", {}, form.title));
  if (form.text && settings.title != "no") root.append(make("p", {}, form.text));
  root.append(notice, page);

  const tell = (sentence, errors, ...more) => {
    let first;
    for (const name in inputs) {
      const { input, error } = inputs[name];
      error.textContent = errors[name] || "";
      input.removeAttribute("aria-invalid");
      if (!errors[name]) continue;
      input.setAttribute("aria-invalid", "true");
      first ||= input;
    }
    notice.className = "told";
    notice.replaceChildren(sentence, ...more);
    (first || button).focus();
  };
  const thank = () => {
    if (form.thanks) return location.assign(form.thanks);
    const title = make("h2", { tabindex: "-1" }, form.done[0]);
    root.replaceChildren(make("div", { role: "status" }, title, ...form.done.slice(1).map((each) => make("p", {}, each))));
    title.focus();
  };
  const ref = settings.ref || new URLSearchParams(location.search).get("ref") || "";
  let busy;
  page.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    const errors = {};
    const entry = { ref, page: location.origin + location.pathname, fill: form.fill };
    if (form.trap) entry[form.trap] = trap.value;
    for (const name in inputs) {
      const { input, ticks } = inputs[name];
      entry[name] = ticks ? input.checked : input.value;
      if (!input.checkValidity()) errors[name] = input.validationMessage;
    }
    if (Object.keys(errors).length) return tell(words.look, errors);
    busy = true;
    try {
      const answer = await fetch(action, {
        method: "POST",
        credentials: "omit",
        referrerPolicy: "no-referrer",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(entry),
      });
      if (answer.ok) return thank();
      const told = await answer.json();
      tell(told.detail, told.errors || {});
    } catch {
      const link = make("a", { href: action + (ref && "?ref=" + encodeURIComponent(ref)) }, words.page);
      tell(words.away + " ", {}, link);
    } finally {
      busy = false;
    }
  });

  const put = () => {
    const { into } = settings;
    const place = into ? document.querySelector(into) : document.body;
    if (!into && document.body?.contains(script)) script.after(host);
    else if (place) place.append(host);
    else if (document.readyState == "loading") document.addEventListener("DOMContentLoaded", put);
  };
  put();
})
