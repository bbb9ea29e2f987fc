/* SPDX-License-Identifier: MIT
 *
 * The segment store (see segment-store.h): a table of names to stores for the
 * process, and in each store a table of paths to files. Chunks are GBytes that
 * writer and readers share, so a snapshot copies pointers, never media. */

#include "segment-store.h"

typedef struct {
  gchar *content_type;
  gchar *etag;
  gboolean complete;
  gsize size;
  GPtrArray *chunks; /* of GBytes */
  gint64 created_us, changed_us;
} StoreFile;

/* A file that is about to appear. */
typedef struct {
  gchar *path;
  gint64 due_us;
} Expected;

struct _PenstockSegmentStore {
  GObject parent;

  gchar *name;             /* set once */
  SegmentAccount *account; /* locks itself */

  GMutex lock;          /* guards the rest; never held while emitting */
  GHashTable *files;    /* path -> StoreFile */
  GHashTable *expected; /* folder -> Expected */
  guint64 bytes;        /* of all files */
  guint64 epoch;   /* differs between two lives of a store: part of etags */
  guint64 version; /* grows with each file made or replaced */
};

enum { SIGNAL_CHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

/* Name -> GWeakRef. Lock order: registry, then the weak ref's own. */
static GMutex registry_lock;
static GHashTable *registry;

G_DEFINE_FINAL_TYPE (
    PenstockSegmentStore, penstock_segment_store, G_TYPE_OBJECT)

static void
store_file_free (StoreFile *file)
{
  g_free (file->content_type);
  g_free (file->etag);
  g_ptr_array_unref (file->chunks);
  g_free (file);
}

static void
expected_free (Expected *expected)
{
  g_free (expected->path);
  g_free (expected);
}

/* With the lock: what is there is not expected any more. */
static void
forget_expected (PenstockSegmentStore *self, const gchar *path)
{
  g_autofree gchar *folder = g_path_get_dirname (path);
  const Expected *expected = g_hash_table_lookup (self->expected, folder);

  if (expected && g_str_equal (expected->path, path))
    g_hash_table_remove (self->expected, folder);
}

/* With the lock. */
static StoreFile *
store_file_new (
    PenstockSegmentStore *self, const gchar *path, const gchar *content_type)
{
  StoreFile *file = g_new0 (StoreFile, 1);

  forget_expected (self, path);

  file->content_type = g_strdup (content_type);
  file->etag =
      g_strdup_printf ("\"%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x\"",
          self->epoch, ++self->version);
  file->chunks =
      g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  file->created_us = file->changed_us = g_get_real_time ();
  return file;
}

static void
store_file_add (PenstockSegmentStore *self, StoreFile *file, GBytes *bytes)
{
  gsize size = g_bytes_get_size (bytes);

  g_ptr_array_add (file->chunks, g_bytes_ref (bytes));
  file->size += size;
  file->changed_us = g_get_real_time ();
  self->bytes += size;
  segment_account_add (self->account, (gint64) size);
}

/* Takes a file out of the account; the table drops it afterwards. */
static void
store_forget (PenstockSegmentStore *self, const gchar *path)
{
  const StoreFile *file = g_hash_table_lookup (self->files, path);

  if (file) {
    self->bytes -= file->size;
    segment_account_add (self->account, -(gint64) file->size);
  }
  g_hash_table_remove (self->files, path);
}

/* ---- the table of stores ---- */

static void
weak_ref_free (GWeakRef *ref)
{
  g_weak_ref_clear (ref);
  g_free (ref);
}

static PenstockSegmentStore *
registry_find (const gchar *name)
{
  GWeakRef *ref = registry ? g_hash_table_lookup (registry, name) : NULL;

  return ref ? g_weak_ref_get (ref) : NULL;
}

PenstockSegmentStore *
penstock_segment_store_lookup (const gchar *name)
{
  PenstockSegmentStore *self;

  g_return_val_if_fail (name, NULL);

  g_mutex_lock (&registry_lock);
  self = registry_find (name);
  g_mutex_unlock (&registry_lock);
  return self;
}

PenstockSegmentStore *
penstock_segment_store_get (const gchar *name)
{
  PenstockSegmentStore *self;

  g_return_val_if_fail (name, NULL);

  g_mutex_lock (&registry_lock);
  self = registry_find (name);
  if (!self) {
    GWeakRef *ref = g_new (GWeakRef, 1);

    self = g_object_new (PENSTOCK_TYPE_SEGMENT_STORE, NULL);
    self->name = g_strdup (name);
    g_weak_ref_init (ref, self);
    if (!registry)
      registry = g_hash_table_new_full (
          g_str_hash, g_str_equal, g_free, (GDestroyNotify) weak_ref_free);
    g_hash_table_replace (registry, g_strdup (name), ref);
  }
  g_mutex_unlock (&registry_lock);
  return self;
}

/* The name may belong to a successor already: only a dead entry goes. */
static void
registry_forget (const gchar *name)
{
  g_autoptr (PenstockSegmentStore) successor = NULL;

  g_mutex_lock (&registry_lock);
  successor = registry_find (name);
  if (!successor && registry)
    g_hash_table_remove (registry, name);
  if (registry && g_hash_table_size (registry) == 0)
    g_clear_pointer (&registry, g_hash_table_unref);
  g_mutex_unlock (&registry_lock);
}

/* ---- writer ---- */

void
penstock_segment_store_put (PenstockSegmentStore *self, const gchar *path,
    const gchar *content_type, GBytes *bytes)
{
  StoreFile *file;

  g_return_if_fail (PENSTOCK_IS_SEGMENT_STORE (self));
  g_return_if_fail (path && content_type && bytes);

  g_mutex_lock (&self->lock);
  store_forget (self, path);
  file = store_file_new (self, path, content_type);
  store_file_add (self, file, bytes);
  file->complete = TRUE;
  g_hash_table_insert (self->files, g_strdup (path), file);
  g_mutex_unlock (&self->lock);

  g_signal_emit (self, signals[SIGNAL_CHANGED], 0, path);
}

void
penstock_segment_store_append (PenstockSegmentStore *self, const gchar *path,
    const gchar *content_type, GBytes *chunk)
{
  StoreFile *file;
  gboolean ok;

  g_return_if_fail (PENSTOCK_IS_SEGMENT_STORE (self));
  g_return_if_fail (path && content_type && chunk);

  g_mutex_lock (&self->lock);
  file = g_hash_table_lookup (self->files, path);
  if (!file) {
    file = store_file_new (self, path, content_type);
    g_hash_table_insert (self->files, g_strdup (path), file);
  }
  ok = !file->complete; /* what was announced as whole never changes */
  if (ok)
    store_file_add (self, file, chunk);
  g_mutex_unlock (&self->lock);

  g_return_if_fail (ok);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0, path);
}

