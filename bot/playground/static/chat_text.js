// Slack's mrkdwn and Markdown, as DOM. `names` tells what an id is called: {user(id), channel(id)}.

import { link, make } from "./chat_dom.js";

const EMOJI = {
  alarm_clock: "\u23F0",
  "+1": "\u{1F44D}", arrow_right: "\u27A1\uFE0F", arrows_counterclockwise: "\u{1F504}", bell: "\u{1F514}", eyes: "\u{1F440}",
  heavy_check_mark: "\u2714\uFE0F", hourglass: "\u231B", hourglass_flowing_sand: "\u23F3", information_source: "\u2139\uFE0F",
  large_blue_circle: "\u{1F535}", large_green_circle: "\u{1F7E2}", large_red_circle: "\u{1F534}", large_yellow_circle: "\u{1F7E1}",
  leftwards_arrow_with_hook: "\u21A9\uFE0F", lock: "\u{1F512}", mag: "\u{1F50D}", no_entry: "\u26D4", octagonal_sign: "\u{1F6D1}",
  question: "\u2753", red_circle: "\u{1F534}", rewind: "\u23EA", rocket: "\u{1F680}", ship: "\u{1F6A2}", tada: "\u{1F389}",
  construction: "\u{1F6A7}", grey_question: "\u2754", heavy_minus_sign: "\u2796", memo: "\u{1F4DD}", raised_hand: "\u270B",
  thumbsup: "\u{1F44D}", unlock: "\u{1F513}", warning: "\u26A0\uFE0F", wastebasket: "\u{1F5D1}\uFE0F", wave: "\u{1F44B}", white_circle: "\u26AA", white_check_mark: "\u2705", x: "\u274C",
};

export const emoji = (name) => EMOJI[name] || `:${name}:`;

export const unescape = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

const INLINE = new RegExp(
  [
    /`(?<code>[^`\n]+)`/, /<(?<angle>[^<>\n]+)>/,
    /(?<![\w*])\*(?<bold>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])/, /(?<![\w_])_(?<italic>[^\s_](?:[^_\n]*[^\s_])?)_(?![\w_])/,
    /(?<![\w~])~(?<strike>[^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])/, /(?<![\w:]):(?<emoji>[a-z0-9_+-]+):(?!\w)/,
  ].map((part) => part.source).join("|"), "g");

function inline(text, names) {
  const out = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    out.push(unescape(text.slice(end, match.index)));
    end = match.index + match[0].length;
    const found = match.groups;
    if (found.code) out.push(make("code", {}, unescape(found.code)));
    else if (found.angle) out.push(angle(found.angle, names));
    else if (found.bold) out.push(make("strong", {}, ...inline(found.bold, names)));
    else if (found.italic) out.push(make("em", {}, ...inline(found.italic, names)));
    else if (found.strike) out.push(make("s", {}, ...inline(found.strike, names)));
    else out.push(emoji(found.emoji));
  }
  out.push(unescape(text.slice(end)));
  return out;
}

function angle(inside, names) {
  const [what, label] = inside.split(/\|(.*)/s);
  if (what.startsWith("@")) return make("span", { class: "mention" }, `@${names.user(what.slice(1))}`);
  if (what.startsWith("#")) return make("span", { class: "mention" }, `#${label || names.channel(what.slice(1))}`);
  if (what.startsWith("!date^")) return date(what.split("^"), label);
  if (what.startsWith("!")) return make("span", { class: "mention" }, unescape(label || `@${what.slice(1)}`));
  return link(unescape(what), unescape(label || what));
}

