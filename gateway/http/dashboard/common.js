/* SPDX-License-Identifier: MIT
 *
 * What the pages share: making elements, addresses of a route, copying. */
"use strict";

/* An element with properties and children; text goes in as text, never as
 * HTML. */
function make(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (name === "data") Object.assign(element.dataset, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function encodeRoute(name) {
  return name.split("/").map(encodeURIComponent).join("/");
}

/* "[::1]" for an IPv6 address, as location.hostname already has it. */
function streamUrl(scheme, port, defaultPort, route) {
  const suffix = port === defaultPort ? "" : `:${port}`;
  return `${scheme}://${location.hostname}${suffix}/${encodeRoute(route)}`;
}

/* Addresses of a route for other programs: [label, address] pairs. @base: URL
 * of the index page. */
function routeAddresses(route, status, base) {
  const listen = status.listen || {};
  const outputs = (route.outputs || []).map((output) => output.type);
  const addresses = [];
  if (listen.rtsp && outputs.includes("rtsp"))
    addresses.push(["RTSP", streamUrl("rtsp", listen.rtsp, 554, route.name)]);
  if (outputs.includes("dash"))
    addresses.push(["DASH",
      new URL(`${encodeRoute(route.name)}/manifest.mpd`, base).href]);
  if ((route.outputs || []).some((output) => output.playlist))
    addresses.push(["HLS",
      new URL(`${encodeRoute(route.name)}/master.m3u8`, base).href]);
  if (listen.rtmp && route.input && route.input.type === "publish")
    addresses.push(["RTMP",
      streamUrl("rtmp", listen.rtmp, 1935, route.name)]);
  return addresses;
}

/* The clipboard API exists on secure origins only; a gateway in a local network
 * is not one. */
async function copyText(text) {
  if (navigator.clipboard && window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return true;
  }
  const field = make("textarea", { value: text, readOnly: true });
  const focused = document.activeElement;
  field.setAttribute("aria-hidden", "true");
  field.className = "copy";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (focused) focused.focus();
  return done;
}

function copyButton(label, text) {
  const button = make("button", { type: "button", title: text,
    data: { address: text } }, label);
  button.addEventListener("click", async () => {
    let done = false;
    try {
      done = await copyText(button.dataset.address);
    } catch (error) {
      done = false;
    }
    setText(button, done ? "Copied" : "Copying failed");
    setTimeout(() => setText(button, label), 1500);
  });
  return button;
}

function formatDuration(seconds) {
  if (!(seconds >= 0)) return "";
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

/* What a route is doing: [tone, word]. */
function describeState(route) {
  if (route.state === "online") return ["good", "Online"];
  if (route.state === "ended") return ["", "Ended"];
  const input = (route.input && route.input.state) || "";
  if (input === "waiting") return ["", "Waiting for a publisher"];
  if (input === "connecting") return ["wait", "Connecting"];
  if (input === "backoff") return ["bad", "Not reachable"];
  return ["wait", "Offline"];
}

async function fetchStatus(base) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), 8000);
  try {
    const response = await fetch(new URL("status.json", base),
      { cache: "no-store", signal: abort.signal });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return await response.json();
  } finally {
    clearTimeout(timer);
  }
}

/* Calls @work again and again, @period ms after it has ended; rests while
 * nobody looks at the page. */
function repeat(work, period) {
  let timer = 0;
  async function step() {
    timer = 0;
    if (!document.hidden) await work();
    timer = setTimeout(step, period);
  }
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && timer) {
      clearTimeout(timer);
      step();
    }
  });
  step();
}
