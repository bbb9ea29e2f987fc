/* SPDX-License-Identifier: MIT
 *
 * Writer of a DASH folder (see dash-files.h). */

#include "dash-files.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mpd.h"

#define TMP_SUFFIX ".tmp"

typedef enum {
  JOB_PUT,
  JOB_APPEND,
  JOB_FINISH,
  JOB_COPY,
  JOB_REMOVE,
  JOB_NOTIFY,
  JOB_RESUME,
} JobKind;

typedef struct {
  JobKind kind;
  gchar *path; /* relative */
  GBytes *bytes;
  DashFilesReader reader;
  gpointer reader_data;
} Job;

struct _DashFiles {
  gchar *directory;
  guint64 max_bytes;
  DashFilesCallbacks callbacks;
  GThread *thread;

  GMutex lock; /* guards the rest */
  GCond cond;
  GQueue jobs;
  guint64 bytes;
  gboolean stop, busy;
  gboolean failed; /* since the last resume was asked for */

  /* Writer's thread only. */
  gboolean ignoring;   /* until JOB_RESUME */
  gboolean recovering; /* since then */
  GHashTable *folders; /* that files have been written into */
  GHashTable *growing; /* paths of files that are not finished */
};

static void
job_free (Job *job)
{
  g_free (job->path);
  g_clear_pointer (&job->bytes, g_bytes_unref);
  g_free (job);
}

static gboolean
set_error (GError **error, const gchar *path)
{
  gint code = errno;

  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code),
      "Cannot write %s: %s", path, g_strerror (code));
  return FALSE;
}

static gboolean
write_all (gint fd, const guint8 *data, gsize size)
{
  while (size) {
    gssize n = write (fd, data, size);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return FALSE;
    data += n;
    size -= n;
  }
  return TRUE;
}

/* A folder is made for its first file. When it was there and is not any more,
 * what it held is missing, and that is a failure. @how: O_TRUNC or O_APPEND */
static gint
open_file (DashFiles *self, const gchar *path, gint how)
{
  const gint flags = O_WRONLY | O_CREAT | O_CLOEXEC | how;
  g_autofree gchar *folder = g_path_get_dirname (path);
  gint fd = g_open (path, flags, 0644);

  if (fd < 0 && errno == ENOENT &&
      !g_hash_table_remove (self->folders, folder) &&
      g_mkdir_with_parents (folder, 0755) == 0)
    fd = g_open (path, flags, 0644);
  if (fd >= 0)
    g_hash_table_add (self->folders, g_steal_pointer (&folder));
  return fd;
}

static gboolean
write_bytes (
    DashFiles *self, const gchar *path, gint how, GBytes *bytes, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  gint fd = open_file (self, path, how);
  gboolean ok;

  if (fd < 0)
    return set_error (error, path);
  ok = write_all (fd, data, size) || set_error (error, path);
  if (close (fd) != 0 && ok)
    ok = set_error (error, path);
  return ok;
}

static gboolean
rename_file (const gchar *from, const gchar *to, GError **error)
{
  return g_rename (from, to) == 0 || set_error (error, to);
}

static gboolean
write_file (DashFiles *self, const gchar *path, GBytes *bytes, GError **error)
{
  g_autofree gchar *tmp = g_strconcat (path, TMP_SUFFIX, NULL);
  gboolean ok = write_bytes (self, tmp, O_TRUNC, bytes, error) &&
      rename_file (tmp, path, error);

  if (!ok)
    g_unlink (tmp);
  return ok;
}

/* TRUE once per failure: it is to be told. */
static gboolean
mark_failed (DashFiles *self)
{
  gboolean first;

  g_mutex_lock (&self->lock);
  first = !self->failed;
  self->failed = TRUE;
  g_mutex_unlock (&self->lock);
  return first;
}

/* What is not finished never will be. */
static void
drop_growing (DashFiles *self)
{
  GHashTableIter iter;
  gpointer path;

  g_hash_table_iter_init (&iter, self->growing);
  while (g_hash_table_iter_next (&iter, &path, NULL)) {
    g_autofree gchar *tmp = g_strconcat (path, TMP_SUFFIX, NULL);

    g_unlink (tmp);
    g_hash_table_iter_remove (&iter);
  }
}

/* With the first part what somebody left under this name goes. */
static gboolean
append_to (DashFiles *self, const gchar *path, GBytes *bytes, GError **error)
{
  g_autofree gchar *tmp = g_strconcat (path, TMP_SUFFIX, NULL);
  gboolean first = g_hash_table_add (self->growing, g_strdup (path));

  return write_bytes (self, tmp, first ? O_TRUNC : O_APPEND, bytes, error);
}

