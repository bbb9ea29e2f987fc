/* SPDX-License-Identifier: MIT
 *
 * Delivery of the files of a DASH sink (see dash-output.h). */

#include "dash-output.h"

#include "dash-files.h"
#include "segment-store.h"

struct _DashOutput {
  DashOutputCallbacks callbacks;

  /* Set when opened, cleared when closed. */
  PenstockSegmentStore *store;
  DashFiles *files;

  /* With both, of the thread that delivers: manifests and playlists as the
   * folder has them, path -> GBytes. */
  GHashTable *texts;

  GMutex lock; /* guards the rest; never held while delivering */
  GCond delivered;
  GQueue changes; /* of PresentationChange */
  gboolean delivering, closing;
};

/* Marks in the queue of changes. */
static PresentationChange resume_mark, restore_mark, end_mark;

DashOutput *
dash_output_new (const DashOutputCallbacks *callbacks)
{
  DashOutput *self = g_new0 (DashOutput, 1);

  self->callbacks = *callbacks;
  g_mutex_init (&self->lock);
  g_cond_init (&self->delivered);
  return self;
}

static void
change_free (PresentationChange *change)
{
  if (change != &resume_mark && change != &restore_mark && change != &end_mark)
    presentation_change_free (change);
}

void
dash_output_free (DashOutput *self)
{
  if (!self)
    return;
  dash_output_close (self);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->delivered);
  g_free (self);
}

gboolean
dash_output_open (DashOutput *self, const gchar *store, const gchar *directory,
    guint64 max_queued_bytes, GError **error)
{
  const DashFilesCallbacks callbacks = { self->callbacks.failed,
    self->callbacks.recovered, self->callbacks.ended,
    self->callbacks.user_data };

  if (directory) {
    self->files =
        dash_files_new (directory, max_queued_bytes, &callbacks, error);
    if (!self->files)
      return FALSE;
  }
  if (store)
    self->store = penstock_segment_store_get (store);
  if (self->store && self->files)
    self->texts = g_hash_table_new_full (
        g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  return TRUE;
}

void
dash_output_set_writer (
    DashOutput *self, GObject *writer, SegmentGiveWay give_way)
{
  if (self->store)
    penstock_segment_store_set_writer (self->store, writer, give_way);
}

void
dash_output_close (DashOutput *self)
{
  dash_output_set_writer (self, NULL, NULL);
  g_mutex_lock (&self->lock);
  self->closing = TRUE;
  while (self->delivering)
    g_cond_wait (&self->delivered, &self->lock);
  g_mutex_unlock (&self->lock);
  dash_files_free (self->files); /* its thread asks for them until it ends */
  self->files = NULL;
  g_queue_clear_full (&self->changes, (GDestroyNotify) change_free);
  self->closing = FALSE;
  g_clear_pointer (&self->texts, g_hash_table_unref);
  g_clear_object (&self->store);
}

/* ---- what was there before ---- */

typedef struct {
  void (*func) (const gchar *, guint64, guint64, gpointer);
  gpointer user_data;
} Listing;

/* On disk it takes no memory. */
static void
list_file (const gchar *path, guint64 number, gpointer user_data)
{
  const Listing *listing = user_data;

  listing->func (path, number, 0, listing->user_data);
}

static void
list_stored (PenstockSegmentStore *store, const Listing *listing)
{
  g_auto (GStrv) paths = penstock_segment_store_list (store);

  for (guint i = 0; paths[i]; i++) {
    g_autoptr (PenstockStoredFile) file =
        penstock_segment_store_read (store, paths[i]);
    guint64 number;

    if (file && mpd_parse_path (paths[i], &number))
      listing->func (paths[i], number, file->size, listing->user_data);
  }
}

void
dash_output_list (DashOutput *self,
    void (*func) (
        const gchar *path, guint64 number, guint64 bytes, gpointer user_data),
    gpointer user_data)
{
  Listing listing = { func, user_data };

  if (self->store)
    list_stored (self->store, &listing);
  if (self->files)
    dash_files_list (self->files, list_file, &listing);
}

/* ---- changes ---- */

static void
add (DashOutput *self, PresentationChange *change)
{
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->changes, change);
  g_mutex_unlock (&self->lock);
}

void
dash_output_add (DashOutput *self, GQueue *changes)
{
  PresentationChange *change;

  while ((change = g_queue_pop_head (changes)))
    add (self, change);
}

void
dash_output_end (DashOutput *self)
{
  add (self, &end_mark);
}

gboolean
dash_output_has_failed (DashOutput *self)
{
  return self->files && dash_files_has_failed (self->files);
}

gboolean
dash_output_has_file (DashOutput *self, const gchar *path, guint64 bytes)
{
  return self->files && dash_files_has (self->files, path, bytes);
}

