/* SPDX-License-Identifier: MIT
 *
 * The segment store: named, process-wide, thread-safe memory for the files of
 * one DASH output. Files grow chunk by chunk and are readable while they grow;
 * one GBytes a chunk, shared by every client. */
#ifndef PENSTOCK_SEGMENT_STORE_H
#define PENSTOCK_SEGMENT_STORE_H

#include <gio/gio.h>

#include "segment-budget.h"

G_BEGIN_DECLS

#define PENSTOCK_TYPE_SEGMENT_STORE (penstock_segment_store_get_type ())
G_DECLARE_FINAL_TYPE (PenstockSegmentStore, penstock_segment_store, PENSTOCK,
    SEGMENT_STORE, GObject)

/* Finds or makes the store; lives as long as somebody holds a reference. */
PenstockSegmentStore *penstock_segment_store_get (const gchar *name);
/* (transfer full) (nullable) */
PenstockSegmentStore *penstock_segment_store_lookup (const gchar *name);

/* Writer. Paths are relative ("manifest.mpd", "v0/init-0.mp4", "v0/17.m4s").
 * put() replaces a whole file at once; append() makes or grows one; finish()
 * marks it complete; remove() forgets it (clients that read it go on). */
void penstock_segment_store_put (PenstockSegmentStore *self, const gchar *path,
    const gchar *content_type, GBytes *bytes);
void penstock_segment_store_append (PenstockSegmentStore *self,
    const gchar *path, const gchar *content_type, GBytes *chunk);
void penstock_segment_store_finish (
    PenstockSegmentStore *self, const gchar *path);
void penstock_segment_store_remove (
    PenstockSegmentStore *self, const gchar *path);
void penstock_segment_store_clear (PenstockSegmentStore *self);

/* Writer: the next file of its folder will be @path, its first bytes are there
 * at @due_us (UTC, microseconds since 1970), so that readers who ask for it
 * early can wait. Takes the place of what was expected in that folder before. */
void penstock_segment_store_expect (
    PenstockSegmentStore *self, const gchar *path, gint64 due_us);

/**
 * PenstockStoredFile:
 * @content_type: MIME type
 * @etag: strong entity tag, changes with every replacement
 * @complete: %FALSE while it grows
 * @size: bytes so far
 * @chunks: (element-type GBytes): in order
 * @created_us, @changed_us: g_get_real_time()
 *
 * A consistent snapshot; refs are shared, nothing is copied.
 */
typedef struct {
  gchar *content_type;
  gchar *etag;
  gboolean complete;
  gsize size;
  GPtrArray *chunks;
  gint64 created_us, changed_us;
} PenstockStoredFile;

/* (transfer full) (nullable): NULL when there is no such file. */
PenstockStoredFile *penstock_segment_store_read (
    PenstockSegmentStore *self, const gchar *path);

/**
 * penstock_segment_store_read_more:
 * @etag: of the file as it was read before
 * @first: number of chunks that are known
 *
 * For readers of a file that grows: its chunks from @first on, none when
 * nothing has come; @size is still that of the whole file. What comes later is
 * told by `changed`.
 *
 * Returns: (transfer full) (nullable): NULL when the file is gone or another
 *   one has its place: what was read will never be whole
 */
PenstockStoredFile *penstock_segment_store_read_more (
    PenstockSegmentStore *self, const gchar *path, const gchar *etag,
    guint first);
void penstock_stored_file_free (PenstockStoredFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PenstockStoredFile, penstock_stored_file_free)

/* Is @path not there yet, but will be? @due_us: (out) (optional): when its
 * first bytes are; a past time when they are late. */
gboolean penstock_segment_store_is_expected (
    PenstockSegmentStore *self, const gchar *path, gint64 *due_us);

/* (transfer full): paths of all files, in no order; NULL-terminated */
gchar **penstock_segment_store_list (PenstockSegmentStore *self);

guint64 penstock_segment_store_get_bytes (PenstockSegmentStore *self);

/* Writer: who makes room when all stores together have too much. See
 * segment-budget.h. */
void penstock_segment_store_set_writer (
    PenstockSegmentStore *self, GObject *writer, SegmentGiveWay give_way);

/* Signal `changed (const gchar *path)`, emitted without locks in the writer's
 * thread after each put, append, finish and remove. */

G_END_DECLS

#endif /* PENSTOCK_SEGMENT_STORE_H */
