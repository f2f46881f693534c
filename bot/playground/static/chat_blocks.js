// Block Kit as DOM. `it` is {names, press(button, block, element)}.

import { link, make } from "./chat_dom.js";
import { date, emoji, markdown, mrkdwn } from "./chat_text.js";

export const blocks = (list, it) => list.map((block) => make("div", { class: `block ${block.type}` }, (DRAW[block.type] || unknown)(block, it)));

const DRAW = {
  header: (block) => make("h3", {}, text(block.text)),
  section: (block, it) => [
    make("div", { class: "words" },
      block.text ? make("div", { class: "mrkdwn" }, text(block.text, it)) : null,
      block.fields ? make("div", { class: "fields" }, block.fields.map((field) => make("div", { class: "mrkdwn" }, text(field, it)))) : null),
    block.accessory ? element(block.accessory, block, it) : null,
  ],
  divider: () => make("hr"),
  context: (block, it) => block.elements.map((each) => (each.type === "image" ? image(each) : make("span", { class: "mrkdwn" }, text(each, it)))),
  actions: (block, it) => block.elements.map((each) => element(each, block, it)),
  image: (block) => make("figure", {}, block.title ? make("figcaption", {}, text(block.title)) : null, image(block)),
  markdown: (block) => markdown(block.text),
  rich_text: (block, it) => block.elements.map((part) => rich(part, it)),
  table,
  plan: (block, it) => [make("strong", {}, block.title), make("ul", { class: "plan" }, (block.tasks || []).map((each) => make("li", {}, task(each, it))))],
  task_card: (block, it) => task(block, it),
};

const unknown = (block) => make("em", { class: "soft" }, `A ${block.type} block, which this page can't show.`);

const text = (object, it) => (object.type === "mrkdwn" ? mrkdwn(object.text, it.names) : object.text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => (object.emoji === false ? whole : emoji(name))));

const STATUS = { pending: "white_circle", in_progress: "hourglass_flowing_sand", complete: "white_check_mark", error: "x" };

function task(card, it) {
  const more = [card.details, card.output].filter(Boolean).flatMap((each) => each.elements.map((part) => rich(part, it)));
  return [document.createTextNode(`${emoji(STATUS[card.status] || "white_circle")} ${card.title}`), ...more];
}

// Nothing is loaded from outside, so an image elsewhere shows as what it says.
function image(object) {
  if (object.image_url.startsWith(`${location.origin}/`)) return make("img", { src: object.image_url, alt: object.alt_text });
  return make("span", { class: "image", role: "img", "aria-label": object.alt_text }, object.alt_text);
}

function element(object, block, it) {
  if (object.type === "image") return image(object);
  const label = text(object.text);
  const said = { class: `press ${object.style || ""}`, "aria-label": object.accessibility_label, "data-action": object.action_id };
  if (object.url) return link(object.url, label, { ...said, class: `button ${said.class}`, onclick: () => it.press(object, block, null) });
  return make("button", { ...said, type: "button", onclick: (event) => it.press(object, block, event.currentTarget) }, label);
}

function rich(part, it) {
  const inside = () => part.elements.map((each) => richWord(each, it));
  switch (part.type) {
    case "rich_text_preformatted": return make("pre", {}, inside());
    case "rich_text_quote": return make("blockquote", {}, inside());
    case "rich_text_list":
      return make(part.style === "ordered" ? "ol" : "ul", { class: `indent-${part.indent || 0}`, start: part.offset ? part.offset + 1 : null },
        part.elements.map((each) => make("li", {}, each.elements.map((word) => richWord(word, it)))));
    default: return make("div", { class: "mrkdwn" }, inside());
  }
}

function richWord(word, it) {
  const leaf = {
    text: () => document.createTextNode(word.text), link: () => link(word.url, word.text),
    user: () => make("span", { class: "mention" }, `@${it.names.user(word.user_id)}`),
    channel: () => make("span", { class: "mention" }, `#${it.names.channel(word.channel_id)}`), emoji: () => document.createTextNode(emoji(word.name)),
    date: () => date(["", word.timestamp, word.format, word.url], word.fallback),
  }[word.type]();
  const tags = { bold: "strong", italic: "em", strike: "s", code: "code" };
  return Object.entries(tags).reduce((node, [style, tag]) => (word.style?.[style] ? make(tag, {}, node) : node), leaf);
}

function table(block, it) {
  const align = (index) => `align-${block.column_settings?.[index]?.align || "left"}`;
  const cell = (tag) => (each, index) => make(tag, { class: align(index), scope: tag === "th" ? "col" : null },
    each.type === "raw_text" ? each.text : each.elements.map((part) => rich(part, it)));
  const [head, ...body] = block.rows;
  return make("div", { class: "wide", tabindex: "0", role: "group", "aria-label": "Table" },
    make("table", {}, make("thead", {}, make("tr", {}, head.map(cell("th")))), make("tbody", {}, body.map((row) => make("tr", {}, row.map(cell("td")))))));
}
