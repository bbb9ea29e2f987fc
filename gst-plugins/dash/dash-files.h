/* SPDX-License-Identifier: MIT
 *
 * Writer of a DASH folder: one thread and a bounded queue between the stream
 * and the disk. A file appears whole or not at all (written beside its name,
 * then renamed), in the order it was put in. Thread-safe. */
#ifndef PENSTOCK_DASH_FILES_H
#define PENSTOCK_DASH_FILES_H

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _DashFiles DashFiles;

/**
 * DashFilesCallbacks: called in the writer's thread, without locks
 * @failed: a file could not be written, or the queue is full; told once until
 *   dash_files_resume()
 * @recovered: after that, what is beside the folders of the streams could be
 *   written again
 * @reached: everything put before dash_files_notify() is done
 */
typedef struct {
  void (*failed) (const GError *error, gpointer user_data);
  void (*recovered) (gpointer user_data);
  void (*reached) (gpointer user_data);
  gpointer user_data;
} DashFilesCallbacks;

/* (transfer full) (nullable): the whole file. Called in the writer's thread. */
typedef GBytes *(*DashFilesReader) (const gchar *path, gpointer user_data);

/* Makes the folder when it does not exist and starts the thread.
 * (transfer full) (nullable): NULL with an error of %G_FILE_ERROR */
DashFiles *dash_files_new (const gchar *directory, guint64 max_queued_bytes,
    const DashFilesCallbacks *callbacks, GError **error);

/* Finishes what is queued, then stops the thread. */
void dash_files_free (DashFiles *self);

/**
 * dash_files_list:
 * @func: called with the relative path and the number of each segment and
 *   CMAF header of an earlier run
 *
 * Call before the first put. Unfinished files are deleted on the way.
 */
void dash_files_list (DashFiles *self,
    void (*func) (const gchar *path, guint64 number, gpointer user_data),
    gpointer user_data);

/* Is this file complete, all @bytes of it? Asks the file system. */
gboolean dash_files_has (DashFiles *self, const gchar *path, guint64 bytes);

/* None of these waits for the disk. After a failure files are ignored until
 * dash_files_resume(), so that nothing announces what is not there. */
void dash_files_put (DashFiles *self, const gchar *path, GBytes *bytes);
/* One that comes in parts appears when it is finished. */
void dash_files_append (DashFiles *self, const gchar *path, GBytes *bytes);
void dash_files_finish (DashFiles *self, const gchar *path);
void dash_files_remove (DashFiles *self, const gchar *path);
/* A file that @reader has, unless it is there; it waits without its bytes. */
void dash_files_copy (DashFiles *self, const gchar *path,
    DashFilesReader reader, gpointer user_data);
void dash_files_notify (DashFiles *self);
void dash_files_resume (DashFiles *self);

/* Is nothing waiting for the disk? */
gboolean dash_files_is_idle (DashFiles *self);

/* Has there been a failure since the last resume? */
gboolean dash_files_has_failed (DashFiles *self);

G_END_DECLS

#endif /* PENSTOCK_DASH_FILES_H */
