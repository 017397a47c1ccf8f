// A piece of the page whose HTML the server writes. What a user does to an element with data-act is sent as {name, value};
// nothing else is. Marks change classes and texts of single elements, so that a large picture is sent only once.
export function render({ model }) {
  const place = document.createElement("div");
  place.className = "piece";
  const outer = document.createElement("div"), said = document.createElement("p");
  said.className = "hidden"; said.setAttribute("aria-live", "polite");  // it stays, so that what is put into it is spoken
  outer.append(place, said);
  let told = new Map(), waiting = null, last = 0, focused = null;

  function written(input) {
    const value = Number(input.value), digits = Number(input.dataset.digits || 0);
    return input.dataset.percent ? `${(100 * value).toFixed(digits)}%` : `${value.toFixed(digits)}${input.dataset.unit || ""}`;
  }
  function tell(name, value) { model.send_msg({ name, value: String(value) }); }
  function later(name, value) {  // while a slider is drawn, at most a message each 80 ms; the last one always
    told.set(name, value);
    const send = () => { waiting = null; last = Date.now(); told.forEach((v, n) => tell(n, v)); told = new Map(); };
    if (waiting === null) { waiting = setTimeout(send, Math.max(0, 80 - (Date.now() - last))); }
  }
  function marked() {
    for (const [key, [kind, text]] of Object.entries(model.marks || {})) {
      for (const one of place.querySelectorAll(`[data-mark="${CSS.escape(key)}"]`)) {
        if (kind !== null && one.getAttribute("class") !== kind) { one.setAttribute("class", kind); }
        if (text === null) { continue; }
        if (one.tagName === "INPUT") {  // a slider that moves by itself, not under somebody's hand
          if (one.value !== text && one.getRootNode().activeElement !== one) { one.value = text; }
          if (one.type === "range") { shown(one); }
          continue;
        }
        const named = one.hasAttribute("aria-label"), title = one.querySelector(":scope > title");
        const into = title || (named ? null : one);  // what is named apart keeps what it shows
        if (into && into.textContent !== text) { into.textContent = text; }
        if (named) { one.setAttribute("aria-label", text); }
      }
    }
  }
  function drawn() {
    const active = place.getRootNode().activeElement;
    const key = active && place.contains(active) ? active.dataset.key : null;
    const open = new Map([...place.querySelectorAll("details[data-key]")].map(one => [one.dataset.key, one.open]));
    const across = new Map([...place.querySelectorAll("[data-scroll]")].map(one => [one.dataset.scroll, [one.scrollLeft, one.scrollTop]]));
    place.innerHTML = model.html;
    for (const one of place.querySelectorAll("details[data-key]")) {
      if (open.has(one.dataset.key)) { one.open = open.get(one.dataset.key); }
    }
    for (const one of place.querySelectorAll("[data-scroll]")) {
      const [left, top] = across.get(one.dataset.scroll) || [0, 0];
      one.scrollLeft = left; one.scrollTop = top;
    }
    for (const one of place.querySelectorAll("input[type=range]")) {  // where the server wrote none
      const output = one.closest("[data-row]")?.querySelector("output");
      if (output && !output.textContent) { shown(one); }
    }
    marked();
    const wanted = place.querySelector("[data-focus]"), name = wanted ? wanted.dataset.focus : null;
    if (wanted && name !== focused) {  // once: what has just opened is read first
      wanted.focus({ preventScroll: true });
      wanted.scrollIntoView({ block: "nearest" });
    } else if (key) {
      const again = place.querySelector(`[data-key="${CSS.escape(key)}"]`);
      if (again) { again.focus({ preventScroll: true }); }
    }
    focused = name;
    const words = [...place.querySelectorAll("[data-say]")].map(one => one.textContent.trim()).join(" ");
    if (said.textContent !== words) { said.textContent = words; }
  }
  function shown(input) {
    const output = input.closest("[data-row]")?.querySelector("output");
    if (output) { output.textContent = written(input); }
    input.setAttribute("aria-valuetext", written(input));
  }
  function moved(event) {
    const one = event.target.closest("[data-act]");
    if (!one || one.type !== "range") { return; }
    shown(one);
    one.closest("[data-row]")?.classList.add("set");
    later(one.dataset.act, one.value);
  }
  function changed(event) {
    const one = event.target.closest("[data-act]");
    if (!one || one.type === "range" || one.tagName === "BUTTON") { return; }
    tell(one.dataset.act, one.type === "checkbox" ? one.checked : one.value);
  }
  function pressed(event) {
    const one = event.target.closest("[data-act]");
    if (!one || ["INPUT", "SELECT", "TEXTAREA"].includes(one.tagName)) { return; }
    event.preventDefault();
    if (one.dataset.copy) { navigator.clipboard?.writeText(one.dataset.copy); }
    tell(one.dataset.act, one.dataset.value || "");
  }
  place.addEventListener("input", moved);
  place.addEventListener("change", changed);
  place.addEventListener("click", pressed);
  place.addEventListener("keydown", event => {
    if ((event.key === "Enter" || event.key === " ") && event.target.dataset?.act && event.target.tagName !== "BUTTON"
        && !["INPUT", "SELECT"].includes(event.target.tagName)) { pressed(event); }
  });
  model.on("html", drawn);
  model.on("marks", marked);
  drawn();
  return outer;
}