void
penstock_segment_store_finish (PenstockSegmentStore *self, const gchar *path)
{
  StoreFile *file;

  g_return_if_fail (PENSTOCK_IS_SEGMENT_STORE (self));
  g_return_if_fail (path);

  g_mutex_lock (&self->lock);
  file = g_hash_table_lookup (self->files, path);
  if (file) {
    file->complete = TRUE;
    file->changed_us = g_get_real_time ();
  }
  g_mutex_unlock (&self->lock);

  if (file)
    g_signal_emit (self, signals[SIGNAL_CHANGED], 0, path);
}

void
penstock_segment_store_remove (PenstockSegmentStore *self, const gchar *path)
{
  gboolean found;

  g_return_if_fail (PENSTOCK_IS_SEGMENT_STORE (self));
  g_return_if_fail (path);

  g_mutex_lock (&self->lock);
  found = g_hash_table_contains (self->files, path);
  store_forget (self, path);
  g_mutex_unlock (&self->lock);

  if (found)
    g_signal_emit (self, signals[SIGNAL_CHANGED], 0, path);
}

void
penstock_segment_store_clear (PenstockSegmentStore *self)
{
  g_auto (GStrv) paths = penstock_segment_store_list (self);

  for (guint i = 0; paths[i]; i++)
    penstock_segment_store_remove (self, paths[i]);
}

void
penstock_segment_store_expect (
    PenstockSegmentStore *self, const gchar *path, gint64 due_us)
{
  Expected *expected;

  g_return_if_fail (PENSTOCK_IS_SEGMENT_STORE (self));
  g_return_if_fail (path);

  expected = g_new0 (Expected, 1);
  expected->path = g_strdup (path);
  expected->due_us = due_us;
  g_mutex_lock (&self->lock);
  g_hash_table_replace (self->expected, g_path_get_dirname (path), expected);
  g_mutex_unlock (&self->lock);
}

/* ---- readers ---- */

/* With the lock. */
static PenstockStoredFile *
snapshot (const StoreFile *file, guint first)
{
  PenstockStoredFile *out = g_new0 (PenstockStoredFile, 1);

  out->content_type = g_strdup (file->content_type);
  out->etag = g_strdup (file->etag);
  out->complete = file->complete;
  out->size = file->size;
  out->created_us = file->created_us;
  out->changed_us = file->changed_us;
  out->chunks = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  for (guint i = first; i < file->chunks->len; i++)
    g_ptr_array_add (
        out->chunks, g_bytes_ref (g_ptr_array_index (file->chunks, i)));
  return out;
}

