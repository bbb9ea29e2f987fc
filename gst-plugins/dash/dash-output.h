/* SPDX-License-Identifier: MIT
 *
 * Where the files of a DASH sink go: a segment store, a folder, or both.
 * Changes are queued in their order and carried out later, by one thread at a
 * time, so that nothing is written or told while the sink's lock is held.
 * Thread-safe, except for opening and closing. */
#ifndef PENSTOCK_DASH_OUTPUT_H
#define PENSTOCK_DASH_OUTPUT_H

#include "presentation.h"
#include "segment-budget.h"

G_BEGIN_DECLS

typedef struct _DashOutput DashOutput;

/**
 * DashOutputCallbacks: called without locks, in the writer's thread of the
 *   folder or the one that delivers
 * @failed: the folder cannot be written to; told once until
 *   dash_output_resume() or dash_output_restore()
 * @recovered: after that it can
 * @ended: all that was added before dash_output_end() is where it belongs,
 *   unless dash_output_has_failed() says otherwise
 */
typedef struct {
  void (*failed) (const GError *error, gpointer user_data);
  void (*recovered) (gpointer user_data);
  void (*ended) (gpointer user_data);
  gpointer user_data;
} DashOutputCallbacks;

DashOutput *dash_output_new (const DashOutputCallbacks *callbacks);
void dash_output_free (DashOutput *self);

/**
 * dash_output_open:
 * @store, @directory: (nullable): at least one of them
 * @max_queued_bytes: that may wait for the disk
 *
 * Returns: %FALSE with an error of %G_FILE_ERROR when the folder cannot be
 *   written to
 */
gboolean dash_output_open (DashOutput *self, const gchar *store,
    const gchar *directory, guint64 max_queued_bytes, GError **error);

/* Who makes room when all stores have too much: see segment-budget.h. Until
 * closed. */
void dash_output_set_writer (
    DashOutput *self, GObject *writer, SegmentGiveWay give_way);

/* What waits is dropped, what the writer's thread has is written. */
void dash_output_close (DashOutput *self);

/**
 * dash_output_list:
 * @func: called with each segment and CMAF header that was there before, its
 *   number and what it takes of the memory
 *
 * Before the first change.
 */
void dash_output_list (DashOutput *self,
    void (*func) (
        const gchar *path, guint64 number, guint64 bytes, gpointer user_data),
    gpointer user_data);

/* @changes: (element-type PresentationChange): is emptied */
void dash_output_add (DashOutput *self, GQueue *changes);
void dash_output_end (DashOutput *self);

/* Has the folder failed since the last resume? Files for it are ignored until
 * it is asked to go on, in the order of the changes. */
gboolean dash_output_has_failed (DashOutput *self);
void dash_output_resume (DashOutput *self);

/* Has the folder this file, all @bytes of it? */
gboolean dash_output_has_file (
    DashOutput *self, const gchar *path, guint64 bytes);

/* Does memory have what a folder that failed lacks? */
gboolean dash_output_can_restore (const DashOutput *self);
/* The folder gets what it lacks from memory. In the order of the changes,
 * between two rows. */
void dash_output_restore (DashOutput *self);
/* Is nothing waiting for the disk? */
gboolean dash_output_is_idle (DashOutput *self);

/* Carries out what was added, unless another thread is at it already. */
void dash_output_deliver (DashOutput *self);

G_END_DECLS

#endif /* PENSTOCK_DASH_OUTPUT_H */
