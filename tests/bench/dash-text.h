/* SPDX-License-Identifier: MIT
 *
 * What the DASH load generator understands of an MPD as the gateway writes it:
 * the last Period, and the first Representation of each of its sets. */

#pragma once

#include <glib.h>

#define DASH_TEXT_TRACKS 2

typedef struct {
  gchar id[16];
  guint64 timescale, origin;
  guint64 nominal; /* 0: segments are listed */
  guint64 first_number;
  gdouble early_s; /* availabilityTimeOffset */
  /* listed ones: the newest */
  guint64 last_number, last_start, last_duration;
} DashTextTrack;

typedef struct {
  gint64 start_us; /* availabilityStartTime and the Period's start, UTC */
  guint n_tracks;
  DashTextTrack tracks[DASH_TEXT_TRACKS];
} DashText;

/* FALSE: this is no MPD with a track that has segments. */
gboolean dash_text_parse (const gchar *text, gsize size, DashText *out);

/* When media segment @number ends, UTC. Beyond the newest listed one, segments
 * are taken to be as long as it. */
gint64 dash_text_end_us (
    const DashText *self, const DashTextTrack *track, guint64 number);
/* The segment that is growing at @now_us. */
guint64 dash_text_number_at (
    const DashText *self, const DashTextTrack *track, gint64 now_us);