void
dash_output_resume (DashOutput *self)
{
  add (self, &resume_mark);
}

gboolean
dash_output_can_restore (const DashOutput *self)
{
  return self->store && self->files;
}

void
dash_output_restore (DashOutput *self)
{
  add (self, &restore_mark);
}

gboolean
dash_output_is_idle (DashOutput *self)
{
  return !self->files || dash_files_is_idle (self->files);
}

/* Writer's thread of the folder. */
static GBytes *
read_stored (const gchar *path, gpointer user_data)
{
  g_autoptr (PenstockStoredFile) file =
      penstock_segment_store_read (user_data, path);
  GByteArray *all;

  if (!file || !file->complete)
    return NULL;
  all = g_byte_array_sized_new (file->size);
  for (guint i = 0; i < file->chunks->len; i++) {
    gsize size;
    const guint8 *data =
        g_bytes_get_data (g_ptr_array_index (file->chunks, i), &size);

    g_byte_array_append (all, data, size);
  }
  return g_byte_array_free_to_bytes (all);
}

/* Media first, so that nothing is announced before it is there. */
static void
restore (DashOutput *self)
{
  g_auto (GStrv) paths = penstock_segment_store_list (self->store);
  GHashTableIter iter;
  gpointer path, text;
  guint64 number;

  dash_files_resume (self->files);
  for (guint i = 0; paths[i]; i++)
    if (mpd_parse_path (paths[i], &number))
      dash_files_copy (self->files, paths[i], read_stored, self->store);
  g_hash_table_iter_init (&iter, self->texts);
  while (g_hash_table_iter_next (&iter, &path, &text))
    dash_files_put (self->files, path, text);
}

static gboolean
is_text (const gchar *path)
{
  guint64 number;

  return !mpd_parse_path (path, &number);
}

/* What the folder has or should have. */
static void
note_text (DashOutput *self, const PresentationChange *change)
{
  if (!self->texts || !is_text (change->path))
    return;
  if (change->action == PRESENTATION_REMOVE)
    g_hash_table_remove (self->texts, change->path);
  else if (change->action == PRESENTATION_PUT && !change->growing_only)
    g_hash_table_insert (self->texts, g_strdup (change->path),
        g_bytes_ref (change->plain ? change->plain : change->bytes));
}

static void
store_change (PenstockSegmentStore *store, const PresentationChange *change)
{
  switch (change->action) {
  case PRESENTATION_PUT:
    penstock_segment_store_put (
        store, change->path, change->content_type, change->bytes);
    break;
  case PRESENTATION_APPEND:
    penstock_segment_store_append (
        store, change->path, change->content_type, change->bytes);
    break;
  case PRESENTATION_FINISH:
    penstock_segment_store_finish (store, change->path);
    break;
  case PRESENTATION_REMOVE:
    penstock_segment_store_remove (store, change->path);
    break;
  case PRESENTATION_EXPECT:
    penstock_segment_store_expect (store, change->path, change->due_us);
    break;
  }
}

static void
write_change (DashFiles *files, const PresentationChange *change)
{
  switch (change->action) {
  case PRESENTATION_PUT:
    if (!change->growing_only)
      dash_files_put (
          files, change->path, change->plain ? change->plain : change->bytes);
    break;
  case PRESENTATION_APPEND:
    dash_files_append (files, change->path, change->bytes);
    break;
  case PRESENTATION_FINISH:
    dash_files_finish (files, change->path);
    break;
  case PRESENTATION_REMOVE:
    dash_files_remove (files, change->path);
    break;
  case PRESENTATION_EXPECT:
    break;
  }
}

static void
do_change (DashOutput *self, const PresentationChange *change)
{
  if (change == &resume_mark) {
    dash_files_resume (self->files);
  } else if (change == &restore_mark) {
    restore (self);
  } else if (change == &end_mark) {
    if (self->files)
      dash_files_notify (self->files);
    else
      self->callbacks.ended (self->callbacks.user_data);
  } else {
    if (self->store)
      store_change (self->store, change);
    note_text (self, change);
    if (self->files)
      write_change (self->files, change);
  }
}

void
dash_output_deliver (DashOutput *self)
{
  PresentationChange *change;

  g_mutex_lock (&self->lock);
  /* The thread that is at it takes ours as well. */
  if (self->delivering || self->closing) {
    g_mutex_unlock (&self->lock);
    return;
  }
  self->delivering = TRUE;
  while ((change = g_queue_pop_head (&self->changes))) {
    g_mutex_unlock (&self->lock);
    do_change (self, change);
    change_free (change);
    g_mutex_lock (&self->lock);
  }
  self->delivering = FALSE;
  g_cond_broadcast (&self->delivered);
  g_mutex_unlock (&self->lock);
}
