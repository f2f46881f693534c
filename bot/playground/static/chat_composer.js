// The message box: Enter sends, Shift+Enter breaks the line, `/` and `@` offer what they can start.

import { make } from "./chat_dom.js";

// `offers()` gives [{insert, title, note}]; `send(text)` resolves to a sentence if it was refused.
export function composer(place, { label, offers, send }) {
  const list = make("ul", { class: "offers", role: "listbox", id: `${place.id}-offers`, hidden: true, "aria-label": "Suggestions" });
  const box = make("textarea", {
    rows: 1, "aria-label": label(), role: "combobox", "aria-expanded": "false", "aria-autocomplete": "list", "aria-controls": list.id,
    autocomplete: "off", spellcheck: "false",
  });
  const button = make("button", { type: "button", class: "send primary", disabled: true, onclick: submit }, "Send");
  const trouble = make("p", { class: "trouble", role: "alert" });
  let shown = [];
  let chosen = 0;

  place.append(list, make("div", { class: "box" }, box, button), trouble,
    make("p", { class: "keys" }, make("kbd", {}, "Enter"), " sends · ", make("kbd", {}, "Shift+Enter"), " new line · ", make("kbd", {}, "/"), " and ", make("kbd", {}, "@"), " offer more"));

  box.addEventListener("input", refresh);
  box.addEventListener("click", refresh);
  box.addEventListener("blur", () => offer([]));
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (shown.length && ["ArrowDown", "ArrowUp"].includes(event.key)) choose((chosen + (event.key === "ArrowDown" ? 1 : shown.length - 1)) % shown.length);
    else if (shown.length && (event.key === "Tab" || event.key === "Enter") && !event.shiftKey) accept(shown[chosen]);
    else if (shown.length && event.key === "Escape") offer([]);
    else if (event.key === "Enter" && !event.shiftKey) submit();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  // The word being typed, if it can be completed: a slash only at the very start.
  function word() {
    const before = box.value.slice(0, box.selectionStart);
    return before.match(/^\/\S*$/)?.[0] ?? before.match(/(?:^|\s)(@\S*)$/)?.[1];
  }

  function refresh() {
    button.disabled = !box.value.trim();
    trouble.textContent = "";
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight + 2, 180)}px`;
    const typed = word();
    offer(typed === undefined ? [] : offers().filter((each) => each.insert.toLowerCase().startsWith(typed.toLowerCase()) && each.insert !== typed));
  }

  function offer(found) {
    shown = found;
    list.hidden = !found.length;
    box.setAttribute("aria-expanded", String(!!found.length));
    list.replaceChildren(...found.map((each, index) =>
      make("li", { role: "option", id: `${list.id}-${index}`, onmousedown: (event) => { event.preventDefault(); accept(each); } },
        make("strong", {}, each.title), make("span", { class: "soft" }, each.note))));
    if (found.length) choose(0);
    else box.removeAttribute("aria-activedescendant");
  }

  function choose(index) {
    chosen = index;
    [...list.children].forEach((node, at) => node.setAttribute("aria-selected", String(at === index)));
    box.setAttribute("aria-activedescendant", `${list.id}-${index}`);
  }

  function accept(each) {
    const end = box.selectionStart;
    box.setRangeText(`${each.insert} `, end - word().length, end, "end");
    offer([]);
    refresh();
  }

  async function submit() {
    const text = box.value.trim();
    if (!text) return;
    offer([]);
    box.value = "";
    refresh();
    const refused = await send(text);
    if (!refused) return;
    if (!box.value) box.value = text;
    refresh();
    trouble.textContent = refused;
  }

  return {
    focus: () => box.focus(),
    relabel: () => { box.placeholder = label(); box.setAttribute("aria-label", label()); },
    fill: (text) => { box.value = text; box.focus(); refresh(); },
  };
}
