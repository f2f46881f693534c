// One way to make elements: text becomes text nodes, so nothing a person wrote is ever read as HTML.

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

// A link to a page, in a tab of its own; anything but http(s) and mailto stays text.
export function link(url, label, properties = {}) {
  if (!/^(https?|mailto):/i.test(url)) return document.createTextNode(label || url);
  return make("a", { href: url, target: "_blank", rel: "noopener noreferrer", ...properties }, label || url);
}

// Make `list` show `items`, touching only what changed: focus, selection and scroll survive.
// Each item is {key, look, draw}: `look` is compared as text, `draw` makes the node.
export function reconcile(list, items) {
  const old = new Map([...list.children].map((node) => [node.dataset.key, node]));
  let place = list.firstElementChild;
  for (const item of items) {
    const look = JSON.stringify(item.look);
    let node = old.get(item.key);
    if (!node || node.look !== look) {
      const fresh = item.draw();
      fresh.dataset.key = item.key;
      fresh.look = look;
      if (node) {
        if (place === node) place = fresh;
        node.replaceWith(fresh);
      }
      node = fresh;
    }
    old.delete(item.key);
    if (node === place) place = place.nextElementSibling;
    else list.insertBefore(node, place);
  }
  for (const node of old.values()) node.remove();
}
