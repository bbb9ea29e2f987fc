/* SPDX-License-Identifier: MIT
 *
 * Blocks of media (see media-block.h). Before the media comes what frees the
 * block. */

#include "media-block.h"

#include <stddef.h>
#include <sys/mman.h>

typedef struct {
  gsize mapped; /* bytes in all; 0: of the heap */
  max_align_t data[];
} Block;

static gint n_mapped; /* atomic */

static Block *
block_of (gpointer data)
{
  return (Block *) ((guint8 *) data - offsetof (Block, data));
}

/* (nullable) */
static Block *
map (gsize size)
{
  Block *block = MAP_FAILED;

  if (g_atomic_int_add (&n_mapped, 1) < MEDIA_BLOCK_MAX_MAPPED)
    block = mmap (
        NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) {
    g_atomic_int_add (&n_mapped, -1);
    return NULL;
  }
  block->mapped = size;
  return block;
}

guint8 *
media_block_new (gsize size)
{
  gsize total = offsetof (Block, data) + size;
  Block *block = size >= MEDIA_BLOCK_MIN_MAPPED ? map (total) : NULL;

  if (!block) {
    block = g_malloc (total);
    block->mapped = 0;
  }
  return (guint8 *) block->data;
}

static void
block_free (gpointer data)
{
  Block *block = block_of (data);

  if (block->mapped == 0) {
    g_free (block);
    return;
  }
  munmap (block, block->mapped);
  g_atomic_int_add (&n_mapped, -1);
}

GBytes *
media_block_to_bytes (guint8 *block, gsize used)
{
  return g_bytes_new_with_free_func (block, used, block_free, block);
}
