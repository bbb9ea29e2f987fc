/* SPDX-License-Identifier: MIT
 *
 * The files of a presentation: how long its MPD lists them and when they go
 * (see presentation-private.h). */

#include "presentation-private.h"

#define DELAY_SEGMENTS 3  /* behind the live edge */
#define MIN_LISTED_ROWS 2 /* also when they are over max_bytes */

/* After the window and one segment files stay for so many more, at least. */
#define RETAIN_SEGMENTS 3

/* A file that no MPD lists any more. */
typedef struct {
  PresentationFile *file;
  GstClockTime due;
} Retired;

/* ---- files ---- */

PresentationFile *
presentation_file_new (const gchar *path, guint64 bytes)
{
  PresentationFile *file = g_new0 (PresentationFile, 1);

  file->path = g_strdup (path);
  file->bytes = bytes;
  return file;
}

static void
file_free (PresentationFile *file)
{
  g_free (file->path);
  g_free (file);
}

static void
row_free (PresentationRow *row)
{
  g_queue_clear_full (&row->files, (GDestroyNotify) file_free);
  g_free (row);
}

static void
retired_free (Retired *retired)
{
  file_free (retired->file);
  g_free (retired);
}

void
presentation_change_free (PresentationChange *change)
{
  g_free (change->path);
  g_clear_pointer (&change->bytes, g_bytes_unref);
  g_clear_pointer (&change->plain, g_bytes_unref);
  g_free (change);
}

void
presentation_put_change (
    GQueue *changes, const gchar *path, const gchar *type, GBytes *bytes)
{
  PresentationChange *change = g_new0 (PresentationChange, 1);

  change->path = g_strdup (path);
  change->content_type = type;
  change->bytes = bytes;
  g_queue_push_tail (changes, change);
}

static void
remove_file (GQueue *changes, const gchar *path)
{
  PresentationChange *change = g_new0 (PresentationChange, 1);

  change->action = PRESENTATION_REMOVE;
  change->path = g_strdup (path);
  g_queue_push_tail (changes, change);
}

static const gchar *
content_type (const CmafFormat *format)
{
  return format->kind == CMAF_VIDEO ? "video/mp4" : "audio/mp4";
}

PresentationFile *
presentation_put_media (Presentation *self, PresentationRow *row,
    const gchar *path, const CmafFormat *format, GBytes *bytes, GQueue *changes)
{
  PresentationFile *file =
      presentation_file_new (path, g_bytes_get_size (bytes));

  g_queue_push_tail (&row->files, file);
  if (!self->settings.keep)
    self->bytes += file->bytes;
  presentation_put_change (changes, path, content_type (format), bytes);
  return file;
}

void
presentation_append_media (Presentation *self, PresentationFile *file,
    const CmafFormat *format, GBytes *bytes, GQueue *changes)
{
  file->bytes += g_bytes_get_size (bytes);
  if (!self->settings.keep)
    self->bytes += g_bytes_get_size (bytes);
  presentation_put_change (changes, file->path, content_type (format), bytes);
  ((PresentationChange *) g_queue_peek_tail (changes))->action =
      PRESENTATION_APPEND;
}

static void
delete_oldest (Presentation *self, GQueue *changes)
{
  Retired *retired = g_queue_pop_head (&self->retired);

  self->bytes -= retired->file->bytes;
  remove_file (changes, retired->file->path);
  retired_free (retired);
}

/* ---- window ---- */

GstClockTime
presentation_get_delay (const Presentation *self)
{
  return DELAY_SEGMENTS * self->max_segment;
}

GstClockTime
presentation_get_window (const Presentation *self)
{
  return MAX (self->settings.window,
      presentation_get_delay (self) + 3 * self->max_segment);
}

/* Players that count segments know by this alone which are still there. */
GstClockTime
presentation_get_announced_window (Presentation *self)
{
  const PresentationRow *oldest = g_queue_peek_head (&self->rows);

  if (self->settings.keep && oldest)
    return MAX (presentation_get_window (self), self->edge - oldest->start);
  if (!self->short_of_bytes || !oldest)
    return presentation_get_window (self);
  return MIN (presentation_get_window (self), self->edge - oldest->start);
}

/* Readers may ask for what an MPD lists that they read a while ago. */
static GstClockTime
get_retention (const Presentation *self)
{
  if (self->settings.retention == 0)
    return self->max_segment;
  return self->max_segment +
      MAX (self->settings.retention, RETAIN_SEGMENTS * self->max_segment);
}

void
presentation_retire (
    Presentation *self, PresentationFile *file, GstClockTime end)
{
  Retired *retired;

  if (self->settings.keep) { /* it stays where it is */
    file_free (file);
    return;
  }
  retired = g_new0 (Retired, 1);
  retired->file = file;
  retired->due = end + presentation_get_window (self) + get_retention (self);
  g_queue_push_tail (&self->retired, retired);
}