static gboolean
finish (DashFiles *self, const gchar *path, GError **error)
{
  g_autofree gchar *tmp = g_strconcat (path, TMP_SUFFIX, NULL);

  return rename_file (tmp, path, error) &&
      g_hash_table_remove (self->growing, path);
}

static gboolean
copy (DashFiles *self, const Job *job, const gchar *path, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;

  if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return TRUE;
  bytes = job->reader (job->path, job->reader_data);
  return !bytes || write_file (self, path, bytes, error);
}

/* Manifests come after all that they list. */
static void
note_recovery (DashFiles *self, const Job *job)
{
  if (!self->recovering || job->kind != JOB_PUT || strchr (job->path, '/'))
    return;
  self->recovering = FALSE;
  self->callbacks.recovered (self->callbacks.user_data);
}

static void
do_write (DashFiles *self, const Job *job)
{
  g_autofree gchar *path = g_build_filename (self->directory, job->path, NULL);
  g_autoptr (GError) error = NULL;
  gboolean ok;

  if (self->ignoring)
    return;
  if (job->kind == JOB_PUT)
    ok = write_file (self, path, job->bytes, &error);
  else if (job->kind == JOB_COPY)
    ok = copy (self, job, path, &error);
  else if (job->kind == JOB_APPEND)
    ok = append_to (self, path, job->bytes, &error);
  else
    ok = finish (self, path, &error);
  if (ok) {
    note_recovery (self, job);
    return;
  }
  self->ignoring = TRUE;
  self->recovering = FALSE;
  drop_growing (self);
  if (mark_failed (self))
    self->callbacks.failed (error, self->callbacks.user_data);
}

static void
remove_file (DashFiles *self, const gchar *path)
{
  g_autofree gchar *full = g_build_filename (self->directory, path, NULL);

  g_unlink (full); /* gone is gone, whoever did it */
}

static void
do_job (DashFiles *self, const Job *job)
{
  switch (job->kind) {
  case JOB_PUT:
  case JOB_APPEND:
  case JOB_FINISH:
  case JOB_COPY:
    do_write (self, job);
    break;
  case JOB_REMOVE:
    remove_file (self, job->path);
    break;
  case JOB_NOTIFY:
    self->callbacks.reached (self->callbacks.user_data);
    break;
  case JOB_RESUME:
    self->ignoring = FALSE;
    self->recovering = TRUE;
    drop_growing (self);
    break;
  }
}

static gpointer
writer (gpointer user_data)
{
  DashFiles *self = user_data;

  g_mutex_lock (&self->lock);
  for (;;) {
    Job *job = g_queue_pop_head (&self->jobs);

    if (!job && self->stop)
      break;
    if (!job) {
      g_cond_wait (&self->cond, &self->lock);
      continue;
    }
    self->busy = TRUE;
    g_mutex_unlock (&self->lock);
    do_job (self, job);
    g_mutex_lock (&self->lock);
    self->busy = FALSE;
    if (job->bytes)
      self->bytes -= g_bytes_get_size (job->bytes);
    job_free (job);
  }
  g_mutex_unlock (&self->lock);
  drop_growing (self);
  return NULL;
}

DashFiles *
dash_files_new (const gchar *directory, guint64 max_queued_bytes,
    const DashFilesCallbacks *callbacks, GError **error)
{
  DashFiles *self;

  if (g_mkdir_with_parents (directory, 0755) != 0) {
    set_error (error, directory);
    return NULL;
  }
  if (g_access (directory, W_OK | X_OK) != 0) {
    set_error (error, directory);
    return NULL;
  }
  self = g_new0 (DashFiles, 1);
  self->directory = g_strdup (directory);
  self->max_bytes = max_queued_bytes;
  self->callbacks = *callbacks;
  self->growing = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->folders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->thread = g_thread_new ("dash-files", writer, self);
  return self;
}

void
dash_files_free (DashFiles *self)
{
  if (!self)
    return;
  g_mutex_lock (&self->lock);
  self->stop = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);
  g_thread_join (self->thread);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  g_hash_table_unref (self->growing);
  g_hash_table_unref (self->folders);
  g_free (self->directory);
  g_free (self);
}

