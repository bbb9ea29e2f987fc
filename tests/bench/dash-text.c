/* SPDX-License-Identifier: MIT
 *
 * ISO/IEC 23009-1: 5.3.1 MPD, 5.3.2 Period, 5.3.9 segments. */

#include "dash-text.h"

#include <string.h>

typedef struct {
  DashText *out;
  gint64 mpd_start_us;
  DashTextTrack *track; /* of the set that is read, NULL: one too many */
  guint64 next_start, n_listed;
} Parser;

static const gchar *
find (const gchar **names, const gchar **values, const gchar *name)
{
  for (; *names; names++, values++)
    if (strcmp (*names, name) == 0)
      return *values;
  return NULL;
}

static guint64
number (const gchar **names, const gchar **values, const gchar *name,
    guint64 otherwise)
{
  const gchar *text = find (names, values, name);

  return text ? g_ascii_strtoull (text, NULL, 10) : otherwise;
}

/* xs:duration without days and more */
static gdouble
duration (const gchar *text)
{
  gdouble seconds = 0;

  if (!text || !g_str_has_prefix (text, "PT"))
    return 0;
  for (gchar *at = (gchar *) text + 2; *at;) {
    gchar *end;
    gdouble value = g_ascii_strtod (at, &end);

    if (end == at || !*end)
      break;
    seconds += value * (*end == 'H' ? 3600 : *end == 'M' ? 60 : 1);
    at = end + 1;
  }
  return seconds;
}

static gint64
date (const gchar *text)
{
  g_autoptr (GDateTime) time =
      text ? g_date_time_new_from_iso8601 (text, NULL) : NULL;

  return time ? g_date_time_to_unix (time) * G_USEC_PER_SEC +
          g_date_time_get_microsecond (time)
              : 0;
}

static void
take_template (Parser *self, const gchar **names, const gchar **values)
{
  DashTextTrack *track = self->track;
  const gchar *early = find (names, values, "availabilityTimeOffset");

  track->timescale = MAX (number (names, values, "timescale", 1), 1);
  track->origin = number (names, values, "presentationTimeOffset", 0);
  track->nominal = number (names, values, "duration", 0);
  track->first_number = number (names, values, "startNumber", 1);
  track->early_s = early ? g_ascii_strtod (early, NULL) : 0;
  self->next_start = self->n_listed = 0;
}

static void
take_listed (Parser *self, const gchar **names, const gchar **values)
{
  DashTextTrack *track = self->track;
  guint64 start = number (names, values, "t", self->next_start);
  guint64 length = number (names, values, "d", 0);
  guint64 repeat = number (names, values, "r", 0);

  self->n_listed += repeat + 1;
  self->next_start = start + (repeat + 1) * length;
  track->last_number = track->first_number + self->n_listed - 1;
  track->last_start = self->next_start - length;
  track->last_duration = length;
}

static void
on_element (GMarkupParseContext *context, const gchar *element,
    const gchar **names, const gchar **values, gpointer data, GError **error)
{
  Parser *self = data;
  DashText *out = self->out;

  (void) context;
  (void) error;
  if (strcmp (element, "MPD") == 0) {
    self->mpd_start_us = date (find (names, values, "availabilityStartTime"));
  } else if (strcmp (element, "Period") == 0) {
    out->n_tracks = 0;
    self->track = NULL;
    out->start_us = self->mpd_start_us +
        (gint64) (duration (find (names, values, "start")) * 1e6 + 0.5);
  } else if (strcmp (element, "AdaptationSet") == 0) {
    self->track =
        out->n_tracks < DASH_TEXT_TRACKS ? &out->tracks[out->n_tracks++] : NULL;
    if (self->track)
      *self->track = (DashTextTrack){ .timescale = 1 };
  } else if (self->track && strcmp (element, "SegmentTemplate") == 0) {
    take_template (self, names, values);
  } else if (self->track && strcmp (element, "S") == 0) {
    take_listed (self, names, values);
  } else if (self->track && strcmp (element, "Representation") == 0 &&
      !self->track->id[0]) {
    const gchar *id = find (names, values, "id");
    g_strlcpy (self->track->id, id ? id : "", sizeof self->track->id);
  }
}

gboolean
dash_text_parse (const gchar *text, gsize size, DashText *out)
{
  const GMarkupParser functions = { .start_element = on_element };
  Parser parser = { .out = out };
  g_autoptr (GMarkupParseContext) context =
      g_markup_parse_context_new (&functions, 0, &parser, NULL);

  *out = (DashText){ 0 };
  if (!g_markup_parse_context_parse (context, text, (gssize) size, NULL) ||
      !g_markup_parse_context_end_parse (context, NULL))
    return FALSE;
  for (guint i = 0; i < out->n_tracks; i++)
    if (!out->tracks[i].id[0] ||
        (out->tracks[i].nominal == 0 && out->tracks[i].last_duration == 0))
      return FALSE;
  return out->n_tracks > 0;
}

gint64
dash_text_end_us (
    const DashText *self, const DashTextTrack *track, guint64 number)
{
  gdouble ticks = track->nominal
      ? ((gdouble) number - (gdouble) track->first_number + 1) *
          (gdouble) track->nominal
      : (gdouble) track->last_start - (gdouble) track->origin +
          ((gdouble) number - (gdouble) track->last_number + 1) *
              (gdouble) track->last_duration;

  return self->start_us + (gint64) (ticks * 1e6 / (gdouble) track->timescale);
}

guint64
dash_text_number_at (
    const DashText *self, const DashTextTrack *track, gint64 now_us)
{
  guint64 length = track->nominal ? track->nominal : track->last_duration;
  guint64 first = track->nominal ? track->first_number : track->last_number;
  gint64 begin = dash_text_end_us (self, track, first) -
      (gint64) (length * 1000000 / track->timescale);
  gdouble passed = (gdouble) (now_us - begin) * (gdouble) track->timescale /
      (1e6 * (gdouble) length);

  return first + (guint64) MAX (passed, 0);
}