/* Takes the oldest row out of the MPD. */
static void
unlist_row (Presentation *self)
{
  PresentationRow *row = g_queue_pop_head (&self->rows);
  PresentationRow *next = g_queue_peek_head (&self->rows);
  MpdPeriod *period = row->period;
  gboolean empty = TRUE;
  PresentationFile *file;

  for (guint i = 0; i < period->tracks->len; i++) {
    MpdTrack *track = g_ptr_array_index (period->tracks, i);
    guint n = 0;

    while (n < track->segments->len &&
        g_array_index (track->segments, MpdSegment, n).row <= row->number)
      n++;
    if (n)
      g_array_remove_range (track->segments, 0, n);
    track->first_number += n;
    empty &= track->segments->len == 0;
  }
  while ((file = g_queue_pop_head (&row->files))) {
    if (file->header && !empty)
      g_queue_push_tail (&next->files, file);
    else
      presentation_retire (self, file, row->end);
  }
  row_free (row);
  if (!empty)
    return;
  if (period == self->period) {
    self->force_period = TRUE;
    self->period = NULL;
  }
  g_ptr_array_remove (self->mpd.periods, period);
}

/* FALSE: only the newest rows are left. */
static gboolean
shrink (Presentation *self, GQueue *changes)
{
  if (self->retired.length == 0) {
    if (self->rows.length <= MIN_LISTED_ROWS)
      return FALSE;
    unlist_row (self);
    self->short_of_bytes = TRUE;
    self->mpd_due = TRUE;
  }
  delete_oldest (self, changes);
  return TRUE;
}

guint64
presentation_shrink_window (Presentation *self, guint64 bytes, GQueue *changes)
{
  guint64 before = self->bytes;

  while (!self->settings.keep && before - self->bytes < bytes &&
      shrink (self, changes)) {
  }
  return before - self->bytes;
}

void
presentation_slide_window (Presentation *self, GQueue *changes)
{
  const PresentationRow *oldest;
  const Retired *next;

  if (self->settings.keep)
    return;
  while ((oldest = g_queue_peek_head (&self->rows)) &&
      oldest->end + presentation_get_window (self) < self->edge)
    unlist_row (self);
  while (self->bytes > self->settings.max_bytes && shrink (self, changes)) {
  }
  while ((next = g_queue_peek_head (&self->retired)) && next->due <= self->edge)
    delete_oldest (self, changes);
}

static gboolean
is_kept (const PresentationRow *row, PresentationKept kept, gpointer user_data)
{
  for (GList *l = row->files.head; l; l = l->next) {
    const PresentationFile *file = l->data;

    if (!kept (file->path, file->bytes, user_data))
      return FALSE;
  }
  return TRUE;
}

/* Takes the newest row out of the MPD, and what there is of it away. */
static void
withdraw_row (Presentation *self, GQueue *changes)
{
  PresentationRow *row = g_queue_pop_tail (&self->rows);
  MpdPeriod *period = row->period;
  gboolean empty = TRUE;

  for (guint i = 0; i < period->tracks->len; i++) {
    MpdTrack *track = g_ptr_array_index (period->tracks, i);
    guint n = track->segments->len;

    while (n > 0 &&
        g_array_index (track->segments, MpdSegment, n - 1).row >= row->number)
      n--;
    g_array_set_size (track->segments, n);
    g_array_set_size (track->parts, 0);
    empty &= n == 0;
  }
  for (GList *l = row->files.head; l; l = l->next) {
    const PresentationFile *file = l->data;

    if (!self->settings.keep)
      self->bytes -= file->bytes;
    remove_file (changes, file->path);
  }
  row_free (row);
  if (!empty)
    return;
  if (period == self->period)
    self->period = NULL;
  g_ptr_array_remove (self->mpd.periods, period);
}

void
presentation_withdraw (Presentation *self, PresentationKept kept,
    gpointer user_data, GQueue *changes)
{
  guint before = self->rows.length;
  const PresentationRow *newest;

  while ((newest = g_queue_peek_tail (&self->rows)) &&
      !is_kept (newest, kept, user_data))
    withdraw_row (self, changes);
  if (!newest || self->rows.length == before)
    return;
  self->edge = newest->end;
  self->period = newest->period;
  presentation_close_period (self);
}

void
presentation_clear_window (Presentation *self)
{
  g_clear_pointer (&self->open, row_free);
  g_queue_clear_full (&self->rows, (GDestroyNotify) row_free);
  g_queue_clear_full (&self->retired, (GDestroyNotify) retired_free);
  g_queue_clear_full (&self->adopted, (GDestroyNotify) file_free);
}