PenstockStoredFile *
penstock_segment_store_read (PenstockSegmentStore *self, const gchar *path)
{
  PenstockStoredFile *out;
  const StoreFile *file;

  g_return_val_if_fail (PENSTOCK_IS_SEGMENT_STORE (self), NULL);
  g_return_val_if_fail (path, NULL);

  g_mutex_lock (&self->lock);
  file = g_hash_table_lookup (self->files, path);
  out = file ? snapshot (file, 0) : NULL;
  g_mutex_unlock (&self->lock);
  return out;
}

PenstockStoredFile *
penstock_segment_store_read_more (PenstockSegmentStore *self, const gchar *path,
    const gchar *etag, guint first)
{
  PenstockStoredFile *out;
  const StoreFile *file;

  g_return_val_if_fail (PENSTOCK_IS_SEGMENT_STORE (self), NULL);
  g_return_val_if_fail (path && etag, NULL);

  g_mutex_lock (&self->lock);
  file = g_hash_table_lookup (self->files, path);
  out = file && g_str_equal (file->etag, etag) ? snapshot (file, first) : NULL;
  g_mutex_unlock (&self->lock);
  return out;
}

gboolean
penstock_segment_store_is_expected (
    PenstockSegmentStore *self, const gchar *path, gint64 *due_us)
{
  g_autofree gchar *folder = NULL;
  const Expected *expected;
  gboolean found;

  g_return_val_if_fail (PENSTOCK_IS_SEGMENT_STORE (self), FALSE);
  g_return_val_if_fail (path, FALSE);

  folder = g_path_get_dirname (path);
  g_mutex_lock (&self->lock);
  expected = g_hash_table_lookup (self->expected, folder);
  found = expected && g_str_equal (expected->path, path);
  if (found && due_us)
    *due_us = expected->due_us;
  g_mutex_unlock (&self->lock);
  return found;
}

void
penstock_stored_file_free (PenstockStoredFile *file)
{
  if (!file)
    return;
  g_free (file->content_type);
  g_free (file->etag);
  g_ptr_array_unref (file->chunks);
  g_free (file);
}

gchar **
penstock_segment_store_list (PenstockSegmentStore *self)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer path;

  g_return_val_if_fail (PENSTOCK_IS_SEGMENT_STORE (self), NULL);

  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->files);
  while (g_hash_table_iter_next (&iter, &path, NULL))
    g_ptr_array_add (list, g_strdup (path));
  g_mutex_unlock (&self->lock);
  g_ptr_array_add (list, NULL);
  return (gchar **) g_ptr_array_steal (list, NULL);
}

guint64
penstock_segment_store_get_bytes (PenstockSegmentStore *self)
{
  guint64 bytes;

  g_return_val_if_fail (PENSTOCK_IS_SEGMENT_STORE (self), 0);

  g_mutex_lock (&self->lock);
  bytes = self->bytes;
  g_mutex_unlock (&self->lock);
  return bytes;
}

void
penstock_segment_store_set_writer (
    PenstockSegmentStore *self, GObject *writer, SegmentGiveWay give_way)
{
  g_return_if_fail (PENSTOCK_IS_SEGMENT_STORE (self));

  segment_account_set_writer (self->account, writer, give_way);
}

static void
penstock_segment_store_finalize (GObject *object)
{
  PenstockSegmentStore *self = PENSTOCK_SEGMENT_STORE (object);

  if (self->name)
    registry_forget (self->name);
  g_free (self->name);
  segment_account_close (self->account);
  g_hash_table_unref (self->files);
  g_hash_table_unref (self->expected);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (penstock_segment_store_parent_class)->finalize (object);
}

static void
penstock_segment_store_class_init (PenstockSegmentStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = penstock_segment_store_finalize;

  /**
   * PenstockSegmentStore::changed:
   * @store: the store
   * @path: the file that was put, grew, was finished or removed
   *
   * Emitted in the writer's thread, without locks: handlers may read the
   * store, and must not block.
   *
   * Since: 0.1
   */
  signals[SIGNAL_CHANGED] =
      g_signal_new ("changed", PENSTOCK_TYPE_SEGMENT_STORE, G_SIGNAL_RUN_LAST,
          0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
penstock_segment_store_init (PenstockSegmentStore *self)
{
  g_mutex_init (&self->lock);
  self->files = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) store_file_free);
  self->expected = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, (GDestroyNotify) expected_free);
  self->account = segment_account_new ();
  self->epoch = (guint64) g_get_real_time ();
}
