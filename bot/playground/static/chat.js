// The chat page: asks the workspace for one picture of what is seen, and draws it whenever the workspace says it changed.

import { blocks } from "./chat_blocks.js";
import { composer } from "./chat_composer.js";
import { link, make, reconcile } from "./chat_dom.js";
import { clock, emoji, mrkdwn, pretty } from "./chat_text.js";

const $ = (id) => document.getElementById(id);
const APART = 5 * 60; // seconds after which a person's next message shows name and face again

let view = null; // the last picture
let newest = { place: null, from: null }; // what was unread when the channel was opened
const open = { me: sessionStorage.getItem("me"), channel: null, thread: null };

// Talking to the workspace

async function look() {
  const asked = JSON.stringify(open);
  const query = new URLSearchParams(Object.entries({ as: open.me, channel: open.channel, thread: open.thread }).filter(([, value]) => value));
  const answer = await fetch(`/slack/page/view?${query}`);
  if (!answer.ok) throw new Error(String(answer.status));
  const picture = await answer.json();
  if (JSON.stringify(open) !== asked) return; // the reader has moved on; another look follows
  view = picture;
  open.me = view.me;
  open.channel = view.channel;
  draw();
}

async function act(what, body) {
  try {
    const answer = await fetch(`/slack/page/${what}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ as: open.me, channel: open.channel, ...body }),
    });
    if (answer.ok) return "";
    return (await answer.json().catch(() => ({}))).error || `The workspace answered ${answer.status}.`;
  } catch {
    return "The playground does not answer.";
  }
}

// One look at a time; what changes meanwhile is seen by one more.
let looking = false;
let again = false;
async function refresh() {
  again = true;
  if (looking) return;
  looking = true;
  try {
    while (again) {
      again = false;
      await look();
    }
  } catch {
    setTimeout(refresh, 1000);
  } finally {
    looking = false;
  }
}

function listen() {
  const changes = new EventSource("/slack/page/changes");
  changes.onmessage = () => { $("lost").hidden = true; refresh(); };
  changes.onerror = () => { $("lost").hidden = false; };
}

// Who and where

const user = (id) => view.users.find((each) => each.id === id);
const names = { user: (id) => user(id)?.real_name || id, channel: (id) => view.channels.find((each) => each.id === id)?.name || id };
const here = () => view.channels.find((each) => each.id === view.channel);
const title = (channel) => (channel.direct ? channel.name : `# ${channel.name}`);

function go(channel, thread = null) {
  if (open.channel !== channel) newest = { place: null, from: null };
  Object.assign(open, { channel, thread });
  history.replaceState(null, "", thread ? `#/${channel}/${thread}` : `#/${channel}`);
  return refresh();
}

function become(person) {
  open.me = person;
  sessionStorage.setItem("me", person);
  newest = { place: null, from: null };
  if (here().direct) return go(null);
  return refresh();
}

// Drawing

function draw() {
  const channel = here();
  if (!newest.place) newest = { place: view.channel, from: view.read, fresh: true };
  document.title = `${title(channel)} · Quarterdeck playground`;
  reconcile($("people"), view.people.map((id) => ({ key: id, look: [user(id), id === view.me], draw: () => person(user(id)) })));
  for (const [list, direct] of [["channels", false], ["direct", true]]) {
    const some = view.channels.filter((each) => Boolean(each.direct) === direct);
    reconcile($(list), some.map((each) => ({ key: each.id, look: [each, each.id === view.channel], draw: () => conversation(each) })));
  }
  $("title").textContent = title(channel);
  $("topic").textContent = channel.direct ? user(channel.direct).title : channel.topic;
  hint(channel);
  const first = newest.fresh;
  newest.fresh = false;
  keepEnd($("messages"), first, () => reconcile($("messages"), lines(view.messages, { thread: null })));
  drawThread(channel);
  sent = false;
  main.relabel();
  side.relabel();
  read(channel);
}

let threadShown = null;
let sent = false; // the reader has just said something, and wants to see it
function drawThread(channel) {
  $("thread").hidden = !open.thread;
  if (!open.thread) { threadShown = null; $("replies").replaceChildren(); return; }
  $("thread-where").textContent = title(channel);
  const changed = threadShown !== open.thread;
  threadShown = open.thread;
  keepEnd($("replies"), changed, () => reconcile($("replies"), lines(view.thread, { thread: open.thread })));
  if (changed) side.focus();
}

// Stay at the newest message if that is where the reader is.
function keepEnd(list, jump, change) {
  const scroll = list.parentElement;
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 60;
  change();
  if (jump || atEnd || sent) scroll.scrollTop = scroll.scrollHeight;
}

function read(channel) {
  const last = view.messages.at(-1);
  if (channel.unread && last && document.visibilityState === "visible") act("read", { ts: last.ts });
}

function person(each) {
  return make("button", { type: "button", role: "radio", "aria-checked": String(each.id === view.me), onclick: () => become(each.id) },
    face(each), make("span", {}, each.real_name.split(" ")[0], make("small", {}, each.title)));
}

function conversation(channel) {
  const unread = channel.unread && channel.id !== view.channel;
  return make("li", {},
    make("button", { type: "button", class: unread ? "unread" : "", "aria-current": channel.id === view.channel ? "page" : null, onclick: () => go(channel.id).then(main.focus) },
      channel.direct ? face(user(channel.direct)) : make("span", { class: "hash", "aria-hidden": "true" }, "#"), make("span", { class: "name" }, channel.name),
      unread ? make("span", { class: "count", "aria-label": `${channel.unread} unread` }, String(channel.unread)) : null));
}

function face(each) {
  const initials = each.real_name.split(/\s+/).map((word) => word[0]).join("").slice(0, 2);
  return make("span", { class: `face ${each.id === view.bot ? "bot" : `person-${view.people.indexOf(each.id)}`}`, "aria-hidden": "true" }, initials);
}

function hint(channel) {
  const place = $("hint");
  place.hidden = view.messages.length > 0;
  const look = channel.id;
  if (place.hidden || place.dataset.look === look) return;
  place.dataset.look = look;
  const app = user(view.bot).real_name;
  const at = channel.direct ? "" : `@${app} `;
  const ideas = [
    [`${at}status`, "what runs where, and whether it is healthy"],
    [`${at}promote payment v1.3.0 to prod`, "opens a pull request you can merge"],
    [`${view.command} help`, "everything that can be said, answered to you alone"],
  ];
  place.replaceChildren(
    make("h2", {}, channel.direct ? `This is between you and ${app}` : `This is the beginning of #${channel.name}`),
    make("p", { class: "soft" }, "Nothing has been said yet. Three things to type:"),
    make("ul", {}, ideas.map(([text, note]) => make("li", {}, make("button", { type: "button", onclick: () => main.fill(text) }, make("code", {}, text), make("span", { class: "soft" }, note))))));
}

// Messages with the lines between them: days, what is new, and faces only where the speaker changes.
function lines(messages, { thread }) {
  const out = [];
  let before = null;
  let said = !newest.from || thread;
  messages.forEach((message, index) => {
    const at = new Date(Number(message.ts) * 1000);
    const day = at.toDateString();
    if (!thread && day !== before?.day) {
      const words = pretty(at);
      const label = words ? words[0].toUpperCase() + words.slice(1) : at.toLocaleDateString([], { weekday: "long", month: "long", day: "numeric" });
      out.push({ key: `day ${day}`, look: label, draw: () => make("li", { class: "line" }, make("span", {}, label)) });
      before = null;
    }
    if (!said && message.ts > newest.from && message.user !== view.me) {
      said = true;
      before = null;
      out.push({ key: "new", look: "new", draw: () => make("li", { class: "line new" }, make("span", {}, "New")) });
    }
    const near = before && before.user === message.user && before.ephemeral === message.ephemeral && Number(message.ts) - before.ts < APART;
    const compact = Boolean(near) && !message.broadcast && !(thread && index === 1);
    out.push({ key: message.ts, look: [message, compact, message.ts === open.thread], draw: () => row(message, at, { compact, thread }) });
    const answers = messages.filter((each) => !each.ephemeral).length - 1;
    if (thread && index === 0 && answers > 0) {
      const count = plural(answers);
      out.push({ key: "count", look: count, draw: () => make("li", { class: "line" }, make("span", {}, count)) });
    }
    before = { day, user: message.user, ephemeral: message.ephemeral, ts: Number(message.ts) };
  });
  return out;
}

const plural = (count) => (count === 1 ? "1 reply" : `${count} replies`);

function row(message, at, { compact, thread }) {
  const who = user(message.user) || { real_name: message.user, bot: true };
  const stamp = make("time", { datetime: at.toISOString(), title: at.toLocaleString() }, clock(at));
  const root = message.thread_ts || message.ts;
  const classes = ["message", compact && "compact", message.ephemeral && "ephemeral", !thread && root === open.thread && "open"].filter(Boolean).join(" ");
  const it = { names, press: (button, block, element) => press(message, button, block, element) };
  return make("li", { class: classes },
    make("div", { class: "gutter" }, compact ? make("time", { datetime: at.toISOString(), title: at.toLocaleString() }, clock(at).replace(/\s?[ap]m$/i, "")) : face(who)),
    make("div", { class: "body" },
      message.ephemeral ? make("p", { class: "only" }, "Only visible to you") : null,
      message.broadcast && !thread ? make("p", { class: "only" }, "Replied to a thread") : null,
      compact ? null : make("p", { class: "by" }, make("strong", {}, who.real_name), who.bot ? make("span", { class: "app" }, "APP") : null, stamp),
      content(message, it),
      message.edited ? make("span", { class: "edited", title: new Date(Number(message.edited.ts) * 1000).toLocaleString() }, "(edited)") : null,
      reactions(message),
      thread ? null : replies(message)),
    thread || message.ephemeral ? null : make("button", { type: "button", class: "reply", "aria-label": `Reply in thread to ${who.real_name}, ${clock(at)}`, onclick: () => go(view.channel, root) }, "Reply in thread"));
}

function content(message, it) {
  if (message.files) return message.files.map(file);
  if (message.blocks) return make("div", { class: "blocks" }, blocks(message.blocks, it));
  return make("div", { class: "mrkdwn" }, mrkdwn(message.text, names));
}

// A text file: its name opens it in a tab of its own, a click beside it shows what it holds.
function file(each) {
  return make("details", { class: "file" },
    make("summary", {}, link(each.permalink, each.title), make("span", { class: "soft" }, `Text, ${each.size.toLocaleString()} bytes`)),
    make("pre", { tabindex: "0" }, each.preview + (each.preview_is_truncated ? "\n…" : "")));
}

function reactions(message) {
  if (!message.reactions) return null;
  return make("div", { class: "reactions" }, message.reactions.map((each) =>
    make("button", {
      type: "button", "aria-pressed": String(each.users.includes(view.me)), title: `${each.users.map(names.user).join(", ")} reacted with :${each.name}:`,
      "aria-label": `${each.name}, ${each.count}`, onclick: () => act("react", { ts: message.ts, name: each.name }),
    }, emoji(each.name), make("span", {}, String(each.count)))));
}

function replies(message) {
  if (!message.reply_count) return null;
  const at = new Date(Number(message.latest_reply) * 1000);
  return make("button", { type: "button", class: "replies", onclick: () => go(view.channel, message.ts) },
    message.reply_users.map((id) => face(user(id))), make("strong", {}, plural(message.reply_count)), make("span", { class: "soft" }, `Last reply ${pretty(at) || at.toLocaleDateString()} at ${clock(at)}`));
}

// Buttons

async function press(message, button, block, element) {
  if (button.confirm && !(await sure(button.confirm))) return;
  if (element) {
    element.disabled = true;
    element.setAttribute("aria-busy", "true");
  }
  const refused = await act("press", { ts: message.ts, button: button.action_id, block: block.block_id });
  if (!element) return;
  // The app's answer usually redraws the message; if nothing comes, the button can be pressed again.
  setTimeout(() => { element.disabled = false; element.removeAttribute("aria-busy"); }, refused ? 0 : 4000);
  if (refused) element.title = refused;
}

function sure({ title: heading, text, confirm, deny, style }) {
  const dialog = $("confirm");
  $("confirm-title").textContent = heading.text;
  $("confirm-text").replaceChildren(text.type === "mrkdwn" ? mrkdwn(text.text, names) : text.text);
  $("confirm-no").textContent = deny.text;
  $("confirm-yes").textContent = confirm.text;
  $("confirm-yes").className = style || "primary";
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((settle) => dialog.addEventListener("close", () => settle(dialog.returnValue === "yes"), { once: true }));
}

// Beginning

function offers() {
  const others = view.users.filter((each) => each.id !== view.me && each.name !== "slackbot");
  const people = [...others].sort((one, two) => (two.id === view.bot) - (one.id === view.bot));
  return [
    { insert: view.command, title: view.command, note: "Promote, roll back, status, drift, history, help" },
    ...people.map((each) => ({ insert: `@${each.real_name}`, title: `@${each.real_name}`, note: each.title })),
  ];
}

function say(text, thread) {
  sent = true;
  return act("say", { text, thread });
}

const main = composer($("composer"), {
  offers, send: (text) => say(text, null), label: () => (view ? `Message ${here().direct ? here().name : `#${here().name}`}` : "Message"),
});
const side = composer($("thread-composer"), { label: () => "Reply…", offers, send: (text) => say(text, open.thread) });

$("thread-close").addEventListener("click", () => go(open.channel));
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && open.thread && !$("confirm").open) go(open.channel).then(main.focus); });
document.addEventListener("visibilitychange", () => view && read(here()));
window.addEventListener("hashchange", follow);

function follow() {
  const [, channel, thread] = location.hash.match(/^#\/(\w+)(?:\/([\d.]+))?$/) || [];
  if (channel) go(channel, thread || null);
}

follow();
refresh().then(() => main.focus());
listen();
