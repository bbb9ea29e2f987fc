/* SPDX-License-Identifier: MIT
 *
 * The index page: one card a route, brought up to date in place, so that focus
 * and selection survive. */
"use strict";

(() => {
  const PERIOD_MS = 2000;
  const base = new URL("./", location.href);
  const list = document.getElementById("routes");
  const cards = new Map(); /* name → parts of the card */

  function formatRate(bits) {
    if (!(bits > 0)) return "";
    if (bits >= 999500) return `${(bits / 1e6).toFixed(1)} Mbit/s`;
    return `${Math.round(bits / 1000)} kbit/s`;
  }

  function describeTrack(track) {
    const parts = [];
    if (track.kind === "video") {
      if (track.width) parts.push(`${track.width}×${track.height}`);
      if (track.fps > 0) parts.push(`${Math.round(track.fps * 10) / 10} fps`);
      if (track["gop-ms"] > 0)
        parts.push(`GOP ${(track["gop-ms"] / 1000).toFixed(1)} s`);
    } else {
      if (track.rate) parts.push(`${track.rate / 1000} kHz`);
      if (track.channels)
        parts.push(["", "mono", "stereo"][track.channels] ||
          `${track.channels} channels`);
    }
    const rate = formatRate(track.bitrate);
    if (rate) parts.push(rate);
    return parts.join(" · ");
  }

  function makeCard(name) {
    const href = new URL(`${encodeRoute(name)}/`, base).href;
    const card = {
      state: make("span", { className: "state" }),
      info: make("p", { className: "quiet" }),
      reasons: make("div", { className: "reasons" }),
      tracks: make("ul", { className: "tracks quiet" }),
      actions: make("div", { className: "actions" }),
      watch: make("a", { className: "button main", href }, "Watch"),
      buttons: new Map(),
    };
    card.watch.setAttribute("aria-label", `Watch ${name}`);
    card.actions.append(card.watch);
    card.root = make("li", { className: "card", data: { route: name } },
      make("header", {},
        make("h2", {}, make("a", { href }, name)), card.state),
      card.info, card.reasons, card.tracks, card.actions);
    return card;
  }

  /* Lists of lines change rarely: made anew only then. */
  function setLines(parent, lines, makeLine) {
    const key = JSON.stringify(lines);
    if (parent.dataset.key === key) return;
    parent.dataset.key = key;
    parent.replaceChildren(...lines.map(makeLine));
  }

  function reasonsOf(route) {
    const reasons = [];
    const input = route.input || {};
    if (route.state !== "online" && input.reason) reasons.push(input.reason);
    for (const ignored of input.ignored || []) reasons.push(ignored);
    for (const output of route.outputs || []) {
      const type = (output.type || "").toUpperCase();
      for (const note of [output.reason, output.video, output.audio])
        if (typeof note === "string" && note !== "copied")
          reasons.push(`${type}: ${note}`);
    }
    return reasons;
  }

  function updateActions(card, route, status) {
    const outputs = (route.outputs || []).map((output) => output.type);
    card.watch.hidden = !outputs.includes("dash");
    const wanted = routeAddresses(route, status, base);
    for (const [label, button] of card.buttons) {
      if (wanted.some(([other]) => other === label)) continue;
      button.remove();
      card.buttons.delete(label);
    }
    for (const [label, address] of wanted) {
      let button = card.buttons.get(label);
      if (!button) {
        button = copyButton(`Copy ${label}`, address);
        card.buttons.set(label, button);
        card.actions.append(button);
      }
      button.dataset.address = button.title = address;
      button.setAttribute("aria-label", `Copy the ${label} address of ${route.name}`);
    }
  }

  function countReaders(route) {
    return (route.outputs || []).reduce(
      (sum, output) => sum + (output.readers || 0), 0);
  }

  function updateCard(card, route, status) {
    const [tone, word] = describeState(route);
    const age = (Date.parse(status.time) - Date.parse(route.since)) / 1000;
    const since = formatDuration(age);
    const info = [(route.input && route.input.type) || "route"];
    const readers = countReaders(route);
    if (readers > 0) info.push(`${readers} reader${readers === 1 ? "" : "s"}`);
    if (since && route.state === "online") info.push(`for ${since}`);

    setText(card.state, word);
    card.state.dataset.tone = tone;
    setText(card.info, info.join(" · "));
    setLines(card.reasons, reasonsOf(route),
      (text) => make("p", { className: "reason" }, text));
    setLines(card.tracks,
      (route.tracks || []).map((t) => [t.codec || t.kind, describeTrack(t)]),
      ([codec, text]) => make("li", {}, make("b", {}, codec), ` ${text}`));
    updateActions(card, route, status);
  }

  function updateList(status) {
    const routes = status.routes || [];
    const names = new Set(routes.map((route) => route.name));
    for (const [name, card] of cards) {
      if (names.has(name)) continue;
      card.root.remove();
      cards.delete(name);
    }
    if (cards.size === 0) list.replaceChildren();
    routes.forEach((route, index) => {
      let card = cards.get(route.name);
      if (!card) {
        card = makeCard(route.name);
        cards.set(route.name, card);
      }
      if (list.children[index] !== card.root)
        list.insertBefore(card.root, list.children[index] || null);
      updateCard(card, route, status);
    });
    document.getElementById("empty").hidden = routes.length > 0;
  }

  function updateSummary(status) {
    const routes = status.routes || [];
    const online = routes.filter((route) => route.state === "online").length;
    const parts = [`${routes.length} stream${routes.length === 1 ? "" : "s"}`,
      `${online} online`];
    if (status["uptime-s"] >= 0)
      parts.push(`up ${formatDuration(status["uptime-s"])}`);
    setText(document.getElementById("summary"), parts.join(" · "));
    setText(document.getElementById("version"),
      status.version ? `· Penstock ${status.version}` : "");
  }

  /* Names that a publisher may choose: shown even while nobody publishes. */
  function updateTemplates(status) {
    const port = (status.listen || {}).rtmp;
    const names = port ? status.templates || [] : [];
    setLines(document.getElementById("templates"), names.map((name) =>
      streamUrl("rtmp", port, 1935, name.replace(/\*+/g, "NAME"))),
    (address) => make("li", {}, "Publish to ", make("code", {}, address), " ",
      copyButton("Copy", address)));
  }

  function setTrouble(text) {
    const trouble = document.getElementById("trouble");
    setText(trouble, text);
    trouble.hidden = !text;
  }

  repeat(async () => {
    try {
      const status = await fetchStatus(base);
      updateSummary(status);
      updateList(status);
      updateTemplates(status);
      setTrouble("");
    } catch (error) {
      setTrouble("The gateway does not answer. This page goes on trying.");
    }
  }, PERIOD_MS);
})();