export function date([, seconds, format, url], fallback) {
  const at = new Date(Number(seconds) * 1000);
  if (Number.isNaN(at.getTime())) return unescape(fallback || "");
  const day = (style) => at.toLocaleDateString([], style);
  const near = pretty(at);
  const long = { weekday: "long", month: "long", day: "numeric", year: "numeric" };
  const words = {
    date_num: at.toISOString().slice(0, 10), date: day({ month: "long", day: "numeric", year: "numeric" }),
    date_short: day({ month: "short", day: "numeric", year: "numeric" }), date_long: day(long),
    date_pretty: near || day({ month: "long", day: "numeric" }), date_short_pretty: near || day({ month: "short", day: "numeric" }),
    date_long_pretty: near || day(long), time: clock(at), time_secs: at.toLocaleTimeString(), ago: ago(at),
  };
  const text = unescape(format || "{date}").replace(/\{(\w+)\}/g, (whole, name) => words[name] ?? whole);
  return url ? link(unescape(url), text) : make("time", { datetime: at.toISOString(), title: at.toLocaleString() }, text);
}

export const clock = (at) => at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

// "today" or "yesterday", else nothing.
export function pretty(at) {
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 86_400_000);
  return { 0: "today", 1: "yesterday" }[days];
}

function ago(at) {
  const seconds = Math.round((at - Date.now()) / 1000);
  const [unit, size] = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]].find(([, s]) => Math.abs(seconds) >= s) || ["second", 1];
  return new Intl.RelativeTimeFormat([], { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

export function mrkdwn(text, names) {
  const out = document.createDocumentFragment();
  text.split(/```([\s\S]*?)```/).forEach((part, index) => {
    if (index % 2) out.append(make("pre", {}, unescape(part.replace(/^\n|\n$/g, ""))));
    else out.append(...quotes(index ? part.replace(/^\n/, "") : part, names));
  });
  return out;
}

function quotes(text, names) {
  return text.split(/((?:^(?:&gt;|>).*(?:\n|$))+)/m).filter(Boolean).map((part) =>
    /^(&gt;|>)/.test(part)
      ? make("blockquote", {}, ...inline(part.replace(/^(?:&gt;|>) ?/gm, "").replace(/\n$/, ""), names))
      : make("span", {}, ...inline(part, names)));
}

// The Markdown of `markdown` blocks: headings, lists, code, emphasis, links.
export function markdown(text) {
  const out = document.createDocumentFragment();
  text.split(/```[^\n]*\n([\s\S]*?)\n?```/).forEach((part, index) => {
    if (index % 2) out.append(make("pre", {}, part));
    else for (const lines of part.split(/\n{2,}/).filter((each) => each.trim())) out.append(...paragraph(lines.trim()));
  });
  return out;
}

function paragraph(text) {
  const out = [];
  for (const line of text.split("\n")) {
    const heading = line.match(/^(#{1,6})\s+(.*)/);
    const item = line.match(/^\s*(?:[-*]|(\d+)\.)\s+(.*)/);
    const last = out.at(-1);
    if (heading) out.push(make("p", { class: "heading" }, ...words(heading[2])));
    else if (item) {
      const tag = item[1] ? "OL" : "UL";
      const list = last?.tagName === tag ? last : make(tag);
      if (list !== last) out.push(list);
      list.append(make("li", {}, ...words(item[2])));
    } else if (last?.tagName === "P" && last.className !== "heading") last.append(make("br"), ...words(line));
    else out.push(make("p", {}, ...words(line)));
  }
  return out;
}

function words(text) {
  const pattern = /`(?<code>[^`]+)`|\*\*(?<bold>.+?)\*\*|(?<![\w*])[*_](?<italic>[^*_\s](?:[^*_]*[^*_\s])?)[*_](?!\w)|~~(?<strike>.+?)~~|\[(?<label>[^\]]+)\]\((?<url>[^)\s]+)\)/g;
  const out = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    out.push(text.slice(end, match.index));
    end = match.index + match[0].length;
    const { code, bold, italic, strike, label, url } = match.groups;
    if (code) out.push(make("code", {}, code));
    else if (bold) out.push(make("strong", {}, ...words(bold)));
    else if (italic) out.push(make("em", {}, ...words(italic)));
    else if (strike) out.push(make("s", {}, ...words(strike)));
    else out.push(link(url, label));
  }
  return [...out, text.slice(end)];
}
