/* SPDX-License-Identifier: MIT
 *
 * The player page. dash.js plays; this file decides when: it looks for the
 * stream until it is there, says what stands in the way, and attaches anew when
 * playing does not go on although the stream does.
 *
 * window.penstock shows what goes on, for tests and for curious people. */
"use strict";

(() => {
  const TICK_MS = 250;
  const STATUS_MS = 3000;
  const LOOK_MS = 1000; /* between two looks for a stream that is not there */
  const STALL_S = 2; /* without progress: say so */
  /* Without progress although the stream goes on: first to its live edge, and
   * with that of no use, from the beginning. */
  const SEEK_S = 1.5;
  const REATTACH_S = 6;
  const REATTACH_AFTER_ERROR_S = 1;
  const START_S = 40; /* as long as data comes, the first picture may take */
  const JUMP_S = 3; /* a larger step of media time is a jump, no progress */
  const AGAIN_S = 0.5; /* what has to play after one that goes back */
  /* Without progress, before the next Period: another kind of it, and one that
   * dash.js should have come to by itself. */
  const OTHER_PERIOD_S = 0.3;
  const NEXT_PERIOD_S = 0.8;
  const BEHIND_START_S = 0.05; /* of a Period: safely in it */
  const NEAREST_S = 0.1;
  const REFRESH_MS = 500; /* between looks of dash.js, without progress */
  /* dash.js makes up for what it starts too late at 1.04 times the speed; what
   * is buffered can be skipped at once. */
  const CLOSE_IN_AFTER_S = 0.6; /* of playing: the latency is known well */
  const CLOSE_IN_S = 0.1; /* less is left to dash.js */
  const CLOSE_IN_MARGIN_S = 0.3; /* buffered behind where we go to */

  const { route, mode } = document.body.dataset;
  const base = new URL(document.body.dataset.base, location.href);
  const manifest = new URL("manifest.mpd", location.href).href;
  const byId = (id) => document.getElementById(id);
  const video = byId("video");

  let player = null;
  let state = "connecting";
  let mpd = null; /* what the last look at the manifest found */
  let info = null; /* the route in status.json; null: none, or not known */
  let known = false; /* the status could be had: null then means none */
  let looking = false;
  let lookAt = 0;
  let endedMark = ""; /* of a manifest that was played to its end */
  let stallMark = ""; /* of the manifest when playing stopped to advance */
  let farthest = -1; /* media time that has been reached */
  let playedTo = NaN; /* media time at the last progress */
  let landedAt = NaN; /* media time, where it went far back */
  let bufferedTo = 0;
  let attachedAt = 0; /* performance.now() */
  let movedAt = 0; /* of the last progress */
  let newsAt = 0; /* when, in a stall, the stream was seen to go on */
  let sought = false; /* the live edge, in this stall */
  let started = false; /* something has been played since attaching */
  let failed = false; /* dash.js has reported an error in this stall */
  let startedAt = 0; /* media time */
  let closedIn = false; /* to the latency to keep, since attaching */
  let chosen = 0; /* latency that the viewer wants; 0: that of the stream */
  let periods = []; /* of dash.js's manifest: where they begin, what is in them */
  let attachedKinds = ""; /* of the Period that was played first */
  let refreshedAt = 0; /* performance.now() */
  let reattached = 0;
  let attachments = 0;
  const errors = [];

  /* ---- what the page says ---- */

  const WORDS = {
    connecting: ["wait", "Connecting"],
    playing: ["good", "Live"],
    paused: ["", "Paused"],
    stalled: ["wait", "Waiting for data"],
    offline: ["wait", "Offline"],
    ended: ["", "Ended"],
    unsupported: ["bad", "Cannot be played here"],
    unavailable: ["bad", "Not available"],
  };

  function setState(next, title, ...text) {
    const [tone, word] = WORDS[next];

    state = next;
    setText(byId("state"), word);
    byId("state").dataset.tone = tone;
    byId("curtain").hidden = !title;
    video.controls = !title;
    if (!title) return;
    setText(byId("title"), title);
    const key = text.map(String).join("\n");
    if (byId("text").dataset.key !== key) {
      byId("text").dataset.key = key;
      byId("text").replaceChildren(...text);
    }
  }

  function whyOffline() {
    const input = (info && info.input) || {};
    if (!info) return "It starts to play here as soon as it is there.";
    if (info.state === "ended") return "It plays again when it comes back.";
    if (input.reason) return input.reason;
    if (input.state === "waiting") return "Nobody publishes to it yet.";
    return "It starts to play here as soon as it is back.";
  }

  const dashOf = (one) =>
    (one.outputs || []).find((output) => output.type === "dash");

  /* The status tells that there is no manifest: asking for it would be in vain,
   * and an error in the console each time. */
  function isAbsent() {
    if (!known) return false;
    if (!info) return true;
    const dash = dashOf(info);
    return !dash || dash.bytes === 0;
  }

  function sayNoDash() {
    setState("unavailable", "This stream cannot be watched in a browser",
      "Its route has no “dash” output. Other players can open the " +
      "addresses below.");
  }

  function sayOffline() {
    if (info && !dashOf(info)) {
      sayNoDash();
      return;
    }
    const title = !info ? `There is no stream “${route}” right now`
      : info.state === "online" ? "The stream is about to start"
        : info.state === "ended" ? "The stream has ended"
          : "The stream is offline";
    setState("offline", title, whyOffline());
  }

  /* ---- the manifest ---- */

  function attributeOf(element, parent, name) {
    return element.getAttribute(name) || parent.getAttribute(name) || "";
  }

  function canPlay(type) {
    const source = window.ManagedMediaSource || window.MediaSource;
    return Boolean(source && source.isTypeSupported(type));
  }

  function readRepresentations(root) {
    const found = [];
    for (const set of root.getElementsByTagName("AdaptationSet"))
      for (const one of set.getElementsByTagName("Representation")) {
        const mime = attributeOf(one, set, "mimeType");
        const codecs = attributeOf(one, set, "codecs");
        const type = `${mime}; codecs="${codecs}"`;
        found.push({ kind: mime.split("/")[0], codecs, type,
          supported: canPlay(type) });
      }
    return found;
  }

  /* Of a duration as our manifests write it; NaN when there is none. */
  function readSeconds(text) {
    const match = /^PT([\d.]+)S$/.exec(text || "");
    return match ? Number(match[1]) : NaN;
  }

  /* Returns null for something that is no manifest. */
  function readManifest(text) {
    const root = new DOMParser().parseFromString(text, "text/xml")
      .documentElement;
    if (!root || root.localName !== "MPD") return null;
    const periods = [...root.getElementsByTagName("Period")];
    return {
      live: root.getAttribute("type") === "dynamic",
      low: text.includes('availabilityTimeComplete="false"'),
      delay: readSeconds(root.getAttribute("suggestedPresentationDelay")),
      mark: [root.getAttribute("type"), root.getAttribute("publishTime"),
        ...periods.map((period) => period.id)].join(" "),
      representations: readRepresentations(root),
    };
  }

  async function fetchManifest() {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), 5000);
    try {
      const response = await fetch(manifest,
        { cache: "no-store", signal: abort.signal });
      return response.ok ? readManifest(await response.text()) : null;
    } catch (error) {
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  /* ---- dash.js ---- */

  function settings() {
    return {
      debug: { logLevel: dashjs.Debug.LOG_LEVEL_ERROR },
      streaming: {
        /* Our clock, should a manifest not name one: never a stranger's. */
        utcSynchronization: {
          defaultTimingSource: {
            scheme: "urn:mpeg:dash:utc:http-xsdate:2014",
            value: new URL("time", base).href,
          },
        },
        retryIntervals: { MediaSegment: 500, MPD: 500 },
        retryAttempts: { MediaSegment: 6, MPD: 6 },
      },
    };
  }

  function onError(event) {
    const error = event.error || {};
    errors.push(`${error.code}: ${error.message}`.slice(0, 300));
    if (errors.length > 20) errors.shift();
    failed = true;
  }

  /* dash.js has a manifest. */
  function onManifest(event) {
    const kindOf = (set) => (set.mimeType ||
      set.Representation[0].mimeType).split("/")[0];
    periods = event.data ? event.data.Period.map((period) => ({
      start: period.start,
      kinds: [...new Set(period.AdaptationSet.map(kindOf))].sort().join(),
    })) : [];
  }

  function detach() {
    if (!player) return;
    player.destroy();
    player = null;
  }

  /* @position: media time; NaN: where the latency is the one to keep. */
  function attach(position) {
    detach();
    attachments += 1;
    failed = sought = false;
    stallMark = "";
    farthest = -1;
    landedAt = NaN;
    newsAt = bufferedTo = 0;
    attachedAt = movedAt = performance.now();
    started = closedIn = false;
    periods = [];
    attachedKinds = "";
    player = dashjs.MediaPlayer().create();
    player.updateSettings(settings());
    /* dash.js begins nowhere nearer to what is there than this. */
    const delay = Number.isNaN(position) ? chosen : NEAREST_S;
    if (delay)
      player.updateSettings({ streaming: { delay: { liveDelay: delay } } });
    showTarget();
    player.on(dashjs.MediaPlayer.events.ERROR, onError);
    player.on(dashjs.MediaPlayer.events.MANIFEST_LOADED, onManifest);
    player.initialize(video, manifest, true, position);
  }

  function sayUnsupported() {
    const wanted = mpd.representations.map((one) => one.codecs);
    setState("unsupported", "This browser cannot decode the stream",
      `Its codecs are ${wanted.join(", ")}. Another browser may have them; ` +
      "players outside the browser can open the addresses below.");
  }

  function noteHalves() {
    const bad = mpd.representations.filter((one) => !one.supported);
    const note = byId("note");
    setText(note, bad.map((one) => `This browser cannot decode the ${
      one.kind === "video" ? "picture" : "sound"} (${one.codecs}).`).join(" "));
    note.hidden = bad.length === 0;
  }

  /* Attaches when there is something that can play. */
  function consider(position = NaN) {
    const kinds = mpd.representations;
    setText(byId("codecs"),
      [...new Set(kinds.map((one) => one.codecs))].join(", ") || "–");
    if (!mpd.live && mpd.mark === endedMark) {
      setState("ended", "The stream has ended", whyOffline());
      return;
    }
    if (kinds.length && !kinds.some((one) => one.supported)) {
      sayUnsupported();
      return;
    }
    noteHalves();
    if (Number.isNaN(position)) setState("connecting", "Connecting", "");
    attach(position);
  }

  /* One look at the manifest; @period until the next. */
  async function look(period) {
    if (looking || performance.now() < lookAt) return false;
    looking = true;
    if (!player) await followStatus();
    mpd = isAbsent() ? null : await fetchManifest();
    looking = false;
    lookAt = performance.now() + period;
    return true;
  }

  /* ---- latency ---- */

  /* What a viewer may choose: not less than what plays without stalls, as far
   * as that can be known. */
  function showTarget() {
    const known = Boolean(mpd && mpd.live && Number.isFinite(mpd.delay));
    const input = byId("target");

    byId("latency-control").hidden = !known;
    if (!known) return;
    input.min = (mpd.low ? mpd.delay / 2 : mpd.delay * 2 / 3).toFixed(1);
    input.max = (mpd.low ? Math.max(4 * mpd.delay, 6) : 4 * mpd.delay)
      .toFixed(1);
    if (document.activeElement !== input || !chosen)
      input.value = String(chosen || mpd.delay);
    setText(byId("target-value"), seconds(Number(input.value)));
    byId("target-reset").hidden = !chosen;
  }

  /* Goes where the latency is the one to keep, if that is buffered. */
  function closeIn() {
    const excess = player.getCurrentLiveLatency() - player.getTargetLiveDelay();

    if (!Number.isFinite(excess) || excess < CLOSE_IN_S ||
        bufferAhead() < excess + CLOSE_IN_MARGIN_S) return;
    video.currentTime += excess;
  }

  function onTarget(value) {
    chosen = value;
    if (player && mpd) {
      player.updateSettings({ streaming: { delay: {
        liveDelay: chosen || mpd.delay } } });
      const excess = player.getCurrentLiveLatency() - (chosen || mpd.delay);
      if (excess < -CLOSE_IN_S) video.currentTime += excess;
      else closeIn();
    }
    showTarget();
  }

  /* ---- watching over it ---- */

  function onProgress() {
    movedAt = performance.now();
    playedTo = video.currentTime;
    newsAt = 0;
    if (!started) {
      startedAt = video.currentTime;
      if (mpd && Number.isFinite(mpd.delay))
        player.updateSettings({ streaming: { delay: {
          liveDelay: chosen || mpd.delay } } });
    }
    started = true;
    if (!closedIn && mpd && mpd.low &&
        video.currentTime > startedAt + CLOSE_IN_AFTER_S) {
      closedIn = true;
      closeIn();
    }
    failed = sought = false;
    stallMark = "";
    const picture = mpd && mpd.representations.some(
      (one) => one.kind === "video" && one.supported);
    setState("playing",
      picture || !mpd || !mpd.representations.some((o) => o.kind === "video")
        ? "" : "This browser cannot decode the picture",
      "The sound plays.");
  }

  /* Far behind what has been seen: somebody who looks again, as soon as that
   * plays; dash.js goes to and fro there when there is nothing else left. */
  function looksAgain(time) {
    if (!(time >= landedAt && time < landedAt + JUMP_S)) landedAt = time;
    return time > landedAt + AGAIN_S;
  }

  /* Media time beyond what has been seen. Seeking is none, and neither is going
   * to and fro at the end. */
  function hasMoved() {
    const time = video.currentTime;
    const ahead = farthest < 0 || time > farthest + JUMP_S;
    const behind = !ahead && time < farthest - JUMP_S;
    const moved = !ahead && !video.seeking &&
      (behind ? looksAgain(time) : time > farthest + 0.01);
    if (ahead || moved) farthest = time;
    return moved;
  }

  /* A new Period may be there that dash.js has not heard of: it looks once in the
   * length of a segment. One that it knows it is left to load. */
  function refresh(now) {
    const knowsMore = periods.some((one) => one.start > playedTo);

    if (!started || knowsMore || now - refreshedAt < REFRESH_MS) return;
    refreshedAt = now;
    player.refreshManifest();
  }

  function onWaiting() {
    if (player) refresh(performance.now());
  }

  /* A young stream is filled before it is played; how long that takes depends
   * on its segments. */
  function isFilling() {
    const { buffered } = video;
    const end = buffered.length ? buffered.end(buffered.length - 1) : 0;
    const filling = end > bufferedTo;
    bufferedTo = end;
    return filling && !started &&
      performance.now() - attachedAt < START_S * 1000;
  }

  /* Chromium opens a stream that begins where it wants to play without looking
   * for the data it has there; a seek makes it look. */
  function isStuckAtStart() {
    return !started && !video.seeking && bufferAhead() > 0 &&
      video.readyState === HTMLMediaElement.HAVE_METADATA;
  }

  async function overcomeStall() {
    if (!(await look(LOOK_MS)) || !player) return;
    if (!mpd) {
      detach();
      sayOffline();
      return;
    }
    if (!mpd.live) {
      detach();
      endedMark = mpd.mark;
      setState("ended", "The stream has ended", whyOffline());
      return;
    }
    const now = performance.now();
    if (!stallMark) stallMark = mpd.mark;
    if (mpd.mark === stallMark && info && info.state !== "online") {
      newsAt = 0; /* there is nothing better to go to */
      return;
    }
    if (!newsAt) newsAt = now;
    const waited = (now - newsAt) / 1000;
    if (waited > (failed ? REATTACH_AFTER_ERROR_S : REATTACH_S)) {
      reattached += 1;
      consider();
    } else if (waited > SEEK_S && started && !sought) {
      sought = true;
      player.seekToOriginalLive();
    }
  }

  /* A browser cannot take sound up, or do without it, once it plays: where the
   * next Period has other kinds of media dash.js has to begin anew. So it has
   * where the Period that was played is gone, as after a restart of the server,
   * or lies far behind. Returns the media time to begin at, NaN when it can go on. */
  function positionToBeginAt(now) {
    const current = periods.filter((one) => one.start <= playedTo + 0.05).pop();
    const next = periods.find((one) => one.start > playedTo + 0.05);

    if (!started) return NaN;
    if (!attachedKinds && current) attachedKinds = current.kinds;
    if (current && current.kinds !== attachedKinds) return playedTo;
    if (!next) return NaN;
    const patience = current && next.kinds === attachedKinds
      ? NEXT_PERIOD_S : OTHER_PERIOD_S;
    return now - movedAt > patience * 1000 ? next.start : NaN;
  }

  async function beginAnew(position) {
    const live = video.currentTime + player.getCurrentLiveLatency();
    const sameKinds = periods.some(
      (one) => one.start === position && one.kinds === attachedKinds);

    lookAt = 0;
    if (!(await look(LOOK_MS)) || !mpd) return;
    if (live - (chosen || mpd.delay) > position) consider();
    /* dash.js may stay where a growing Period has only just begun. */
    else if (!mpd.low || !sameKinds) consider(position + BEHIND_START_S);
  }

  async function watch() {
    const now = performance.now();
    const moved = hasMoved();
    if (moved) onProgress();
    const position = positionToBeginAt(now);
    if (!Number.isNaN(position)) {
      await beginAnew(position);
      return;
    }
    if (moved) return;
    if (!video.paused) refresh(now);
    if (video.paused && !video.ended && video.readyState >= 3) {
      movedAt = now;
      setState("paused", "");
      return;
    }
    if (isStuckAtStart()) video.currentTime += 0.01;
    if (isFilling()) movedAt = now;
    if (now - movedAt < STALL_S * 1000) return;
    if (state === "playing" || state === "stalled")
      setState("stalled", info && info.state !== "online"
        ? "The stream is interrupted" : "Waiting for data", whyStalled());
    await overcomeStall();
  }

  function whyStalled() {
    return info && info.state !== "online" ? whyOffline() : "";
  }

  async function tick() {
    if (player) {
      await watch();
    } else if (await look(LOOK_MS)) {
      if (mpd) consider();
      else sayOffline();
    }
    showFigures();
  }

  /* ---- figures ---- */

  function seconds(value) {
    return Number.isFinite(value) && value >= 0 ? `${value.toFixed(1)} s` : "–";
  }

  function bufferAhead() {
    for (let i = 0; i < video.buffered.length; i++)
      if (video.buffered.start(i) <= video.currentTime + 0.1 &&
          video.buffered.end(i) >= video.currentTime)
        return video.buffered.end(i) - video.currentTime;
    return 0;
  }

  function liveLatency() {
    return player && state === "playing" ? player.getCurrentLiveLatency() : NaN;
  }

  function frames() {
    return video.getVideoPlaybackQuality();
  }

  function showFigures() {
    const quality = frames();
    setText(byId("latency"), seconds(liveLatency()));
    setText(byId("buffer"), player ? seconds(bufferAhead()) : "–");
    setText(byId("picture"), video.videoWidth
      ? `${video.videoWidth}×${video.videoHeight}` : "–");
    setText(byId("decoded"), String(quality.totalVideoFrames));
    setText(byId("dropped"), String(quality.droppedVideoFrames));
    const sound = mpd && mpd.representations.some(
      (one) => one.kind === "audio" && one.supported);
    byId("sound").hidden = !(video.muted && sound && state === "playing");
  }

  function showLinks(status) {
    const found = info || { name: route, outputs: [{ type: "dash" }] };
    const addresses = routeAddresses(found, status, base);
    const key = JSON.stringify(addresses);
    if (byId("links").dataset.key === key) return;
    byId("links").dataset.key = key;
    byId("links").replaceChildren(...addresses.map(([label, address]) =>
      make("li", {}, make("span", { className: "quiet" }, label),
        make("code", {}, address), copyButton("Copy", address))));
  }

  /* Streams that can be watched, and this one. */
  function showStreams(status) {
    const names = (status.routes || []).filter(
      (one) => dashOf(one) || one.name === route).map((one) => one.name);
    const select = byId("streams");
    const key = JSON.stringify(names);

    byId("streams-control").hidden = names.length < 2;
    if (select.dataset.key === key) return;
    select.dataset.key = key;
    select.replaceChildren(...names.map((name) => make("option",
      { value: name, selected: name === route }, name)));
    if (!names.includes(route)) select.selectedIndex = -1;
  }

  async function followStatus() {
    let status = {};
    try {
      status = await fetchStatus(base);
      info = (status.routes || []).find((one) => one.name === route) || null;
      known = true;
    } catch (error) {
      info = null;
      known = false;
    }
    showLinks(status);
    if (known) showStreams(status);
  }

  /* ---- start ---- */

  window.penstock = {
    get state() { return state; },
    get currentTime() { return video.currentTime; },
    get decodedFrames() { return frames().totalVideoFrames; },
    get droppedFrames() { return frames().droppedVideoFrames; },
    get width() { return video.videoWidth; },
    get height() { return video.videoHeight; },
    get buffer() { return bufferAhead(); },
    get latency() { return liveLatency(); },
    get audioBytes() { return video.webkitAudioDecodedByteCount || 0; },
    get attachments() { return attachments; },
    get reattached() { return reattached; },
    get target() { return player ? player.getTargetLiveDelay() : NaN; },
    get route() { return info; },
    get errors() { return errors.slice(); },
    get player() { return player; },
    get video() { return video; },
  };

  function start() {
    byId("sound").addEventListener("click", () => {
      video.muted = false;
      video.play().catch(() => {});
      video.focus();
      showFigures();
    });
    video.addEventListener("volumechange", showFigures);
    video.addEventListener("waiting", onWaiting);
    byId("controls").addEventListener("submit", (event) =>
      event.preventDefault());
    byId("target").addEventListener("change", () =>
      onTarget(Number(byId("target").value)));
    byId("target").addEventListener("input", () =>
      setText(byId("target-value"), seconds(Number(byId("target").value))));
    byId("target-reset").addEventListener("click", () => {
      byId("target").focus();
      onTarget(0);
    });
    byId("streams").addEventListener("change", () => {
      location.href = new URL(`${encodeRoute(byId("streams").value)}/`, base);
    });
    repeat(followStatus, STATUS_MS);

    if (mode === "no-dash") {
      sayNoDash();
      return;
    }
    if (mode === "no-player" || !window.dashjs) {
      setState("unavailable", "This build has no player",
        "Run ", make("code", {}, "scripts/fetch-player"), " and build again. " +
        "Other players can open the addresses below.");
      return;
    }
    if (!window.MediaSource && !window.ManagedMediaSource) {
      setState("unsupported", "This browser cannot play live streams",
        "It has no Media Source Extensions. Other players can open the " +
        "addresses below.");
      return;
    }
    byId("licence").hidden = false;
    repeat(tick, TICK_MS);
  }

  start();
})();