/* Takes @job. A full queue fails the way a full disk does. */
static void
push (DashFiles *self, Job *job)
{
  gsize size = job->bytes ? g_bytes_get_size (job->bytes) : 0;
  gboolean writes = job->kind == JOB_PUT || job->kind == JOB_APPEND ||
      job->kind == JOB_FINISH || job->kind == JOB_COPY;
  gboolean full, tell;

  g_mutex_lock (&self->lock);
  full = size && self->bytes + size > self->max_bytes;
  tell = full && !self->failed;
  if (full || (writes && self->failed)) {
    self->failed = TRUE;
    job_free (job);
  } else {
    self->bytes += size;
    g_queue_push_tail (&self->jobs, job);
    g_cond_signal (&self->cond);
  }
  g_mutex_unlock (&self->lock);

  if (tell) {
    g_autoptr (GError) error = g_error_new (G_FILE_ERROR, G_FILE_ERROR_AGAIN,
        "Cannot write %s: the disk is too slow", self->directory);

    self->callbacks.failed (error, self->callbacks.user_data);
  }
}

static Job *
job_new (JobKind kind, const gchar *path, GBytes *bytes)
{
  Job *job = g_new0 (Job, 1);

  job->kind = kind;
  job->path = g_strdup (path);
  job->bytes = bytes ? g_bytes_ref (bytes) : NULL;
  return job;
}

void
dash_files_put (DashFiles *self, const gchar *path, GBytes *bytes)
{
  push (self, job_new (JOB_PUT, path, bytes));
}

void
dash_files_append (DashFiles *self, const gchar *path, GBytes *bytes)
{
  push (self, job_new (JOB_APPEND, path, bytes));
}

void
dash_files_finish (DashFiles *self, const gchar *path)
{
  push (self, job_new (JOB_FINISH, path, NULL));
}

void
dash_files_remove (DashFiles *self, const gchar *path)
{
  push (self, job_new (JOB_REMOVE, path, NULL));
}

void
dash_files_copy (DashFiles *self, const gchar *path, DashFilesReader reader,
    gpointer user_data)
{
  Job *job = job_new (JOB_COPY, path, NULL);

  job->reader = reader;
  job->reader_data = user_data;
  push (self, job);
}

void
dash_files_notify (DashFiles *self)
{
  push (self, job_new (JOB_NOTIFY, NULL, NULL));
}

void
dash_files_resume (DashFiles *self)
{
  g_mutex_lock (&self->lock);
  self->failed = FALSE;
  g_mutex_unlock (&self->lock);
  push (self, job_new (JOB_RESUME, NULL, NULL));
}

gboolean
dash_files_is_idle (DashFiles *self)
{
  gboolean idle;

  g_mutex_lock (&self->lock);
  idle = self->jobs.length == 0 && !self->busy;
  g_mutex_unlock (&self->lock);
  return idle;
}

gboolean
dash_files_has_failed (DashFiles *self)
{
  gboolean failed;

  g_mutex_lock (&self->lock);
  failed = self->failed;
  g_mutex_unlock (&self->lock);
  return failed;
}

gboolean
dash_files_has (DashFiles *self, const gchar *path, guint64 bytes)
{
  g_autofree gchar *full = g_build_filename (self->directory, path, NULL);
  GStatBuf file;

  return g_stat (full, &file) == 0 && S_ISREG (file.st_mode) &&
      (guint64) file.st_size == bytes;
}

/* ---- what an earlier run left ---- */

/* One of ours, beside its name. */
static gboolean
is_unfinished (const gchar *path)
{
  g_autofree gchar *name = NULL;
  guint64 number;

  if (!g_str_has_suffix (path, TMP_SUFFIX))
    return FALSE;
  name = g_strndup (path, strlen (path) - strlen (TMP_SUFFIX));
  return mpd_parse_path (name, &number);
}

void
dash_files_list (DashFiles *self,
    void (*func) (const gchar *path, guint64 number, gpointer user_data),
    gpointer user_data)
{
  g_autoptr (GDir) top = g_dir_open (self->directory, 0, NULL);
  const gchar *folder, *name;

  while (top && (folder = g_dir_read_name (top))) {
    g_autofree gchar *full = g_build_filename (self->directory, folder, NULL);
    g_autoptr (GDir) dir = g_dir_open (full, 0, NULL);

    while (dir && (name = g_dir_read_name (dir))) {
      g_autofree gchar *path = g_build_filename (folder, name, NULL);
      guint64 number;

      if (is_unfinished (path))
        remove_file (self, path);
      else if (mpd_parse_path (path, &number))
        func (path, number, user_data);
    }
  }
}
